//! A walk over the records of one or several engines, in the order of their keys.
//!
//! Each engine is walked by a cursor of its own, of a moment that the caller took; the walk gives
//! the least of the keys they stand on, or going backward the greatest. It holds one block for
//! each table it stands in, however long the walk is. No key is in two of the engines. One thread
//! owns a walk.

use super::page::Direction;
use super::stored::Pair;
use crate::engine::cursor::Cursor;
use crate::error::Result;

/// Pairs of several cursors as one sorted sequence.
#[derive(Debug)]
pub(crate) struct Walk {
    cursors: Vec<Cursor>,
    direction: Direction,
    /// Bytes before each key that are not the caller's.
    lead_bytes: usize,
    keys_only: bool,
    started: bool,
    /// The cursor whose record was given last: it has to move on first.
    given: Option<usize>,
    failed: bool,
}

impl Walk {
    /// A walk over `cursors`, which stand nowhere yet.
    pub(crate) fn new(cursors: Vec<Cursor>, direction: Direction, lead_bytes: usize) -> Self {
        Self {
            cursors,
            direction,
            lead_bytes,
            keys_only: false,
            started: false,
            given: None,
            failed: false,
        }
    }

    /// The same with empty values, which are then not copied.
    pub(crate) fn keys_only(mut self, keys_only: bool) -> Self {
        self.keys_only = keys_only;
        self
    }

    /// How many records there are.
    pub(crate) fn count(mut self) -> Result<u64> {
        let mut count = 0;
        // The order does not matter here, so no keys are compared.
        for cursor in &mut self.cursors {
            cursor.seek_to_first()?;
            while cursor.valid() {
                count += 1;
                cursor.next()?;
            }
        }
        Ok(count)
    }

    fn step(&mut self) -> Result<Option<Pair>> {
        if !self.started {
            self.started = true;
            for cursor in &mut self.cursors {
                match self.direction {
                    Direction::Forward => cursor.seek_to_first()?,
                    Direction::Backward => cursor.seek_to_last()?,
                }
            }
        } else if let Some(cursor) = self.given.and_then(|at| self.cursors.get_mut(at)) {
            match self.direction {
                Direction::Forward => cursor.next()?,
                Direction::Backward => cursor.prev()?,
            }
        }
        let standing = self.cursors.iter().enumerate();
        let standing = standing.filter(|(_, cursor)| cursor.valid());
        let next = match self.direction {
            Direction::Forward => standing.min_by(|(_, a), (_, b)| a.key().cmp(b.key())),
            Direction::Backward => standing.max_by(|(_, a), (_, b)| a.key().cmp(b.key())),
        };
        self.given = next.map(|(at, _)| at);
        Ok(next.map(|(_, cursor)| {
            let key = cursor.key().get(self.lead_bytes..).unwrap_or_default();
            let value = if self.keys_only { &[] } else { cursor.value() };
            (key.to_vec(), value.to_vec())
        }))
    }
}

impl Iterator for Walk {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || (self.started && self.given.is_none()) {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}

impl std::iter::FusedIterator for Walk {}
