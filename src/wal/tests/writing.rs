//! What the writer leaves in the file, and in which order it calls the disk.

use super::kit::{
    FIRST, MARK, Owned, any_record, append, create, dir, path, replayed, row, small, spare_path,
};
use super::memory_disk::MemoryDisk;
use crate::error::ErrorKind;
use crate::format::file_name::FileName;
use crate::format::log_record::RecordHeader;
use crate::fs::file_system::FileSystem;
use crate::fs::real_disk::RealDisk;
use crate::sync::Arc;
use crate::wal::replay::{ReplayEnd, replay};
use crate::wal::segment::WalOptions;
use crate::wal::writer::{Record, WalWriter};
use proptest::prelude::*;

/// The synced-up-to offsets that the records of a segment carry.
fn claims(disk: &MemoryDisk, number: u64) -> Vec<u64> {
    let (bytes, mut offset, mut claims) = (disk.bytes(&path(number)), FIRST, Vec::new());
    while let Some(rest) = bytes.get(offset as usize..)
        && let Ok(header) = RecordHeader::decode(rest, number, offset)
    {
        claims.push(header.synced_up_to);
        offset += header.record_bytes();
    }
    claims
}

/// Records, and whether a sync follows them.
fn any_group() -> impl Strategy<Value = (Vec<Owned>, bool)> {
    (prop::collection::vec(any_record(), 0..6), any::<bool>())
}

proptest! {
    #[test]
    fn groups_come_back_as_they_were_appended(
        groups in prop::collection::vec(any_group(), 0..8),
        number in 1u64..1 << 40,
        prewrite: bool,
        close: bool,
    ) {
        let disk = MemoryDisk::default();
        let fs = Arc::new(disk.clone());
        let mut writer = WalWriter::create(fs, dir(), number, None, small(prewrite)).unwrap();
        for (group, sync) in &groups {
            append(&mut writer, group).unwrap();
            if *sync {
                writer.sync().unwrap();
                prop_assert_eq!(writer.synced_up_to(), writer.offset());
            }
        }
        let all: Vec<Owned> = groups.into_iter().flat_map(|(group, _)| group).collect();
        prop_assert_eq!(writer.is_empty(), all.is_empty());
        let offset = FIRST + all.iter().map(Owned::bytes).sum::<u64>();
        prop_assert_eq!(writer.offset(), offset);
        let end = if close {
            prop_assert_eq!(writer.seal_closed(MARK).unwrap(), offset);
            ReplayEnd::Closed { offset, mark: MARK }
        } else {
            ReplayEnd::Torn { offset }
        };
        prop_assert_eq!(replayed(&disk, number).unwrap(), (all, end));
    }
}

#[test]
fn segment_has_its_header_on_disk_before_it_has_its_name() {
    let disk = MemoryDisk::default();
    create(&disk, 7, None);
    let calls = [
        "create 000007.spare",
        "write 000007.spare 0+24",
        "write 000007.spare 24+4072",
        "sync 000007.spare",
        "rename 000007.spare 000007.wal",
        "sync directory",
    ];
    assert_eq!(disk.take_log(), calls);
}

#[test]
fn commit_into_prewritten_space_is_one_write_and_one_sync_and_keeps_the_length() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    disk.take_log();
    append(&mut writer, &row(0, 5)).unwrap();
    writer.sync().unwrap();
    let bytes = writer.offset() - FIRST;
    let calls = [
        format!("write 000001.spare 24+{bytes}"),
        "sync 000001.spare".to_owned(),
    ];
    assert_eq!(disk.take_log(), calls);
    assert_eq!(disk.bytes(&path(1)).len(), 4096);
}

#[test]
#[cfg_attr(miri, ignore = "needs a real disk")]
fn what_was_taken_ahead_for_small_records_is_given_back_at_the_close() {
    let dir = std::env::temp_dir().join(format!("grainstore-given-back-{}", std::process::id()));
    RealDisk.create_dir_all(&dir).unwrap();
    let options = WalOptions {
        segment_bytes: 1 << 20,
        prewrite: false,
        announce: true,
    };
    let fs: Arc<dyn FileSystem> = Arc::new(RealDisk);
    let mut writer = WalWriter::create(Arc::clone(&fs), &dir, 1, None, options).unwrap();
    let records: Vec<Owned> = (0..40).map(|_| Owned::of(1_000)).collect();
    for record in &records {
        append(&mut writer, std::slice::from_ref(record)).unwrap();
    }
    let offset = writer.seal_closed(MARK).unwrap();
    let path = FileName::Wal(1).in_dir(&dir);
    let len = RealDisk.file_len(&path).unwrap();
    assert!(
        (offset..offset + (8 << 10)).contains(&len),
        "{len} bytes for {offset}"
    );
    let mut seen = 0;
    let end = replay(&*fs, &path, 1, &mut |_| {
        seen += 1;
        Ok(())
    });
    assert_eq!(end.unwrap(), ReplayEnd::Closed { offset, mark: MARK });
    assert_eq!(seen, records.len());
    RealDisk.remove_file(&path).unwrap();
    RealDisk.remove_dir(&dir).unwrap();
}

