//! A typed record store for Rust programs, on an embedded LSM engine of its own.
//!
//! # Overview
//!
//! A [`Db`] is one directory. In it are stores, each with one type of keys and one of values:
//!
//! - [`GrainStore`]: your structs under your keys, with lifetimes, versions and queries
//! - [`U32Store`]: numbers under numbers, four bytes each
//! - [`BytesStore`]: bytes under bytes, with no codec between
//!
//! Keys become bytes that sort as the keys do, values become bytes through a codec, and the
//! [`engine`] keeps both: a log for what was just written, sorted tables for the rest. It can be
//! used alone. All handles are cheap to clone and may be used from any thread; calls block, so an
//! asynchronous program makes them where blocking is allowed.
//!
//! A write is on disk when it returns. Everything that can fail gives an [`Error`] whose text says
//! what happened, where, and what to do, and whose [`kind`](Error::kind) a program can branch on.
//!
//! # Usage
//!
//! ```
//! use grainstore::{Db, Key};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
//! struct SessionKey { tenant: String, user: u64 }
//!
//! #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
//! struct Session { token: String, hp: u32 }
//!
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-use-{}", std::process::id()));
//! let db = Db::open(&dir)?;
//! let sessions = db.store::<SessionKey, Session>("sessions")?;
//!
//! let key = SessionKey { tenant: "acme".into(), user: 7 };
//! sessions.put(&key, &Session { token: "xyz".into(), hp: 100 })?;
//! assert_eq!(sessions.get(&key)?.unwrap().hp, 100);
//! assert_eq!(sessions.get(&("acme", 7))?.unwrap().hp, 100); // no String is built to look it up
//! assert!(sessions.take(&key)?.is_some());
//! assert!(!sessions.contains(&key)?);
//! db.close()?; // or drop every handle
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* A get takes no lock and copies nothing but into your value. A put waits for the disk
//! (see [Durability](#durability)). An open replays what the log holds and tables do not.
//! [`GrainStore::open`] is the short form for a database with one store.
//!
//! # Keys and prefixes
//!
//! `#[derive(Key)]` makes a struct or an enum a key whose bytes sort as its fields do, in their
//! order; numbers, text, bytes, tuples, options and times are keys already (the table is in
//! [`key`]). A prefix is a tuple of the first fields, and the compiler knows their types.
//!
//! ```
//! # use grainstore::{Db, Key};
//! #[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
//! struct OrderKey { tenant: String, day: u32, #[key(desc)] id: u64 }
//!
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-keys-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! let orders = db.store::<OrderKey, String>("orders")?;
//! for id in 1..=5 {
//!     orders.put(&("acme", 20_261_101, id), &format!("order {id}"))?;
//! }
//! let ids = |entry: grainstore::Result<OrderKey>| entry.map(|key| key.id);
//! let day = orders.prefix(("acme", 20_261_101));
//! assert_eq!(day.keys().map(ids).collect::<Result<Vec<_>, _>>()?, [5, 4, 3, 2, 1]);
//!
//! // `range` bounds the field after the prefix, in values low to high, also where keys fall.
//! let some = orders.prefix(("acme", 20_261_101)).range(2..=4).rev().limit(2);
//! assert_eq!(some.keys().map(ids).collect::<Result<Vec<_>, _>>()?, [2, 3]);
//!
//! let page = orders.prefix(("acme",)).limit(4).page()?;
//! let rest = orders.prefix(("acme",)).limit(4).after(&page.next.unwrap()).page()?;
//! assert_eq!(rest.items.len(), 1);
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! What is no prefix does not compile: a field of another type, too many fields, a range after
//! the last one. (One field alone is `("acme",)`, with the comma.)
//!
//! ```compile_fail,E0277
//! # use grainstore::{Db, Key};
//! # #[derive(Key)]
//! # struct OrderKey { tenant: String, day: u32, id: u64 }
//! # let db = Db::open("orders.grain").unwrap();
//! # let orders = db.store::<OrderKey, String>("orders").unwrap();
//! let wrong = orders.prefix((20_261_101u32,)); // the first field is a text
//! ```
//!
//! *Costs.* A query seeks once and then walks; each record is decoded as it passes. `keys()` and
//! `lazy()` leave values alone. Counts walk the keys. `delete_prefix` is one write, however many
//! records go; their space comes back with compaction.
//!
//! # Values and codecs
//!
//! A store encodes its values with one [`Codec`] and remembers which: MessagePack with field names
//! unless you say otherwise, or Bincode, JSON, [`Raw`], or one of your own.
//!
//! ```
//! # use grainstore::{Db, Json};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-val-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! let notes = db.store_with::<u32, Vec<String>, _>("notes", Json)?;
//! notes.put(&1, &vec!["readable".to_owned()])?;
//!
//! // Another key type or codec is an error that shows both, not garbage.
//! let error = db.store::<u32, Vec<String>>("notes").unwrap_err();
//! assert_eq!(error.kind(), grainstore::ErrorKind::SchemaMismatch);
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! A struct may grow: MessagePack and JSON read old records after a field with `#[serde(default)]`
//! was added, or one was dropped or moved. Bincode does not (see [`codec`] for what each forgives).
//! The type of the values itself is not compared when a store is opened; give it a name and a
//! version with [`StoreBuilder::value_schema`] where you want that. Every record remembers its
//! version, and where a struct changes beyond what its codec forgives,
//! [`migrate`](StoreBuilder::migrate) takes a function from each old version to the new one: old
//! records are upgraded as they are read, and [`migrate_all`](GrainStore::migrate_all) writes all
//! of them again beside readers and writers.
//!
//! ```
//! # use grainstore::{Db, Result};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-mig-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! db.store::<String, u32>("hp")?.put("ada", &80)?; // version 0: whole points
//!
//! let hp = db
//!     .grains::<String, f32>("hp")
//!     .value_schema("hp", 1)
//!     .migrate(0, |points: u32| -> Result<f32> { Ok(points as f32 / 100.0) })
//!     .open()?;
//! assert_eq!(hp.get("ada")?, Some(0.8));
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* MessagePack writes the field names with every record. A value is encoded once before
//! any lock is taken, and decoded straight from the block that holds it.
//!
//! # Lifetimes
//!
//! Each record may have an expiry, an absolute time. From then on it is gone for gets, scans and
//! counts alike, before anything removes it from the disk.
//!
//! ```
//! # use grainstore::{Db, Expiry, Ttl};
//! # use std::time::Duration;
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-life-{}", std::process::id()));
//! let db = Db::builder(&dir).default_ttl(Duration::from_secs(3600)).open()?;
//! let otps = db.store::<String, u32>("one-time passwords")?;
//! otps.put_with("ada", &123_456, Ttl::After(Duration::from_secs(120)))?;
//! assert!(matches!(otps.ttl("ada")?, Expiry::In(left) if left.as_secs() <= 120));
//! otps.touch("ada", Ttl::After(Duration::from_secs(600)))?; // another lifetime, same value
//! otps.persist("ada")?;
//! assert_eq!(otps.ttl("ada")?, Expiry::Never);
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! A plain `put` sets the default lifetime anew; `put_if` and `update` keep the one that is there,
//! and so does [`Ttl::Keep`]. Time is that of the system, made to never run backwards, not across
//! a reopen either: a record that has expired stays gone when the clock is set back. The other
//! side of it: after a clock that ran ahead, time stands still until the real one has caught up.
//!
//! *Costs.* Reads of records without expiry do not look at the clock. `touch` reads and writes the
//! record. Expired records leave the disk in flushes and compactions, which expiry itself can set
//! off; until then they take space.
//!
//! # Conditional writes
//!
//! Every write gives its record a larger [`Version`], an ETag that never comes twice.
//!
//! ```
//! # use grainstore::{Change, Db, If};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-cond-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! let hp = db.store::<String, u32>("hp")?;
//! let first = hp.put_if("ada", &100, If::Absent)?;
//! let second = hp.put_if("ada", &90, If::Version(first))?;
//! let error = hp.put_if("ada", &80, If::Version(first)).unwrap_err();
//! assert!(error.is_conflict() && second > first);
//!
//! hp.update("ada", |old| Change::Put(old.unwrap_or(100) - 10))?; // read and write as one step
//! assert_eq!(hp.get("ada")?, Some(80));
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* A read and a write; nothing is locked in between. Where somebody else was quicker,
//! `update` calls your closure again, so it should do nothing but compute. A conditional write
//! begins a commit group of its own, so many of them at once share fewer syncs than plain ones.
//!
//! # Indexes
//!
//! An [`Index`] finds records by something in their values. The store keeps its entries in the
//! commit of the record itself, so the two never disagree, not for a reader and not after a crash.
//!
//! ```
//! # use grainstore::{Db, Index};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-by-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! // Players: name and guild.
//! let by_name = Index::unique("by_name", |player: &(String, Option<u32>)| player.0.clone());
//! let by_guild = Index::many("by_guild", |player: &(String, Option<u32>)| player.1);
//! let players = db.grains("players").index(&by_name).index(&by_guild).open()?;
//! players.put(&1u64, &("ada".to_owned(), Some(7)))?;
//! players.put(&2u64, &("bob".to_owned(), None))?;
//!
//! assert_eq!(players.by(&by_name).get_one("bob")?.unwrap().key, 2);
//! assert_eq!(players.by(&by_guild).get(&7).count()?, 1);
//! let taken = players.put(&3, &("ada".to_owned(), None)).unwrap_err();
//! assert!(taken.is_duplicate());
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! A store is opened with all the indexes it has, every time; one that it does not have yet is
//! built over the records there are, and [`StoreBuilder::drop_index`] lets go of one.
//!
//! *Costs.* A write to a store with indexes reads the record that is there, and looks up each
//! unique key. A query reads an entry and then its record; `keys` and `count` read entries alone.
//! `delete_prefix` reads every record that goes. A store without indexes pays nothing.
//!
//! # Batches and snapshots
//!
//! A [`Batch`] takes effect whole or not at all, across stores and across crashes. A [`Snapshot`]
//! is one moment of all stores.
//!
//! ```
//! # use grainstore::Db;
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-both-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! let gold = db.store::<String, u32>("gold")?;
//! let scores = db.u32_store("scores")?;
//! gold.put("ada", &10)?;
//! let before = db.snapshot();
//!
//! let mut batch = db.batch();
//! batch.put(&gold, "ada", &7)?;
//! batch.put(&gold, "bob", &3)?;
//! batch.put(&scores, &1, &3)?;
//! batch.commit()?;
//!
//! assert_eq!(gold.at(&before).get("ada")?, Some(10));
//! assert_eq!(gold.at(&before).count()?, 1);
//! assert_eq!((gold.get("ada")?, gold.get("bob")?), (Some(7), Some(3)));
//! # drop(before);
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* A batch is one write and one sync however many records it has, and the way to load
//! fast; it is held in memory until its commit. A snapshot is taken at once, and keeps the space
//! of what it still sees, so drop it when done. There are no transactions beyond this: a batch
//! does not read, but its writes may depend on conditions ([`Batch::put_if`], [`Batch::require`]).
//!
//! # Watching
//!
//! A [`Watch`] tells what is committed to a store or a prefix of it from one moment on, in commit
//! order, and what expires in it. A program that holds a copy reads the snapshot of that moment
//! and applies what follows; `examples/config_store.rs` is the long form.
//!
//! ```
//! # use grainstore::{Db, Event};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-wtch-{}", std::process::id()));
//! # let db = Db::open(&dir)?;
//! let hp = db.store::<String, u32>("hp")?;
//! let mut watch = hp.watch_all()?;
//! hp.put("ada", &100)?;
//! hp.delete("ada")?;
//! db.close()?; // ends the watch after what was committed before
//! assert!(matches!(watch.next().unwrap().event?, Event::Put(entry) if entry.value == 100));
//! assert!(matches!(watch.next().unwrap().event?, Event::Deleted(key) if key == "ada"));
//! assert!(watch.next().is_none());
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* Without watches a commit pays one atomic load, with one the copying of what is watched
//! into a bounded queue. No writer waits: what does not fit is counted and told as
//! [`Event::Missed`]. The first look for an event walks over the keys, to learn what will expire.
//!
//! # Durability
//!
//! | [`Durability`] | a write returns when | a killed process loses | a power cut loses |
//! |---|---|---|---|
//! | `Sync`, the default | it is on the device | nothing | nothing |
//! | `Batch(window)` | the system has it | nothing | up to about the last window |
//! | `Buffered` | the system has it | nothing | what was not synced yet |
//!
//! What is lost is always the newest: what is left is all writes up to some point, batches whole.
//!
//! ```
//! # use grainstore::{Db, Durability};
//! # use std::time::Duration;
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-dur-{}", std::process::id()));
//! let window = Durability::Batch(Duration::from_millis(10));
//! let db = Db::builder(&dir).durability(window).open()?;
//! let hp = db.store::<String, u32>("hp")?;
//! hp.put("ada", &100)?;
//! db.sync()?; // this one, and all before it, are on disk now
//! # db.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* `Sync` waits for one flush of the device, shared by all the threads that wait at the
//! same time; a batch or more threads make it cheap per record. After a write or sync that failed
//! the database refuses writes until it is reopened ([`is_latched`](Error::is_latched)), since
//! nobody knows what the device holds then; reads go on. A full disk refuses the write
//! ([`is_storage_full`](Error::is_storage_full)), keeps nothing of it, and takes the next one as
//! soon as there is space.
//!
//! # The engine alone
//!
//! Below the stores is [`engine::Engine`]: byte keys and values, batches, cursors in both
//! directions, snapshots, range deletes, expiry, and [`ingest`](engine::Engine::ingest) for sorted
//! data.
//!
//! ```
//! use grainstore::engine::{Engine, EngineOptions};
//! # let dir = std::env::temp_dir().join(format!("grainstore-doc-alone-{}", std::process::id()));
//! let engine = Engine::open(&dir, EngineOptions::default())?;
//! let sorted = (0..1_000u32).map(|n| Ok((n.to_be_bytes(), n.to_string(), 0)));
//! engine.ingest(sorted)?;
//! let length = engine.get_with(&7u32.to_be_bytes(), |value| value.len())?;
//! assert_eq!(length, Some(1));
//! engine.delete_range(&0u32.to_be_bytes(), &990u32.to_be_bytes())?;
//! assert_eq!(engine.scan::<&[u8]>(..)?.count(), 10);
//! # engine.close()?;
//! # std::fs::remove_dir_all(&dir).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* `get_with` lends the value and `get` pins it; neither copies what lies in a table. An
//! ingest goes past log and memtable, and other writers wait until it is done.
//!
//! # Backends
//!
//! [`backend`] has the plain form: bytes under byte keys behind one trait, in memory, in one engine
//! or over several shards, with tables by name, settings in YAML, and a suite that tells whether a
//! backend of yours keeps the contract. The typed stores do not pass through it.
//!
//! ```
//! use grainstore::backend::{BackendManager, KvBackend, MemoryBackend, TableDefinition};
//! let tables = [TableDefinition::new("pages").expiration(3600)]; // seconds
//! let manager = BackendManager::new(MemoryBackend::new(), tables)?;
//! let pages = manager.table("pages")?;
//! pages.put(b"/start", b"hello")?;
//! assert_eq!(pages.scan_keys(b"/")?.count(), 1);
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! *Costs.* Values are copied on their way. A batch over several shards syncs each of them.
//!
//! # Crash-testing your own program
//!
//! With the feature `sim` the disk can be a `CrashDisk` in memory: it keeps the log of all calls,
//! and builds what a real disk may hold after a power cut at any of them. Run what your program
//! does, cut the power everywhere, open again, and ask whether your own rules still hold.
//! `examples/crash_test_your_app.rs` is the long form.
//!
#![cfg_attr(feature = "sim", doc = "```")]
#![cfg_attr(not(feature = "sim"), doc = "```ignore")]
//! use grainstore::fs::{CrashDisk, CrashImage};
//! use grainstore::{Background, Db};
//!
//! let open = |disk| Db::builder("/world").file_system(disk).background(Background::Inline).open();
//! let disk = CrashDisk::new();
//! let db = open(disk.clone())?;
//! let hp = db.store::<String, u32>("hp")?;
//! hp.put("ada", &100)?;
//! let acknowledged = disk.calls();
//! hp.put("ada", &90)?;
//!
//! for call in acknowledged..=disk.calls() {
//!     for image in CrashImage::all(call as u64) {
//!         let after = open(disk.image(call, image))?;
//!         let left = after.store::<String, u32>("hp")?.get("ada")?;
//!         assert!(matches!(left, Some(100 | 90)), "{left:?} after call {call}, {image:?}");
//!     }
//! }
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! A `FaultDisk` lets the n-th call fail instead, and a `ManualClock` ([`DbBuilder::clock`]) sets
//! the hour. With [`Background::Inline`] nothing depends on the timing of threads.
//!
//! *Costs.* Simulated disks live in memory. Each image costs about as much as opening it.
//!
//! # Cargo features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `derive` | yes | `#[derive(Key)]` |
//! | `msgpack` | yes | the MessagePack codec, the default of a store |
//! | `json` | yes | the JSON codec, and the [`journal`] |
//! | `bincode` | yes | the Bincode codec |
//! | `lz4` | no | blocks compressed with LZ4, in Rust |
//! | `tokio` | no | the stores and the [`journal`] as async methods and streams |
//! | `zstd` | no | blocks compressed with zstd; builds C |
//! | `uuid` | no | `Uuid` as a key |
//! | `jiff` | no | `Timestamp`, `civil::Date`, `Time` and `DateTime` as keys |
//! | `chrono` | no | `DateTime<Utc>`, `NaiveDate`, `NaiveTime` and `NaiveDateTime` as keys |
//! | `tracing` | no | spans of what the engine does |
//! | `metrics` | no | `/metrics` for Prometheus, over HTTP or in a registry of yours |
//! | `yaml` | no | `StorageConfig::from_yaml`, the settings of a [`backend`] in a file |
//! | `sim` | no | simulators of the disk, and a clock that is set by hand |
//!
//! Without `msgpack` stores that name no codec use [`Raw`]. Features change no file format: a
//! database opens in every build that has the codecs and the compression it uses.

