//! The library's memtable, whole, and its models.

#[path = "../../src/memtable/arena.rs"]
mod arena;
#[path = "../../src/memtable/chunk.rs"]
mod chunk;
#[path = "../../src/memtable/cursor.rs"]
pub(crate) mod cursor;
#[path = "../../src/memtable/index.rs"]
mod index;
#[path = "../../src/memtable/item.rs"]
mod item;
#[path = "../../src/memtable/map.rs"]
pub(crate) mod map;
#[path = "../../src/memtable/merge.rs"]
mod merge;
#[path = "memtable_models.rs"]
mod models;
#[path = "../../src/memtable/range_deletes.rs"]
pub(crate) mod range_deletes;
#[path = "../../src/memtable/record.rs"]
mod record;
#[path = "../../src/memtable/run.rs"]
mod run;
#[path = "../../src/memtable/runs.rs"]
mod runs;
#[path = "../../src/memtable/tail.rs"]
mod tail;

pub(crate) use models::{MODELS, insert, small};
