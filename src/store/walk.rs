//! The walk that queries share: bounds, direction, limit, page cursor, and the engine's cursor.
//!
//! It opens its cursor at its first step and reads one commit point from then on. An error of the
//! engine is its last item. It knows keys and values as bytes alone.

use super::page::PageCursor;
use super::raw_store::RawStore;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use std::fmt;

/// The items of a page whose query has no limit.
const PAGE_ITEMS_DEFAULT: usize = 50;

/// A walk over a range of a keyspace.
pub(crate) struct Walk {
    pub(crate) range: ByteRange,
    reversed: bool,
    limit: Option<usize>,
    after: Option<PageCursor>,
    progress: Progress,
}

/// How far a walk has come.
enum Progress {
    New,
    At(Box<Cursor>),
    Done,
}

impl Walk {
    /// A walk over `range`, keys rising.
    pub(crate) fn new(range: ByteRange) -> Self {
        let (reversed, limit, after, progress) = (false, None, None, Progress::New);
        Self {
            range,
            reversed,
            limit,
            after,
            progress,
        }
    }

    /// Turns the direction round.
    pub(crate) fn reverse(&mut self) {
        self.reversed = !self.reversed;
    }

    /// At most so many items; of two limits the smaller one counts.
    pub(crate) fn limit(&mut self, items: usize) {
        self.limit = Some(self.limit.map_or(items, |limit| limit.min(items)));
    }

    /// Only what lies behind the place of `cursor`.
    pub(crate) fn after(&mut self, cursor: &PageCursor) {
        self.after = Some(cursor.clone());
    }

    /// Takes a step and calls `look` with the cursor standing on an entry of `raw`.
    pub(crate) fn step<R>(
        &mut self,
        (raw, snapshot): (&RawStore, Option<&Snapshot>),
        look: impl FnOnce(&Cursor) -> R,
    ) -> Option<Result<R>> {
        if self.limit == Some(0) {
            self.progress = Progress::Done;
        }
        let moved = match &mut self.progress {
            Progress::Done => return None,
            Progress::New => self.start(raw, snapshot),
            Progress::At(cursor) if self.reversed => cursor.prev(),
            Progress::At(cursor) => cursor.next(),
        };
        if let Err(error) = moved {
            self.end();
            return Some(Err(error));
        }
        match &self.progress {
            Progress::At(cursor) if cursor.valid() => {
                self.limit = self.limit.map(|limit| limit - 1);
                Some(Ok(look(cursor)))
            }
            _ => {
                self.end();
                None
            }
        }
    }

    /// A walk that takes no step.
    pub(crate) fn ended() -> Self {
        let mut it = Self::new(ByteRange::empty());
        it.end();
        it
    }

    /// True where it takes no further step.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.progress, Progress::Done)
    }

    /// Takes no further step.
    pub(crate) fn end(&mut self) {
        self.progress = Progress::Done;
    }

    fn start(&mut self, raw: &RawStore, snapshot: Option<&Snapshot>) -> Result<()> {
        let mut cursor = raw.cursor(snapshot, &self.range)?;
        match (&self.after, self.reversed) {
            (None, false) => cursor.seek_to_first()?,
            (None, true) => cursor.seek_to_last()?,
            (Some(after), reversed) => {
                let key = after.key_of(self.fingerprint(raw))?;
                if reversed {
                    cursor.seek_before(key)?;
                } else {
                    cursor.seek(&[key, &[0]].concat())?;
                }
            }
        }
        self.progress = Progress::At(Box::new(cursor));
        Ok(())
    }

    /// How many entries there are.
    pub(crate) fn count(mut self, source: (&RawStore, Option<&Snapshot>)) -> Result<u64> {
        let mut count = 0;
        while let Some(step) = self.step(source, |_| ()) {
            step?;
            count += 1;
        }
        Ok(count)
    }

    /// The items up to the limit (50 without one), each read by `read`, and the cursor to go on
    /// from where there are more.
    pub(crate) fn page<T>(
        mut self,
        source: (&RawStore, Option<&Snapshot>),
        mut read: impl FnMut(&Cursor) -> Result<T>,
    ) -> Result<(Vec<T>, Option<PageCursor>)> {
        let limit = self.limit.unwrap_or(PAGE_ITEMS_DEFAULT);
        if limit == 0 {
            // Nothing was passed, so the next page is where this one was.
            return Ok((Vec::new(), self.after));
        }
        // One more than asked for, to know whether there is more.
        self.limit = Some(limit.saturating_add(1));
        let (mut items, mut last_key) = (Vec::new(), Vec::new());
        loop {
            let is_more = items.len() == limit;
            let step = self.step(source, |cursor| {
                // What is only there to tell that there is more is not read.
                let item = (!is_more).then(|| read(cursor)).transpose();
                (item, cursor.key().to_vec())
            });
            let Some(step) = step else {
                return Ok((items, None));
            };
            let (item, key) = step?;
            let Some(item) = item? else {
                let next = PageCursor::new(self.fingerprint(source.0), &last_key);
                return Ok((items, Some(next)));
            };
            items.push(item);
            last_key = key;
        }
    }

    /// What a page cursor is bound to: the keyspace, the range and the direction.
    fn fingerprint(&self, raw: &RawStore) -> u64 {
        let (lower, upper) = raw.bounds(&self.range);
        PageCursor::fingerprint(&lower, &upper, self.reversed)
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("range", &self.range)
            .field("reversed", &self.reversed)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
