//! Reading one record by its key, as of now or of a snapshot.
//!
//! Any thread, no lock, no allocation: the view and the sequence number are loaded, and `read`
//! walks the sources. What a read does not do is wait: not for writers, not for table work.

use super::core::Core;
use super::lsm::Engine;
use super::pinned_bytes::PinnedBytes;
use super::read;
use super::snapshot::Snapshot;
use super::trace::{self, Traced};
use crate::error::Result;
use crate::sync::Ordering;

impl Engine {
    /// The value of `key`, in place; `None` where there is none or it has expired.
    ///
    /// Takes no lock and copies nothing.
    ///
    /// # Errors
    /// `Corruption` or `Io` where a table cannot be read, `Closed`.
    pub fn get(&self, key: &[u8]) -> Result<Option<PinnedBytes>> {
        let core = self.core();
        core.check_open()?;
        let traced = trace::get(key.len());
        // The view comes first: a version that a later view's compaction drops is still in it.
        let view = core.view.load();
        let sequence = core.visible.load(Ordering::Acquire);
        let found = read::find(&view, key, sequence)?.filter(|found| self.is_live(found));
        note_get(core, &traced, found.is_some());
        Ok(found.and_then(read::Found::pin))
    }

    /// Calls `look` with the value of `key`, borrowed in place, and answers what it answers.
    ///
    /// The cheapest read there is: nothing is copied, counted or allocated.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_with<R>(&self, key: &[u8], look: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        let core = self.core();
        core.check_open()?;
        let traced = trace::get(key.len());
        let view = core.view.load();
        let sequence = core.visible.load(Ordering::Acquire);
        let found = read::find(&view, key, sequence)?.filter(|found| self.is_live(found));
        note_get(core, &traced, found.is_some());
        Ok(found.map(|found| look(found.value())))
    }

    /// Only a record that can expire is worth a look at the clock.
    fn is_live(&self, found: &read::Found<'_>) -> bool {
        found.meta().is_some_and(|meta| {
            meta.is_live(if meta.expiry_ms == 0 {
                0
            } else {
                self.core().clock.now_ms()
            })
        })
    }

    /// As [`get_with`](Self::get_with) in a snapshot, or now where that is `None`, giving the
    /// value's expiry and a sequence number: the answer holds where nobody writes `key` after it.
    pub(crate) fn look_up<R>(
        &self,
        key: &[u8],
        snapshot: Option<&Snapshot>,
        look: impl FnOnce(&[u8], u64) -> R,
    ) -> Result<(Option<R>, u64)> {
        let core = self.core();
        core.check_open()?;
        let traced = trace::get(key.len());
        // A view may lack the last commits of the point that is read after it: they can be in a
        // memtable that came after the view. It lacks none of those visible before it.
        let sequence_seen = core.visible.load(Ordering::Acquire);
        let view = core.view.load();
        let (point, sequence_seen) = match snapshot {
            Some(snapshot) => {
                let point = self.checked_point(snapshot)?;
                (point, point.sequence)
            }
            None => (self.point_now(), sequence_seen),
        };
        let found = read::find(&view, key, point.sequence)?;
        let answer = found.and_then(|found| {
            let meta = found.live_meta(point.time_ms)?;
            Some(look(found.value(), meta.expiry_ms))
        });
        note_get(core, &traced, answer.is_some());
        Ok((answer, sequence_seen))
    }

    /// The value of `key` as `snapshot` sees it.
    ///
    /// # Errors
    /// As [`get`](Self::get); `InvalidInput` where the snapshot is of another engine.
    pub fn get_at(&self, snapshot: &Snapshot, key: &[u8]) -> Result<Option<PinnedBytes>> {
        let core = self.core();
        core.check_open()?;
        let traced = trace::get(key.len());
        let point = self.checked_point(snapshot)?;
        let view = core.view.load();
        let found = read::find(&view, key, point.sequence)?;
        let found = found.filter(|found| found.live_meta(point.time_ms).is_some());
        note_get(core, &traced, found.is_some());
        Ok(found.and_then(read::Found::pin))
    }
}

/// Counts a get and tells its span what it found.
#[inline]
fn note_get(core: &Core, traced: &Traced, found: bool) {
    core.gets.note(found);
    traced.record("found", found.into());
}
