//! Records lost off the end of the manifest.
//!
//! What is left reads well: every checksum holds, and it tells of a database that once was. Only
//! the seal of the log knows that there was more. Without it the tables of an ingest went with the
//! record that named them, and the open that followed removed their files.

use super::judge::{Outcome, Step, judge, judge_twice};
use super::sample::{self, DIR, Sample};
use grainstore::BlockCompression;
use grainstore::engine::Engine;
use std::path::Path;

/// Where the records of a manifest begin, and where the last ends.
fn boundaries(bytes: &[u8]) -> Vec<u64> {
    let (mut at, mut starts) = (24, vec![24]);
    while at < bytes.len() {
        // header crc, payload crc, payload length and kind, synced up to
        let length = u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap()) << 8 >> 8;
        at += 24 + length.next_multiple_of(8) as usize;
        starts.push(at as u64);
    }
    starts
}

fn samples() -> [Sample; 3] {
    let none = BlockCompression::None;
    [
        sample::at_rest("at rest", none),
        sample::in_motion("in motion", none),
        sample::ingested("ingested", none),
    ]
}

#[test]
fn records_lost_off_the_end_of_the_manifest_are_missed_when_the_database_was_closed() {
    for sample in samples() {
        let path = sample.manifest();
        let whole = sample.disk.read_file(&path).unwrap();
        let starts = boundaries(&whole);
        assert!(starts.len() > 3, "{starts:?}");
        let (end, lost) = starts.split_last().unwrap();
        assert_eq!(*end, whole.len() as u64);
        let (close, edits) = lost.split_last().unwrap();
        for cut in edits {
            let disk = sample.disk.fork();
            disk.truncate(&path, *cut).unwrap();
            let outcome = judge_twice(&sample, &disk);
            let Ok(Outcome::Refused { step, path: named }) = outcome else {
                panic!("{}, cut to {cut}: {outcome:?}", sample.name);
            };
            assert_eq!(step, Step::Open);
            assert!(
                path.ends_with(&named),
                "{} cut, {named:?} blamed",
                path.display()
            );
            // The open that was refused has taken nothing away: with the manifest all is back.
            disk.write_file(&path, &whole).unwrap();
            assert_eq!(judge(&sample, &disk), Ok(Outcome::Harmless), "cut to {cut}");
        }
        // The last record only says that the log is sealed, as the log does itself.
        let disk = sample.disk.fork();
        disk.truncate(&path, *close).unwrap();
        assert_eq!(judge_twice(&sample, &disk), Ok(Outcome::Harmless));
    }
}

#[test]
fn tables_of_an_ingest_do_not_vanish_with_the_record_that_names_them() {
    let sample = sample::ingested("ingested", BlockCompression::None);
    let path = sample.manifest();
    let starts = boundaries(&sample.disk.read_file(&path).unwrap());
    // The last two records: the ingest, the close.
    sample
        .disk
        .truncate(&path, starts[starts.len() - 3])
        .unwrap();
    let error = Engine::open(DIR, sample.options(&sample.disk)).unwrap_err();
    assert!(error.is_corruption(), "{error:?}");
    assert_eq!(error.path(), Some(&*path));
    assert_eq!(error.offset(), Some(starts[starts.len() - 3]));
    let text = error.to_string();
    assert!(text.contains("when the database was closed"), "{text}");
    assert!(
        text.contains("restore the database from a backup"),
        "{text}"
    );
    for table in sample.files_ending(".table") {
        assert!(sample.len(&table) > 0, "{} was removed", table.display());
    }
}

#[test]
fn a_lost_table_is_told_when_the_database_is_opened() {
    let sample = sample::at_rest("at rest", BlockCompression::None);
    let tables = sample.files_ending(".table");
    for table in &tables {
        let disk = sample.disk.fork();
        let bytes = disk.read_file(table).unwrap();
        disk.lose_file(table).unwrap();
        let error = Engine::open(DIR, sample.options(&disk)).unwrap_err();
        assert_eq!((error.path(), error.offset()), (Some(&**table), Some(0)));
        assert!(
            error.to_string().contains("the manifest names it"),
            "{error}"
        );
        disk.write_file(table, &bytes).unwrap();
        assert_eq!(judge(&sample, &disk), Ok(Outcome::Harmless));
    }
    assert!(tables.len() > 2);
}

#[test]
fn a_pointer_to_an_older_manifest_is_refused() {
    let sample = sample::at_rest("at rest", BlockCompression::None);
    let current = Path::new(DIR).join("CURRENT");
    let (old_manifest, old_current) = (sample.manifest(), sample.disk.read_file(&current).unwrap());
    let old_bytes = sample.disk.read_file(&old_manifest).unwrap();
    // A torn record makes the next open begin a new manifest.
    let disk = sample.disk.fork();
    disk.truncate(&old_manifest, old_bytes.len() as u64 - 1)
        .unwrap();
    let engine = Engine::open(DIR, sample.options(&disk)).unwrap();
    engine.close().unwrap();
    assert_ne!(disk.read_file(&current).unwrap(), old_current);
    disk.write_file(&current, &old_current).unwrap();
    disk.write_file(&old_manifest, &old_bytes).unwrap();
    let outcome = judge_twice(&sample, &disk);
    assert!(
        matches!(
            outcome,
            Ok(Outcome::Refused {
                step: Step::Open,
                ..
            })
        ),
        "{outcome:?}"
    );
}
