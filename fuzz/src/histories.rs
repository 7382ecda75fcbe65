//! Bytes as a history: operations on an engine, each compared with the model.
//!
//! Input: the sizes of the engine in seven bytes, then operations, at most [`OPERATIONS_MAX`].

use super::supply::Supply;
use grainstore::engine::Durability;
use grainstore_proof::coverage::Coverage;
use grainstore_proof::engine_run;
use grainstore_proof::operation::{Bounds, KeyName, Leave, Operation, Step, ValueSpec, Write};
use grainstore_proof::setting::{Setting, Style};

const OPERATIONS_MAX: usize = 48;

pub fn run(bytes: &[u8]) {
    let mut from = Supply(bytes);
    let setting = setting(&mut from);
    let mut history = Vec::new();
    while !from.is_empty() && history.len() < OPERATIONS_MAX {
        history.push(operation(&mut from));
    }
    engine_run::run(&setting, &history, &mut Coverage::default());
}

fn setting(from: &mut Supply<'_>) -> Setting {
    let flags = from.byte();
    Setting {
        default_sizes: false,
        thread: false,
        durability: match flags & 1 {
            1 => Durability::Buffered,
            _ => Durability::Sync,
        },
        filter: flags & 2 == 0,
        hash_index: flags & 4 == 0,
        close_flush: flags & 8 == 8,
        verify_new_tables: flags & 16 == 16,
        block_bytes: 64 + u16::from(from.byte()),
        level1_kib: 8 + from.byte() % 9,
        cache_kib: u16::from(from.byte()),
        wal_segment_kib: 4 + from.byte() % 29,
        style: match (flags >> 5) & 3 {
            0 => Style::SizeTiered,
            1 => Style::Switching,
            _ => Style::Leveled,
        },
    }
}

fn key(from: &mut Supply<'_>) -> KeyName {
    KeyName(from.byte())
}

fn value(from: &mut Supply<'_>) -> ValueSpec {
    let (size, fill) = (u32::from(from.byte()), from.byte());
    let len = match size {
        0..200 => size,
        200..250 => size * 8,
        _ => size * 80,
    };
    ValueSpec { len, fill }
}

fn ttl_ms(from: &mut Supply<'_>) -> i64 {
    i64::from(from.byte()) * i64::from(from.byte() as i8)
}

fn write(from: &mut Supply<'_>) -> Write {
    match from.below(4) {
        0 => Write::Put(key(from), value(from)),
        1 => Write::PutTtl(key(from), value(from), ttl_ms(from)),
        2 => Write::Delete(key(from)),
        _ => Write::DeleteRange(key(from), key(from)),
    }
}

fn bounds(from: &mut Supply<'_>) -> Bounds {
    let flags = from.byte();
    let mut bound = |open: u8, included: u8| {
        (flags & open == 0).then(|| (key(from), flags & included == included))
    };
    Bounds {
        lower: bound(1, 2),
        upper: bound(4, 8),
    }
}

fn step(from: &mut Supply<'_>) -> Step {
    match from.below(8) {
        0 => Step::First,
        1 => Step::Last,
        2 => Step::Seek(key(from)),
        3 => Step::SeekBefore(key(from)),
        4 | 5 => Step::Next,
        _ => Step::Prev,
    }
}

fn some<T>(from: &mut Supply<'_>, max: usize, one: impl Fn(&mut Supply<'_>) -> T) -> Vec<T> {
    (0..from.below(max + 1)).map(|_| one(from)).collect()
}

fn operation(from: &mut Supply<'_>) -> Operation {
    match from.below(24) {
        0..=3 => Operation::Write(write(from)),
        4 => Operation::Batch(some(from, 7, write)),
        5 => Operation::Ingest(some(from, 7, |from| {
            let ttl = from.flag().then(|| ttl_ms(from));
            (key(from), value(from), ttl)
        })),
        6 => Operation::Snapshot,
        7 => Operation::Release(from.byte()),
        8 => Operation::ReadSnapshot(from.byte()),
        9 => Operation::ScanForward(bounds(from)),
        10 => Operation::ScanBackward(bounds(from)),
        11 => Operation::ScanBothEnds(bounds(from), some(from, 15, |from| from.flag())),
        12 => Operation::ScanPrefix(key(from), from.byte() % 8),
        13 => Operation::Walk(bounds(from), some(from, 15, step)),
        14 => Operation::HoldScan(bounds(from), from.byte() % 12),
        15 => Operation::FinishScan(from.byte()),
        16 => Operation::Flush,
        17 => Operation::Compact,
        18 => Operation::DueWork,
        19 => Operation::ClockStep(1 + u64::from(from.byte())),
        20 => Operation::ClockBack(1 + u64::from(from.byte())),
        21 => Operation::Reopen(Leave::Close, 4 + from.byte() % 13),
        22 => Operation::Reopen(Leave::Drop, 4 + from.byte() % 13),
        _ => Operation::Reopen(Leave::Kill, 4 + from.byte() % 13),
    }
}
