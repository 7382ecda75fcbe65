//! Every backend of this crate, and the hot cache over each, before the one suite of the contract.

// What stands around the tests is test too.
#![allow(clippy::unwrap_used)]

#[path = "backend/flawed.rs"]
mod flawed;

use flawed::{Flaw, Flawed};
use grainstore::backend::conformance::{Report, run, run_with_clock};
use grainstore::backend::{
    BackendManager, EmbeddedBackend, HotCache, HotCacheOptions, KvBackend, MemoryBackend,
    ShardedBackend, ShardedOptions, TableDefinition,
};
use grainstore::clock::ManualClock;
use grainstore::engine::{Durability, EngineOptions};
use grainstore::fs::CrashDisk;
use std::sync::Arc;
use std::time::Duration;

/// An engine's options on a disk of its own, with memtables so small that tables take part.
fn engine(clock: &ManualClock) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 64 << 10;
    options.level0_tables = 2;
    options.file_system = Arc::new(CrashDisk::new());
    options.clock = Arc::new(clock.clone());
    options
}

fn memory(clock: &ManualClock) -> MemoryBackend {
    MemoryBackend::with_clock(clock.clone())
}

fn embedded(clock: &ManualClock) -> EmbeddedBackend {
    EmbeddedBackend::open("/db", engine(clock)).unwrap()
}

fn sharded(clock: &ManualClock, shards: usize) -> ShardedBackend {
    let mut options = ShardedOptions::default();
    options.shards = Some(shards);
    options.engine = engine(clock);
    ShardedBackend::open("/db", options).unwrap()
}

fn cached(backend: impl KvBackend + 'static) -> Box<dyn KvBackend> {
    Box::new(HotCache::new(backend, HotCacheOptions::default()))
}

/// Runs the suite over `make`, with a clock that is set by hand.
fn report(make: impl Fn(&ManualClock) -> Box<dyn KvBackend>) -> Report {
    let clock = ManualClock::new(1_000_000);
    run_with_clock(|| make(&clock), |ms| clock.advance(ms))
}

fn conforms(make: impl Fn(&ManualClock) -> Box<dyn KvBackend>) {
    let report = report(make);
    assert!(report.passed() && report.checks.len() == 20, "\n{report}");
    let skipped: Vec<_> = report.skipped().map(|check| check.rule).collect();
    assert!(skipped.iter().all(|rule| *rule == "K10"), "\n{report}");
}

#[test]
fn memory_conforms() {
    conforms(|clock| Box::new(memory(clock)));
}

#[test]
fn memory_with_narrow_limits_conforms() {
    let report = report(|clock| {
        let narrow = memory(clock).limits(|limits| {
            limits.key_bytes_max = 100;
            limits.value_bytes_max = 100_000;
            limits.batch_operations_max = 6_000;
            limits.batch_bytes_max = 1_000_000;
        });
        Box::new(narrow)
    });
    assert!(report.passed(), "\n{report}");
    assert_eq!(report.skipped().count(), 0, "\n{report}");
}

#[test]
fn embedded_conforms() {
    conforms(|clock| Box::new(embedded(clock)));
}

#[test]
fn sharded_conforms_with_any_number_of_shards() {
    for shards in [1, 2, 5] {
        conforms(|clock| Box::new(sharded(clock, shards)));
    }
}

#[test]
fn sharded_conforms_where_writes_are_not_synced() {
    for durability in [
        Durability::Buffered,
        Durability::Batch(Duration::from_millis(1)),
    ] {
        conforms(|clock| {
            let mut options = ShardedOptions::default();
            options.shards = Some(3);
            options.engine = engine(clock);
            options.engine.durability = durability;
            Box::new(ShardedBackend::open("/db", options).unwrap())
        });
    }
}

#[test]
fn a_hot_cache_over_each_conforms() {
    conforms(|clock| cached(memory(clock)));
    conforms(|clock| cached(embedded(clock)));
    conforms(|clock| cached(sharded(clock, 3)));
}

#[test]
fn a_hot_cache_that_is_full_all_the_time_conforms() {
    conforms(|clock| {
        let few = HotCacheOptions {
            entries_max: 5,
            value_bytes_max: 100,
        };
        Box::new(HotCache::new(sharded(clock, 2), few))
    });
}

#[test]
fn a_table_conforms_beside_others() {
    conforms(|clock| {
        let hot = HotCacheOptions::default();
        let tables = [
            TableDefinition::new("a"),
            TableDefinition::new("b").hot_cache(hot),
            TableDefinition::new("c"),
        ];
        let manager = BackendManager::new(sharded(clock, 2), tables).unwrap();
        for beside in ["a", "c"] {
            for key in [&b""[..], b"\0", b"k", b"\xff\xff"] {
                manager.table(beside).unwrap().put(key, b"beside").unwrap();
            }
        }
        Box::new(manager.table("b").unwrap())
    });
}

#[test]
fn backends_conform_by_the_real_clock_on_the_real_disk() {
    let root = std::env::temp_dir().join(format!("grainstore-conform-{}", std::process::id()));
    let dirs = std::cell::Cell::new(0);
    let report = run(|| {
        dirs.set(dirs.get() + 1);
        let dir = root.join(dirs.get().to_string());
        let mut options = ShardedOptions::default();
        options.shards = Some(2);
        options.engine.durability = Durability::Batch(Duration::from_millis(5));
        Box::new(ShardedBackend::open(dir, options).unwrap())
    });
    assert!(report.passed(), "\n{report}");
    std::fs::remove_dir_all(&root).unwrap();
}

/// A suite that passes everything proves nothing: each flaw has to fail under the rule it breaks.
#[test]
fn the_suite_finds_every_flaw() {
    for (flaw, rule) in Flaw::ALL {
        let report = report(|clock| Box::new(Flawed::new(memory(clock), flaw)));
        let rules: Vec<_> = report.failures().map(|check| check.rule).collect();
        assert!(rules.contains(&rule), "{flaw:?} was not found:\n{report}");
    }
}
