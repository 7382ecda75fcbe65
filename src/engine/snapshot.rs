//! A commit point that a reader holds.

use super::core::Core;
use super::snapshots::CommitPoint;
use crate::sync::Arc;
use std::fmt;

/// One moment of the database, for as many reads as wanted.
///
/// Every read through it sees the writes committed before it was taken and none after, and nothing
/// in it expires while it is held. Compaction keeps what it sees, so drop it when done.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-snapshot-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let (hp, scores) = (db.store::<String, u32>("hp")?, db.u32_store("scores")?);
/// hp.put("ada", &100)?;
/// scores.put(7, 1)?;
/// let before = db.snapshot();
/// hp.delete("ada")?;
/// scores.put(7, 2)?;
/// assert_eq!(hp.at(&before).get("ada")?, Some(100));
/// assert_eq!(scores.at(&before).get(7)?, Some(1));
/// # drop(before);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct Snapshot {
    core: Arc<Core>,
    point: CommitPoint,
}

impl Snapshot {
    /// Takes a snapshot of what is visible now.
    pub(crate) fn take(core: &Arc<Core>) -> Self {
        let point = core.snapshots.acquire(&core.visible, &core.clock);
        Self {
            core: Arc::clone(core),
            point,
        }
    }

    /// The commit point.
    pub(crate) fn point(&self) -> CommitPoint {
        self.point
    }

    /// True where it belongs to the engine of `core`.
    pub(crate) fn is_of(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.core, core)
    }

    /// The sequence number of the last commit that it sees.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.point.sequence
    }

    /// When it was taken, in ms since the epoch: its time for expiry.
    #[must_use]
    pub fn time_ms(&self) -> u64 {
        self.point.time_ms
    }
}

/// A second holder of the same moment.
impl Clone for Snapshot {
    fn clone(&self) -> Self {
        self.core.snapshots.hold(self.point);
        Self {
            core: Arc::clone(&self.core),
            point: self.point,
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.core.snapshots.release(self.point);
        // What only this snapshot could see may go now.
        self.core.signal_work();
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("point", &self.point)
            .finish_non_exhaustive()
    }
}
