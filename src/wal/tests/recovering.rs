//! From a torn segment to a sealed one.

use super::kit::{FIRST, Owned, append, create, path, replayed, row};
use super::memory_disk::MemoryDisk;
use crate::wal::recover::{harden_seal, seal_recovered};
use crate::wal::replay::ReplayEnd;

/// A disk with a segment whose last group is torn, and where its tail was last synced.
fn torn() -> (MemoryDisk, u64) {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 3)).unwrap();
    writer.sync().unwrap();
    let synced = writer.offset();
    append(&mut writer, &row(3, 2)).unwrap();
    let torn = writer.offset();
    append(&mut writer, &row(5, 3)).unwrap();
    let mut bytes = disk.bytes(&path(1));
    bytes[torn as usize + 45] ^= 1;
    disk.put(&path(1), bytes);
    disk.take_log();
    (disk, synced)
}

#[test]
fn recovery_writes_the_unsynced_records_again_and_syncs_before_it_seals() {
    let (disk, synced) = torn();
    let (records, end) = replayed(&disk, 1).unwrap();
    assert_eq!(records, row(0, 5));
    let ReplayEnd::Torn { offset } = end else {
        panic!("{end:?}")
    };
    seal_recovered(&disk, &path(1), 1, offset).unwrap();
    let calls = [
        format!("write 000001.wal {synced}+{}", offset - synced),
        "sync 000001.wal".to_owned(),
        format!("write 000001.wal {offset}+48"),
        "sync 000001.wal".to_owned(),
    ];
    assert_eq!(disk.take_log(), calls);
    let sealed = (row(0, 5), ReplayEnd::Recovered { offset });
    assert_eq!(replayed(&disk, 1).unwrap(), sealed);
}

#[test]
fn recovered_segment_is_covered_bit_by_bit_up_to_its_seal() {
    let (disk, _) = torn();
    let (_, end) = replayed(&disk, 1).unwrap();
    let ReplayEnd::Torn { offset } = end else {
        panic!("{end:?}")
    };
    seal_recovered(&disk, &path(1), 1, offset).unwrap();
    let good = disk.bytes(&path(1));
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        disk.put(&path(1), bad);
        let result = replayed(&disk, 1);
        match bit as u64 / 8 {
            byte if byte < offset => assert!(result.unwrap_err().is_corruption(), "{bit}"),
            byte if byte < offset + 48 => assert_eq!(result.unwrap().1, end, "{bit}"),
            _ => assert_eq!(result.unwrap().1, ReplayEnd::Recovered { offset }, "{bit}"),
        }
    }
}

#[test]
fn recovery_interrupted_at_any_call_finds_the_same_again() {
    for successes in 0.. {
        let (disk, _) = torn();
        let (records, end) = replayed(&disk, 1).unwrap();
        let ReplayEnd::Torn { offset } = end else {
            panic!("{end:?}")
        };
        disk.fail_after(successes);
        if seal_recovered(&disk, &path(1), 1, offset).is_ok() {
            assert_eq!(successes, 4, "calls of a recovery");
            break;
        }
        let (again, end_again) = replayed(&disk, 1).unwrap();
        let recovered = ReplayEnd::Recovered { offset };
        assert!(end_again == end || end_again == recovered, "{end_again:?}");
        assert_eq!(again, records);
    }
}

#[test]
fn what_has_changed_since_it_was_replayed_is_left_alone_and_not_sealed() {
    let (disk, synced) = torn();
    let (_, end) = replayed(&disk, 1).unwrap();
    let ReplayEnd::Torn { offset } = end else {
        panic!("{end:?}")
    };
    let good = disk.bytes(&path(1));
    for byte in synced..offset {
        let mut bad = good.clone();
        bad[byte as usize] ^= 1;
        disk.put(&path(1), bad.clone());
        let error = seal_recovered(&disk, &path(1), 1, offset).unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert!(disk.bytes(&path(1)) == bad, "byte {byte}");
    }
    disk.put(&path(1), good);
    seal_recovered(&disk, &path(1), 1, offset).unwrap();
    let sealed = disk.bytes(&path(1));
    for byte in offset..offset + 48 {
        let mut bad = sealed.clone();
        bad[byte as usize] ^= 1;
        disk.put(&path(1), bad.clone());
        let error = harden_seal(&disk, &path(1), 1, offset).unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert!(disk.bytes(&path(1)) == bad, "byte {byte}");
    }
    disk.put(&path(1), sealed);
    disk.take_log();
    harden_seal(&disk, &path(1), 1, offset).unwrap();
    let calls = disk.take_log();
    assert!(
        calls.iter().any(|call| call == "sync 000001.wal"),
        "{calls:?}"
    );
}

#[test]
fn records_of_many_windows_are_written_again_whole() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    let records: Vec<Owned> = [
        9,
        300 << 10,
        7,
        100 << 10,
        100 << 10,
        100 << 10,
        600 << 10,
        1,
    ]
    .into_iter()
    .map(Owned::of)
    .collect();
    append(&mut writer, &records).unwrap();
    let offset = writer.offset();
    let before = disk.bytes(&path(1));
    disk.take_log();
    seal_recovered(&disk, &path(1), 1, offset).unwrap();
    let mut next = FIRST;
    for call in disk.take_log() {
        if let Some(written) = call.strip_prefix("write 000001.wal ") {
            let (at, len) = written.split_once('+').unwrap();
            assert_eq!(at.parse::<u64>().unwrap(), next, "{call}");
            next += len.parse::<u64>().unwrap();
        }
    }
    assert_eq!(next, offset + 48, "records and seal");
    let bytes = disk.bytes(&path(1));
    assert!(bytes[..offset as usize] == before[..offset as usize]);
    assert_eq!(
        replayed(&disk, 1).unwrap().1,
        ReplayEnd::Recovered { offset }
    );
}

#[test]
fn seal_behind_the_end_of_the_file_makes_it_grow() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 3)).unwrap();
    let offset = writer.offset();
    let mut bytes = disk.bytes(&path(1));
    bytes.truncate(offset as usize);
    disk.put(&path(1), bytes);
    seal_recovered(&disk, &path(1), 1, offset).unwrap();
    let sealed = (row(0, 3), ReplayEnd::Recovered { offset });
    assert_eq!(replayed(&disk, 1).unwrap(), sealed);
}

#[test]
fn segment_without_records_is_sealed_behind_its_header() {
    let disk = MemoryDisk::default();
    create(&disk, 1, None);
    seal_recovered(&disk, &path(1), 1, FIRST).unwrap();
    let sealed = (Vec::new(), ReplayEnd::Recovered { offset: FIRST });
    assert_eq!(replayed(&disk, 1).unwrap(), sealed);
}
