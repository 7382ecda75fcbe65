//! The sets of options: each one changes what the others leave alone.

use grainstore::BlockCompression;
use grainstore::engine::{Background, Compaction, Durability, EngineOptions, OpenTables};
use grainstore_proof::engine_run::{MakeOptions, of_setting};
use grainstore_proof::operation::{Leave, Operation};
use grainstore_proof::setting::{Setting, Style};
use std::sync::Arc;
use std::time::Duration;

/// After so many operations, each time, these.
pub(crate) type Disturbance = (usize, fn() -> Vec<Operation>);

/// One set of options, and what happens between the operations of a history under it.
pub(crate) struct OptionSet {
    pub(crate) name: &'static str,
    pub(crate) options: MakeOptions,
    pub(crate) disturbed: Option<Disturbance>,
}

/// Small sizes, changed by `change`.
fn set(name: &'static str, change: fn(&mut EngineOptions)) -> OptionSet {
    of_style(name, Style::Leveled, change)
}

fn of_style(name: &'static str, style: Style, change: fn(&mut EngineOptions)) -> OptionSet {
    let small = of_setting(&Setting {
        style,
        ..Setting::SMALL
    });
    let options = move |memtable_kib| {
        let mut options = small(memtable_kib);
        change(&mut options);
        options
    };
    OptionSet {
        name,
        options: Arc::new(options),
        disturbed: None,
    }
}

fn disturbed(name: &'static str, every: usize, by: fn() -> Vec<Operation>) -> OptionSet {
    OptionSet {
        disturbed: Some((every, by)),
        ..set(name, |_| {})
    }
}

/// All of them, the plain one first.
pub(crate) fn all() -> Vec<OptionSet> {
    let mut all = sizes();
    all.extend(kinds());
    all.extend(disturbances());
    all
}

/// Sets that change a size.
fn sizes() -> Vec<OptionSet> {
    vec![
        set("small", |_| {}),
        set("memtable of 4 KiB", |it| it.memtable_bytes = 4 << 10),
        set("memtable of 1 MiB", |it| it.memtable_bytes = 1 << 20),
        set("two memtables", |it| it.memtables_max = 2),
        set("blocks of 64 B", |it| it.block_bytes = 64),
        set("blocks of 32 KiB", |it| it.block_bytes = 32 << 10),
        set("no cache", |it| it.cache_bytes = 0),
        set("a cache for all", |it| it.cache_bytes = 64 << 20),
        set("no filter", |it| it.filter_bits_per_key = 0),
        set("a filter of 1 bit", |it| it.filter_bits_per_key = 1),
        set("a filter of 40 bits", |it| it.filter_bits_per_key = 40),
        set("tables of 64 KiB", |it| it.table_bytes = 64 << 10),
        set("one table at level 0", |it| it.level0_tables = 1),
        set("64 tables at level 0", |it| it.level0_tables = 64),
        set("a level 1 of 4 KiB", |it| it.level1_bytes = 4 << 10),
        set("a level 1 of 1 GiB", |it| it.level1_bytes = 1 << 30),
        set("levels twice as large", |it| it.level_ratio = 2),
        set("log segments of 4 KiB", |it| it.wal_segment_bytes = 4 << 10),
        set("one log segment, no spare", |it| {
            it.wal_segment_bytes = 1 << 30;
            it.wal_spares_max = 0;
        }),
    ]
}

/// Sets that change the way something is done.
fn kinds() -> Vec<OptionSet> {
    vec![
        set("no hash index", |it| it.block_hash_index = false),
        set("new tables are verified", |it| it.verify_new_tables = true),
        set("a close writes a table", |it| it.close_flush_bytes = 0),
        set("tables are opened at once", |it| {
            it.open_tables = OpenTables::Prefetch { threads: 2 };
        }),
        set("buffered", |it| it.durability = Durability::Buffered),
        set("batched", |it| {
            it.durability = Durability::Batch(Duration::from_micros(200));
        }),
        set("a thread of its own", |it| {
            it.background = Background::Thread;
        }),
        of_style("size-tiered", Style::SizeTiered, |_| {}),
        of_style("size-tiered, merged late", Style::SizeTiered, |it| {
            it.compaction = Compaction::size_tiered();
        }),
        set("compressed where it can be", |it| {
            it.compression = match () {
                () if cfg!(feature = "lz4") => BlockCompression::Lz4,
                () if cfg!(feature = "zstd") => BlockCompression::Zstd,
                () => BlockCompression::None,
            };
            it.block_bytes = 4 << 10;
        }),
    ]
}

/// Sets under which the database is left or worked on all the time.
fn disturbances() -> Vec<OptionSet> {
    vec![
        disturbed("opened anew after every seven", 7, || {
            vec![Operation::Reopen(Leave::Close, 4)]
        }),
        disturbed("killed after every seven", 7, || {
            vec![Operation::Sync, Operation::Reopen(Leave::Kill, 5)]
        }),
        disturbed("compacted after every five", 5, || {
            vec![Operation::Flush, Operation::Compact]
        }),
    ]
}
