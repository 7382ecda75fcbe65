//! What a repair does not do, and what a failed one leaves.

use crate::sample::{DIR, NEW, closed, contents, current, files, killed, options, repair_options};
use grainstore::ErrorKind;
use grainstore::engine::Engine;
use grainstore::fs::{CrashDisk, CrashImage, FileSystem};
use grainstore::inspect::{RepairProgress, repair, repair_telling};
use std::path::Path;

fn refused(disk: &CrashDisk, from: &str, to: &str) -> ErrorKind {
    let error = repair(from, to, &repair_options(disk)).unwrap_err();
    error.kind()
}

#[test]
fn a_target_that_is_not_empty_or_lies_in_the_source_is_refused() {
    let disk = closed().disk;
    disk.create_dir_all(Path::new("/full")).unwrap();
    disk.write_file(Path::new("/full/note"), b"mine").unwrap();
    let before = disk.paths();
    for target in ["/full", DIR, "/db/new"] {
        assert_eq!(
            refused(&disk, DIR, target),
            ErrorKind::InvalidInput,
            "{target}"
        );
    }
    assert_eq!(disk.paths(), before);
}

#[test]
fn a_source_without_a_database_or_in_use_is_refused() {
    let disk = closed().disk;
    disk.create_dir_all(Path::new("/empty")).unwrap();
    assert_eq!(refused(&disk, "/empty", NEW), ErrorKind::InvalidInput);
    assert_eq!(refused(&disk, "/nowhere", NEW), ErrorKind::Io);
    let engine = Engine::open(DIR, options(&disk)).unwrap();
    assert_eq!(refused(&disk, DIR, NEW), ErrorKind::Locked);
    engine.close().unwrap();
    repair(DIR, NEW, &repair_options(&disk)).unwrap();
}

/// CRC-32 as everybody knows it, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for byte in bytes {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            let carried = register & 1;
            register = (register >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(carried));
        }
    }
    !register
}

#[test]
fn what_a_newer_release_wrote_is_not_lost_to_this_one() {
    let disk = closed().disk;
    let mut bytes = files(&disk)[&current()].clone();
    bytes[8] = 9;
    let checked = [&[0; 16][..], &bytes[..12], &bytes[16..]].concat();
    bytes[12..16].copy_from_slice(&crc(&checked).to_le_bytes());
    disk.write_file(&current(), &bytes).unwrap();
    let error = repair(DIR, NEW, &repair_options(&disk)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedFormat, "{error}");
    assert_eq!(error.path(), Some(&*current()));
}

#[test]
fn a_power_cut_during_a_repair_leaves_all_of_the_new_database_or_none() {
    let sample = closed();
    let begin = sample.disk.calls();
    let (mut whole, mut none) = (0, 0);
    repair(DIR, NEW, &repair_options(&sample.disk)).unwrap();
    for call in begin..=sample.disk.calls() {
        for image in CrashImage::all(call as u64) {
            let after = sample.disk.image(call, image);
            match Engine::open(NEW, options(&after)) {
                Err(error) => assert!(error.is_corruption(), "{error}"),
                Ok(engine) => {
                    let found = contents(&engine);
                    assert!(found.is_empty() || found == sample.contents, "call {call}");
                    whole += u64::from(!found.is_empty());
                    none += u64::from(found.is_empty());
                }
            }
        }
    }
    assert!(whole > 0 && none > 0, "{whole} {none}");
}

#[test]
fn progress_is_told_and_a_small_memory_is_enough() {
    let sample = killed();
    let mut options = repair_options(&sample.disk);
    options.memory_bytes_max = 0;
    let (mut looked, mut read) = (0, 0);
    let report = repair_telling(DIR, NEW, &options, |progress| match progress {
        RepairProgress::Looking { done, of } => {
            assert!(done <= of);
            looked = done;
        }
        RepairProgress::Log { operations } => read = operations,
        _ => {}
    });
    assert_eq!(report.unwrap().tables.len() as u64, looked);
    assert!(read > 0);
}
