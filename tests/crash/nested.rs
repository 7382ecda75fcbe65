//! Power lost again while a recovery runs, and once more in the recovery after that.
//!
//! Until an open returns, what may survive is what the crash before it left open. Once it has
//! returned, somebody may have acted on what it found, so a later crash must leave exactly that.

use crate::history::{History, Survivors};
use crate::recovery::{self, Finding, KEY_AFTER, check, compare, counters};
use crate::walk::{Crash, IMAGES, caught};
use grainstore::fs::{CrashDisk, CrashImage};

/// What a recovery was, call by call.
struct Recovered {
    /// The calls when the open returned.
    opened: usize,
    /// The last commits that it found.
    commits: Vec<usize>,
    /// The calls when the write after it returned.
    written: usize,
}

/// Opens `disk`, checks it, writes a record and closes; tells what happened when.
fn recover(
    history: &History,
    disk: &CrashDisk,
    allowed: &[Survivors],
    now_ms: u64,
) -> Result<Recovered, Finding> {
    let engine = recovery::open(history, disk, now_ms)?;
    let opened = disk.calls();
    let commits = check_with_after(history, &engine, allowed, now_ms, false)?;
    engine.put(KEY_AFTER, b"").map_err(|e| e.to_string())?;
    let written = disk.calls();
    engine.close().map_err(|e| e.to_string())?;
    Ok(Recovered {
        opened,
        commits,
        written,
    })
}

/// As [`check`], where the record behind the scripts may be there, or must be.
fn check_with_after(
    history: &History,
    engine: &grainstore::engine::Engine,
    allowed: &[Survivors],
    now_ms: u64,
    must_be_there: bool,
) -> Result<Vec<usize>, Finding> {
    let after = engine.get(KEY_AFTER).map_err(|e| e.to_string())?;
    let Some(after) = after else {
        if must_be_there {
            return Err("the write after the recovery is lost".to_owned());
        }
        return check(history, engine, allowed, now_ms);
    };
    let commits = counters(engine, history.setup.writers)?;
    compare(history, engine, &commits, now_ms, Some(&after))?;
    let exact =
        |(found, allowed): (&usize, &Survivors)| (allowed.least..=allowed.most).contains(found);
    if commits.iter().zip(allowed).all(exact) {
        return Ok(commits);
    }
    Err(format!("commits {commits:?} survived, {allowed:?} may"))
}

/// What may survive a crash at `call` of a recovery.
fn allowed_at(before: &[Survivors], recovered: &Recovered, call: usize) -> Vec<Survivors> {
    if call < recovered.opened {
        return before.to_vec();
    }
    let exactly = |&commit| Survivors {
        least: commit,
        most: commit,
    };
    recovered.commits.iter().map(exactly).collect()
}

/// Recovers `disk`, and then every crash of that recovery, `depth` levels deep; a level below
/// the first takes one image for each call. Answers the number of recoveries.
pub(crate) fn crash_again(
    history: &History,
    disk: &CrashDisk,
    crash: Crash,
    depth: usize,
) -> Result<usize, Finding> {
    let allowed = history.survivors_at(crash.call, crash.keeps_all());
    let now_ms = history.time_at(crash.call);
    descend(
        history,
        disk,
        &allowed,
        now_ms,
        (crash.call as u64, depth, true),
    )
}

fn descend(
    history: &History,
    disk: &CrashDisk,
    allowed: &[Survivors],
    now_ms: u64,
    (seed, depth, first): (u64, usize, bool),
) -> Result<usize, Finding> {
    // An image starts without a history, so its calls are those of this recovery.
    let recovered = recover(history, disk, allowed, now_ms)?;
    let (mut recoveries, mut replay) = (1, disk.replay());
    for call in 0..=disk.calls() {
        replay.advance_to(call);
        let allowed = allowed_at(allowed, &recovered, call);
        let must_be_there = call >= recovered.written;
        let images = CrashImage::all(seed.wrapping_mul(131) ^ call as u64);
        for (number, kind) in images.into_iter().enumerate() {
            if !first && number != (call + seed as usize) % images.len() {
                continue;
            }
            let again = replay.image(kind);
            let done = caught(|| {
                if depth > 1 && call < recovered.written {
                    let seed = seed + 1;
                    return descend(history, &again, &allowed, now_ms, (seed, depth - 1, false));
                }
                let engine = recovery::open(history, &again, now_ms)?;
                check_with_after(history, &engine, &allowed, now_ms, must_be_there)?;
                Ok(1)
            });
            recoveries += done.map_err(|finding| {
                let (image, last) = (IMAGES[number], disk.describe_call(call));
                format!("{finding}\n  again {image} at call {call} of the recovery, {last}")
            })?;
        }
    }
    Ok(recoveries)
}
