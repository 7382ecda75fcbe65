//! Opening what a crash left, and holding the whole content against the oracle.

use crate::engine_run::DIR;
use crate::oracle::{Model, Record};
use crate::recorded::Survivors;
use crate::setting::Setting;
use crate::versions::Point;
use crate::written::Written;
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability, Engine, EngineOptions};
use grainstore::fs::FileSystem;
use std::path::Path;
use std::sync::Arc;

/// A key that no history writes, after all of theirs.
pub const KEY_AFTER: &[u8] = &[0xff; 3];

/// What is wrong with a recovery, in words.
pub type Finding = String;

/// The options of a recovery: those of the history, work inline, one commit a sync.
#[must_use]
pub fn options(setting: &Setting, disk: Arc<dyn FileSystem>, source_ms: u64) -> EngineOptions {
    let mut options = setting.options(4 + (source_ms % 12) as u8);
    options.background = Background::Inline;
    options.durability = Durability::Sync;
    options.clock = Arc::new(ManualClock::new(source_ms));
    options.file_system = disk;
    options
}

/// Opens what is on `disk` when the source of time shows `source_ms`.
///
/// # Errors
///
/// Every failure is a finding.
pub fn open(setting: &Setting, disk: impl FileSystem, source_ms: u64) -> Result<Engine, Finding> {
    Engine::open(Path::new(DIR), options(setting, Arc::new(disk), source_ms))
        .map_err(|e| format!("open failed: {e}"))
}

/// Holds every record of `engine`, its value and its expiry, against what `model` has after
/// `sequence` at the engine's time, with `after` as the one record behind them.
///
/// # Errors
///
/// The first record that differs.
pub fn compare(
    engine: &Engine,
    model: &Model,
    sequence: u64,
    after: Option<&[u8]>,
) -> Result<(), Finding> {
    let time_ms = engine.now_ms();
    let expected = model.all(Point { sequence, time_ms });
    let expected = expected.map(|(key, value, expiry_ms)| (&**key, &**value, expiry_ms));
    let mut expected = expected.chain(after.map(|value| (KEY_AFTER, value, 0)));
    let failed = |error| format!("scan failed: {error}");
    let mut cursor = engine.cursor::<&[u8]>(..).map_err(failed)?;
    let moved = |moved: grainstore::Result<()>| moved.map_err(failed);
    moved(cursor.seek_to_first())?;
    while cursor.valid() {
        let (found, wanted) = (
            (cursor.key(), cursor.value(), cursor.expiry_ms()),
            expected.next(),
        );
        if wanted != Some(found) {
            let (found, wanted) = (show(Some(found)), show(wanted));
            return Err(format!(
                "after write {sequence}: {found} instead of {wanted}"
            ));
        }
        moved(cursor.next())?;
    }
    match expected.next() {
        None => Ok(()),
        missing => Err(format!(
            "after write {sequence}: {} is missing",
            show(missing)
        )),
    }
}

fn show(record: Option<(&[u8], &[u8], u64)>) -> String {
    match record {
        None => "the end".to_owned(),
        Some((key, value, expiry_ms)) => format!(
            "{} ({} bytes: {:02x?}…, expiry {expiry_ms})",
            key.escape_ascii(),
            value.len(),
            &value[..value.len().min(8)]
        ),
    }
}

/// The last write of the history that is there, by the engine's own count, and the record behind
/// the history's where there is one.
fn found(engine: &Engine) -> Result<(u64, Option<Vec<u8>>), Finding> {
    let after = engine.get(KEY_AFTER).map_err(|e| e.to_string())?;
    let last = engine.stats().sequence_last;
    let after = after.map(|value| value.to_vec());
    Ok((last - u64::from(after.is_some()), after))
}

/// Checks which writes survived, that it was whole commits, and that all of them are there;
/// answers the last. `after` says whether the record behind the history's must be there; `None`
/// where it may.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check(
    written: &Written,
    engine: &Engine,
    allowed: Survivors,
    after: Option<bool>,
) -> Result<u64, Finding> {
    let (last, there) = found(engine)?;
    if after.is_some_and(|after| after != there.is_some()) {
        let what = if there.is_some() {
            "is there"
        } else {
            "is lost"
        };
        return Err(format!("the write after the recovery {what}"));
    }
    if !(allowed.least..=allowed.most).contains(&last) {
        return Err(format!(
            "write {last} is the last that survived, {allowed:?} may be"
        ));
    }
    if !written.is_end(last) {
        return Err(format!(
            "write {last} is the last that survived: part of a commit"
        ));
    }
    let (now_ms, kept_ms) = (engine.now_ms(), written.kept_ms_at(last));
    if now_ms < kept_ms {
        return Err(format!(
            "time ran back to {now_ms}, {kept_ms} was written down"
        ));
    }
    compare(engine, &written.model, last, there.as_deref())?;
    Ok(last)
}

/// Recovers `disk`, checks it, writes one record more, closes, opens again and checks again.
///
/// # Errors
///
/// What is wrong, in words.
pub fn recover_twice(
    written: &Written,
    disk: &(impl FileSystem + Clone),
    allowed: Survivors,
    source_ms: u64,
    verify: bool,
) -> Result<(), Finding> {
    let engine = open(&written.setting, disk.clone(), source_ms)?;
    let last = check(written, &engine, allowed, Some(false))?;
    if verify {
        engine.verify().map_err(|e| format!("verify failed: {e}"))?;
    }
    let put = engine.put(KEY_AFTER, b"after");
    put.map_err(|e| format!("the first write after recovery failed: {e}"))?;
    engine.close().map_err(|e| format!("close failed: {e}"))?;
    drop(engine);
    let engine = open(&written.setting, disk.clone(), source_ms);
    let engine = engine.map_err(|e| format!("the second {e}"))?;
    check(written, &engine, Survivors::exactly(last), Some(true))
        .map_err(|e| format!("reopened, {e}"))?;
    Ok(())
}

/// All that is there, as plain records.
///
/// # Errors
///
/// Those of the engine.
pub fn content(engine: &Engine) -> grainstore::Result<Vec<Record>> {
    let mut cursor = engine.cursor::<&[u8]>(..)?;
    let mut records = Vec::new();
    cursor.seek_to_first()?;
    while cursor.valid() {
        let expiry_ms = cursor.expiry_ms();
        records.push((cursor.key().to_vec(), cursor.value().to_vec(), expiry_ms));
        cursor.next()?;
    }
    Ok(records)
}
