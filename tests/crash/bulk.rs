//! Ingests and checkpoints, and power lost at every call of them.

use crate::walked_disk;
use grainstore::engine::Engine;
use grainstore::fs::CrashDisk;
use grainstore_proof::crash::{all_calls, every_crash};
use grainstore_proof::engine_run::DIR;
use grainstore_proof::recovery;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::Setting;
use std::path::Path;
use std::sync::Arc;

/// Where the checkpoint goes; nothing of it exists before.
const COPY: &str = "/copies/of/today";

/// Records that are there before, and those of the ingest, some of them of the same keys.
const BEFORE: u32 = 150;
const INGESTED: u32 = 400;

fn open(disk: &CrashDisk, dir: &str) -> grainstore::Result<Engine> {
    let options = recovery::options(&Setting::SMALL, Arc::new(disk.clone()), 1_000);
    Engine::open(Path::new(dir), options)
}

fn value(number: u32, round: u8) -> Vec<u8> {
    vec![round; 8 + (number as usize * 7) % 60]
}

/// Checks that all records of the first round are there and, where `ingested`, those of the second.
fn check(engine: &Engine, ingested: bool) -> Result<(), String> {
    let expected = (0..INGESTED.max(BEFORE)).filter_map(|number| match ingested {
        true if number % 3 == 0 => Some((number, value(number, 2))),
        _ if number < BEFORE => Some((number, value(number, 1))),
        _ => None,
    });
    let found = engine.scan::<&[u8]>(..).map_err(|e| e.to_string())?;
    let mut found = found.map(|record| record.map(|(key, value)| (key, value.to_vec())));
    for (number, value) in expected {
        match found.next() {
            Some(Ok((key, it))) if *key == number.to_be_bytes() && it == value => {}
            other => return Err(format!("{other:?} instead of record {number}")),
        }
    }
    found
        .next()
        .map_or(Ok(()), |more| Err(format!("{more:?} behind the last")))
}

/// A database with the first round of records, on a disk of its own without a history.
fn begun() -> CrashDisk {
    let disk = CrashDisk::new();
    let engine = open(&disk, DIR).unwrap();
    for number in 0..BEFORE {
        engine
            .put(&number.to_be_bytes(), &value(number, 1))
            .unwrap();
    }
    engine.close().unwrap();
    disk.fork()
}

#[test]
fn an_ingest_survives_whole_or_not_at_all() {
    let test = "an_ingest_survives_whole_or_not_at_all";
    let disk = begun();
    let engine = open(&disk, DIR).unwrap();
    let opened = disk.calls();
    let numbers = (0..INGESTED).filter(|number| number % 3 == 0);
    let records = numbers.map(|n| Ok((n.to_be_bytes(), value(n, 2), 0)));
    engine.ingest(records).unwrap();
    let ingested = disk.calls();
    check(&engine, true).unwrap();
    engine.compact().unwrap();
    engine.close().unwrap();
    let recoveries = every_crash(
        &walked_disk(("ingest", 12), &disk, test),
        &all_calls(&disk),
        |crash, image| {
            let engine = open(image, DIR).map_err(|e| format!("open failed: {e}"))?;
            match check(&engine, true) {
                Ok(()) if crash.call >= opened => {}
                Err(finding) if crash.call >= ingested => return Err(finding),
                _ => check(&engine, false)?,
            }
            engine.verify().map_err(|e| format!("verify failed: {e}"))?;
            Ok(1)
        },
    );
    score::tell(Row::CrashRecoveries, recoveries as u64);
    println!("ingest: {} calls: {recoveries} recoveries", disk.calls());
}

#[test]
fn a_checkpoint_is_durable_when_it_returns_and_harms_nothing_before() {
    let test = "a_checkpoint_is_durable_when_it_returns_and_harms_nothing_before";
    let disk = begun();
    let engine = open(&disk, DIR).unwrap();
    engine.checkpoint(COPY).unwrap();
    let copied = disk.calls();
    // What happens to the original later is no matter of the copy.
    engine.delete_range(b"", &[0xff; 5]).unwrap();
    engine.compact().unwrap();
    let emptied = disk.calls();
    engine.close().unwrap();
    let recoveries = every_crash(
        &walked_disk(("checkpoint", 13), &disk, test),
        &all_calls(&disk),
        |crash, image| {
            if crash.call <= copied {
                let engine = open(image, DIR).map_err(|e| format!("open failed: {e}"))?;
                check(&engine, false)?;
            }
            if crash.call >= emptied {
                let engine = open(image, DIR).map_err(|e| format!("open failed: {e}"))?;
                assert!(engine.scan::<&[u8]>(..).unwrap().next().is_none());
            }
            if crash.call >= copied {
                let copy = open(image, COPY).map_err(|e| format!("the copy: {e}"))?;
                check(&copy, false).map_err(|finding| format!("the copy: {finding}"))?;
                copy.verify().map_err(|e| format!("the copy: {e}"))?;
            }
            Ok(1)
        },
    );
    score::tell(Row::CrashRecoveries, recoveries as u64);
    println!(
        "checkpoint: {} calls: {recoveries} recoveries",
        disk.calls()
    );
}
