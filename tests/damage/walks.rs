//! Walks that come upon damage: they end there, and go on saying why.

use super::sample::{self, DIR, Sample};
use grainstore::engine::{Cursor, Engine};
use grainstore::fs::CrashDisk;
use grainstore::{BlockCompression, Error};

/// A move of a cursor.
type Move = fn(&mut Cursor) -> Result<(), Error>;

/// A database with its last table damaged within its first block, so that every open is fine.
fn damaged() -> (Sample, CrashDisk) {
    let sample = sample::at_rest("at rest", BlockCompression::None);
    let disk = sample.disk.fork();
    let tables = sample.files_ending(".table");
    disk.flip_bit(tables.last().unwrap(), 40, 2).unwrap();
    (sample, disk)
}

fn place(error: &Error) -> String {
    let (path, offset) = (error.path().unwrap(), error.offset().unwrap());
    format!("{:?} {} {offset}: {error}", error.kind(), path.display())
}

#[test]
fn a_cursor_that_met_damage_stands_nowhere_and_repeats_the_error_with_its_place() {
    let (sample, disk) = damaged();
    let engine = Engine::open(DIR, sample.options(&disk)).unwrap();
    let mut cursor = engine.cursor::<&[u8]>(..).unwrap();
    let walk = |cursor: &mut Cursor| -> Result<(), Error> {
        cursor.seek_to_first()?;
        while cursor.valid() {
            cursor.next()?;
        }
        Ok(())
    };
    let first = place(&walk(&mut cursor).unwrap_err());
    let calls: [Move; 6] = [
        Cursor::next,
        Cursor::prev,
        Cursor::seek_to_first,
        Cursor::seek_to_last,
        |cursor| cursor.seek(b"grain/00001"),
        |cursor| cursor.seek_before(b"grain/00001"),
    ];
    for call in calls {
        assert!(!cursor.valid() && cursor.key().is_empty());
        assert_eq!(place(&call(&mut cursor).unwrap_err()), first);
    }
    // Another one begins anew, and what is not damaged can be had.
    let mut other = engine.cursor::<&[u8]>(..).unwrap();
    other.seek_to_first().unwrap();
    assert!(other.valid());
}

#[test]
fn the_error_is_the_last_item_of_a_scan_and_the_records_before_it_are_right() {
    let (sample, disk) = damaged();
    let engine = Engine::open(DIR, sample.options(&disk)).unwrap();
    for backward in [false, true] {
        let mut scan = engine.scan::<&[u8]>(..).unwrap();
        let mut step = || match backward {
            true => scan.next_back(),
            false => scan.next(),
        };
        let mut given = 0;
        let error = loop {
            match step().unwrap() {
                Ok((key, value)) => {
                    let at = match backward {
                        true => sample.contents.len() - 1 - given,
                        false => given,
                    };
                    assert_eq!(
                        (&*key, &*value),
                        (&*sample.contents[at].0, &*sample.contents[at].1)
                    );
                    given += 1;
                }
                Err(error) => break error,
            }
        };
        assert!(error.is_corruption() && given < sample.contents.len());
        assert!(step().is_none() && step().is_none());
    }
}
