//! A walk over the records that a reader sees, both ways, within bounds.
//!
//! Over the merge of all sources it shows, of each key, the newest version that its commit point
//! covers, and only where that is a live put (not deleted, not range-deleted, not expired at the
//! cursor's time). It holds its view of the database, so writes and compactions neither change
//! nor disturb it, and it keeps files and memtables alive until it is dropped.
//!
//! - U1: an error ends the walk for good; every later call answers with the same error.

use super::key_range::KeyRange;
use super::merge_cursor::MergeCursor;
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use super::snapshots::CommitPoint;
use super::source::{RunCursor, Source};
use super::stretch::Stretch;
use crate::error::{Error, Result};
use crate::format::entry::{EntryMeta, SEQUENCE_MAX};
use crate::format::range_tombstones::RangeTombstones;
use crate::manifest::version::LEVELS;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::fmt;

/// Values up to this size are copied on the way back rather than pinned.
const COPY_BYTES_MAX: usize = 1 << 10;

// A stretch is as large as it is so that no step allocates.
#[allow(clippy::large_enum_variant)]
enum Standing {
    Nowhere,
    /// On the merge's entry, going forward.
    OnMerge,
    /// On `key` and `value`, with the merge before them, going backward.
    Held,
    /// Where the stretch stands, which the merge has lent.
    InBlock(Stretch),
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

/// What of `view` may hold keys of `range`.
fn sources_of(view: &Arc<ReadView>, range: &KeyRange) -> Result<Vec<Source>> {
    let (lower, upper) = (&*range.lower, range.upper.as_deref());
    let reaches = |first: &[u8], last: &[u8]| lower <= last && upper.is_none_or(|u| first < u);
    let memtables = view.memtables().filter(|m| !m.is_empty());
    let newest = view.levels.level(0).iter();
    let newest = newest.filter(|live| reaches(live.key_first(), live.key_last()));
    let runs: [_; LEVELS - 1] = std::array::from_fn(|i| view.levels.within(i + 1, lower, upper));
    let runs = (1..).zip(runs).filter(|(_, tables)| !tables.is_empty());
    // Counted first: a walk of a few records should not allocate more than once.
    let count = memtables.clone().count() + newest.clone().count() + runs.clone().count();
    let mut sources = Vec::with_capacity(count);
    sources.extend(memtables.map(|memtable| Source::Memtable(memtable.cursor())));
    for live in newest {
        sources.push(Source::Table(live.table()?.cursor()));
    }
    for (level, tables) in runs {
        let run = RunCursor::of_level(Arc::clone(view), level, tables);
        sources.push(Source::Run(run));
    }
    Ok(sources)
}

impl Cursor {
    /// A cursor over the records of `range` that `point` sees in `view`.
    pub(crate) fn new(view: Arc<ReadView>, point: CommitPoint, range: KeyRange) -> Result<Self> {
        let sources = sources_of(&view, &range)?;
        let (lower, upper) = (&*range.lower, range.upper.as_deref());
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
    #[inline]
    pub fn next(&mut self) -> Result<()> {
        if let Standing::InBlock(stretch) = &mut self.standing
            && stretch.next(self.point)
        {
            return Ok(());
        }
        self.next_on_merge()
    }

    fn next_on_merge(&mut self) -> Result<()> {
        self.run(|it| {
            it.rejoin()?;
            match it.standing {
                Standing::OnMerge => {
                    it.keep_key();
                    it.merge.next()?;
                    it.settle_forward(true)
                }
                Standing::Held => {
                    it.key.push(0); // the next key there can be
                    it.merge.seek(&it.key, SEQUENCE_MAX)?;
                    it.settle_forward(false)
                }
                Standing::Nowhere | Standing::InBlock(_) => Ok(()),
            }
        })
    }

    /// Goes back to the record before; nowhere before the first.
    ///
    /// # Errors
    /// As [`seek_to_first`](Self::seek_to_first).
    #[inline]
    pub fn prev(&mut self) -> Result<()> {
        if let Standing::InBlock(stretch) = &mut self.standing
            && stretch.prev()
        {
            return Ok(());
        }
        self.prev_on_merge()
    }

    fn prev_on_merge(&mut self) -> Result<()> {
        self.run(|it| {
            it.rejoin()?;
            match it.standing {
                Standing::OnMerge => {
                    it.keep_key();
                    it.merge.seek_before(&it.key)?;
                    it.settle_backward()
                }
                Standing::Held => it.settle_backward(),
                Standing::Nowhere | Standing::InBlock(_) => Ok(()),
            }
        })
    }

    /// Gives a stretch back to the merge, and stands as if there had been none.
    fn rejoin(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.standing, Standing::Nowhere) {
            Standing::InBlock(stretch) if stretch.is_backward() => {
                self.key.clear();
                self.key.extend_from_slice(stretch.walk().key());
                self.standing = Standing::Held;
                self.merge.take_back(stretch);
                self.merge.prev()
            }
            Standing::InBlock(stretch) => {
                self.merge.take_back(stretch);
                self.standing = Standing::OnMerge;
                Ok(())
            }
            standing => {
                self.standing = standing;
                Ok(())
            }
        }
    }

