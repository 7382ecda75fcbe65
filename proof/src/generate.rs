//! Histories by chance: proptest strategies that shrink towards few, short and plain operations.

use crate::operation::{Bounds, KEYS, KeyName, Leave, Operation, Step, ValueSpec, Write};
use crate::setting::{Setting, Style};
use grainstore::engine::Durability;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A key; some are asked for more often than others.
pub fn key() -> impl Strategy<Value = KeyName> {
    prop_oneof![2 => 0..KEYS, 1 => 3..16u8].prop_map(KeyName)
}

fn value() -> impl Strategy<Value = ValueSpec> {
    let len = prop_oneof![1 => Just(0), 8 => 1..200u32, 8 => 200..2048u32, 1 => 18_000..22_000u32];
    (len, any::<u8>()).prop_map(|(len, fill)| ValueSpec { len, fill })
}

fn ttl_ms() -> impl Strategy<Value = i64> {
    prop_oneof![1 => -50..=0i64, 6 => 1..400i64, 2 => 400..100_000i64]
}

fn small_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => put(),
        3 => put_ttl(),
        3 => key().prop_map(Write::Delete),
        1 => (key(), key()).prop_map(|(a, b)| Write::DeleteRange(a, b)),
    ]
}

fn put() -> impl Strategy<Value = Write> {
    (key(), value()).prop_map(|(key, value)| Write::Put(key, value))
}

fn put_ttl() -> impl Strategy<Value = Write> {
    (key(), value(), ttl_ms()).prop_map(|(key, value, ttl)| Write::PutTtl(key, value, ttl))
}

/// A range that is mostly the right way round.
fn delete_range() -> impl Strategy<Value = Write> {
    (key(), key(), 0..8u8).prop_map(|(a, b, swap)| {
        let right = (a.bytes() < b.bytes()) != (swap == 7);
        if right {
            Write::DeleteRange(a, b)
        } else {
            Write::DeleteRange(b, a)
        }
    })
}

/// Bounds of a scan, sometimes open, sometimes empty.
pub fn bounds() -> impl Strategy<Value = Bounds> {
    let bound = || option::of((key(), any::<bool>()));
    (bound(), bound()).prop_map(|(lower, upper)| Bounds { lower, upper })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::First),
        1 => Just(Step::Last),
        2 => key().prop_map(Step::Seek),
        2 => key().prop_map(Step::SeekBefore),
        6 => Just(Step::Next),
        6 => Just(Step::Prev),
    ]
}

fn leave() -> impl Strategy<Value = Leave> {
    prop_oneof![Just(Leave::Close), Just(Leave::Drop), Just(Leave::Kill)]
}

fn write_operation() -> impl Strategy<Value = Operation> {
    let ingested = || (key(), value(), option::weighted(0.3, ttl_ms()));
    prop_oneof![
        14 => put().prop_map(Operation::Write),
        10 => put_ttl().prop_map(Operation::Write),
        6 => key().prop_map(|key| Operation::Write(Write::Delete(key))),
        3 => delete_range().prop_map(Operation::Write),
        6 => vec(small_write(), 0..8).prop_map(Operation::Batch),
        3 => vec(ingested(), 0..8).prop_map(Operation::Ingest),
    ]
}

fn read_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        bounds().prop_map(Operation::ScanForward),
        bounds().prop_map(Operation::ScanBackward),
        (bounds(), vec(any::<bool>(), 0..40))
            .prop_map(|(b, ends)| Operation::ScanBothEnds(b, ends)),
        (key(), 0..8u8).prop_map(|(key, bytes)| Operation::ScanPrefix(key, bytes)),
        (bounds(), vec(step(), 1..24)).prop_map(|(b, steps)| Operation::Walk(b, steps)),
        (bounds(), 0..12u8).prop_map(|(b, taken)| Operation::HoldScan(b, taken)),
        any::<u8>().prop_map(Operation::FinishScan),
        any::<u8>().prop_map(Operation::ReadSnapshot),
    ]
}

fn upkeep_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => Just(Operation::Flush),
        2 => Just(Operation::Compact),
        2 => Just(Operation::DueWork),
        2 => Just(Operation::Sync),
        3 => (1..300u64).prop_map(Operation::ClockStep),
        2 => (1..300u64).prop_map(Operation::ClockBack),
        3 => (leave(), 4..=16u8).prop_map(|(leave, kib)| Operation::Reopen(leave, kib)),
        3 => Just(Operation::Snapshot),
        2 => any::<u8>().prop_map(Operation::Release),
    ]
}

/// One operation.
pub fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        45 => write_operation(),
        26 => read_operation(),
        29 => upkeep_operation(),
    ]
}

/// One operation that changes files or what must be in them; the rest is for readers.
pub fn changing_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![80 => write_operation(), 20 => upkeep_operation()]
}

/// What `strategy` gives for `seed`: always the same.
pub fn drawn<T>(seed: u64, strategy: impl Strategy<Value = T>) -> T {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    strategy.new_tree(&mut runner).unwrap().current()
}

/// `count` operations for `seed` that change something.
#[must_use]
pub fn changes(seed: u64, count: usize) -> Vec<Operation> {
    drawn(seed, vec(changing_operation(), count))
}

/// `count` puts for `seed` under keys of thousands of bytes, which fill manifests.
#[must_use]
pub fn vast_puts(seed: u64, count: usize) -> Vec<Operation> {
    let key = (KeyName::VAST..=u8::MAX).prop_map(KeyName);
    let small = (0..100u32, any::<u8>()).prop_map(|(len, fill)| ValueSpec { len, fill });
    let put = (key, small).prop_map(|(key, value)| Operation::Write(Write::Put(key, value)));
    drawn(seed, vec(put, count))
}

/// A history of fewer than `operations`.
pub fn history(operations: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..operations)
}

/// The setting of an engine as small as it goes, that works on its writers' threads.
pub fn small_setting() -> impl Strategy<Value = Setting> {
    let sizes = (
        64..=256u16,
        8..=16u8,
        prop_oneof![Just(0), 1..256u16],
        4..=32u8,
    );
    (sizes, any::<[bool; 5]>()).prop_map(|(sizes, flags)| {
        let (block_bytes, level1_kib, cache_kib, wal_segment_kib) = sizes;
        let [buffered, filter, hash_index, close_flush, verify_new_tables] = flags;
        Setting {
            default_sizes: false,
            thread: false,
            durability: if buffered {
                Durability::Buffered
            } else {
                Durability::Sync
            },
            block_bytes,
            level1_kib,
            cache_kib,
            filter,
            hash_index,
            wal_segment_kib,
            close_flush,
            verify_new_tables,
            style: Style::Leveled,
        }
    })
}

/// A small setting with size-tiered compaction, all the time or between reopens.
pub fn tiered_setting() -> impl Strategy<Value = Setting> {
    let style = prop_oneof![Just(Style::SizeTiered), Just(Style::Switching)];
    (small_setting(), style).prop_map(|(small, style)| Setting { style, ..small })
}

/// A setting of any kind: default or small sizes, a thread or none, any style of compaction.
pub fn any_setting() -> impl Strategy<Value = Setting> {
    let sizes = prop_oneof![small_setting().boxed(), tiered_setting().boxed()];
    (sizes, any::<bool>(), any::<bool>()).prop_map(|(small, default_sizes, thread)| Setting {
        default_sizes,
        thread: thread || default_sizes,
        ..small
    })
}
