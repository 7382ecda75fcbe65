//! Opening what a crash left, and holding the whole content against the model.

use crate::history::{DIR, History, Survivors};
use crate::model::{Record, counter_key};
use grainstore::engine::Engine;
use grainstore::fs::CrashDisk;
use std::path::Path;

/// A key that no script writes, after all of theirs.
pub(crate) const KEY_AFTER: &[u8] = b"~after the crash";

/// What is wrong with a recovery, in words.
pub(crate) type Finding = String;

/// Opens what is on `disk` at `now_ms`.
pub(crate) fn open(history: &History, disk: &CrashDisk, now_ms: u64) -> Result<Engine, Finding> {
    Engine::open(Path::new(DIR), history.setup.recovery_options(disk, now_ms))
        .map_err(|e| format!("open failed: {e}"))
}

/// The last surviving commit of each writer, by the counters of the database alone.
pub(crate) fn counters(engine: &Engine, writers: usize) -> Result<Vec<usize>, Finding> {
    let read = |writer| {
        let value = engine
            .get(&counter_key(writer))
            .map_err(|e| e.to_string())?;
        let Some(value) = value else { return Ok(0) };
        let bytes = <[u8; 8]>::try_from(&*value).map_err(|_| "a counter is cut".to_owned())?;
        Ok(u64::from_be_bytes(bytes) as usize)
    };
    (0..writers).map(read).collect()
}

/// Holds every record of `engine` against what the scripts have after `commits` commits, and
/// `after` as the one record behind them.
pub(crate) fn compare(
    history: &History,
    engine: &Engine,
    commits: &[usize],
    now_ms: u64,
    after: Option<&[u8]>,
) -> Result<(), Finding> {
    let scripts = history.scripts.iter().zip(commits);
    let is_live = |record: &&Record| record.2 == 0 || record.2 > now_ms;
    let expected = scripts.flat_map(|(script, &n)| script.states[n].iter().filter(is_live));
    let expected = expected.map(|(key, value, _)| (&**key, &**value));
    let mut expected = expected.chain(after.map(|value| (KEY_AFTER, value)));
    for record in engine.scan::<&[u8]>(..).map_err(|e| e.to_string())? {
        let (key, value) = record.map_err(|e| format!("scan failed: {e}"))?;
        let (found, wanted) = ((&*key, &*value), expected.next());
        if wanted != Some(found) {
            let (found, wanted) = (show(Some(found)), show(wanted));
            return Err(format!(
                "after commits {commits:?}: {found} instead of {wanted}"
            ));
        }
    }
    match expected.next() {
        None => Ok(()),
        missing => Err(format!(
            "after commits {commits:?}: {} is missing",
            show(missing)
        )),
    }
}

fn show(record: Option<(&[u8], &[u8])>) -> String {
    match record {
        None => "the end".to_owned(),
        Some((key, value)) => format!(
            "{:?} ({} bytes: {:02x?}…)",
            String::from_utf8_lossy(key),
            value.len(),
            &value[..value.len().min(8)]
        ),
    }
}

/// Checks which commits survived, and that they did whole; answers the last of each writer.
pub(crate) fn check(
    history: &History,
    engine: &Engine,
    allowed: &[Survivors],
    now_ms: u64,
) -> Result<Vec<usize>, Finding> {
    let commits = counters(engine, history.setup.writers)?;
    for (writer, (&found, allowed)) in commits.iter().zip(allowed).enumerate() {
        if !(allowed.least..=allowed.most).contains(&found) {
            return Err(format!(
                "writer {writer}: commit {found} is the last that survived, {allowed:?} may be"
            ));
        }
    }
    compare(history, engine, &commits, now_ms, None)?;
    Ok(commits)
}

/// Recovers `disk`, checks it, writes one record more, closes, opens again and checks again.
pub(crate) fn recover_twice(
    history: &History,
    disk: &CrashDisk,
    allowed: &[Survivors],
    now_ms: u64,
    verify: bool,
) -> Result<(), Finding> {
    let engine = open(history, disk, now_ms)?;
    let commits = check(history, &engine, allowed, now_ms)?;
    if verify {
        engine.verify().map_err(|e| format!("verify failed: {e}"))?;
    }
    let after = now_ms.to_le_bytes();
    let put = engine.put(KEY_AFTER, &after);
    put.map_err(|e| format!("the first write after recovery failed: {e}"))?;
    engine.close().map_err(|e| format!("close failed: {e}"))?;
    drop(engine);
    let engine = open(history, disk, now_ms).map_err(|e| format!("the second {e}"))?;
    compare(history, &engine, &commits, now_ms, Some(&after)).map_err(|e| format!("reopened, {e}"))
}
