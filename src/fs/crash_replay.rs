//! Walks the log of a [`CrashDisk`] forward and builds what power loss would leave at each call.
//!
//! Two states go side by side, all that was issued and all that was made durable, with the changes
//! between them; a step costs what its call costs, an image what is pending and one pointer for
//! each file. One thread owns a replay; many may walk the same disk, and calls that are issued
//! meanwhile are seen. An image depends on the log, the call and the kind alone, not on the way
//! there (R1).

use super::crash_disk::CrashDisk;
use super::crash_image::{CrashImage, content_behind, torn_content, torn_names};
use super::disk_state::{Call, ContentChange, DiskState};
use super::name_tree::{NameChange, Slot};
use super::pages::Pages;
use super::split_mix::SplitMix64;
use crate::sync::Arc;
use std::collections::{HashMap, HashSet};

impl CrashDisk {
    /// What a disk may hold when power is lost right after `call` logged calls were issued, the
    /// whole log where it has fewer. For many images of one disk take a [`replay`](Self::replay).
    #[must_use]
    pub fn image(&self, call: usize, kind: CrashImage) -> Self {
        let mut replay = self.replay();
        replay.advance_to(call);
        replay.image(kind)
    }

    /// A walk along the log, from before its first call.
    #[must_use]
    pub fn replay(&self) -> CrashReplay {
        CrashReplay::new(self.clone(), &self.base())
    }
}

/// A walk along the calls of a [`CrashDisk`], to build many images of it.
///
/// ```
/// use grainstore::fs::{CrashDisk, CrashImage, File, FileSystem, OpenMode};
/// use std::path::Path;
///
/// let disk = CrashDisk::new();
/// let file = disk.open(Path::new("/log"), OpenMode::CreateNew)?;
/// disk.sync_dir(Path::new("/"))?;
/// for n in 0..100 {
///     file.write_all_at(&[n], u64::from(n))?;
///     file.sync_data()?;
/// }
/// let mut replay = disk.replay();
/// for call in 2..=disk.calls() {
///     replay.advance_to(call);
///     let after = replay.image(CrashImage::DropUnsynced);
///     assert_eq!(after.read_file(Path::new("/log"))?.len(), (call - 2) / 2);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct CrashReplay {
    disk: CrashDisk,
    position: usize,
    issued: DiskState,
    durable: DiskState,
    names_pending: Vec<NameChange>,
    content_pending: HashMap<u64, Vec<ContentChange>>,
}

impl CrashReplay {
    /// A replay of `disk`, which started as `base`, before its first call.
    pub(crate) fn new(disk: CrashDisk, base: &DiskState) -> Self {
        Self {
            disk,
            position: 0,
            issued: base.clone(),
            durable: base.clone(),
            names_pending: Vec::new(),
            content_pending: HashMap::new(),
        }
    }

    /// The number of calls that have been issued where the replay stands.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Goes to where `call` calls have been issued, or to the end of the log where it has fewer,
    /// and returns the position. Going backwards starts over from the first call.
    pub fn advance_to(&mut self, call: usize) -> usize {
        if call < self.position {
            *self = self.disk.replay();
        }
        let disk = self.disk.clone();
        disk.with_log(|log| {
            let end = call.min(log.len());
            for call in log.get(self.position..end).unwrap_or_default() {
                self.apply(call);
            }
            self.position = end;
        });
        self.position
    }

    /// A new disk that holds what `kind` leaves when power is lost here. It has no history, holds
    /// no locks, and shares no later change with any other disk.
    #[must_use]
    pub fn image(&self, kind: CrashImage) -> CrashDisk {
        let number_next = self.issued.number_next;
        let state = match kind {
            CrashImage::DropUnsynced => {
                DiskState::reachable(&self.durable.names, number_next, |inode| {
                    self.durable.content(inode)
                })
            }
            CrashImage::KeepAll => DiskState::reachable(&self.issued.names, number_next, |inode| {
                self.issued.content(inode)
            }),
            CrashImage::TornSectors { seed } => {
                let mut chance = SplitMix64::new(seed);
                let names = torn_names(&self.durable.names, &self.names_pending, &mut chance);
                DiskState::reachable(&names, number_next, |inode| {
                    self.changed(inode, |durable, pending| {
                        torn_content(durable, pending, &mut chance)
                    })
                })
            }
            CrashImage::MetadataAhead { seed } => {
                let mut chance = SplitMix64::new(seed);
                DiskState::reachable(&self.issued.names, number_next, |inode| {
                    self.changed(inode, |durable, pending| {
                        content_behind(durable, pending, &mut chance)
                    })
                })
            }
        };
        CrashDisk::holding(state)
    }

    /// The durable content of a file, passed through `change` where calls are pending on it.
    fn changed(
        &self,
        inode: u64,
        change: impl FnOnce(&Arc<Pages>, &[ContentChange]) -> Arc<Pages>,
    ) -> Arc<Pages> {
        let durable = self.durable.content(inode);
        match self.content_pending.get(&inode) {
            Some(pending) => change(&durable, pending),
            None => durable,
        }
    }

    fn apply(&mut self, call: &Call) {
        self.issued.apply(call);
        match call {
            Call::Name(change) => self.names_pending.push(change.clone()),
            Call::SyncDir(dir) => self.sync_names(*dir),
            Call::Content(inode, change) => self
                .content_pending
                .entry(*inode)
                .or_default()
                .push(change.clone()),
            Call::Sync(inode) => {
                if self.content_pending.remove(inode).is_some() {
                    let content = self.issued.content(*inode);
                    self.durable.files.insert(*inode, content);
                }
            }
        }
    }

    /// Makes the changes of names in `dir` durable, and of other directories those which they
    /// follow upon: a rename into `dir` cannot be there without the creation before it.
    fn sync_names(&mut self, dir: u64) {
        let mut needed: HashSet<&Slot> = HashSet::new();
        let mut settled = vec![false; self.names_pending.len()];
        for (change, settled) in self.names_pending.iter().zip(&mut settled).rev() {
            if change
                .slots()
                .any(|slot| slot.dir == dir || needed.contains(slot))
            {
                needed.extend(change.slots());
                *settled = true;
            }
        }
        let mut settled = settled.into_iter();
        self.names_pending.retain(|change| {
            let settled = settled.next().unwrap_or(false);
            if settled {
                self.durable.names.apply(change);
            }
            !settled
        });
    }
}
