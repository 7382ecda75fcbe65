//! What a replay makes of damaged segments.

use super::kit::{FIRST, MARK, Owned, append, create, path, replayed, replayed_bytes, row};
use super::memory_disk::MemoryDisk;
use crate::error::{Error, ErrorKind};
use crate::format::checksum::{placed, plain};
use crate::format::log_record::{
    RecordHeader, RecordKind, Seal, encode_seal, encode_segment_header,
};
use crate::wal::replay::ReplayEnd;
use proptest::prelude::*;

/// A segment with a synced head and an unsynced tail of two groups, and its records.
fn half_synced() -> (Vec<u8>, Vec<Owned>, u64) {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 3, None);
    append(&mut writer, &row(0, 4)).unwrap();
    writer.sync().unwrap();
    let synced = writer.offset();
    append(&mut writer, &row(4, 3)).unwrap();
    append(&mut writer, &row(7, 2)).unwrap();
    (disk.bytes(&path(3)), row(0, 9), synced)
}

/// The records that end before `damage`, and where the last of them ends.
fn intact_before(records: &[Owned], damage: usize) -> (Vec<Owned>, ReplayEnd) {
    let (mut offset, mut intact) = (FIRST, Vec::new());
    for record in records {
        if offset + record.bytes() > damage as u64 {
            break;
        }
        offset += record.bytes();
        intact.push(record.clone());
    }
    (intact, ReplayEnd::Torn { offset })
}

#[track_caller]
fn assert_corrupt(error: &Error, number: u64, offset: u64) {
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(&*path(number)), "{error}");
    assert_eq!(error.offset(), Some(offset), "{error}");
}

#[test]
fn tail_damaged_at_any_byte_leaves_exactly_the_records_before_it() {
    let (good, records, synced) = half_synced();
    let end = FIRST as usize + records.iter().map(Owned::bytes).sum::<u64>() as usize;
    for at in synced as usize..end + 60 {
        let cut = good[..at].to_vec();
        let mut zeroed = good.clone();
        zeroed[at..].fill(0);
        let mut sector_lost = good.clone();
        sector_lost[at..(at + 100).min(good.len())].fill(0);
        let mut one_byte = good.clone();
        one_byte[at] ^= 0x5a;
        let mut garbage = good.clone();
        let noise = |(i, byte): (usize, &mut u8)| *byte ^= (i * 31 + 7) as u8 | 1;
        garbage[at..].iter_mut().enumerate().for_each(noise);
        for (how, bad) in [cut, zeroed, sector_lost, one_byte, garbage]
            .iter()
            .enumerate()
        {
            let same = good.iter().zip(bad).take_while(|(a, b)| a == b).count();
            let expected = intact_before(&records, same);
            let seen = replayed_bytes(bad, 3).unwrap();
            assert_eq!(seen, expected, "damage {how} at {at}");
        }
    }
}

#[test]
fn every_bit_of_a_closed_segment_is_covered() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 3, None);
    append(&mut writer, &row(0, 3)).unwrap();
    writer.sync().unwrap();
    append(&mut writer, &row(3, 3)).unwrap();
    let seal = writer.seal_closed(MARK).unwrap();
    let (good, records) = (disk.bytes(&path(3)), row(0, 6));
    let whole = (
        records.clone(),
        ReplayEnd::Closed {
            offset: seal,
            mark: MARK,
        },
    );
    for bit in 0..(seal as usize + 64 + 100) * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let result = replayed_bytes(&bad, 3);
        let byte = bit as u64 / 8;
        if byte < FIRST {
            assert_corrupt(&result.unwrap_err(), 3, 0);
        } else if byte < seal {
            let (_, ReplayEnd::Torn { offset }) = intact_before(&records, byte as usize) else {
                unreachable!()
            };
            assert_corrupt(&result.unwrap_err(), 3, offset);
        } else if byte < seal + 64 {
            let torn = (records.clone(), ReplayEnd::Torn { offset: seal });
            assert_eq!(result.unwrap(), torn, "bit {bit}");
        } else {
            assert_eq!(result.unwrap(), whole, "bit {bit} behind the seal");
        }
    }
}

