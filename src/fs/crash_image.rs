//! The ways in which a disk may forget, and the files and names that are left of it.
//!
//! What a real disk keeps of calls that were not synced depends on the file system, the kernel's
//! writeback and the drive. Four models span the range; each is harsher than one real disk and
//! each has broken stores that trusted the others. Pure functions of their arguments and the
//! chance they are given.
//!
//! - I1: what a sync made durable stays: bytes that no later call wrote are as they were.
//! - I2: a sector holds the state after some prefix of the calls that touched it, in their order.
//! - I3: a name holds the state after some prefix of the changes that touched it, and a rename
//!   happens whole or not at all, so no file loses its old name without having the new one.

use super::disk_state::ContentChange;
use super::name_tree::{NameChange, NameTree, Slot};
use super::pages::{Bytes, Pages, parts};
use super::split_mix::SplitMix64;
use crate::sync::Arc;
use std::collections::HashSet;
use std::ops::Range;

/// Bytes that a disk writes whole or not at all.
const SECTOR_BYTES: u64 = 512;

/// What power loss leaves of the calls that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CrashImage {
    /// Nothing: files as of their last sync (bytes and length), names as of the last `sync_dir` of
    /// their directory. A synced file whose name was not is gone, and so is everything in a
    /// directory whose own name was not.
    DropUnsynced,
    /// Everything, as after the death of the process alone.
    KeepAll,
    /// Any part: of unsynced writes any sectors of 512 bytes, across all files in any order; of
    /// lengths anything between the least and the greatest since the sync; of name changes any.
    TornSectors {
        /// What the choices follow from.
        seed: u64,
    },
    /// Names and lengths as issued, ahead of the bytes: where unsynced bytes should be there are,
    /// by sector, zeros or what was there before.
    MetadataAhead {
        /// What the choices follow from.
        seed: u64,
    },
}

impl CrashImage {
    /// One of each kind.
    #[must_use]
    pub fn all(seed: u64) -> [Self; 4] {
        [
            Self::DropUnsynced,
            Self::KeepAll,
            Self::TornSectors { seed },
            Self::MetadataAhead { seed },
        ]
    }
}

/// How many of 256 changes survive: drawn anew for the names and for each file, so that files which
/// are fully there stand beside files of which nothing is.
fn draw_odds(chance: &mut SplitMix64) -> u64 {
    const ODDS: [u64; 5] = [0, 16, 128, 240, 256];
    ODDS.get(chance.below(ODDS.len() as u64) as usize)
        .copied()
        .unwrap_or(128)
}

/// The names that are left where each pending change may have happened or not.
pub(crate) fn torn_names(
    durable: &NameTree,
    pending: &[NameChange],
    chance: &mut SplitMix64,
) -> NameTree {
    let odds = draw_odds(chance);
    let mut names = durable.clone();
    let mut stopped: HashSet<&Slot> = HashSet::new();
    for change in pending {
        let goes_on = change.slots().all(|slot| !stopped.contains(slot));
        if goes_on && chance.chance(odds) {
            names.apply(change);
        } else {
            stopped.extend(change.slots()); // I3
        }
    }
    names
}

/// Content of which sectors survive one by one.
struct Tear<'a> {
    pages: Pages,
    chance: &'a mut SplitMix64,
    odds: u64,
    stopped: HashSet<u64>,
}

impl Tear<'_> {
    fn survives(&mut self, part: &Range<u64>) -> bool {
        let sector = part.start / SECTOR_BYTES;
        if self.stopped.contains(&sector) {
            return false;
        }
        let survives = self.chance.chance(self.odds);
        if !survives {
            self.stopped.insert(sector); // I2
        }
        survives
    }

    fn write(&mut self, bytes: &[u8], offset: u64) {
        let mut run = offset..offset;
        for part in parts(offset..offset + bytes.len() as u64, SECTOR_BYTES) {
            if self.survives(&part) {
                run.end = part.end;
            } else {
                self.write_run(bytes, offset, &run);
                run = part.end..part.end;
            }
        }
        self.write_run(bytes, offset, &run);
    }

    fn write_run(&mut self, bytes: &[u8], offset: u64, run: &Range<u64>) {
        let within = (run.start - offset) as usize..(run.end - offset) as usize;
        self.pages
            .write_at(bytes.get(within).unwrap_or_default(), run.start);
    }

    fn zero(&mut self, range: Range<u64>) {
        // Where no page is, there are zeros whatever survives.
        for written in self.pages.written_parts(range) {
            for part in parts(written, SECTOR_BYTES) {
                if self.survives(&part) {
                    self.pages.zero(part);
                }
            }
        }
    }
}

/// The content that is left where each sector of the pending changes may have been written or not,
/// and the length is anything between.
pub(crate) fn torn_content(
    durable: &Arc<Pages>,
    pending: &[ContentChange],
    chance: &mut SplitMix64,
) -> Arc<Pages> {
    let mut len = durable.len();
    let (mut low, mut high) = (len, len);
    let odds = draw_odds(chance);
    let mut tear = Tear {
        pages: (**durable).clone(),
        chance,
        odds,
        stopped: HashSet::new(),
    };
    for change in pending {
        match change {
            ContentChange::Write { offset, bytes } => match bytes {
                Bytes::Data(bytes) => tear.write(bytes, *offset),
                Bytes::Zeros(count) => tear.zero(*offset..offset + count),
            },
            ContentChange::SetLen(bytes) => tear.zero(*bytes..len.max(*bytes)),
        }
        len = change.len_after(len);
        (low, high) = (low.min(len), high.max(len));
    }
    let left = match tear.chance.below(4) {
        0 => durable.len(),
        1 => len,
        _ => low + tear.chance.below((high - low).saturating_add(1)),
    };
    tear.pages.set_len(left);
    Arc::new(tear.pages)
}

/// The content that is left where lengths are as issued and no pending byte arrived.
pub(crate) fn content_behind(
    durable: &Arc<Pages>,
    pending: &[ContentChange],
    chance: &mut SplitMix64,
) -> Arc<Pages> {
    let mut pages = (**durable).clone();
    for change in pending {
        match change {
            ContentChange::Write { offset, bytes } => {
                let end = offset + bytes.len();
                for written in pages.written_parts(*offset..end) {
                    for part in parts(written, SECTOR_BYTES) {
                        if chance.chance(128) && !holds(&pages, bytes, *offset, &part) {
                            pages.zero(part);
                        }
                    }
                }
                pages.set_len(end.max(pages.len()));
            }
            ContentChange::SetLen(bytes) => pages.set_len(*bytes),
        }
    }
    Arc::new(pages)
}

/// True where a write of `bytes` at `offset` leaves `part` as it is: then nothing is ahead there.
fn holds(pages: &Pages, bytes: &Bytes, offset: u64, part: &Range<u64>) -> bool {
    let mut there = [0; SECTOR_BYTES as usize];
    let there = there
        .get_mut(..(part.end - part.start) as usize)
        .unwrap_or_default();
    pages.read_at(there, part.start);
    match bytes {
        Bytes::Zeros(_) => there.iter().all(|byte| *byte == 0),
        Bytes::Data(bytes) => {
            let start = (part.start - offset) as usize;
            bytes.get(start..start + there.len()) == Some(&*there)
        }
    }
}
