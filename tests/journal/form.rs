//! The form of the file: what is written, what is read, what is refused.

use crate::record::{Event, HEADER, PATH, Scratch, bytes_of, event, events, holding, on, replay};
use grainstore::ErrorKind;
use grainstore::fs::CrashDisk;
use grainstore::journal::Journal;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// The record of the example below.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "EventType")]
enum Mutation {
    UserCreated { user_id: u64 },
    OrderPlaced { order_id: u64 },
}

/// A journal as other programs write it, byte for byte.
const MINISTORE: &str = "// MINISTORE JOURNAL v0.1.0\n\
    {\"EventType\":\"UserCreated\",\"user_id\":123}\n\
    {\"EventType\":\"OrderPlaced\",\"order_id\":456}\n";

#[test]
fn records_come_back_as_they_were_and_in_their_order() {
    let file = Scratch::new("order");
    let journal = Journal::open(&file.0).unwrap();
    assert_eq!((journal.count().unwrap(), journal.bytes()), (0, 25));
    for number in 0..50 {
        journal.append(&event(number)).unwrap();
    }
    journal.append_all(events(50..90)).unwrap();
    journal.append_all(Vec::<Event>::new()).unwrap();
    journal.append(&event(90)).unwrap();
    assert_eq!(Journal::replay::<Event, _>(&file.0).unwrap(), events(0..91));
    let read: Result<Vec<Event>, _> = journal.records().unwrap().collect();
    assert_eq!(read.unwrap(), events(0..91));
    assert_eq!((journal.count().unwrap(), journal.path()), (91, &*file.0));
    let bytes = std::fs::metadata(&file.0).unwrap().len();
    assert_eq!(journal.bytes(), bytes);
    journal.close().unwrap();

    let again = Journal::open(&file.0).unwrap();
    assert_eq!((again.repaired(), again.bytes()), (None, bytes));
    again.append(&event(91)).unwrap();
    drop(again);
    assert_eq!(Journal::replay::<Event, _>(&file.0).unwrap(), events(0..92));
}

#[test]
fn a_journal_of_the_same_form_by_others_is_read_and_appended_to_as_it_is() {
    let disk = holding(MINISTORE.as_bytes());
    let two = [
        Mutation::UserCreated { user_id: 123 },
        Mutation::OrderPlaced { order_id: 456 },
    ];
    assert_eq!(on(&disk).replay::<Mutation>().unwrap(), two);
    let journal = on(&disk).open().unwrap();
    assert_eq!(journal.repaired(), None);
    assert_eq!(bytes_of(&disk), MINISTORE.as_bytes());
    journal.append(&two[0]).unwrap();
    let appended = format!("{MINISTORE}{{\"EventType\":\"UserCreated\",\"user_id\":123}}\n");
    assert_eq!(bytes_of(&disk), appended.as_bytes());

    // And the other way: the same records give the same lines.
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    two.iter()
        .for_each(|record| journal.append(record).unwrap());
    let lines = MINISTORE.split_once('\n').unwrap().1;
    assert_eq!(bytes_of(&disk), format!("{HEADER}{lines}").as_bytes());
}