#[test]
fn rolled_segment_that_was_never_synced_before_is_covered_as_well() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 8)).unwrap();
    writer.roll(None).unwrap();
    let mut bad = disk.bytes(&path(1));
    bad[FIRST as usize + 20] ^= 1;
    assert_corrupt(&replayed_bytes(&bad, 1).unwrap_err(), 1, FIRST);
}

#[test]
fn damage_is_corruption_below_the_synced_mark_of_a_later_record_and_torn_above_it() {
    let (good, records, synced) = half_synced();
    for at in FIRST as usize..synced as usize {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let (_, ReplayEnd::Torn { offset }) = intact_before(&records, at) else {
            unreachable!()
        };
        assert_corrupt(&replayed_bytes(&bad, 3).unwrap_err(), 3, offset);
        // Without a witness behind it, nobody can know.
        bad[synced as usize..].fill(0);
        assert_eq!(
            replayed_bytes(&bad, 3).unwrap(),
            intact_before(&records, at)
        );
    }
}

#[test]
fn witness_with_a_torn_payload_is_still_a_witness() {
    let (mut bad, _, synced) = half_synced();
    bad[FIRST as usize] ^= 1;
    bad[synced as usize + 40..].fill(0);
    assert_corrupt(&replayed_bytes(&bad, 3).unwrap_err(), 3, FIRST);
}

#[test]
fn witness_is_found_across_every_border_of_the_read_window() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &[Owned::of(100)]).unwrap();
    writer.sync().unwrap();
    append(&mut writer, &[Owned::of(1)]).unwrap();
    let bytes = disk.bytes(&path(1));
    let synced = writer.synced_up_to();
    let header = RecordHeader::decode(&bytes[synced as usize..], 1, synced).unwrap();
    let window = 256 << 10;
    for near in [window, 2 * window] {
        for offset in (near - 64..near + 256).step_by(8) {
            let mut far = vec![0; 3 * window];
            far[..24].copy_from_slice(&bytes[..24]);
            far[24] = 1;
            far[offset..offset + 40].copy_from_slice(&header.encode(1, offset as u64));
            assert_corrupt(&replayed_bytes(&far, 1).unwrap_err(), 1, FIRST);
            far.truncate(offset + 39);
            let torn = ReplayEnd::Torn { offset: FIRST };
            assert_eq!(replayed_bytes(&far, 1).unwrap().1, torn);
        }
    }
}

#[test]
fn records_come_back_across_every_border_of_the_read_window() {
    // Windows full of small records, begun at every alignment against them, and a record longer
    // than a window between.
    for shift in 0..12 {
        let disk = MemoryDisk::default();
        let mut writer = create(&disk, 1, None);
        let mut records = vec![Owned::of(8 * shift)];
        records.extend(row(0, 4000));
        records.push(Owned::of(300_000));
        records.extend(row(4000, 4000));
        append(&mut writer, &records).unwrap();
        let offset = writer.offset();
        assert!(offset > 3 * (256 << 10));
        let (seen, end) = replayed(&disk, 1).unwrap();
        assert!(seen == records, "shift {shift}");
        assert_eq!(end, ReplayEnd::Torn { offset });
    }
}

#[test]
fn segment_under_another_number_is_corrupt_at_its_header() {
    let (good, ..) = half_synced();
    for number in [2, 4, 3 + (1 << 32)] {
        assert_corrupt(&replayed_bytes(&good, number).unwrap_err(), number, 0);
    }
}

#[test]
fn records_of_another_segment_or_another_place_do_not_pass() {
    let (good, records, _) = half_synced();
    let mut mixed = good.clone();
    mixed[..24].copy_from_slice(&encode_segment_header(5));
    let none = (Vec::new(), ReplayEnd::Torn { offset: FIRST });
    assert_eq!(
        replayed_bytes(&mixed, 5).unwrap(),
        none,
        "records of segment 3"
    );
    let first = records[0].bytes() as usize;
    let mut moved = good[..24].to_vec();
    moved.extend(&good[24 + first..]);
    assert_eq!(
        replayed_bytes(&moved, 3).unwrap(),
        none,
        "records one place too early"
    );
}

