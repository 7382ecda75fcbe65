//! What a killed writer writes, and what must be there of it.
//!
//! Writer `w` makes commit after commit; the content after `n` of them follows from `n` alone. Each
//! commit carries its number under the writer's counter key, so that the next life goes on there.

use crate::child::{COMPACTED, COMPACTING, OPENED, OPENING, tell};
use crate::kinds::Kind;
use grainstore::engine::{Engine, EngineOptions, WriteBatch};
use std::collections::BTreeMap;
use std::path::Path;

/// Threads that write.
pub(crate) const WRITERS: usize = 4;

/// Keys of each writer, written in turn.
const KEYS: u64 = 48;

/// What the killed lives since the last comparison told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// The last acknowledged commit of each writer.
    pub(crate) acknowledged: [u64; WRITERS],
    /// Lives; each may have had one commit of each writer done and not told.
    pub(crate) lives: u64,
}

impl Told {
    /// Whether so many commits of each writer can be there.
    pub(crate) fn fits(&self, found: &[u64; WRITERS]) -> Result<(), String> {
        for (writer, (&found, &least)) in found.iter().zip(&self.acknowledged).enumerate() {
            if !(least..=least + self.lives).contains(&found) {
                return Err(format!(
                    "writer {writer} has {found} commits, {least} were told"
                ));
            }
        }
        Ok(())
    }
}

/// What a comparison found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The commits of each writer.
    pub(crate) commits: [u64; WRITERS],
    /// Tables in all levels.
    pub(crate) tables: usize,
}

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
fn commits(engine: &Engine, writer: usize) -> u64 {
    let count = engine.get(&counter_key(writer)).unwrap();
    count.map_or(0, |count| u64::from_le_bytes((*count).try_into().unwrap()))
}

/// The content after `commits[w]` commits of each writer `w`.
fn content(commits: &[u64]) -> BTreeMap<Vec<u8>, Vec<u8>> {
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
pub(crate) fn write_for_ever(kind: Kind, dir: &Path) {
    tell(OPENING);
    let engine = Engine::open(dir, kind.options()).unwrap();
    tell(OPENED);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let engine = &engine;
            scope.spawn(move || {
                for number in commits(engine, writer) + 1.. {
                    commit(engine, writer, number);
                    tell(&format!("grain {writer} {number}"));
                }
            });
        }
        while kind.compacts() {
            tell(COMPACTING);
            engine.compact().unwrap();
            tell(COMPACTED);
        }
    });
}

fn commit(engine: &Engine, writer: usize, number: u64) {
    let mut batch = WriteBatch::new();
    let key = key(writer, number % KEYS);
    match deletes(number) {
        true => batch.delete(&key).unwrap(),
        false => batch.put(&key, &value(writer, number)).unwrap(),
    }
    let counter = counter_key(writer);
    batch.put(&counter, &number.to_le_bytes()).unwrap();
    engine.write(batch).unwrap();
}

/// Opens the database in `dir` and holds what is there against what was told.
pub(crate) fn compare(kind: Kind, dir: &Path, told: &Told) -> Result<Found, String> {
    let engine = Engine::open(dir, kind.options()).map_err(|e| format!("no open: {e}"))?;
    let found: [u64; WRITERS] = std::array::from_fn(|writer| commits(&engine, writer));
    told.fits(&found)?;
    let mut expected = content(&found).into_iter();
    for record in engine.scan::<&[u8]>(..).map_err(|e| e.to_string())? {
        let (key, value) = record.map_err(|e| e.to_string())?;
        let expected = expected.next();
        if expected != Some((key.to_vec(), value.to_vec())) {
            let name = key.escape_ascii();
            return Err(format!(
                "{name} is there instead of {expected:?}, after {found:?}"
            ));
        }
    }
    if let Some((key, _)) = expected.next() {
        return Err(format!("{} is missing", key.escape_ascii()));
    }
    engine.verify().map_err(|e| e.to_string())?;
    Ok(Found {
        commits: found,
        tables: engine.stats().tables(),
    })
}
