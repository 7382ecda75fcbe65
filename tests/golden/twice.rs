//! The same calls, twice: the same bytes, by the same calls on the disk.

use crate::history;
use grainstore::clock::ManualClock;
use grainstore::fs::{CrashDisk, CrashImage, SplitMix64};
use grainstore::{Background, Db, Durability, Ttl};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

const SEEDS: u64 = 12;

/// A history of every kind of call, drawn from `seed`; two lives of one database.
fn run(seed: u64) -> CrashDisk {
    let (disk, clock) = (CrashDisk::new(), ManualClock::new(1_700_000_000_000));
    let mut chance = SplitMix64::new(seed);
    for _ in 0..2 {
        let durability = match seed % 3 {
            0 => Durability::Sync,
            _ => Durability::Buffered,
        };
        let builder = Db::builder("/db")
            .file_system(disk.clone())
            .clock(clock.clone())
            .background(Background::Inline)
            .durability(durability)
            .memtable_bytes(8 << 10);
        let db = builder.engine_options(|options| {
            options.table_bytes = 8 << 10;
            options.block_bytes = 256;
            options.level0_tables = 2;
            options.level1_bytes = 16 << 10;
            options.level_ratio = 2;
            options.wal_segment_bytes = 16 << 10;
        });
        live(&db.open().unwrap(), &clock, &mut chance);
    }
    disk
}

fn live(db: &Db, clock: &ManualClock, chance: &mut SplitMix64) {
    let grains = db.store::<(u8, u32), Vec<u8>>("grains").unwrap();
    let scores = db.u32_store("scores").unwrap();
    let mut held = None;
    for _ in 0..400 {
        let key = (chance.below(3) as u8, chance.below(60) as u32);
        let value = vec![chance.next_u64() as u8; chance.below(200) as usize];
        match chance.below(16) {
            0..7 => grains.put(&key, &value).unwrap(),
            7 => {
                let ttl = Ttl::After(Duration::from_millis(chance.below(5_000)));
                grains.put_with(&key, &value, ttl).unwrap();
            }
            8 => grains.delete(&key).unwrap(),
            9 => drop(scores.add(key.1, 3).unwrap()),
            10 => {
                let mut batch = db.batch();
                batch.put(&grains, &key, &value).unwrap();
                batch.put(&scores, &key.1, &9).unwrap();
                batch.commit().unwrap();
            }
            11 => drop(grains.touch(&key, Ttl::Never).unwrap()),
            12 => clock.advance(chance.below(1_000)),
            13 => held = chance.chance(128).then(|| db.snapshot()),
            14 if chance.chance(40) => grains.delete_prefix((key.0,)).unwrap(),
            15 if chance.chance(20) => db.compact().unwrap(),
            _ => {}
        }
    }
    drop(held);
    db.close().unwrap();
}

fn hash_of(disk: &CrashDisk) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in disk.paths() {
        path.hash(&mut hasher);
        disk.read_file(&path).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// What the disk held after every 50th call.
fn hashes_along(disk: &CrashDisk) -> Vec<u64> {
    let mut replay = disk.replay();
    let calls = (0..=disk.calls()).step_by(50);
    let hashes = calls.map(|call| {
        replay.advance_to(call);
        hash_of(&replay.image(CrashImage::KeepAll))
    });
    hashes.collect()
}

#[test]
fn the_same_seed_makes_the_same_calls_and_the_same_bytes() {
    let (mut calls, mut ends) = (0, Vec::new());
    for seed in 0..SEEDS {
        let (one, two) = (run(seed), run(seed));
        for call in (1..=one.calls()).step_by(7) {
            assert_eq!(
                one.describe_call(call),
                two.describe_call(call),
                "seed {seed}"
            );
        }
        assert_eq!(one.calls(), two.calls(), "seed {seed}");
        assert_eq!(hashes_along(&one), hashes_along(&two), "seed {seed}");
        assert_eq!(hash_of(&one), hash_of(&two), "seed {seed}");
        calls += one.calls();
        ends.push(hash_of(&one));
    }
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len() as u64, SEEDS, "seeds that make no difference");
    println!("{calls} calls compared over {SEEDS} seeds");
}

#[test]
fn the_golden_history_makes_the_same_bytes_at_every_run() {
    assert_eq!(hash_of(&history::written()), hash_of(&history::written()));
}