// The code that the derive writes names this crate from within it, too.
#[allow(unused_extern_crates)] // used where a test of this crate derives
extern crate self as grainstore;

#[cfg(feature = "tokio")]
pub mod asynchronous;
pub mod backend;
pub mod clock;
pub mod codec;
pub mod engine;
mod error;
mod format;
pub mod fs;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod inspect;
#[cfg(feature = "json")]
pub mod journal;
pub mod key;
mod manifest;
mod memory;
mod memtable;
#[cfg(feature = "metrics")]
pub mod metrics;
mod planted;
mod store;
mod sync;
mod table;
mod wal;

#[cfg(feature = "bincode")]
pub use codec::Bincode;
#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "msgpack")]
pub use codec::MessagePack;
pub use codec::{Codec, CodecError, Raw};
pub use engine::{Background, BlockCompression, Compaction, Durability, OpenTables, Snapshot};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "derive")]
pub use grainstore_derive::Key;
pub use key::Key;
pub use store::PageCursor as Cursor;
pub use store::{
    Batch, BatchStore, BuildProgress, ByIndex, BytesPairs, BytesStore, BytesStoreAt, CatalogEntry,
    Change, Cleared, Db, DbBuilder, DefaultCodec, Entry, Event, Expiry, GrainStore, If, Index,
    IndexKeys, IndexQuery, Keys, KeysByIndex, Lazy, LazyEntries, MigrateProgress, MigrateReport,
    Page, Query, Shared, StoreAt, StoreBuilder, StoreInfo, StoreReport, Ttl, U32Pairs, U32Store,
    U32StoreAt, Unique, UntypedRecord, UntypedRecords, UntypedStore, Values, Version, Versioned,
    Watch, WatchBuilder, WatchStore, Watched,
};

/// The example of the README has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
