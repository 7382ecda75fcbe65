//! What the tests here share: a directory of their own, some records, and another process.

use grainstore::engine::{Background, Engine, EngineOptions, WriteBatch};
use std::path::{Path, PathBuf};

/// A directory with nothing in it, which goes with this value.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A directory whose name tells `name` and this process.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("grainstore-around-{name}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What a failed test left is worth a look.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Small memtables and tables, so that all kinds of files come about quickly.
pub(crate) fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.memtable_bytes = 16 << 10;
    options.wal_segment_bytes = 16 << 10;
    options.table_bytes = 8 << 10;
    options
}

pub(crate) fn open(dir: &Path) -> Engine {
    Engine::open(dir, options()).unwrap()
}

/// Puts keys `from` up to `to` with values that tell them, some in each commit.
pub(crate) fn put(engine: &Engine, from: u32, to: u32) {
    for first in (from..to).step_by(25) {
        let mut batch = WriteBatch::new();
        for n in first..to.min(first + 25) {
            batch.put(&n.to_be_bytes(), &value(n)).unwrap();
        }
        engine.write(batch).unwrap();
    }
}

/// Asserts that there are the keys from 0 up to `to` and no others.
pub(crate) fn assert_holds(engine: &Engine, to: u32) {
    let records: Vec<_> = engine
        .scan::<&[u8]>(..)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(records.len(), to as usize);
    for ((key, found), n) in records.iter().zip(0u32..) {
        assert_eq!(**key, n.to_be_bytes());
        assert_eq!(*found, value(n));
    }
}

fn value(n: u32) -> Vec<u8> {
    n.to_le_bytes().repeat(60)
}

/// The names of the files in `dir`, in order.
pub(crate) fn names(dir: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    names
}

/// The names and bytes of all files in `dir`, in order.
pub(crate) fn files(dir: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let names = names(dir).into_iter();
    names
        .map(|name| {
            let bytes = std::fs::read(dir.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}