#[test]
fn zeros_go_ahead_in_growing_steps_and_never_past_the_segment() {
    let disk = MemoryDisk::default();
    let options = WalOptions {
        segment_bytes: 1 << 20,
        prewrite: true,
        announce: true,
    };
    let fs = Arc::new(disk.clone());
    let mut writer = WalWriter::create(fs, dir(), 1, None, options).unwrap();
    let mut lengths = vec![disk.bytes(&path(1)).len()];
    while !writer.needs_roll(1000) {
        append(&mut writer, &[Owned::of(1000)]).unwrap();
        let len = disk.bytes(&path(1)).len();
        if lengths.last() != Some(&len) {
            lengths.push(len);
        }
    }
    assert_eq!(lengths[0], 68 << 10);
    assert_eq!(lengths.last(), Some(&(1 << 20)));
    let steps: Vec<usize> = lengths.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert!(steps[..3].is_sorted(), "{steps:?}");
    writer.seal_closed(MARK).unwrap();
    assert_eq!(disk.bytes(&path(1)).len(), 1 << 20, "the seal has room too");
}

#[test]
fn without_zeros_ahead_the_file_ends_with_its_last_record() {
    let disk = MemoryDisk::default();
    let fs = Arc::new(disk.clone());
    let mut writer = WalWriter::create(fs, dir(), 1, None, small(false)).unwrap();
    append(&mut writer, &row(0, 3)).unwrap();
    assert_eq!(disk.bytes(&path(1)).len() as u64, writer.offset());
}

#[test]
fn huge_payload_is_written_from_where_it_stands_and_grows_the_file() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    let records = [
        Owned::of(3),
        Owned::of((1 << 20) + 3),
        Owned::of(1 << 19),
        Owned::of(5),
    ];
    assert!(
        !writer.needs_roll(1 << 20),
        "an empty segment takes anything"
    );
    disk.take_log();
    append(&mut writer, &records).unwrap();
    let calls = [
        "write 000001.spare 24+88",
        "write 000001.spare 112+1048579",
        "write 000001.spare 1048691+45",
        "write 000001.spare 1048736+524288",
        "write 000001.spare 1573024+48",
    ];
    assert_eq!(disk.take_log(), calls);
    assert!(writer.needs_roll(0));
    writer.seal_closed(MARK).unwrap();
    let (seen, _) = replayed(&disk, 1).unwrap();
    assert_eq!(seen, records);
}

#[test]
fn records_carry_how_far_the_segment_was_durable_when_they_were_written() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 2)).unwrap();
    writer.sync().unwrap();
    let synced = writer.offset();
    append(&mut writer, &row(2, 1)).unwrap();
    append(&mut writer, &row(3, 1)).unwrap();
    let seal = writer.seal_closed(MARK).unwrap();
    assert_eq!(claims(&disk, 1), [FIRST, FIRST, synced, synced, seal]);
}

#[test]
fn ticket_run_elsewhere_counts_what_it_covered_and_only_after_it_ran() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 1)).unwrap();
    let covered = writer.offset();
    let (mut ticket, idle) = (writer.begin_sync(), writer.begin_sync());
    append(&mut writer, &row(1, 1)).unwrap();
    ticket.run().unwrap();
    assert_eq!(ticket.upto(), covered);
    writer.finish_sync(idle);
    assert_eq!(
        writer.synced_up_to(),
        FIRST,
        "a ticket that did not run says nothing"
    );
    writer.finish_sync(ticket);
    assert_eq!(writer.synced_up_to(), covered);
    append(&mut writer, &row(2, 1)).unwrap();
    assert_eq!(claims(&disk, 1), [FIRST, FIRST, covered]);
}

#[test]
fn ticket_of_a_rolled_segment_says_nothing_of_the_next() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 3)).unwrap();
    let mut ticket = writer.begin_sync();
    writer.roll(None).unwrap();
    ticket.run().unwrap();
    writer.finish_sync(ticket);
    assert_eq!((writer.number(), writer.synced_up_to()), (2, FIRST));
}

#[test]
fn sync_of_what_is_durable_already_does_not_reach_the_disk() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 1)).unwrap();
    writer.sync().unwrap();
    disk.take_log();
    writer.sync().unwrap();
    assert_eq!(disk.take_log(), [""; 0]);
}

#[test]
fn roll_makes_the_next_segment_durable_before_it_seals_the_old_one() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 2)).unwrap();
    let offset = writer.offset();
    disk.take_log();
    writer.roll(None).unwrap();
    let calls = [
        "create 000002.spare".to_owned(),
        "write 000002.spare 0+24".to_owned(),
        "write 000002.spare 24+4072".to_owned(),
        "sync 000002.spare".to_owned(),
        "rename 000002.spare 000002.wal".to_owned(),
        "sync directory".to_owned(),
        "sync 000001.spare".to_owned(),
        format!("write 000001.spare {offset}+48"),
        "sync 000001.spare".to_owned(),
    ];
    assert_eq!(disk.take_log(), calls);
    assert!(writer.is_empty());
    append(&mut writer, &row(2, 1)).unwrap();
    let old = replayed(&disk, 1).unwrap();
    assert_eq!(old, (row(0, 2), ReplayEnd::Rolled { offset }));
    assert_eq!(replayed(&disk, 2).unwrap().0, row(2, 1));
}

