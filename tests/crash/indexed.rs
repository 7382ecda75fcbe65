//! Writes to a store with indexes, indexes built and let go, and power lost at every call of them.

use crate::walked_disk;
use grainstore::fs::{CrashDisk, SplitMix64};
use grainstore::{Change, Db, GrainStore, If, Index, Unique};
use grainstore_proof::crash::{all_calls, every_crash};
use grainstore_proof::effort;
use grainstore_proof::engine_run::DIR;
use grainstore_proof::recovery;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::Setting;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A city, and a badge that no other has.
const COMMITS: usize = 200;

type Value = (String, Option<u16>);
type Grains = GrainStore<(u8, u32), Value>;
type Model = BTreeMap<(u8, u32), Value>;

/// What is there after each commit, and when it was acknowledged.
struct Trace {
    states: Vec<Model>,
    acknowledged: Vec<usize>,
}

/// How a store is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexes {
    None,
    Both,
    Anew,
}

fn by_city() -> Index<Value, String> {
    Index::one("by_city", |value: &Value| value.0.clone())
}

fn by_badge() -> Index<Value, u16, Unique> {
    Index::unique_many("by_badge", |value: &Value| value.1)
}

fn open(disk: &CrashDisk, indexes: Indexes) -> grainstore::Result<(Db, Grains)> {
    let small = recovery::options(&Setting::SMALL, Arc::new(disk.clone()), 1_000);
    let builder = Db::builder(DIR).engine_options(|options| *options = small);
    let db = builder.open()?;
    let mut grains = db.grains("grains");
    if indexes == Indexes::Anew {
        grains = grains.drop_index("by_city").drop_index("by_badge");
    }
    if indexes != Indexes::None {
        grains = grains.index(&by_city()).index(&by_badge());
    }
    let grains = grains.open()?;
    Ok((db, grains))
}

fn value(chance: &mut SplitMix64) -> Value {
    let city = ["Oslo", "Rome", "", "Kiel"][chance.below(4) as usize];
    let badge = (chance.below(3) > 0).then(|| chance.below(20) as u16);
    (city.repeat(1 + chance.below(9) as usize), badge)
}

/// Makes one random change, and tells the model where it was not refused.
fn change(db: &Db, grains: &Grains, model: &mut Model, chance: &mut SplitMix64) {
    let key = (chance.below(3) as u8, chance.below(8) as u32);
    let (value, other) = (value(chance), (key.0, (key.1 + 1) % 8));
    let mut after = model.clone();
    let written = match chance.below(6) {
        0 => {
            after.remove(&key);
            grains.delete(&key)
        }
        1 => {
            after.retain(|at, _| at.0 != key.0);
            grains.delete_prefix((key.0,))
        }
        2 => {
            after.remove(&other);
            after.insert(key, value.clone());
            let mut batch = db.batch();
            batch.delete(grains, &other).unwrap();
            let put = batch.put(grains, &key, &value);
            put.and_then(|()| batch.commit())
        }
        3 => {
            after.insert(key, value.clone());
            grains
                .update(&key, |_| Change::Put(value.clone()))
                .map(|_| ())
        }
        4 => {
            after.insert(key, value.clone());
            grains.put_if(&key, &value, If::Absent).map(|_| ())
        }
        _ => {
            after.insert(key, value.clone());
            grains.put(&key, &value)
        }
    };
    match written {
        Ok(()) => *model = after,
        Err(error) => assert!(error.is_conflict() || error.is_duplicate(), "{error}"),
    }
}

/// What is in the store; an error where an index does not agree with it.
fn content(grains: &Grains) -> grainstore::Result<Model> {
    grains.verify()?;
    let pairs = grains
        .iter()
        .map(|entry| entry.map(|entry| (entry.key, entry.value)));
    pairs.collect()
}

fn record(seed: u64, disk: &CrashDisk) -> Trace {
    let mut chance = SplitMix64::new(seed);
    let (mut states, mut acknowledged) = (vec![Model::new()], Vec::new());
    let mut model = Model::new();
    // Some records before there is an index, then one that is built, then one that is rebuilt.
    for indexes in [Indexes::None, Indexes::Both, Indexes::Anew] {
        let (db, grains) = open(disk, indexes).unwrap();
        let commits = if indexes == Indexes::None {
            15
        } else {
            COMMITS / 2
        };
        for number in 0..commits {
            if indexes == Indexes::None {
                // Without an index nothing keeps badges apart.
                let key = (chance.below(3) as u8, chance.below(8) as u32);
                let value = ("Oslo".repeat(9), Some(number as u16));
                grains.put(&key, &value).unwrap();
                model.insert(key, value);
            } else {
                change(&db, &grains, &mut model, &mut chance);
            }
            assert_eq!(content(&grains).unwrap(), model);
            states.push(model.clone());
            acknowledged.push(disk.calls());
        }
        db.close().unwrap();
    }
    Trace {
        states,
        acknowledged,
    }
}

fn recover(trace: &Trace, disk: &CrashDisk, call: usize) -> Result<usize, String> {
    let (db, grains) = open(disk, Indexes::Both).map_err(|e| format!("open failed: {e}"))?;
    let acknowledged = trace.acknowledged.partition_point(|&calls| calls <= call);
    let found = content(&grains).map_err(|e| e.to_string())?;
    let expected = &trace.states[acknowledged];
    let next = trace.states.get(acknowledged + 1);
    if found != *expected && next.is_none_or(|next| *next != found) {
        return Err(format!("{found:?} survived instead of {expected:?}"));
    }
    let by_city = by_city();
    let in_oslo = |value: &&Value| value.0 == "Oslo";
    let wanted = found.values().filter(in_oslo).count() as u64;
    if grains
        .by(&by_city)
        .get("Oslo")
        .count()
        .map_err(|e| e.to_string())?
        != wanted
    {
        return Err("the index answers something else than the records".to_owned());
    }
    // Goes on: the indexes are kept, and open again.
    let put = grains.put(&(9, 9), &("after".to_owned(), Some(999)));
    put.map_err(|e| e.to_string())?;
    db.close().map_err(|e| e.to_string())?;
    drop((db, grains));
    let opened = open(disk, Indexes::Both);
    let (_db, grains) = opened.map_err(|e| format!("the second open failed: {e}"))?;
    let mut again = content(&grains).map_err(|e| e.to_string())?;
    let badge = grains
        .by(&by_badge())
        .get_one(&999)
        .map_err(|e| e.to_string())?;
    if again.remove(&(9, 9)).is_some() && again == found && badge.is_some() {
        return Ok(1);
    }
    Err(format!("reopened, {again:?} is there instead of {found:?}"))
}

#[test]
fn indexes_agree_with_their_store_after_a_crash_at_any_call() {
    let test = "indexes_agree_with_their_store_after_a_crash_at_any_call";
    let (seed, disk) = (effort::seed(14), CrashDisk::new());
    let trace = record(seed, &disk);
    let recoveries = every_crash(
        &walked_disk(("indexed", seed), &disk, test),
        &all_calls(&disk),
        |crash, image| recover(&trace, image, crash.call),
    );
    score::tell(Row::CrashRecoveries, recoveries as u64);
    println!("indexed: {} calls: {recoveries} recoveries", disk.calls());
}
