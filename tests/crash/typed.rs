//! Conditional writes and batches of the typed store, and power lost at every call of them.

use crate::walked_disk;
use grainstore::fs::{CrashDisk, SplitMix64};
use grainstore::{Change, Db, GrainStore, If};
use grainstore_proof::crash::{all_calls, every_crash};
use grainstore_proof::effort;
use grainstore_proof::engine_run::DIR;
use grainstore_proof::recovery;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::Setting;
use std::collections::BTreeMap;
use std::sync::Arc;

const COMMITS: usize = 250;

type Grains = GrainStore<u32, String>;

/// What two stores hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    grains: BTreeMap<u32, String>,
    shadow: BTreeMap<u32, String>,
}

/// What is there after each commit with the largest version of it, and when it was acknowledged.
#[derive(Default)]
struct Trace {
    states: Vec<(Model, u64)>,
    acknowledged: Vec<usize>,
}

fn open(disk: &CrashDisk) -> grainstore::Result<(Db, Grains, Grains)> {
    let small = recovery::options(&Setting::SMALL, Arc::new(disk.clone()), 1_000);
    let db = Db::builder(DIR)
        .engine_options(|options| *options = small)
        .open()?;
    let (grains, shadow) = (db.store("grains")?, db.store("shadow")?);
    Ok((db, grains, shadow))
}

/// Makes one random change, most of them conditional ones, and tells the model where it held.
fn change(db: &Db, stores: [&Grains; 2], model: &mut Model, chance: &mut SplitMix64) {
    let (key, number) = (chance.below(12) as u32, chance.next_u64());
    let value = format!("{number:x}").repeat(1 + chance.below(12) as usize);
    let [grains, shadow] = stores;
    let held = match chance.below(4) {
        0 => grains.put_if(&key, &value, If::Absent).map(|_| Some(value)),
        1 => {
            let seen = grains.get_versioned(&key).unwrap().map(|v| v.version);
            let condition = seen.map_or(If::Present, If::Version);
            grains.delete_if(&key, condition).map(|_| None)
        }
        2 => {
            let put = |_| Change::Put(value.clone());
            grains.update(&key, put).map(|_| Some(value.clone()))
        }
        _ => {
            let mut batch = db.batch();
            batch.put(grains, &key, &value).unwrap();
            batch.put(shadow, &key, &value).unwrap();
            batch.delete(shadow, &((key + 1) % 12)).unwrap();
            model.shadow.insert(key, value.clone());
            model.shadow.remove(&((key + 1) % 12));
            batch.commit().map(|()| Some(value))
        }
    };
    match held {
        Ok(Some(value)) => drop(model.grains.insert(key, value)),
        Ok(None) => drop(model.grains.remove(&key)),
        Err(error) => assert!(error.is_conflict(), "{error}"),
    }
}

/// What is in the stores, and the largest version of their records.
fn content(stores: [&Grains; 2]) -> grainstore::Result<(Model, u64)> {
    let (mut contents, mut largest) = (Vec::new(), 0);
    for store in stores {
        let mut content = BTreeMap::new();
        for entry in store.iter() {
            let entry = entry?;
            largest = largest.max(entry.version.get());
            content.insert(entry.key, entry.value);
        }
        contents.push(content);
    }
    let shadow = contents.pop().unwrap_or_default();
    let grains = contents.pop().unwrap_or_default();
    Ok((Model { grains, shadow }, largest))
}

fn record(seed: u64, disk: &CrashDisk) -> Trace {
    let (db, grains, shadow) = open(disk).unwrap();
    let (mut trace, mut model) = (Trace::default(), Model::default());
    trace.states.push((model.clone(), 0));
    let mut chance = SplitMix64::new(seed);
    for _ in 0..COMMITS {
        change(&db, [&grains, &shadow], &mut model, &mut chance);
        let (found, largest) = content([&grains, &shadow]).unwrap();
        assert_eq!(found, model);
        trace.states.push((found, largest));
        trace.acknowledged.push(disk.calls());
    }
    db.close().unwrap();
    trace
}

fn recover(trace: &Trace, disk: &CrashDisk, call: usize) -> Result<usize, String> {
    let (db, grains, shadow) = open(disk).map_err(|e| format!("open failed: {e}"))?;
    let acknowledged = trace.acknowledged.partition_point(|&calls| calls <= call);
    let (found, _) = content([&grains, &shadow]).map_err(|e| e.to_string())?;
    let next = trace.states.get(acknowledged + 1);
    let (expected, largest) = &trace.states[acknowledged];
    if found != *expected && next.is_none_or(|next| next.0 != found) {
        return Err(format!("{found:?} survived instead of {expected:?}"));
    }
    let put = grains.put_if(&99, &"after".to_owned(), If::Absent);
    let version = put.map_err(|e| e.to_string())?.get();
    if version <= *largest {
        return Err(format!(
            "version {version} is given again, {largest} was acknowledged"
        ));
    }
    db.close().map_err(|e| e.to_string())?;
    drop((db, grains, shadow));
    let (_db, grains, shadow) = open(disk).map_err(|e| format!("the second open failed: {e}"))?;
    let (mut again, _) = content([&grains, &shadow]).map_err(|e| e.to_string())?;
    let after = again.grains.remove(&99);
    if again == found && after.as_deref() == Some("after") {
        return Ok(1);
    }
    Err(format!(
        "reopened, {again:?} and {after:?} are there instead of {found:?}"
    ))
}

#[test]
fn conditional_writes_and_typed_batches_survive_whole() {
    let test = "conditional_writes_and_typed_batches_survive_whole";
    let (seed, disk) = (effort::seed(9), CrashDisk::new());
    let trace = record(seed, &disk);
    let recoveries = every_crash(
        &walked_disk(("typed", seed), &disk, test),
        &all_calls(&disk),
        |crash, image| recover(&trace, image, crash.call),
    );
    score::tell(Row::CrashRecoveries, recoveries as u64);
    println!("typed: {} calls: {recoveries} recoveries", disk.calls());
}