#[test]
fn file_shorter_than_its_header_is_corrupt_and_a_newer_version_is_told_apart() {
    let header = encode_segment_header(1);
    for len in 0..header.len() {
        assert_corrupt(&replayed_bytes(&header[..len], 1).unwrap_err(), 1, 0);
    }
    let mut newer = header;
    newer[8] = 2;
    let crc = placed(1, 0, &[&newer[..12], &newer[16..]]);
    newer[12..16].copy_from_slice(&crc.to_le_bytes());
    let refused = replayed_bytes(&newer, 1).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedFormat, "{refused}");
    assert!(
        refused.path().is_some() && refused.offset() == Some(0),
        "{refused}"
    );
}

fn header(kind: RecordKind, payload: &[u8]) -> RecordHeader {
    RecordHeader {
        payload_len: payload.len() as u32,
        payload_crc: plain(payload),
        synced_up_to: FIRST,
        operations: 0,
        kind,
        base_sequence: 0,
        time_ms: 0,
    }
}

#[test]
fn record_or_seal_of_a_newer_build_is_refused_and_not_taken_for_a_torn_tail() {
    let records = [
        (RecordKind::Unknown(9), [1]),
        (RecordKind::Unknown(0), [1]),
        (RecordKind::Seal, [0]),
        (RecordKind::Seal, [4]),
    ];
    for (kind, payload) in records {
        let mut bytes = encode_segment_header(1).to_vec();
        bytes.extend(header(kind, &payload).encode(1, FIRST));
        bytes.extend([payload[0], 0, 0, 0, 0, 0, 0, 0]);
        let refused = replayed_bytes(&bytes, 1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnsupportedFormat, "{refused}");
        assert_eq!(refused.offset(), Some(FIRST), "{refused}");
    }
}

#[test]
fn length_beyond_the_file_is_a_torn_record_and_costs_no_memory() {
    let mut bytes = encode_segment_header(1).to_vec();
    let huge = RecordHeader {
        payload_len: u32::MAX,
        ..header(RecordKind::Batch, &[])
    };
    bytes.extend(huge.encode(1, FIRST));
    bytes.extend([0; 1000]);
    let torn = (Vec::new(), ReplayEnd::Torn { offset: FIRST });
    assert_eq!(replayed_bytes(&bytes, 1).unwrap(), torn);
}

#[test]
fn what_stands_behind_a_seal_is_ignored() {
    let (mut bytes, records, synced) = half_synced();
    let seal = encode_seal(Seal::Recovered, 3, synced, synced);
    bytes[synced as usize..synced as usize + 48].copy_from_slice(&seal);
    let expected = (
        records[..4].to_vec(),
        ReplayEnd::Recovered { offset: synced },
    );
    assert_eq!(replayed_bytes(&bytes, 3).unwrap(), expected);
}

#[test]
fn missing_segment_is_an_io_error_that_names_it() {
    let missing = replayed(&MemoryDisk::default(), 8).unwrap_err();
    assert_eq!(missing.io_kind(), Some(std::io::ErrorKind::NotFound));
    assert_eq!(missing.path(), Some(&*path(8)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>, headed: bool) {
        if headed {
            bytes.splice(..0, encode_segment_header(3));
        }
        let result = replayed_bytes(&bytes, 3);
        prop_assert_eq!(result.is_ok(), headed);
    }

    #[test]
    fn damaged_segment_gives_a_prefix_or_an_error(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        keep: prop::sample::Index,
    ) {
        let (mut bytes, records, _) = half_synced();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(keep.index(bytes.len() * 2));
        match replayed_bytes(&bytes, 3) {
            Ok((seen, ReplayEnd::Torn { .. })) => prop_assert!(records.starts_with(&seen)),
            Ok((_, end)) => prop_assert!(false, "{:?} out of nowhere", end),
            Err(error) => prop_assert!(error.is_corruption(), "{}", error),
        }
    }
}
