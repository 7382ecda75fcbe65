//! A walk over the records that a reader sees, both ways, within bounds.
//!
//! Over the merge of all sources it shows, of each key, the newest version that its commit point
//! covers, and only where that is a live put (not deleted, not range-deleted, not expired at the
//! cursor's time). It holds its view of the database, so writes and compactions neither change
//! nor disturb it, and it keeps files and memtables alive until it is dropped.
//!
//! - U1: an error ends the walk for good; every later call answers with the same error.

use super::merge_cursor::MergeCursor;
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use super::snapshots::CommitPoint;
use super::source::{RunCursor, Source};
use crate::error::{Error, Result};
use crate::format::entry::{EntryMeta, SEQUENCE_MAX};
use crate::format::range_tombstones::RangeTombstones;
use crate::format::successor::successor;
use crate::manifest::version::LEVELS;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// Values up to this size are copied on the way back rather than pinned.
const COPY_BYTES_MAX: usize = 1 << 10;

/// Keys from `lower` on, up to and without `upper`.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyRange {
    pub(crate) lower: Box<[u8]>,
    pub(crate) upper: Option<Box<[u8]>>,
}

impl KeyRange {
    /// The keys within `range`.
    pub(crate) fn new<B: AsRef<[u8]>>(range: &impl RangeBounds<B>) -> Self {
        // The next key after k in the order of bytes is k followed by a zero.
        let after = |key: &[u8]| [key, &[0]].concat().into_boxed_slice();
        let lower = match range.start_bound() {
            Bound::Included(key) => key.as_ref().into(),
            Bound::Excluded(key) => after(key.as_ref()),
            Bound::Unbounded => Box::default(),
        };
        let upper = match range.end_bound() {
            Bound::Included(key) => Some(after(key.as_ref())),
            Bound::Excluded(key) => Some(key.as_ref().into()),
            Bound::Unbounded => None,
        };
        Self { lower, upper }
    }

    /// True where `key` is not below the range. An open end costs no comparison: one with nothing
    /// is dear on processors that mask their loads.
    #[inline]
    fn reaches_down_to(&self, key: &[u8]) -> bool {
        self.lower.is_empty() || key >= &*self.lower
    }