#[test]
fn the_bytes_of_a_journal_are_frozen() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    journal.append(&event(0)).unwrap();
    let said = Event::Said {
        number: 1,
        text: "\"ä\" two\nlines\u{0}".to_owned(),
    };
    let group = [event(4), said, event(5)];
    journal.append_all(&group).unwrap();
    journal
        .append(&(-1.5, Option::<u8>::None, u64::MAX))
        .unwrap();
    let golden = include_bytes!("golden_v1.jsonl");
    assert_eq!(
        String::from_utf8(bytes_of(&disk)),
        String::from_utf8(golden.to_vec())
    );
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
    for (bytes, kind) in [
        (&b"{\"a\":1}\n{\"a\":2}\n"[..], ErrorKind::InvalidInput),
        (b"// MINISTORE JOUR", ErrorKind::InvalidInput),
        (b"// GRAINSTORE JOURNAL\n", ErrorKind::InvalidInput),
        (b"\x7fELF\0\0\0\0", ErrorKind::InvalidInput),
        (&[0; 4096], ErrorKind::InvalidInput),
        (
            b"// GRAINSTORE JOURNAL v2\n{}\n{",
            ErrorKind::UnsupportedFormat,
        ),
        (
            b"// MINISTORE JOURNAL v1.0.0\n",
            ErrorKind::UnsupportedFormat,
        ),
    ] {
        let disk = holding(bytes);
        let calls = disk.calls();
        let error = on(&disk).open().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(on(&disk).replay::<Event>().unwrap_err().kind(), kind);
        assert_eq!((bytes_of(&disk), disk.calls()), (bytes.to_vec(), calls));
    }
    let error = on(&holding(b"name,age\n")).open().unwrap_err().to_string();
    for part in [
        PATH,
        "name,age",
        "// GRAINSTORE JOURNAL v1",
        "// MINISTORE JOURNAL v0.1.0",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_empty_file_becomes_a_journal_and_a_missing_one_is_no_empty_one() {
    let disk = holding(b"");
    assert_eq!(replay(&disk).unwrap(), []);
    let journal = on(&disk).open().unwrap();
    assert_eq!(journal.repaired(), None);
    assert_eq!(bytes_of(&disk), HEADER.as_bytes());
    let error = replay(&CrashDisk::new()).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::NotFound));
    let error = Journal::open("").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn what_editors_leave_is_read_over() {
    let text = "\u{feff}// GRAINSTORE JOURNAL v1\r\n\"a\"\r\n\r\n  \"b\"  \r\n\t\r\n";
    let disk = holding(text.as_bytes());
    let journal = on(&disk).open().unwrap();
    assert_eq!(journal.repaired(), None);
    journal.append("c").unwrap();
    assert_eq!(on(&disk).replay::<String>().unwrap(), ["a", "b", "c"]);
    assert_eq!(journal.count().unwrap(), 3);
    assert_eq!(bytes_of(&disk), format!("{text}\"c\"\n").as_bytes());
}

#[test]
fn a_record_that_has_no_line_is_refused_and_appends_nothing() {
    let disk = CrashDisk::new();
    let journal = on(&disk).line_bytes_max(100).open().unwrap();
    let numbers = [1.0, f64::NAN, 2.0];
    assert_eq!(
        journal.append_all(numbers).unwrap_err().kind(),
        ErrorKind::Codec
    );
    let pairs = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(journal.append(&pairs).unwrap_err().kind(), ErrorKind::Codec);
    let error = journal.append(&"x".repeat(99)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert_eq!(bytes_of(&disk), HEADER.as_bytes());
    journal.append(&"x".repeat(98)).unwrap();
    assert_eq!(journal.count().unwrap(), 1);
    for out in [15, (1 << 30) + 1] {
        let error = on(&CrashDisk::new())
            .line_bytes_max(out)
            .open()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

#[test]
fn a_group_behind_its_header_is_plain_json_for_other_tools() {
    let file = Scratch::new("jq");
    let journal = Journal::open(&file.0).unwrap();
    journal.append_all(events(0..7)).unwrap();
    journal.append(&event(7)).unwrap();
    journal.close().unwrap();
    let text = std::fs::read_to_string(&file.0).unwrap();
    let lines = text.lines().skip(1).map(serde_json::from_str::<Event>);
    assert_eq!(lines.collect::<Result<Vec<_>, _>>().unwrap(), events(0..8));

    // What the documentation says, where the two programs are.
    let command = "tail -n +2 \"$0\" | jq -c .";
    let shell = Command::new("sh")
        .args(["-c", command])
        .arg(&file.0)
        .output();
    let has_jq = Command::new("jq").arg("--version").output();
    if let (Ok(out), Ok(_)) = (shell, has_jq) {
        let expected: String = events(0..8)
            .iter()
            .map(|event| serde_json::to_string(event).unwrap() + "\n")
            .collect();
        assert_eq!(String::from_utf8(out.stdout).unwrap(), expected);
    }
}

#[test]
fn a_journal_is_open_for_appending_once() {
    let file = Scratch::new("lock");
    let journal = Journal::open(&file.0).unwrap();
    let error = Journal::open(&file.0).unwrap_err();
    assert!(error.is_locked(), "{error}");
    let clone = journal.clone();
    drop(journal);
    assert!(Journal::open(&file.0).unwrap_err().is_locked());
    clone.append(&1).unwrap();
    clone.close().unwrap();
    clone.close().unwrap();
    let again = Journal::open(&file.0).unwrap();
    for error in [clone.append(&2), clone.sync()] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Closed);
    }
    again.append(&3).unwrap();
    assert_eq!(Journal::replay::<u8, _>(&file.0).unwrap(), [1, 3]);
    assert!(Path::new(&file.0).exists());
}
