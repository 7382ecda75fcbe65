//! Damage that no crash leaves: told with its line and offset, and never made worse.

use crate::record::{Event, HEADER, bytes_of, event, holding, on};
use grainstore::fs::CrashDisk;
use grainstore::{Error, ErrorKind};
use std::path::Path;

fn errors_of<R: serde::de::DeserializeOwned>(disk: &CrashDisk) -> Vec<Error> {
    let records = on(disk).records::<R>().unwrap();
    records.filter_map(Result::err).collect()
}

#[test]
fn a_bad_line_is_told_with_its_number_and_offset_and_the_next_ones_are_read() {
    let bad_lines = [
        "{\"Gone\":2",
        "{\"Gone\":2}}",
        "garbage",
        "{\"Gone\":2}\0\0",
        "\"\u{7f}",
    ];
    for bad in bad_lines {
        let before = format!("{HEADER}{{\"Gone\":0}}\n{{\"Gone\":1}}\n");
        let text = format!("{before}{bad}\n{{\"Gone\":3}}\n");
        let disk = holding(text.as_bytes());
        let records: Vec<_> = on(&disk).records::<Event>().unwrap().collect();
        assert_eq!(records.len(), 4);
        assert_eq!(*records[3].as_ref().unwrap(), Event::Gone(3));
        let error = records[2].as_ref().unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert_eq!(error.offset(), Some(before.len() as u64));
        assert!(error.to_string().contains("line 4"), "{error}");
        assert!(on(&disk).replay::<Event>().unwrap_err().is_corruption());

        // It is nothing that an open would cut off, nor the line behind it.
        let journal = on(&disk).open().unwrap();
        assert_eq!(journal.repaired(), None);
        journal.append(&Event::Gone(4)).unwrap();
        assert!(bytes_of(&disk).starts_with(text.as_bytes()));
        let skipping = on(&disk).skip_damaged(true);
        let kept = [0, 1, 3, 4].map(Event::Gone);
        assert_eq!(skipping.replay::<Event>().unwrap(), kept);
        let mut records = skipping.records::<Event>().unwrap();
        assert_eq!((records.by_ref().count(), records.skipped()), (4, 1));
    }
}

#[test]
fn a_last_line_that_someone_broke_by_hand_is_kept() {
    let text = format!("{HEADER}{{\"Gone\":0}}\n{{\"Gone\":1\n");
    let disk = holding(text.as_bytes());
    let journal = on(&disk).open().unwrap();
    assert_eq!(
        (journal.repaired(), bytes_of(&disk)),
        (None, text.into_bytes())
    );
    assert_eq!(errors_of::<Event>(&disk).len(), 1);
}

#[test]
fn a_hole_before_a_line_that_was_synced_alone_is_damage_and_not_cut_off() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    for number in 0..5 {
        journal.append(&event(number)).unwrap();
    }
    drop(journal);
    let mut bytes = bytes_of(&disk);
    bytes[HEADER.len() + 3..HEADER.len() + 9].fill(0);
    let disk = holding(&bytes);
    let journal = on(&disk).open().unwrap();
    assert_eq!((journal.repaired(), bytes_of(&disk)), (None, bytes));
    let errors = errors_of::<Event>(&disk);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].offset(), Some(HEADER.len() as u64));
    assert!(errors[0].is_corruption(), "{}", errors[0]);
}

#[test]
fn a_record_of_another_type_is_told_as_such_and_never_skipped() {
    let disk = holding(format!("{HEADER}\"a\"\n1\n\"b\"\n").as_bytes());
    let errors = errors_of::<String>(&disk);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].kind(), ErrorKind::Codec);
    let text = errors[0].to_string();
    assert!(
        text.contains("line 3") && text.contains("offset 29"),
        "{text}"
    );
    let skipping = on(&disk).skip_damaged(true);
    assert_eq!(
        skipping.replay::<String>().unwrap_err().kind(),
        ErrorKind::Codec
    );
}

#[test]
fn a_line_beyond_the_limit_is_told_and_the_next_ones_are_read() {
    let long = "x".repeat(300_000);
    let at_limit = "y".repeat(998);
    let text = format!("{HEADER}\"a\"\n\"{long}\"\n\"{at_limit}\" \r\n\"{at_limit}z\"  \n\"b\"\n");
    let disk = holding(text.as_bytes());
    let builder = on(&disk).line_bytes_max(1000);
    let records: Vec<_> = builder.records::<String>().unwrap().collect();
    let read: Vec<_> = records.iter().filter_map(|r| r.as_ref().ok()).collect();
    assert_eq!(read, ["a", &at_limit, "b"]);
    for (record, line) in [(&records[1], "line 3"), (&records[3], "line 5")] {
        let error = record.as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains(line), "{error}");
    }
    let skipping = builder.skip_damaged(true);
    assert_eq!(skipping.replay::<String>().unwrap().len(), 3);
    assert_eq!(on(&disk).replay::<String>().unwrap().len(), 5);
}

#[test]
fn a_record_nested_deeper_than_any_that_is_written_is_an_error_and_no_overflow() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let disk = holding(format!("{HEADER}{deep}\n1\n{deep}").as_bytes());
    let errors = errors_of::<serde_json::Value>(&disk);
    assert_eq!(errors.len(), 2);
    on(&disk).open().unwrap().append(&1).unwrap();
}

#[test]
fn no_flip_of_a_bit_panics_and_none_in_the_header_is_read_as_a_journal() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    (0..4).for_each(|number| journal.append(&event(number)).unwrap());
    drop(journal);
    let whole = bytes_of(&disk);
    for at in 0..whole.len() as u64 {
        for bit in 0..8 {
            let disk = holding(&whole);
            disk.flip_bit(Path::new(crate::record::PATH), at, bit)
                .unwrap();
            let read = on(&disk).records::<Event>();
            let opened = on(&disk).open();
            if at < HEADER.len() as u64 - 1 {
                assert!(read.is_err() && opened.is_err(), "bit {bit} at {at}");
                continue;
            }
            if let (Ok(read), Ok(journal)) = (read, opened) {
                let read = read.count();
                assert_eq!(journal.count().unwrap(), read as u64);
            }
        }
    }
}
