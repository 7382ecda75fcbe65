//! What becomes of the writer when calls of the disk fail.

use super::kit::{MARK, Owned, append, create, dir, path, replayed, row, small, spare_path};
use super::memory_disk::MemoryDisk;
use crate::error::{ErrorKind, Result};
use crate::fs::crash_disk::CrashDisk;
use crate::fs::crash_image::CrashImage;
use crate::fs::file_system::FileSystem;
use crate::fs::quota_disk::QuotaDisk;
use crate::sync::Arc;
use crate::wal::writer::WalWriter;
use std::path::Path;

/// A little history; counts in `acknowledged` the records whose sync succeeded.
fn history(writer: &mut WalWriter, acknowledged: &mut u64) -> Result<()> {
    for round in 0..8 {
        append(writer, &row(round * 4, 2))?;
        append(writer, &row(round * 4 + 2, 2))?;
        writer.sync()?;
        *acknowledged = round * 4 + 4;
        if round % 3 == 2 {
            writer.roll(None)?;
        }
    }
    writer.seal_closed(MARK).map(drop)
}

#[test]
fn after_any_failed_call_the_writer_refuses_all_and_what_was_acknowledged_is_there() {
    let mut failures = 0;
    for successes in 0.. {
        let disk = MemoryDisk::default();
        let mut writer = create(&disk, 1, None);
        disk.fail_after(successes);
        let mut acknowledged = 0;
        let Err(error) = history(&mut writer, &mut acknowledged) else {
            break;
        };
        failures += 1;
        assert!(disk.has_failed());
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::Other), "{error}");
        assert!(error.to_string().starts_with("cannot "), "{error}");
        disk.take_log();
        let mut ticket = writer.begin_sync();
        for refused in [
            append(&mut writer, &row(90, 1)),
            writer.sync(),
            ticket.run(),
            writer.roll(None).map(drop),
            writer.seal_closed(MARK).map(drop),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Latched);
        }
        assert_eq!(
            disk.take_log(),
            [""; 0],
            "nothing reaches the disk any more"
        );
        let mut seen = Vec::new();
        for number in 1.. {
            if disk.file_len(&path(number)).is_err() {
                break;
            }
            seen.extend(replayed(&disk, number).unwrap().0);
        }
        assert!(seen.len() as u64 >= acknowledged, "call {successes}");
        assert!(row(0, 32).starts_with(&seen), "call {successes}");
    }
    assert!(failures > 30, "{failures} calls have failed");
}

#[test]
fn failed_sync_is_never_tried_again() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 1)).unwrap();
    let (mut first, mut second) = (writer.begin_sync(), writer.begin_sync());
    disk.fail_after(0);
    assert_eq!(first.run().unwrap_err().kind(), ErrorKind::Io);
    disk.take_log();
    // The disk would answer well now, without having kept a byte.
    assert!(first.run().unwrap_err().is_latched());
    assert!(second.run().unwrap_err().is_latched());
    assert_eq!(disk.take_log(), [""; 0]);
    writer.finish_sync(first);
    writer.finish_sync(second);
    assert_eq!(writer.synced_up_to(), 24);
    assert!(append(&mut writer, &row(1, 1)).unwrap_err().is_latched());
}

#[test]
fn group_that_a_full_disk_took_in_part_leaves_none_of_its_records() {
    let inner = CrashDisk::new();
    inner.create_dir_all(dir()).unwrap();
    inner.sync_dir(Path::new("/")).unwrap();
    let disk = QuotaDisk::new(Arc::new(inner.clone()), u64::MAX);
    let fs = Arc::new(disk.clone());
    let mut writer = WalWriter::create(fs, dir(), 1, None, small(false)).unwrap();
    append(&mut writer, &row(0, 1)).unwrap();
    writer.sync().unwrap();
    let group = [Owned::nth(1), Owned::of(900)];
    // The first of them fits whole.
    disk.set_quota(disk.used() + group[0].bytes() + 500);
    let refused = append(&mut writer, &group).unwrap_err();
    assert!(refused.is_storage_full(), "{refused}");
    assert_eq!(replayed(&disk, 1).unwrap().0, row(0, 1));
    for image in CrashImage::all(7) {
        let after = inner.image(inner.calls(), image);
        let seen = replayed(&after, 1).unwrap().0;
        assert_eq!(seen, row(0, 1), "{image:?}");
    }
}

