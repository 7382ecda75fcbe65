//! What a killed writer writes, and what must be there of it.
//!
//! Writer `w` makes commit after commit; the content after `n` of them follows from `n` alone. Each
//! commit carries its number under the writer's counter key, so that the next life goes on there.

use crate::child::{OPENED, tell};
use grainstore::engine::{Engine, EngineOptions, WriteBatch};
use std::collections::BTreeMap;
use std::path::Path;

/// Threads that write.
pub(crate) const WRITERS: usize = 4;

/// Keys of each writer, written in turn.
const KEYS: u64 = 48;

/// Small sizes, so that flushes, rolls and compactions happen in every life.
pub(crate) fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 6 << 10;
    options.block_bytes = 128;
    options.table_bytes = 6 << 10;
    options.level0_tables = 2;
    options.level1_bytes = 16 << 10;
    options.level_ratio = 3;
    options.wal_segment_bytes = 8 << 10;
    options.close_flush_bytes = 3 << 10;
    options
}

fn counter_key(writer: usize) -> Vec<u8> {
    vec![b'a' + writer as u8, b'!']
}

fn key(writer: usize, slot: u64) -> Vec<u8> {
    format!("{}{slot:03}", char::from(b'a' + writer as u8)).into_bytes()
}

fn value(writer: usize, number: u64) -> Vec<u8> {
    let bytes = (number.wrapping_mul(0x9e37_79b9) >> 7) % 300;
    let mut value = number.to_le_bytes().to_vec();
    value.resize(8 + bytes as usize, writer as u8 ^ number as u8);
    value
}

/// True where commit `number` deletes its key.
fn deletes(number: u64) -> bool {
    number % 7 == 3
}

/// How many commits of `writer` are there, by its counter alone.
pub(crate) fn commits(engine: &Engine, writer: usize) -> u64 {
    let count = engine.get(&counter_key(writer)).unwrap();
    count.map_or(0, |count| u64::from_le_bytes((*count).try_into().unwrap()))
}

/// The content after `commits[w]` commits of each writer `w`.
pub(crate) fn content(commits: &[u64]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut content = BTreeMap::new();
    for (writer, &last) in commits.iter().enumerate().filter(|(_, last)| **last > 0) {
        content.insert(counter_key(writer), last.to_le_bytes().to_vec());
        for number in last.saturating_sub(KEYS) + 1..=last {
            if !deletes(number) {
                content.insert(key(writer, number % KEYS), value(writer, number));
            }
        }
    }
    content
}

/// Opens the database in `dir` and writes until the process dies.
pub(crate) fn write_for_ever(dir: &Path) {
    let engine = Engine::open(dir, options()).unwrap();
    tell(OPENED);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let engine = &engine;
            scope.spawn(move || {
                for number in commits(engine, writer) + 1.. {
                    let mut batch = WriteBatch::new();
                    let key = key(writer, number % KEYS);
                    match deletes(number) {
                        true => batch.delete(&key).unwrap(),
                        false => batch.put(&key, &value(writer, number)).unwrap(),
                    }
                    batch
                        .put(&counter_key(writer), &number.to_le_bytes())
                        .unwrap();
                    engine.write(batch).unwrap();
                    tell(&format!("grain {writer} {number}"));
                }
            });
        }
    });
}
