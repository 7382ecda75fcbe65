//! What is missing from a directory, does not belong there, or stands in the way of a file.

use crate::work::{Scratch, assert_holds, open, options, put};
use grainstore::ErrorKind;
use grainstore::engine::Engine;

/// Numbers at the ends of what a name can say.
const ENDS: [&str; 6] = [
    "000000",
    "4294967296",
    "9223372036854775806",
    "9223372036854775807",
    "18446744073709551614",
    "18446744073709551615",
];

#[test]
fn names_with_numbers_at_their_end_use_up_no_numbers() {
    for number in ENDS {
        for name in [
            format!("{number}.table"),
            format!("{number}.spare"),
            format!("manifest-{number}"),
        ] {
            let scratch = Scratch::new("ends");
            let dir = scratch.path("db");
            put(&open(&dir), 0, 300);
            std::fs::write(dir.join(&name), b"nobody's").unwrap();
            for life in 1..3 {
                let engine = Engine::open(&dir, options());
                let engine = engine.unwrap_or_else(|e| panic!("{name}, life {life}: {e}"));
                assert_holds(&engine, life * 300);
                put(&engine, life * 300, life * 300 + 300);
                let compacted = engine.compact().and_then(|()| engine.close());
                compacted.unwrap_or_else(|e| panic!("{name}, life {life}: {e}"));
            }
            assert_holds(&open(&dir), 900);
        }
    }
}

#[test]
fn a_log_that_nothing_names_is_old_or_told_and_never_written_over() {
    for number in ENDS {
        let scratch = Scratch::new("log-ends");
        let dir = scratch.path("db");
        put(&open(&dir), 0, 300);
        let log = dir.join(format!("{number}.wal"));
        std::fs::write(&log, b"nobody's").unwrap();
        match Engine::open(&dir, options()) {
            Ok(engine) => assert_holds(&engine, 300),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corruption, "{error}");
                assert_eq!(error.path(), Some(&*log));
                assert_eq!(std::fs::read(&log).unwrap(), b"nobody's");
                std::fs::remove_file(&log).unwrap();
            }
        }
        assert_holds(&open(&dir), 300);
    }
}

#[test]
fn a_directory_in_the_place_of_a_file_is_an_error_or_left_alone() {
    for (name, is_refused) in [
        ("LOCK", true),
        ("CURRENT", true),
        ("CURRENT.tmp", false),
        ("000900.table", false),
        ("000900.spare", false),
        ("manifest-000900", false),
    ] {
        let scratch = Scratch::new("in-the-way");
        let dir = scratch.path("db");
        put(&open(&dir), 0, 300);
        let (at, kept) = (dir.join(name), scratch.path("kept"));
        let _ = std::fs::rename(&at, &kept);
        std::fs::create_dir(&at).unwrap();
        if is_refused {
            let error = Engine::open(&dir, options()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{name}: {error}");
            assert_eq!(error.path(), Some(&*at), "{error}");
            std::fs::remove_dir(&at).unwrap();
            std::fs::rename(&kept, &at).unwrap();
        }
        let engine = Engine::open(&dir, options()).unwrap_or_else(|e| panic!("{name}: {e}"));
        put(&engine, 300, 900);
        engine.compact().unwrap_or_else(|e| panic!("{name}: {e}"));
        drop(engine);
        assert_holds(&open(&dir), 900);
    }
}

#[test]
fn each_file_that_is_missing_is_told_by_name_and_comes_back() {
    let scratch = Scratch::new("missing");
    let dir = scratch.path("db");
    let engine = open(&dir);
    put(&engine, 0, 300);
    engine.flush().unwrap();
    put(&engine, 300, 310);
    drop(engine);
    let kept = scratch.path("kept");
    for name in crate::work::names(&dir) {
        if name == "LOCK" {
            continue; // empty, and made anew
        }
        std::fs::rename(dir.join(&name), &kept).unwrap();
        let error = Engine::open(&dir, options()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corruption, "{error}");
        let named = error.path().unwrap().file_name().unwrap();
        assert!(
            named == name || error.to_string().contains("missing"),
            "{error}"
        );
        std::fs::rename(&kept, dir.join(&name)).unwrap();
    }
    assert_holds(&open(&dir), 310);
}