    /// The keys that begin with `prefix`.
    pub(crate) fn prefix(prefix: &[u8]) -> Self {
        Self {
            lower: prefix.into(),
            upper: successor(prefix).map(Into::into),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Nowhere,
    /// On the merge's entry, going forward.
    OnMerge,
    /// On `key` and `value`, with the merge before them, going backward.
    Held,
}

#[derive(Debug)]
enum HeldValue {
    Copied(Vec<u8>),
    Pinned(PinnedBytes),
}

/// A position among the records of a range, as of one commit point.
///
/// It starts nowhere: place it with [`seek_to_first`](Self::seek_to_first),
/// [`seek_to_last`](Self::seek_to_last) or [`seek`](Self::seek), look with [`key`](Self::key) and
/// [`value`](Self::value) while [`valid`](Self::valid), and walk with [`next`](Self::next) and
/// [`prev`](Self::prev). After an error it stands nowhere, and every call gives that error again.
pub struct Cursor {
    merge: MergeCursor,
    tombstones: Vec<Arc<RangeTombstones>>,
    point: CommitPoint,
    range: KeyRange,
    standing: Standing,
    key: Vec<u8>,
    value: HeldValue,
    meta: Option<EntryMeta>,
    failure: Option<Error>,
    /// Keeps tables and memtables alive.
    _view: Arc<ReadView>,
}

impl Cursor {
    /// A cursor over the records of `range` that `point` sees in `view`.
    pub(crate) fn new(view: Arc<ReadView>, point: CommitPoint, range: KeyRange) -> Result<Self> {
        let (lower, upper) = (&*range.lower, range.upper.as_deref());
        let mut sources = Vec::new();
        for memtable in view.memtables().filter(|m| !m.is_empty()) {
            sources.push(Source::Memtable(memtable.cursor()));
        }
        let reaches = |first: &[u8], last: &[u8]| lower <= last && upper.is_none_or(|u| first < u);
        for live in view.levels.level(0) {
            if reaches(live.key_first(), live.key_last()) {
                sources.push(Source::Table(Box::new(live.table()?.cursor())));
            }
        }
        for level in 1..LEVELS {
            let run = view.levels.within(level, lower, upper);
            if !run.is_empty() {
                let run = RunCursor::of_level(Arc::clone(&view), level, run);
                sources.push(Source::Run(run));
            }
        }
        let tombstones = view.range_tombstones(lower, upper)?;
        Ok(Self {
            merge: MergeCursor::new(sources),
            tombstones,
            point,
            range,
            standing: Standing::Nowhere,
            key: Vec::new(),
            value: HeldValue::Copied(Vec::new()),
            meta: None,
            failure: None,
            _view: view,
        })
    }

    /// Goes to the first record of the range.
    ///
    /// # Errors
    /// Where a table cannot be read; the cursor is then of no further use.
    pub fn seek_to_first(&mut self) -> Result<()> {
        let lower = std::mem::take(&mut self.range.lower);
        let result = self.seek_forward(&lower);
        self.range.lower = lower;
        result
    }

    /// Goes to the last record of the range.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    pub fn seek_to_last(&mut self) -> Result<()> {
        self.run(|it| {
            match &it.range.upper {
                Some(upper) => it.merge.seek_before(upper)?,
                None => it.merge.seek_to_last()?,
            }
            it.settle_backward()
        })
    }

    /// Goes to the first record of the range at or after `key`.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    pub fn seek(&mut self, key: &[u8]) -> Result<()> {
        if key < &*self.range.lower {
            self.seek_to_first()
        } else {
            self.seek_forward(key)
        }
    }

