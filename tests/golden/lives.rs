//! Histories of every kind of call, on the engine and on a typed store with indexes: a few lives
//! of one database each, which end in a close, a kill or a loss of power.

use crate::call_log::{CallLog, LoggedDisk};
use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, EngineOptions, WriteBatch};
use grainstore::fs::{CrashImage, SplitMix64};
use grainstore::{Background, Compaction, Db, Durability, GrainStore, If, Index, Ttl, Unique};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "/db";
const START_MS: u64 = 1_700_000_000_000;
const LIVES: u64 = 3;

/// What stays the same over the lives of a database.
struct World {
    disk: LoggedDisk,
    clock: ManualClock,
    chance: SplitMix64,
}

impl World {
    fn new(seed: u64, log: &CallLog) -> Self {
        Self {
            disk: LoggedDisk::new(log.clone()),
            clock: ManualClock::new(START_MS),
            chance: SplitMix64::new(seed),
        }
    }

    /// Sets options that have everything turn over all the time, others at each open.
    fn choose(&mut self, options: &mut EngineOptions) {
        let chance = &mut self.chance;
        options.file_system = Arc::new(self.disk.clone());
        options.clock = Arc::new(self.clock.clone());
        options.background = Background::Inline;
        if chance.chance(160) {
            options.durability = Durability::Buffered;
        }
        if chance.chance(100) {
            options.compaction = Compaction::SizeTiered {
                runs_merged_min: 2 + chance.below(3) as usize,
                runs_max: 6,
                space_percent_max: 200,
            };
        }
        options.memtable_bytes = 4 << (10 + chance.below(2));
        options.table_bytes = 4 << (10 + chance.below(2));
        options.block_bytes = 64 << chance.below(4);
        options.level0_tables = 2;
        options.level1_bytes = 8 << 10;
        options.level_ratio = 2;
        options.cache_bytes = [0, 4 << 10, 1 << 20][chance.below(3) as usize];
        options.filter_bits_per_key = [0, 10][chance.below(2) as usize];
        options.block_hash_index = chance.chance(128);
        options.wal_segment_bytes = 4 << (10 + chance.below(3));
        options.wal_spares_max = chance.below(3) as usize;
        options.close_flush_bytes = [0, 1 << 20][chance.below(2) as usize];
        options.verify_new_tables = chance.chance(64);
    }

    /// Ends a life: closed by `close`, killed, or without power. What goes on does so on what is
    /// left then.
    fn end(&mut self, close: impl FnOnce()) {
        let seed = self.chance.next_u64();
        let left = match self.chance.below(6) {
            0 => self.disk.after_power_loss(CrashImage::KeepAll),
            1 => self.disk.after_power_loss(CrashImage::DropUnsynced),
            2 => {
                let torn = CrashImage::TornSectors { seed };
                self.disk.after_power_loss(torn)
            }
            _ => {
                close();
                self.disk.note_files();
                return;
            }
        };
        self.disk = left;
        self.disk.note_files();
    }
}

/// Lives of an engine, drawn from `seed`.
pub(crate) fn engine(seed: u64, log: &CallLog) {
    let mut world = World::new(seed, log);
    for _ in 0..LIVES {
        let mut options = EngineOptions::default();
        world.choose(&mut options);
        let engine = Engine::open(DIR, options).unwrap();
        let mut held = None;
        for _ in 0..100 + world.chance.below(100) {
            engine_step(&engine, &mut world);
            if world.chance.chance(10) {
                held = world.chance.chance(128).then(|| engine.snapshot());
            }
        }
        drop(held);
        world.end(|| engine.close().unwrap());
    }
}

