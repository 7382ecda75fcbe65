//! The records of a range as an iterator, from both ends.

use super::cursor::{Cursor, KeyRange};
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use super::snapshots::CommitPoint;
use crate::error::Result;
use crate::sync::Arc;

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
