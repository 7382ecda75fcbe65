//! One sorted source of a merge: a memtable, a table, or a level's run of tables.
//!
//! All three walk every version of every key in the order of entries, both ways. They are an enum
//! and not a trait object, so that a step is a jump the processor predicts and not a call through
//! memory.

use super::live_table::LiveTable;
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use crate::error::Result;
use crate::format::entry::EntryMeta;
use crate::memtable::cursor::MemtableCursor;
use crate::sync::Arc;
use crate::table::block_walk::BlockWalk;
use crate::table::cursor::TableCursor;
use std::ops::Range;

/// A sorted source.
pub(crate) enum Source {
    Memtable(MemtableCursor),
    Table(TableCursor),
    Run(RunCursor),
}

macro_rules! each {
    ($self:expr, $cursor:ident => $memtable:expr, $other:expr) => {
        match $self {
            Source::Memtable($cursor) => $memtable,
            Source::Table($cursor) => $other,
            Source::Run($cursor) => $other,
        }
    };
}

impl Source {
    /// Goes to the first entry.
    pub(crate) fn seek_to_first(&mut self) -> Result<()> {
        each!(self, c => { c.seek_to_first(); Ok(()) }, c.seek_to_first())
    }

    /// Goes to the last entry.
    pub(crate) fn seek_to_last(&mut self) -> Result<()> {
        each!(self, c => { c.seek_to_last(); Ok(()) }, c.seek_to_last())
    }

    /// Goes to the first entry at or after `key` at `sequence`.
    pub(crate) fn seek(&mut self, key: &[u8], sequence: u64) -> Result<()> {
        each!(self, c => { c.seek(key, sequence); Ok(()) }, c.seek(key, sequence))
    }

    /// Goes to the last entry whose key is less than `key`.
    pub(crate) fn seek_before(&mut self, key: &[u8]) -> Result<()> {
        each!(self, c => { c.seek_before(key); Ok(()) }, c.seek_before(key))
    }

    /// Goes on to the next entry.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<()> {
        each!(self, c => { c.next(); Ok(()) }, c.next())
    }

    /// Goes back to the entry before.
    #[inline]
    pub(crate) fn prev(&mut self) -> Result<()> {
        each!(self, c => { c.prev(); Ok(()) }, c.prev())
    }

    /// True where the cursor stands on an entry.
    #[inline]
    pub(crate) fn valid(&self) -> bool {
        each!(self, c => c.valid(), c.valid())
    }

    /// The key of the entry.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        each!(self, c => c.key(), c.key())
    }

    /// The walk within the block stood on, where it is a table's.
    #[inline]
    pub(crate) fn walk(&self) -> Option<&BlockWalk> {
        match self {
            Self::Memtable(_) => None,
            Self::Table(c) => c.walk(),
            Self::Run(c) => c.current.as_ref()?.walk(),
        }
    }

    /// Lends that walk, until which comes back it is only to be sought anew.
    #[inline]
    pub(crate) fn lend(&mut self) -> Option<BlockWalk> {
        match self {
            Self::Memtable(_) => None,
            Self::Table(c) => c.lend(),
            Self::Run(c) => c.current.as_mut()?.lend(),
        }
    }

    /// Takes back what was lent, and stands where that stands now.
    #[inline]
    pub(crate) fn take_back(&mut self, walk: BlockWalk) {
        match self {
            Self::Memtable(_) => {}
            Self::Table(c) => c.take_back(walk),
            Self::Run(c) => {
                if let Some(cursor) = &mut c.current {
                    cursor.take_back(walk);
                }
            }
        }
    }

    /// What the order of entries goes by: key and sequence number.
    #[inline]
    pub(crate) fn standing(&self) -> (&[u8], u64) {
        each!(self, c => c.standing(), (c.key(), c.meta().sequence))
    }

    /// Key, meta and value of the entry, where there is one.
    #[inline]
    pub(crate) fn entry(&self) -> Option<(&[u8], EntryMeta, &[u8])> {
        match self {
            Self::Memtable(c) => c.entry(),
            Self::Table(c) => c.entry(),
            Self::Run(c) => c.current.as_ref()?.entry(),
        }
    }

    /// The value of the entry.
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        each!(self, c => c.value(), c.value())
    }

    /// The value of the entry, pinned.
    pub(crate) fn pinned_value(&self) -> Option<PinnedBytes> {
        match self {
            Self::Memtable(c) => c.pin().map(PinnedBytes::in_memtable),
            Self::Table(c) => Some(PinnedBytes::in_block(c.pinned_value())),
            Self::Run(c) => Some(PinnedBytes::in_block(c.current.as_ref()?.pinned_value())),
        }
    }
}

/// Tables that lie in key order without overlap.
enum RunTables {
    Listed(Vec<Arc<LiveTable>>),
    /// Those of a level of a view, so that a cursor over many counts one reference and not all.
    OfLevel {
        view: Arc<ReadView>,
        level: usize,
        range: Range<usize>,
    },
}