    /// True where the cursor stands on a record.
    #[must_use]
    #[inline]
    pub fn valid(&self) -> bool {
        !matches!(self.standing, Standing::Nowhere)
    }

    /// The key of the record; empty where there is none.
    #[must_use]
    #[inline]
    pub fn key(&self) -> &[u8] {
        match &self.standing {
            Standing::InBlock(stretch) => stretch.walk().key(),
            _ => self.key_elsewhere(),
        }
    }

    /// The value of the record, in place; empty where there is none.
    #[must_use]
    #[inline]
    pub fn value(&self) -> &[u8] {
        match &self.standing {
            Standing::InBlock(stretch) => stretch.walk().value(),
            _ => self.value_elsewhere(),
        }
    }

    fn key_elsewhere(&self) -> &[u8] {
        match &self.standing {
            Standing::OnMerge => self.merge.key(),
            Standing::Held => &self.key,
            Standing::Nowhere | Standing::InBlock(_) => &[],
        }
    }

    fn value_elsewhere(&self) -> &[u8] {
        match (&self.standing, &self.value) {
            (Standing::OnMerge, _) => self.merge.value(),
            (Standing::Held, HeldValue::Copied(value)) => value,
            (Standing::Held, HeldValue::Pinned(value)) => value,
            (Standing::Nowhere | Standing::InBlock(_), _) => &[],
        }
    }

    /// When the record stops existing, in ms since the epoch; 0 for never.
    #[must_use]
    pub fn expiry_ms(&self) -> u64 {
        match &self.standing {
            Standing::InBlock(stretch) => stretch.walk().meta().expiry_ms,
            _ => self.meta.map_or(0, |meta| meta.expiry_ms),
        }
    }

    fn seek_forward(&mut self, key: &[u8]) -> Result<()> {
        self.run(|it| {
            it.merge.seek(key, SEQUENCE_MAX)?;
            it.settle_forward(false)
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

    /// From the merge's entry forward to the first one to show. `leaving`: what is left of the key
    /// in `key` is passed over.
    fn settle_forward(&mut self, mut leaving: bool) -> Result<()> {
        self.standing = Standing::Nowhere;
        while let Some((key, meta, _)) = self.merge.entry() {
            leaving = leaving && key == self.key;
            if leaving || meta.sequence > self.point.sequence {
                self.merge.next()?;
                continue;
            }
            if !self.range.reaches_up_to(key) {
                return Ok(());
            }
            if self.shows(key, meta) {
                self.meta = Some(meta);
                let stretch = match self.tombstones.is_empty() {
                    true => self.merge.lend_forward(self.range.upper.as_deref()),
                    false => None,
                };
                self.standing = stretch.map_or(Standing::OnMerge, Standing::InBlock);
                return Ok(());
            }
            self.keep_key();
            leaving = true;
            self.merge.next()?;
        }
        Ok(())
    }

    /// From the merge's entry backward to the first one to show, which is then held.
    fn settle_backward(&mut self) -> Result<()> {
        self.standing = Standing::Nowhere;
        while self.merge.valid() && self.range.reaches_down_to(self.merge.key()) {
            if let Some(stretch) = self.backward_stretch() {
                self.standing = Standing::InBlock(stretch);
                return Ok(());
            }
            self.keep_key();
            let mut newest = None;
            // Going back, the versions of a key come oldest first.
            while let Some((key, meta, _)) = self.merge.entry()
                && key == self.key
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

    /// The stretch that goes backward from the merge's entry, where it is one and all to be shown.
    fn backward_stretch(&mut self) -> Option<Stretch> {
        let (_, meta, _) = self.merge.entry()?;
        match self.tombstones.is_empty() && self.point.sees(meta) {
            true => self.merge.lend_backward(&self.range.lower),
            false => None,
        }
    }

    /// Copies the key of the merge's entry.
    fn keep_key(&mut self) {
        self.key.clear();
        self.key.extend_from_slice(self.merge.key());
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
        match (&self.standing, &self.value) {
            (Standing::Nowhere, _) => None,
            (Standing::InBlock(stretch), _) => {
                Some(PinnedBytes::in_block(stretch.walk().pinned_value()))
            }
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
