//! Torn ends: what a crash leaves behind the last whole record is gone before the next one.

use crate::record::{Event, HEADER, bytes_of, event, events, holding, on, replay};
use grainstore::fs::CrashDisk;

/// The bytes of a journal, each record appended by itself.
fn journal_of(records: &[Event]) -> Vec<u8> {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    for record in records {
        journal.append(record).unwrap();
    }
    bytes_of(&disk)
}

/// Opens a journal of `bytes`, appends, and answers with what is there then.
fn append_to(bytes: &[u8], kept: usize) -> (CrashDisk, grainstore::journal::Journal) {
    let disk = holding(bytes);
    assert_eq!(replay(&disk).unwrap(), events(0..kept as u64));
    let journal = on(&disk).open().unwrap();
    assert_eq!(journal.count().unwrap(), kept as u64);
    journal.append(&event(90)).unwrap();
    let mut expected = events(0..kept as u64);
    expected.push(event(90));
    assert_eq!(replay(&disk).unwrap(), expected);
    (disk, journal)
}

#[test]
fn a_torn_last_line_never_swallows_the_next_record() {
    let before = journal_of(&events(0..3)).len();
    let whole = journal_of(&events(0..4));
    for cut in before..whole.len() - 1 {
        let torn = &whole[..cut];
        let (disk, journal) = append_to(torn, 3);
        let repair = journal.repaired().cloned();
        if cut == before {
            assert_eq!(repair, None);
        } else {
            let repair = repair.unwrap();
            assert_eq!(
                (repair.offset, repair.newline_added),
                (before as u64, false)
            );
            assert_eq!(repair.removed, torn[before..]);
            assert_eq!(repair.removed_bytes, (cut - before) as u64);
        }
        assert!(bytes_of(&disk).starts_with(&whole[..before]));
    }
}

#[test]
fn a_last_record_that_lacks_only_its_newline_is_kept_and_gets_one() {
    let whole = journal_of(&events(0..4));
    let (disk, journal) = append_to(&whole[..whole.len() - 1], 4);
    let repair = journal.repaired().unwrap();
    assert!(repair.newline_added);
    assert_eq!(
        (repair.removed_bytes, repair.offset),
        (0, whole.len() as u64 - 1)
    );
    assert!(bytes_of(&disk).starts_with(&whole));
}

#[test]
fn half_a_number_is_no_record() {
    for torn in ["12", "-", "1.5e3", " 7 "] {
        let disk = holding(format!("{HEADER}1234\n{torn}").as_bytes());
        assert_eq!(on(&disk).replay::<u32>().unwrap(), [1234]);
        let journal = on(&disk).open().unwrap();
        assert_eq!(journal.repaired().unwrap().removed, torn.as_bytes());
        journal.append(&5).unwrap();
        assert_eq!(on(&disk).replay::<u32>().unwrap(), [1234, 5]);
    }
}

#[test]
fn an_end_of_zeros_is_cut_off_wherever_it_begins() {
    let before = journal_of(&events(0..3)).len();
    let whole = journal_of(&events(0..4));
    for zeros_from in before..whole.len() {
        for zeros_to in [whole.len(), whole.len() + 1, whole.len() + 4096] {
            let mut torn = whole[..zeros_from].to_vec();
            torn.resize(zeros_to, 0);
            let (_, journal) = append_to(&torn, 3);
            let removed = journal.repaired().unwrap().removed_bytes;
            assert_eq!(removed, (zeros_to - before) as u64);
        }
    }
}

#[test]
fn of_a_group_with_a_hole_the_records_before_the_hole_are_kept() {
    let disk = CrashDisk::new();
    on(&disk).open().unwrap().append_all(events(0..8)).unwrap();
    let whole = bytes_of(&disk);
    let newlines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = newlines.map(|(at, _)| at + 1).collect();
    for hole in HEADER.len()..whole.len() {
        let mut torn = whole.clone();
        let hole_end = whole.len().min(hole + 90);
        torn[hole..hole_end].fill(0);
        let kept = ends.iter().filter(|end| **end <= hole).count() - 1;
        append_to(&torn, kept);
    }
}

#[test]
fn of_two_holes_the_first_counts_though_the_second_hides_the_mark_of_its_line() {
    let disk = CrashDisk::new();
    on(&disk).open().unwrap().append_all(events(0..6)).unwrap();
    let whole = bytes_of(&disk);
    let newlines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let newlines: Vec<usize> = newlines.map(|(at, _)| at).collect();
    for second in &newlines[3..] {
        let mut torn = whole.clone();
        torn[newlines[1] + 5..newlines[1] + 9].fill(0);
        torn[second - 2..*second].fill(0);
        append_to(&torn, 1);
    }
}

#[test]
fn a_creation_that_was_cut_short_is_done_anew() {
    for cut in 1..=HEADER.len() {
        for zeros in [0, HEADER.len() - cut] {
            let mut torn = HEADER.as_bytes()[..cut].to_vec();
            torn.resize(cut + zeros, 0);
            append_to(&torn, 0);
        }
    }
    append_to(&[0; 25], 0);
}

#[test]
fn a_torn_end_longer_than_a_line_may_be_is_told_and_kept() {
    let mut bytes = format!("{HEADER}\"a\"\n").into_bytes();
    bytes.resize(bytes.len() + 101, b'x');
    let disk = holding(&bytes);
    let error = on(&disk).line_bytes_max(100).open().unwrap_err();
    assert_eq!(error.kind(), grainstore::ErrorKind::TooLarge, "{error}");
    assert_eq!(bytes_of(&disk), bytes);
    let journal = on(&disk).open().unwrap();
    assert_eq!(journal.repaired().unwrap().removed_bytes, 101);
}
