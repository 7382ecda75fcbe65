//! Power lost again while a recovery runs, and once more in the recovery after that.
//!
//! Until an open returns, what may survive is what the crash before it left open. Once it has
//! returned, somebody may have acted on what it found, so a later crash must leave exactly that.

use grainstore::fs::{CrashDisk, CrashImage};
use grainstore_proof::crash::{Crash, IMAGES, caught};
use grainstore_proof::recorded::{Recorded, Survivors};
use grainstore_proof::recovery::{Finding, KEY_AFTER, check, open};

/// What a recovery was, call by call.
struct Recovered {
    /// The calls when the open returned.
    opened: usize,
    /// The last write that it found.
    last: u64,
    /// The calls when the write after it returned.
    written: usize,
}

impl Recovered {
    /// What may survive a crash at `call` of it.
    fn survivors_at(&self, before: Survivors, call: usize) -> Survivors {
        if call < self.opened {
            return before;
        }
        Survivors::exactly(self.last)
    }
}

/// Opens `disk`, checks it, writes a record and closes; tells what happened when.
fn recover(
    history: &Recorded,
    disk: &CrashDisk,
    allowed: Survivors,
    source_ms: u64,
) -> Result<Recovered, Finding> {
    let engine = open(&history.written.setting, disk.clone(), source_ms)?;
    let opened = disk.calls();
    let last = check(&history.written, &engine, allowed, None)?;
    // A write that an earlier recovery had begun may have survived.
    if engine.get(KEY_AFTER).map_err(|e| e.to_string())?.is_none() {
        engine.put(KEY_AFTER, b"").map_err(|e| e.to_string())?;
    }
    let written = disk.calls();
    engine.close().map_err(|e| e.to_string())?;
    Ok(Recovered {
        opened,
        last,
        written,
    })
}

/// Recovers `disk`, and then every crash of that recovery, `depth` levels deep; a level below
/// the first takes one image for each call. Answers the number of recoveries.
pub(crate) fn crash_again(
    history: &Recorded,
    disk: &CrashDisk,
    crash: Crash,
    depth: usize,
) -> Result<usize, Finding> {
    let allowed = history.survivors_at(crash.call, crash.keeps_all());
    let descent = Descent {
        history,
        source_ms: history.source_at(crash.call),
        first: true,
    };
    descent.descend(disk, allowed, crash.call as u64, depth)
}

/// One crash, and all those that come after it.
#[derive(Clone, Copy)]
struct Descent<'a> {
    history: &'a Recorded,
    source_ms: u64,
    /// Of the first recovery every image is taken, of later ones one in turn.
    first: bool,
}

impl Descent<'_> {
    fn descend(
        self,
        disk: &CrashDisk,
        allowed: Survivors,
        seed: u64,
        depth: usize,
    ) -> Result<usize, Finding> {
        // An image starts without a history, so its calls are those of this recovery.
        let recovered = recover(self.history, disk, allowed, self.source_ms)?;
        let (mut recoveries, mut replay) = (1, disk.replay());
        for call in 0..=disk.calls() {
            replay.advance_to(call);
            let allowed = recovered.survivors_at(allowed, call);
            let images = CrashImage::all(seed.wrapping_mul(131) ^ call as u64);
            for (number, kind) in images.into_iter().enumerate() {
                if !self.first && number != (call + seed as usize) % images.len() {
                    continue;
                }
                let again = replay.image(kind);
                let done = caught(|| {
                    if depth > 1 && call < recovered.written {
                        let deeper = Self {
                            first: false,
                            ..self
                        };
                        return deeper.descend(&again, allowed, seed + 1, depth - 1);
                    }
                    let must_be_there = (call >= recovered.written).then_some(true);
                    let engine =
                        open(&self.history.written.setting, again.clone(), self.source_ms)?;
                    check(&self.history.written, &engine, allowed, must_be_there)?;
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
}