#[test]
fn failure_while_a_segment_is_made_leaves_no_segment_without_its_header() {
    for spare in [None, Some(4)] {
        for successes in 0.. {
            let disk = MemoryDisk::default();
            disk.put(&spare_path(4), vec![7; 5000]);
            disk.fail_after(successes);
            let fs = Arc::new(disk.clone());
            let made = WalWriter::create(fs, dir(), 9, spare, small(true));
            if disk.file_len(&path(9)).is_ok() {
                assert_eq!(replayed(&disk, 9).unwrap().0, []);
            }
            if made.is_ok() {
                assert!(successes >= 4, "the disk has failed {successes} calls in");
                break;
            }
        }
    }
}

#[test]
fn full_disk_takes_back_what_it_has_of_a_record_or_a_seal_and_the_log_goes_on() {
    let (mut refused, mut cut) = (0, 0);
    for successes in 0.. {
        let disk = MemoryDisk::default();
        let mut writer = create(&disk, 1, None);
        append(&mut writer, &row(0, 2)).unwrap();
        disk.full_after(successes);
        let mut expected = 2;
        for step in 0..6 {
            let done = match step % 2 {
                0 => append(&mut writer, &row(expected, 2)).map(|()| expected += 2),
                _ => writer.roll(None).map(drop),
            };
            let Err(error) = done else { continue };
            if writer.is_latched() {
                break; // at a failed sync nobody knows what is on the disk
            }
            assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull));
            refused += 1;
        }
        let calls = disk.take_log();
        cut += calls.iter().filter(|call| call.starts_with("cut ")).count();
        if writer.is_latched() {
            continue;
        }
        let was_full = disk.heal();
        append(&mut writer, &row(expected, 1)).unwrap();
        writer.seal_closed(MARK).unwrap();
        let numbers = 1..=writer.number();
        let seen: Vec<_> = numbers
            .flat_map(|n| replayed(&disk, n).unwrap().0)
            .collect();
        assert_eq!(seen, row(0, expected + 1), "call {successes}");
        if !was_full {
            break;
        }
    }
    assert!(
        refused > 10 && cut > 4,
        "{refused} refused, {cut} taken back"
    );
}

#[test]
fn name_that_cannot_be_looked_at_is_not_taken_for_a_free_one() {
    let disk = MemoryDisk::default();
    disk.deny(&path(9));
    let made = WalWriter::create(Arc::new(disk.clone()), dir(), 9, None, small(true));
    let error = made.err().unwrap();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::PermissionDenied));
    let text = "cannot create /db/000009.wal: ";
    assert!(error.to_string().starts_with(text), "{error}");
    assert_eq!(disk.take_log(), [""; 0], "nothing was made");
}

#[test]
fn spare_that_may_not_be_opened_gives_way_to_a_new_file() {
    let disk = MemoryDisk::default();
    disk.put(&spare_path(4), vec![7; 5000]);
    disk.deny(&spare_path(4));
    let mut writer = create(&disk, 9, Some(4));
    append(&mut writer, &row(0, 2)).unwrap();
    assert_eq!(replayed(&disk, 9).unwrap().0, row(0, 2));
}

#[test]
fn segment_that_cannot_be_read_is_an_error_of_the_disk_and_no_torn_tail() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, 1, None);
    append(&mut writer, &row(0, 2)).unwrap();
    disk.fail_reads();
    let error = replayed(&disk, 1).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::PermissionDenied));
    let text = "cannot read /db/000001.wal: ";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn short_and_interrupted_calls_are_gone_on_with() {
    let disk = MemoryDisk::default();
    disk.chop();
    let mut writer = create(&disk, 1, None);
    history(&mut writer, &mut 0).unwrap();
    let numbers = 1..=writer.number();
    let seen: Vec<_> = numbers
        .flat_map(|n| replayed(&disk, n).unwrap().0)
        .collect();
    assert_eq!(seen, row(0, 32));
}