#[test]
fn segment_asks_for_a_roll_only_when_group_and_seal_no_longer_fit() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    let mut rolls = 0;
    for i in 0..200 {
        let record = Owned::nth(i);
        if writer.needs_roll(record.payload.len() as u64) {
            assert!(writer.offset() > 4096 - 250, "{}", writer.offset());
            writer.roll(None).unwrap();
            rolls += 1;
        }
        append(&mut writer, &[record]).unwrap();
    }
    assert!(rolls > 2);
    let mut seen = Vec::new();
    for number in 1..=writer.number() {
        assert_eq!(disk.bytes(&path(number)).len(), 4096);
        seen.extend(replayed(&disk, number).unwrap().0);
    }
    assert_eq!(seen, row(0, 200));
}

#[test]
fn recycled_segment_keeps_its_length_and_shows_nothing_of_its_earlier_life() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 40)).unwrap();
    writer.roll(None).unwrap();
    let stale = disk.bytes(&path(1));
    // The new records end at every alignment against the old ones.
    for count in 0..20 {
        let disk = MemoryDisk::default();
        disk.put(&spare_path(1), stale.clone());
        let mut writer = create(&disk, 2, Some(1));
        assert_eq!(disk.bytes(&path(2)).len(), stale.len());
        disk.take_log();
        append(&mut writer, &row(100, count)).unwrap();
        assert!(disk.take_log().len() <= 1, "no zeros into a full file");
        let offset = writer.offset();
        let expected = (row(100, count), ReplayEnd::Torn { offset });
        assert_eq!(replayed(&disk, 2).unwrap(), expected);
        writer.roll(None).unwrap();
        let expected = (row(100, count), ReplayEnd::Rolled { offset });
        assert_eq!(replayed(&disk, 2).unwrap(), expected);
    }
}

#[test]
fn recycling_rewrites_the_header_before_the_file_gets_its_name() {
    let disk = MemoryDisk::default();
    disk.put(&spare_path(3), vec![0xee; 8000]);
    create(&disk, 9, Some(3));
    let calls = [
        "write 000003.spare 0+24",
        "sync 000003.spare",
        "rename 000003.spare 000009.wal",
        "sync directory",
    ];
    assert_eq!(disk.take_log(), calls);
    assert_eq!(
        replayed(&disk, 9).unwrap().1,
        ReplayEnd::Torn { offset: FIRST }
    );
}

#[test]
fn missing_spare_gives_way_to_a_new_file_and_a_half_made_one_is_used_again() {
    let disk = MemoryDisk::default();
    disk.put(&spare_path(2), vec![1; 10]);
    let mut writer = create(&disk, 2, Some(77));
    append(&mut writer, &row(0, 2)).unwrap();
    assert_eq!(replayed(&disk, 2).unwrap().0, row(0, 2));
}

#[test]
fn segment_that_exists_is_never_written_over() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 2)).unwrap();
    let fs = Arc::new(disk.clone());
    let taken = WalWriter::create(fs, dir(), 1, None, small(true)).unwrap_err();
    assert_eq!(taken.io_kind(), Some(std::io::ErrorKind::AlreadyExists));
    assert_eq!(replayed(&disk, 1).unwrap().0, row(0, 2));
}

#[test]
fn closed_log_takes_no_more() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    writer.seal_closed(MARK).unwrap();
    for refused in [
        append(&mut writer, &row(0, 1)),
        writer.roll(None).map(drop),
        writer.seal_closed(MARK).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn record_beyond_the_format_is_refused_and_the_log_goes_on() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    let good = Owned::nth(0);
    let beyond = Record {
        base_sequence: 1 << 56,
        ..good.record()
    };
    // Zeroed memory that nobody touches costs nothing.
    let untouched = vec![0; u32::MAX as usize + 1];
    let huge = Record {
        payload: &untouched,
        ..good.record()
    };
    for bad in [beyond, huge] {
        let refused = writer.append(&[good.record(), bad]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TooLarge);
    }
    assert!(writer.is_empty());
    append(&mut writer, std::slice::from_ref(&good)).unwrap();
    assert_eq!(replayed(&disk, 1).unwrap().0, [good]);
}

#[test]
fn error_of_the_visitor_ends_the_replay() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 5)).unwrap();
    let mut seen = 0;
    let ended = replay(&disk, &path(1), 1, &mut |_| {
        seen += 1;
        Err(crate::error::Error::new(ErrorKind::Closed, "enough"))
    });
    assert_eq!((seen, ended.unwrap_err().kind()), (1, ErrorKind::Closed));
}

#[test]
fn spares_up_to_twice_the_segment_are_kept() {
    assert!(small(true).keeps_spare(8192));
    assert!(!small(true).keeps_spare(8193));
}
