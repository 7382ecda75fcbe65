//! One moment of an engine that a reader holds by its view, without a place in the list of
//! snapshots.
//!
//! It sees what was committed when it was taken, and batches whole. Its view keeps memtables and
//! tables alive, so it costs two atomic loads and no word to compaction; it is meant for one
//! operation, or for a database that has stopped writing. Any thread may read through it.

use super::cursor::Cursor;
use super::key_range::KeyRange;
use super::lsm::Engine;
use super::read;
use super::read_view::ReadView;
use super::snapshots::CommitPoint;
use crate::error::Result;
use crate::sync::Arc;

/// What was committed at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    view: Arc<ReadView>,
    point: CommitPoint,
}

impl Engine {
    /// The moment now.
    ///
    /// # Errors
    /// `Closed`.
    pub(crate) fn moment(&self) -> Result<Moment> {
        let core = self.core();
        core.check_open()?;
        // The view comes first: a version that a later view's compaction drops is still in it.
        let view = core.view.load_full();
        let point = self.point_now();
        Ok(Moment { view, point })
    }
}

impl Moment {
    /// Calls `look` with the value of `key` and its expiry in ms (0 for never), where one was
    /// there, and was live at `now_ms` still.
    ///
    /// # Errors
    /// `Corruption` or `Io` where a table cannot be read.
    pub(crate) fn look_up<R>(
        &self,
        key: &[u8],
        now_ms: u64,
        look: impl FnOnce(&[u8], u64) -> R,
    ) -> Result<Option<R>> {
        let found = read::find(&self.view, key, self.point.sequence)?;
        Ok(found.and_then(|found| {
            let meta = found.live_meta(now_ms)?;
            Some(look(found.value(), meta.expiry_ms))
        }))
    }

    /// A cursor over the records of `range` that were there, and are live at `now_ms` still.
    ///
    /// # Errors
    /// `Corruption` or `Io` where a table cannot be opened.
    pub(crate) fn cursor(&self, range: KeyRange, now_ms: u64) -> Result<Cursor> {
        let point = CommitPoint {
            sequence: self.point.sequence,
            time_ms: now_ms.max(self.point.time_ms),
        };
        Cursor::new(Arc::clone(&self.view), point, range)
    }
}
