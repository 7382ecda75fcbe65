//! A database that lives through one crash after another and goes on from what is left.
//!
//! Each life opens what the last crash left, with sizes and durability of its own, goes on with the
//! script behind the last surviving commit, and ends at any call of that life.

use crate::history::{DIR, History, Setup, Survivors};
use crate::recovery::{Finding, check};
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability, Engine};
use grainstore::fs::{CrashDisk, CrashImage, SplitMix64};
use std::path::Path;
use std::sync::Arc;

/// What a chain of lives came to.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) lives: usize,
    pub(crate) flushes: u64,
    pub(crate) compactions: u64,
    pub(crate) most_tables: usize,
}

/// How one life ran: at which calls of its disk what was certain.
struct Life {
    /// The commits found, and the calls when the open returned.
    found: usize,
    opened: usize,
    /// The calls at which each commit after the found ones was acknowledged.
    acknowledged: Vec<usize>,
    /// The calls at which what was acknowledged became durable, and how many commits that were.
    synced: Vec<(usize, usize)>,
    durability: Durability,
}

impl Life {
    fn survivors(&self, before: Survivors, call: usize, killed: bool) -> Survivors {
        if call < self.opened {
            return before;
        }
        let acknowledged = self.acknowledged.partition_point(|&calls| calls <= call);
        let asked = self.synced.partition_point(|(calls, _)| *calls <= call);
        let synced = asked.checked_sub(1).map_or(0, |last| self.synced[last].1);
        let lossless = killed || self.durability == Durability::Sync;
        Survivors {
            least: self.found + if lossless { acknowledged } else { synced },
            most: self.found + acknowledged + 1,
        }
    }
}

/// The setup of one life.
fn setup(seed: u64, commits: usize, chance: &mut SplitMix64) -> Setup {
    let memtables = [4 << 10, 6 << 10, 20 << 10];
    let segments = [4 << 10, 7 << 10, 64 << 10];
    let buffered = chance.chance(80);
    Setup {
        durability: if buffered {
            Durability::Buffered
        } else {
            Durability::Sync
        },
        background: Background::Inline,
        memtable_bytes: memtables[chance.below(3) as usize],
        wal_segment_bytes: segments[chance.below(3) as usize],
        level_ratio: 2 + chance.below(3),
        ..Setup::new("lives", seed, commits)
    }
}

fn live(
    history: &mut History,
    disk: &CrashDisk,
    before: Survivors,
    chance: &mut SplitMix64,
    chain: &mut Chain,
) -> Result<Life, Finding> {
    let setup = setup(history.setup.seed, history.setup.commits, chance);
    let commits = &history.scripts[0].commits;
    let time_at = |next: usize| commits[next.min(commits.len() - 1)].time_ms;
    let clock = ManualClock::new(time_at(before.most));
    let options = setup.options(Arc::new(disk.clone()), &clock);
    let engine = Engine::open(Path::new(DIR), options).map_err(|e| format!("open failed: {e}"))?;
    let opened = disk.calls();
    let found = check(history, &engine, &[before], clock_of(&engine))?[0];
    let (mut acknowledged, mut synced) = (Vec::new(), Vec::new());
    for commit in commits.iter().skip(found).take(chance.below(40) as usize) {
        clock.set(commit.time_ms);
        engine
            .write(commit.batch())
            .map_err(|e| format!("write failed: {e}"))?;
        acknowledged.push(disk.calls());
        if chance.chance(8) {
            let done = if chance.chance(128) {
                engine.sync()
            } else {
                engine.compact()
            };
            done.map_err(|e| e.to_string())?;
            synced.push((disk.calls(), acknowledged.len()));
        }
    }
    let stats = engine.stats();
    if chance.chance(128) {
        engine.close().map_err(|e| format!("close failed: {e}"))?;
        synced.push((disk.calls(), acknowledged.len()));
    }
    chain.lives += 1;
    chain.flushes += stats.flushes;
    chain.compactions += stats.compactions;
    chain.most_tables = chain.most_tables.max(stats.tables());
    Ok(Life {
        found,
        opened,
        acknowledged,
        synced,
        durability: setup.durability,
    })
}

/// The engine's clock never sinks below what the log says, so the model asks it.
fn clock_of(engine: &Engine) -> u64 {
    engine.now_ms()
}

/// Lives until the script of `history`, of which nothing has been written, is done. `Err` names
/// the life that went wrong.
pub(crate) fn chain(history: &mut History) -> Result<Chain, Finding> {
    let mut chance = SplitMix64::new(history.setup.seed);
    let (mut chain, mut disk) = (Chain::default(), CrashDisk::new());
    let mut before = Survivors { least: 0, most: 0 };
    while before.least < history.setup.commits {
        let life = live(history, &disk, before, &mut chance, &mut chain)
            .map_err(|finding| format!("life {}: {finding}", chain.lives))?;
        let whole = disk.calls();
        let early = chance.below(life.opened as u64 + 1) as usize;
        let late = life.opened + chance.below((whole - life.opened) as u64 + 1) as usize;
        let call = [early, late, late, whole][chance.below(4) as usize];
        let image = chance.below(4) as usize;
        let kind = CrashImage::all(chance.next_u64())[image];
        before = life.survivors(before, call, kind == CrashImage::KeepAll);
        before.most = before.most.min(history.setup.commits);
        disk = disk.image(call, kind);
    }
    Ok(chain)
}
