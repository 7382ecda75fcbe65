//! A database that lives through one crash after another and goes on from what is left.
//!
//! Each life opens what the last crash left, with sizes and durability of its own, does some more
//! operations, and ends at any call of that life. The oracle forgets what the crash took, and goes
//! on too.

use grainstore::clock::ManualClock;
use grainstore::engine::{Durability, Engine};
use grainstore::fs::{CrashDisk, CrashImage, SplitMix64};
use grainstore_proof::coverage::Coverage;
use grainstore_proof::engine_run::{DIR, EngineRun, START_MS, of_setting};
use grainstore_proof::generate::changes;
use grainstore_proof::operation::{Leave, Operation};
use grainstore_proof::oracle::Model;
use grainstore_proof::recorded::Survivors;
use grainstore_proof::recovery::{Finding, compare};
use grainstore_proof::setting::Setting;
use std::path::Path;
use std::sync::Arc;

/// What a chain of lives came to.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) lives: usize,
    pub(crate) flushes: u64,
    pub(crate) compactions: u64,
    pub(crate) writes: u64,
}

/// How one life ran: at which calls of its disk what was certain.
struct Life {
    disk: CrashDisk,
    model: Model,
    /// The calls when the open returned, and the last write that was there.
    opened: usize,
    found: u64,
    /// The calls at which each operation returned, and the last write then.
    returned: Vec<(usize, u64)>,
    /// As `returned`, for operations after which everything is on the device.
    durable: Vec<(usize, u64)>,
    lossless: bool,
}

impl Life {
    fn survivors(&self, before: Survivors, call: usize, killed: bool) -> Survivors {
        if call < self.opened {
            return before;
        }
        let last = |of: &[(usize, u64)]| {
            let done = of.partition_point(|(calls, _)| *calls <= call);
            done.checked_sub(1).map_or(self.found, |at| of[at].1)
        };
        let in_flight = self.returned.iter().find(|(calls, _)| *calls > call);
        let acknowledged = last(&self.returned);
        Survivors {
            least: if killed || self.lossless {
                acknowledged
            } else {
                last(&self.durable)
            },
            most: in_flight.map_or(acknowledged, |(_, sequence)| *sequence),
        }
    }
}

/// The setting of one life.
fn setting(chance: &mut SplitMix64) -> Setting {
    Setting {
        durability: if chance.chance(80) {
            Durability::Buffered
        } else {
            Durability::Sync
        },
        wal_segment_kib: [4, 7, 64][chance.below(3) as usize],
        filter: chance.chance(200),
        ..Setting::SMALL
    }
}

/// Opens what is there, which must be one of `ends`, and does some more.
fn live(
    disk: CrashDisk,
    mut model: Model,
    (before, ends): (Survivors, &[u64]),
    chance: &mut SplitMix64,
    coverage: &mut Coverage,
) -> Result<Life, Finding> {
    let setting = setting(chance);
    let clock = ManualClock::new(model.now_ms());
    let mut options = setting.options([4, 6, 20][chance.below(3) as usize]);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock.clone());
    let engine = Engine::open(Path::new(DIR), options).map_err(|e| format!("open failed: {e}"))?;
    let (opened, found) = (disk.calls(), engine.stats().sequence_last);
    if !(before.least..=before.most).contains(&found) || !ends.contains(&found) {
        return Err(format!("{found} survived, {before:?} of {ends:?} may"));
    }
    model.forget_after(found);
    compare(&engine, &model, found, None)?;
    let mut run = EngineRun::resume(of_setting(&setting), (disk, clock, engine), model, coverage);
    run.keep_disk();
    let count = 1 + chance.below(40) as usize;
    let (mut returned, mut durable) = (Vec::new(), Vec::new());
    for operation in changes(chance.next_u64(), count) {
        if matches!(operation, Operation::Reopen(..)) {
            continue;
        }
        run.apply(&operation);
        let now = (run.disk().calls(), run.model.sequence());
        returned.push(now);
        if matches!(
            operation,
            Operation::Flush | Operation::Compact | Operation::Sync
        ) {
            durable.push(now);
        }
    }
    if chance.chance(128) {
        run.apply(&Operation::Reopen(Leave::Close, 4));
        let now = (run.disk().calls(), run.model.sequence());
        durable.push(now);
        returned.push(now);
    }
    let (model, disk) = run.leave();
    Ok(Life {
        disk,
        model,
        opened,
        found,
        returned,
        durable,
        lossless: setting.durability == Durability::Sync,
    })
}

/// Lives `lives` times on one database, each time until any call of that life.
pub(crate) fn chain(seed: u64, lives: usize) -> Result<Chain, Finding> {
    let mut chance = SplitMix64::new(seed);
    let (mut coverage, mut chain) = (Coverage::default(), Chain::default());
    let (mut disk, mut model) = (CrashDisk::new(), Model::new(START_MS));
    let (mut before, mut ends) = (Survivors::exactly(0), vec![0]);
    while chain.lives < lives {
        let of_before = (before, ends.as_slice());
        let life = live(disk, model, of_before, &mut chance, &mut coverage)
            .map_err(|finding| format!("life {}: {finding}", chain.lives))?;
        let whole = life.disk.calls();
        let early = chance.below(life.opened as u64 + 1) as usize;
        let late = life.opened + chance.below((whole - life.opened) as u64 + 1) as usize;
        let call = [early, late, late, whole][chance.below(4) as usize];
        let kind = CrashImage::all(chance.next_u64())[chance.below(4) as usize];
        before = life.survivors(before, call, kind == CrashImage::KeepAll);
        ends.retain(|end| *end <= life.found);
        ends.extend(life.returned.iter().map(|(_, sequence)| *sequence));
        disk = life.disk.image(call, kind);
        chain.lives += 1;
        chain.writes = chain.writes.max(before.least);
        model = life.model;
    }
    chain.flushes = coverage.flushes;
    chain.compactions = coverage.compactions;
    Ok(chain)
}
