//! The records of a range as an iterator, from both ends.

use super::cursor::Cursor;
use super::key_range::KeyRange;
use super::lsm::Engine;
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use super::snapshot::Snapshot;
use super::snapshots::CommitPoint;
use super::trace;
use crate::error::Result;
use crate::sync::Arc;
use std::ops::RangeBounds;

/// The records of a range, as of one commit point: pairs of key and value.
///
/// Goes forward, or backward with [`rev`](Iterator::rev); a walk from both ends meets in the
/// middle. An error is the last item.
#[derive(Debug)]
pub struct Scan {
    view: Arc<ReadView>,
    point: CommitPoint,
    range: KeyRange,
    front: Option<Cursor>,
    back: Option<Cursor>,
    finished: bool,
}

impl Engine {
    /// The records of `range` as an iterator, forward or with `rev` backward, as of now.
    ///
    /// What it keeps until it is dropped, beyond what the engine would: the memtables that were
    /// current when it was made, which is [`memtables_max`] times [`memtable_bytes`] at most; of
    /// blocks one for each table of level 0 and each deeper level, twice where it walks from both
    /// ends; and on disk, all tables that compactions replace meanwhile, but no open file. A value
    /// that it has given out keeps the block or the part of a memtable it lies in.
    /// [`stats`](Self::stats) tells how much that is: `pinned_memtable_bytes`,
    /// `pinned_block_bytes`, `obsolete_table_bytes`. A scan that is open for long is better begun
    /// anew from its last key, at a [`snapshot`](Self::snapshot).
    ///
    /// [`memtables_max`]: crate::engine::EngineOptions::memtables_max
    /// [`memtable_bytes`]: crate::engine::EngineOptions::memtable_bytes
    ///
    /// ```
    /// # use grainstore::engine::{Engine, EngineOptions};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-scan-{}", std::process::id()));
    /// # let engine = Engine::open(&dir, EngineOptions::default())?;
    /// engine.put(b"a", b"1")?;
    /// engine.put(b"b", b"2")?;
    /// let keys: Vec<_> = engine.scan::<&[u8]>(..)?.map(|r| r.map(|(key, _)| key)).collect();
    /// assert_eq!(keys.len(), 2);
    /// # engine.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Closed`; each item of the iterator can be an error of its own.
    pub fn scan<B: AsRef<[u8]>>(&self, range: impl RangeBounds<B>) -> Result<Scan> {
        self.scan_range(None, KeyRange::new(&range))
    }

    /// The records of `range` as `snapshot` sees them.
    ///
    /// # Errors
    /// As [`scan`](Self::scan); `InvalidInput` where the snapshot is of another engine.
    pub fn scan_at<B: AsRef<[u8]>>(
        &self,
        snapshot: &Snapshot,
        range: impl RangeBounds<B>,
    ) -> Result<Scan> {
        self.scan_range(Some(snapshot), KeyRange::new(&range))
    }

    /// The records whose keys begin with `prefix`, as of now.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub fn scan_prefix(&self, prefix: &[u8]) -> Result<Scan> {
        self.scan_range(None, KeyRange::prefix(prefix))
    }

    fn scan_range(&self, snapshot: Option<&Snapshot>, range: KeyRange) -> Result<Scan> {
        let core = self.core();
        core.check_open()?;
        let view = core.view.load_full();
        let point = snapshot.map_or_else(|| Ok(self.point_now()), |s| self.checked_point(s))?;
        Ok(Scan::new(view, point, range))
    }

    /// A cursor over the records of `range`, as of now, standing nowhere yet.
    ///
    /// # Errors
    /// `Corruption` or `Io` where a table cannot be opened, `Closed`.
    pub fn cursor<B: AsRef<[u8]>>(&self, range: impl RangeBounds<B>) -> Result<Cursor> {
        self.cursor_in(None, KeyRange::new(&range))
    }

    /// A cursor over `range` in a snapshot, or now where that is `None`.
    pub(crate) fn cursor_in(&self, snapshot: Option<&Snapshot>, range: KeyRange) -> Result<Cursor> {
        let core = self.core();
        core.check_open()?;
        let view = core.view.load_full();
        let point = snapshot.map_or_else(|| Ok(self.point_now()), |s| self.checked_point(s))?;
        let _traced = trace::cursor();
        Cursor::new(view, point, range)
    }
}

impl Scan {
    pub(crate) fn new(view: Arc<ReadView>, point: CommitPoint, range: KeyRange) -> Self {
        Self {
            view,
            point,
            range,
            front: None,
            back: None,
            finished: false,
        }
    }

    fn cursor(&self) -> Result<Cursor> {
        Cursor::new(Arc::clone(&self.view), self.point, self.range.clone())
    }

    fn step_front(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.front {
            return cursor.next();
        }
        let mut cursor = self.cursor()?;
        cursor.seek_to_first()?;
        self.front = Some(cursor);
        Ok(())
    }

    fn step_back(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.back {
            return cursor.prev();
        }
        let mut cursor = self.cursor()?;
        cursor.seek_to_last()?;
        self.back = Some(cursor);
        Ok(())
    }

    /// True where both ends have been walked and have met.
    fn have_met(&self) -> bool {
        match (&self.front, &self.back) {
            (Some(front), Some(back)) => {
                !front.valid() || !back.valid() || front.key() >= back.key()
            }
            _ => false,
        }
    }

    fn give(&mut self, step: Result<()>, from_front: bool) -> Option<<Self as Iterator>::Item> {
        if let Err(error) = step {
            self.finished = true;
            return Some(Err(error));
        }
        let cursor = if from_front { &self.front } else { &self.back };
        let item = cursor
            .as_ref()
            .and_then(|c| Some((c.key().into(), c.pinned_value()?)));
        let met = self.have_met();
        self.finished |= met || item.is_none();
        if met { None } else { item.map(Ok) }
    }
}

impl Iterator for Scan {
    type Item = Result<(Box<[u8]>, PinnedBytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let step = self.step_front();
        self.give(step, true)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let step = self.step_back();
        self.give(step, false)
    }
}

impl std::iter::FusedIterator for Scan {}