    /// Goes to the last record of the range before `key`.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    pub fn seek_before(&mut self, key: &[u8]) -> Result<()> {
        if self.range.upper.as_deref().is_some_and(|upper| upper < key) {
            return self.seek_to_last();
        }
        self.run(|it| {
            it.merge.seek_before(key)?;
            it.settle_backward()
        })
    }

    /// Goes on to the next record; nowhere after the last.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<()> {
        self.run(|it| match it.standing {
            Standing::Nowhere => Ok(()),
            Standing::OnMerge => {
                if !it.merge.next_of_other_key()? {
                    it.leave_key()?;
                }
                it.settle_forward()
            }
            Standing::Held => {
                it.key.push(0); // the next key there can be
                it.merge.seek(&it.key, SEQUENCE_MAX)?;
                it.settle_forward()
            }
        })
    }

    /// Goes back to the record before; nowhere before the first.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    pub fn prev(&mut self) -> Result<()> {
        self.run(|it| match it.standing {
            Standing::Nowhere => Ok(()),
            Standing::OnMerge => {
                it.key.clear();
                it.key.extend_from_slice(it.merge.key());
                it.merge.seek_before(&it.key)?;
                it.settle_backward()
            }
            Standing::Held => it.settle_backward(),
        })
    }

    /// True where the cursor stands on a record.
    #[must_use]
    #[inline]
    pub fn valid(&self) -> bool {
        self.standing != Standing::Nowhere
    }

    /// The key of the record; empty where there is none.
    #[must_use]
    #[inline]
    pub fn key(&self) -> &[u8] {
        match self.standing {
            Standing::Nowhere => &[],
            Standing::OnMerge => self.merge.key(),
            Standing::Held => &self.key,
        }
    }

    /// The value of the record, in place; empty where there is none.
    #[must_use]
    #[inline]
    pub fn value(&self) -> &[u8] {
        match (self.standing, &self.value) {
            (Standing::Nowhere, _) => &[],
            (Standing::OnMerge, _) => self.merge.value(),
            (Standing::Held, HeldValue::Copied(value)) => value,
            (Standing::Held, HeldValue::Pinned(value)) => value,
        }
    }

    /// When the record stops existing, in ms since the epoch; 0 for never.
    #[must_use]
    pub fn expiry_ms(&self) -> u64 {
        self.meta.map_or(0, |meta| meta.expiry_ms)
    }

    fn seek_forward(&mut self, key: &[u8]) -> Result<()> {
        self.run(|it| {
            it.merge.seek(key, SEQUENCE_MAX)?;
            it.settle_forward()
        })
    }

    /// Runs one move; an error ends the walk (U1).
    #[inline]
    fn run(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.copied());
        }
        let result = step(self);
        if let Err(error) = &result {
            self.standing = Standing::Nowhere;
            self.failure = (!planted(Mistake::ErrorForgotten)).then(|| error.copied());
        }
        result
    }

    /// From the merge's entry forward to the first one to show.
    #[inline]
    fn settle_forward(&mut self) -> Result<()> {
        self.standing = Standing::Nowhere;
        while let Some(meta) = self.merge.meta() {
            let key = self.merge.key();
            if self
                .range
                .upper
                .as_deref()
                .is_some_and(|upper| key >= upper)
            {
                return Ok(());
            }
            if meta.sequence > self.point.sequence {
                self.merge.next()?;
                continue;
            }
            if self.shows(key, meta) {
                self.meta = Some(meta);
                self.standing = Standing::OnMerge;
                return Ok(());
            }
            self.leave_key()?;
        }
        Ok(())
    }

    /// Moves the merge past all versions of the key it stands on.
    #[inline]
    fn leave_key(&mut self) -> Result<()> {
        self.key.clear();
        self.key.extend_from_slice(self.merge.key());
        loop {
            self.merge.next()?;
            if !self.merge.valid() || self.merge.key() != self.key {
                return Ok(());
            }
        }
    }

    /// From the merge's entry backward to the first one to show, which is then held.
    fn settle_backward(&mut self) -> Result<()> {
        self.standing = Standing::Nowhere;
        while self.merge.valid() && self.range.reaches_down_to(self.merge.key()) {
            self.key.clear();
            self.key.extend_from_slice(self.merge.key());
            let mut newest = None;
            // Going back, the versions of a key come oldest first.
            while let Some(meta) = self.merge.meta()
                && self.merge.key() == self.key
            {
                if meta.sequence <= self.point.sequence {
                    newest = Some(meta);
                    self.hold_value();
                }
                self.merge.prev()?;
            }
            if let Some(meta) = newest
                && self.shows(&self.key, meta)
            {
                self.meta = Some(meta);
                self.standing = Standing::Held;
                return Ok(());
            }
        }
        Ok(())
    }

    fn hold_value(&mut self) {
        let value = self.merge.value();
        if value.len() > COPY_BYTES_MAX
            && let Some(pinned) = self.merge.pinned_value()
        {
            self.value = HeldValue::Pinned(pinned);
        } else if let HeldValue::Copied(copy) = &mut self.value {
            copy.clear();
            copy.extend_from_slice(value);
        } else {
            self.value = HeldValue::Copied(value.to_vec());
        }
    }

    #[inline]
    fn shows(&self, key: &[u8], meta: EntryMeta) -> bool {
        meta.is_live(self.point.time_ms)
            && !self.tombstones.iter().any(|set| {
                set.covering(key, self.point.sequence)
                    .is_some_and(|at| at > meta.sequence)
            })
    }

    /// The value of the record, pinned; `None` where there is none.
    #[must_use]
    pub fn pinned_value(&self) -> Option<PinnedBytes> {
        match (self.standing, &self.value) {
            (Standing::Nowhere, _) => None,
            (Standing::OnMerge, _) => self.merge.pinned_value(),
            (Standing::Held, HeldValue::Copied(value)) => Some(PinnedBytes::copied(value)),
            (Standing::Held, HeldValue::Pinned(value)) => Some(value.clone()),
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("range", &self.range)
            .field("point", &self.point)
            .field("valid", &self.valid())
            .finish_non_exhaustive()
    }
}