fn engine_step(engine: &Engine, world: &mut World) {
    let chance = &mut world.chance;
    let key = format!("key/{:03}", chance.below(200));
    let end = format!("key/{:03}", chance.below(200));
    let value = vec![chance.next_u64() as u8; chance.below(160) as usize];
    match chance.below(32) {
        0..16 => engine.put(key.as_bytes(), &value).unwrap(),
        16..19 => {
            let expiry_ms = START_MS + chance.below(10_000);
            let put = engine.put_with_expiry(key.as_bytes(), &value, expiry_ms);
            put.unwrap();
        }
        19..23 => engine.delete(key.as_bytes()).unwrap(),
        23 if key < end => {
            let deleted = engine.delete_range(key.as_bytes(), end.as_bytes());
            deleted.unwrap();
        }
        24..27 => {
            let mut batch = WriteBatch::new();
            for at in 0..chance.below(5) {
                batch
                    .put(&[key.as_bytes(), &[at as u8]].concat(), &value)
                    .unwrap();
            }
            batch.delete(end.as_bytes()).unwrap();
            engine.write(batch).unwrap();
        }
        27 => {
            let count = chance.below(40);
            let records = (0..count).map(|at| Ok((format!("key/{:03}", at * 5), &value, 0)));
            assert_eq!(engine.ingest(records).unwrap(), count);
        }
        28 => drop(engine.get(key.as_bytes()).unwrap()),
        29 => drop(engine.scan(key.as_bytes()..).unwrap().take(9).count()),
        30 => world.clock.advance(chance.below(2_000)),
        31 if chance.chance(100) => engine.compact().unwrap(),
        _ => engine.flush().unwrap(),
    }
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Account {
    city: u8,
    tags: Vec<u16>,
    email: Option<u32>,
    filler: Vec<u8>,
}

type Accounts = GrainStore<(u8, u32), Account>;

/// A typed database with its handles.
struct Typed {
    db: Db,
    accounts: Accounts,
    scores: grainstore::U32Store,
}

impl Typed {
    fn open(world: &mut World) -> Self {
        let builder = Db::builder(DIR).engine_options(|options| world.choose(options));
        let db = builder.open().unwrap();
        let by_city = Index::one("by_city", |account: &Account| account.city);
        let by_tag = Index::many("by_tag", |account: &Account| account.tags.clone());
        let accounts = db.grains("accounts").index(&by_city);
        // An index that comes and goes is built and removed at the opening.
        let accounts = match world.chance.chance(170) {
            true => accounts.index(&by_tag),
            false => accounts.drop_index("by_tag"),
        };
        let by_email: Index<Account, u32, Unique> =
            Index::unique_many("by_email", |account: &Account| account.email);
        let accounts = accounts.index(&by_email).open().unwrap();
        let scores = db.u32_store("scores").unwrap();
        Self {
            db,
            accounts,
            scores,
        }
    }
}

/// Lives of a typed database, drawn from `seed`.
pub(crate) fn typed(seed: u64, log: &CallLog) {
    let mut world = World::new(seed, log);
    for life in 0..LIVES {
        let typed = Typed::open(&mut world);
        let mut held = None;
        for _ in 0..60 + world.chance.below(60) {
            typed_step(&typed, &mut world);
            if world.chance.chance(10) {
                held = world.chance.chance(128).then(|| typed.db.snapshot());
            }
        }
        drop(held);
        if world.chance.chance(60) {
            typed.db.checkpoint(format!("/copy-{life}")).unwrap();
        }
        world.end(|| typed.db.close().unwrap());
    }
}

fn typed_step(typed: &Typed, world: &mut World) {
    let Typed {
        db,
        accounts,
        scores,
    } = typed;
    let chance = &mut world.chance;
    let key = (chance.below(3) as u8, chance.below(40) as u32);
    let account = Account {
        city: chance.below(5) as u8,
        tags: (0..chance.below(4))
            .map(|_| chance.below(6) as u16)
            .collect(),
        email: None,
        filler: vec![chance.next_u64() as u8; chance.below(120) as usize],
    };
    match chance.below(24) {
        0..9 => accounts.put(&key, &account).unwrap(),
        9 => {
            // Refused where another has it.
            let email = Some(chance.below(8) as u32);
            drop(accounts.put(&key, &Account { email, ..account }));
        }
        10 | 11 => {
            let ttl = Ttl::After(Duration::from_millis(chance.below(5_000)));
            accounts.put_with(&key, &account, ttl).unwrap();
        }
        12 | 13 => accounts.delete(&key).unwrap(),
        14 => drop(scores.add(key.1, 3).unwrap()),
        15 | 16 => {
            let mut batch = db.batch();
            batch.put(accounts, &key, &account).unwrap();
            batch.put(scores, &key.1, &9).unwrap();
            batch.delete(accounts, &(key.0, key.1 + 1)).unwrap();
            batch.commit().unwrap();
        }
        17 => drop(accounts.touch(&key, Ttl::Never).unwrap()),
        18 => drop(accounts.put_if(&key, &account, If::Absent)), // refused where it is there
        19 => world.clock.advance(chance.below(1_000)),
        20 if chance.chance(80) => accounts.delete_prefix((key.0,)).unwrap(),
        21 if chance.chance(80) => db.compact().unwrap(),
        22 if chance.chance(128) => db.flush().unwrap(),
        _ => assert!(accounts.iter().count().unwrap() <= 120),
    }
}