impl RunTables {
    fn as_slice(&self) -> &[Arc<LiveTable>] {
        match self {
            Self::Listed(tables) => tables,
            Self::OfLevel { view, level, range } => {
                let tables = view.levels.level(*level);
                tables.get(range.clone()).unwrap_or_default()
            }
        }
    }

    /// The number of the first that does not end before `key`.
    fn first_to_reach(&self, key: &[u8]) -> usize {
        match self {
            Self::Listed(tables) => tables.partition_point(|t| t.key_last() < key),
            Self::OfLevel { view, level, range } => {
                let at = view.levels.first_to_reach(*level, key);
                at.clamp(range.start, range.end) - range.start
            }
        }
    }

    /// The number of the first that does not begin before `key`.
    fn first_from(&self, key: &[u8]) -> usize {
        match self {
            Self::Listed(tables) => tables.partition_point(|t| t.key_first() < key),
            Self::OfLevel { view, level, range } => {
                let at = view.levels.first_from(*level, key);
                at.clamp(range.start, range.end) - range.start
            }
        }
    }
}

/// A walk over tables that lie in key order without overlap; only one is open for it at a time.
pub(crate) struct RunCursor {
    tables: RunTables,
    at: usize,
    current: Option<TableCursor>,
    fills_cache: bool,
}

impl RunCursor {
    /// A walk over `tables`; `fills_cache` says whether the blocks it reads stay in the cache.
    pub(crate) fn new(tables: Vec<Arc<LiveTable>>, fills_cache: bool) -> Self {
        Self::over(RunTables::Listed(tables), fills_cache)
    }

    /// A walk over the tables `range` of a level of `view`; the blocks it reads stay in the cache.
    pub(crate) fn of_level(view: Arc<ReadView>, level: usize, range: Range<usize>) -> Self {
        Self::over(RunTables::OfLevel { view, level, range }, true)
    }

    fn over(tables: RunTables, fills_cache: bool) -> Self {
        Self {
            tables,
            at: 0,
            current: None,
            fills_cache,
        }
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.enter(0)?;
        if let Some(cursor) = &mut self.current {
            cursor.seek_to_first()?;
        }
        self.skip_forward()
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.enter(self.tables.as_slice().len().wrapping_sub(1))?;
        if let Some(cursor) = &mut self.current {
            cursor.seek_to_last()?;
        }
        self.skip_backward()
    }

    fn seek(&mut self, key: &[u8], sequence: u64) -> Result<()> {
        self.enter(self.tables.first_to_reach(key))?;
        if let Some(cursor) = &mut self.current {
            cursor.seek(key, sequence)?;
        }
        self.skip_forward()
    }

    fn seek_before(&mut self, key: &[u8]) -> Result<()> {
        let after = self.tables.first_from(key);
        self.enter(after.wrapping_sub(1))?;
        if let Some(cursor) = &mut self.current {
            cursor.seek_before(key)?;
        }
        self.skip_backward()
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.current {
            cursor.next()?;
            if cursor.valid() {
                return Ok(());
            }
        }
        self.skip_forward()
    }

    #[inline]
    fn prev(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.current {
            cursor.prev()?;
            if cursor.valid() {
                return Ok(());
            }
        }
        self.skip_backward()
    }

    #[inline]
    fn valid(&self) -> bool {
        self.current.as_ref().is_some_and(TableCursor::valid)
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.current.as_ref().map_or(&[], TableCursor::key)
    }

    #[inline]
    fn meta(&self) -> EntryMeta {
        self.current
            .as_ref()
            .map_or(EntryMeta::NONE, TableCursor::meta)
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.current.as_ref().map_or(&[], TableCursor::value)
    }

    /// Opens the table at `at`; past either end there is none.
    fn enter(&mut self, at: usize) -> Result<()> {
        if self.current.is_some() && self.at == at {
            return Ok(());
        }
        self.at = at;
        self.current = None;
        if let Some(live) = self.tables.as_slice().get(at) {
            let table = live.table()?;
            let keeps = self.fills_cache;
            self.current = Some(if keeps {
                table.cursor()
            } else {
                table.cursor_past_cache()
            });
        }
        Ok(())
    }

    /// Goes on to the first entry of a later table while the current one has none.
    fn skip_forward(&mut self) -> Result<()> {
        while self.current.as_ref().is_some_and(|c| !c.valid()) {
            self.enter(self.at + 1)?;
            if let Some(cursor) = &mut self.current {
                cursor.seek_to_first()?;
            }
        }
        Ok(())
    }

    /// Goes back to the last entry of an earlier table while the current one has none.
    fn skip_backward(&mut self) -> Result<()> {
        while self.current.as_ref().is_some_and(|c| !c.valid()) {
            self.enter(self.at.wrapping_sub(1))?;
            if let Some(cursor) = &mut self.current {
                cursor.seek_to_last()?;
            }
        }
        Ok(())
    }
}
