//! Directories that are removed, renamed or replaced while a database is open in them.

use crate::work::{Scratch, assert_holds, files, open, options, put};
use grainstore::engine::{Background, Durability, Engine, WriteBatch};
use grainstore::{Error, ErrorKind};
use std::path::Path;

fn assert_displaced(error: &Error, dir: &Path) {
    assert_eq!(error.kind(), ErrorKind::Latched, "{error}");
    let text = error.to_string();
    for word in ["removed, renamed or replaced", dir.to_str().unwrap()] {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

/// Asserts that all that changes the database in `dir` is refused.
fn assert_refuses(engine: &Engine, dir: &Path) {
    assert_displaced(&engine.put(b"late", b"").unwrap_err(), dir);
    assert_displaced(&engine.delete_range(b"", b"z").unwrap_err(), dir);
    let mut batch = WriteBatch::new();
    batch.delete(b"a").unwrap();
    assert_displaced(&engine.write(batch).unwrap_err(), dir);
    assert_displaced(&engine.flush().unwrap_err(), dir);
    assert_displaced(&engine.compact().unwrap_err(), dir);
    assert_displaced(&engine.sync().unwrap_err(), dir);
    assert_displaced(&engine.checkpoint(dir.join("copy")).unwrap_err(), dir);
    let told = engine.stats().last_error.unwrap();
    assert!(told.contains("removed, renamed or replaced"), "{told}");
}

#[test]
fn a_directory_that_was_renamed_takes_no_writes_and_opens_where_it_is() {
    let scratch = Scratch::new("renamed");
    let (dir, new) = (scratch.path("db"), scratch.path("new"));
    let engine = open(&dir);
    put(&engine, 0, 300);
    std::fs::rename(&dir, &new).unwrap();
    assert_refuses(&engine, &dir);
    assert!(!dir.exists(), "nothing was made in its old place");
    assert!(Engine::open(&new, options()).unwrap_err().is_locked());
    // Reads of what is in memory go on.
    assert!(engine.get(&299u32.to_be_bytes()).unwrap().is_some());
    assert_displaced(&engine.close().unwrap_err(), &dir);
    assert_holds(&open(&new), 300);
}

#[test]
fn a_directory_that_was_put_back_takes_writes_again() {
    let scratch = Scratch::new("back");
    let (dir, away) = (scratch.path("db"), scratch.path("away"));
    let engine = open(&dir);
    put(&engine, 0, 300);
    std::fs::rename(&dir, &away).unwrap();
    assert_refuses(&engine, &dir);
    std::fs::rename(&away, &dir).unwrap();
    put(&engine, 300, 600);
    engine.compact().unwrap();
    engine.close().unwrap();
    assert_holds(&open(&dir), 600);
}

#[test]
fn a_directory_that_was_removed_takes_no_writes_and_is_not_made_again() {
    let scratch = Scratch::new("removed");
    let dir = scratch.path("db");
    let engine = open(&dir);
    put(&engine, 0, 300);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_refuses(&engine, &dir);
    assert_displaced(&engine.close().unwrap_err(), &dir);
    drop(engine);
    assert!(!dir.exists());
    assert_holds(&open(&dir), 0);
}

#[test]
fn another_database_in_the_place_of_an_open_one_loses_nothing_to_it() {
    let scratch = Scratch::new("replaced");
    let (dir, away) = (scratch.path("db"), scratch.path("away"));
    // As like each other as two can be: the same names, the same numbers.
    let old = open(&dir);
    put(&old, 0, 400);
    let mut scan = old.scan::<&[u8]>(..).unwrap();
    scan.next().unwrap().unwrap();
    old.compact().unwrap(); // the scan keeps files that are obsolete since
    std::fs::rename(&dir, &away).unwrap();
    let new = open(&dir);
    put(&new, 0, 500);
    let before = files(&dir);
    assert_refuses(&old, &dir);
    drop(scan);
    assert!(old.close().is_err());
    drop(old);
    assert!(files(&dir) == before, "the other database was touched");
    put(&new, 500, 600);
    new.compact().unwrap();
    drop(new);
    assert_holds(&open(&dir), 600);
    assert_holds(&open(&away), 400);
}

#[test]
fn a_lock_file_that_somebody_removed_lets_no_two_write() {
    let scratch = Scratch::new("unlocked");
    let dir = scratch.path("db");
    let first = open(&dir);
    put(&first, 0, 300);
    std::fs::remove_file(dir.join("LOCK")).unwrap();
    assert_refuses(&first, &dir);
    let second = open(&dir);
    put(&second, 300, 600);
    assert_refuses(&first, &dir);
    assert!(first.close().is_err());
    drop(first);
    put(&second, 600, 900);
    second.compact().unwrap();
    drop(second);
    assert_holds(&open(&dir), 900);
}

#[test]
fn writes_that_are_not_durable_are_refused_from_the_next_sync_or_flush_on() {
    for background in [Background::Inline, Background::Thread] {
        let scratch = Scratch::new("buffered");
        let (dir, away) = (scratch.path("db"), scratch.path("away"));
        let mut options = options();
        options.durability = Durability::Buffered;
        options.background = background;
        let engine = Engine::open(&dir, options).unwrap();
        put(&engine, 0, 10);
        std::fs::rename(&dir, &away).unwrap();
        assert_displaced(&engine.sync().unwrap_err(), &dir);
        // Memory does not grow for ever, nor does anybody wait for ever.
        let refused = (0u32..10_000).find_map(|n| engine.put(&n.to_be_bytes(), &[7; 100]).err());
        assert_displaced(&refused.unwrap(), &dir);
        let _ = engine.close();
        drop(engine);
        assert!(!dir.exists());
        assert!(open(&away).stats().sequence_last > 10);
    }
}

#[test]
fn a_database_that_was_only_read_is_left_alone_where_another_lies_and_taken_up_where_it_is_back() {
    let scratch = Scratch::new("put-back");
    let (dir, away) = (scratch.path("db"), scratch.path("away"));
    put(&open(&dir), 0, 300);
    let engine = open(&dir);
    assert_holds(&engine, 300);
    std::fs::rename(&dir, &away).unwrap();
    put(&open(&dir), 0, 10);
    let other = files(&dir);
    assert_displaced(&engine.put(b"late", b"").unwrap_err(), &dir);
    assert_displaced(&engine.compact().unwrap_err(), &dir);
    assert_eq!(files(&dir), other, "nothing was written into it");
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::rename(&away, &dir).unwrap();
    put(&engine, 300, 310);
    engine.close().unwrap();
    assert_holds(&open(&dir), 310);
}
