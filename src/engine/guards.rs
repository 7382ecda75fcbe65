//! Conditions of a commit: what must not have been written since its writer looked.
//!
//! - G1: a guard fails where one of its keys was written (put, deleted or range-deleted) after the
//!   number its writer saw, or where nobody can tell any more (C3 of `commit`).
//! - G2: a source whose largest number is not above the one seen holds no such write, and is not
//!   looked at. So a guard over a range costs a walk of that range in what is newer alone.
//!
//! Checked by the leader of a commit group, who holds the log lock, so that nothing is committed
//! between the check and the commit.

use super::core::Core;
use super::live_table::LiveTable;
use super::read;
use super::read_view::ReadView;
use super::source::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::format::entry::SEQUENCE_MAX;
use crate::format::range_tombstones::RangeTombstones;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, Ordering};

/// A condition of a commit: nobody has written `keys` since `sequence_seen`.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) keys: GuardedKeys,
    pub(crate) sequence_seen: u64,
}

/// What a guard stands over.
#[derive(Debug, Clone)]
pub(crate) enum GuardedKeys {
    One(Box<[u8]>),
    /// Every key from `start` up to and without `end`.
    Range {
        start: Box<[u8]>,
        end: Box<[u8]>,
    },
}

/// A conflict where a guarded key was, or may have been, written after its writer looked (G1).
pub(crate) fn check(core: &Core, guards: &[Guard]) -> Result<()> {
    if guards.is_empty() {
        return Ok(());
    }
    let view = core.view.load();
    // The view comes first: a merge tells what it loses before it shows its view.
    let forgotten = core.forgotten.load(Ordering::Acquire);
    for guard in guards {
        let seen = guard.sequence_seen;
        let written = (forgotten > seen && !planted(Mistake::LostNumberPassed))
            || match &guard.keys {
                GuardedKeys::One(key) => read::newest_sequence(&view, key)? > seen,
                GuardedKeys::Range { start, end } => is_written(&view, start, end, seen)?,
            };
        if written {
            let text = "the record was written by somebody else in the meantime; read and retry";
            return Err(Error::new(ErrorKind::Conflict, text));
        }
    }
    Ok(())
}

/// True where a key from `start` up to and without `end` was written after `seen`.
fn is_written(view: &ReadView, start: &[u8], end: &[u8], seen: u64) -> Result<bool> {
    for memtable in view.memtables() {
        if memtable.sequence_last() <= seen {
            continue; // G2; not the end, since the newest may be empty still
        }
        let tombstones = memtable.range_tombstones();
        let source = Source::Memtable(memtable.cursor());
        if covers(tombstones.as_ref(), start, end, seen) || holds(source, start, end, seen)? {
            return Ok(true);
        }
    }
    for table in view.levels.tables() {
        if is_newer(table, start, end, seen) && is_written_in(table, start, end, seen)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// True where `table` may hold a newer write to the range (G2).
fn is_newer(table: &LiveTable, start: &[u8], end: &[u8], seen: u64) -> bool {
    table.meta().properties.sequence_max > seen
        && table.key_first() < end
        && start <= table.key_last()
}

fn is_written_in(live: &LiveTable, start: &[u8], end: &[u8], seen: u64) -> Result<bool> {
    let table = live.table()?;
    if covers(table.range_tombstones(), start, end, seen) {
        return Ok(true);
    }
    let source = Source::Table(table.cursor_past_cache());
    holds(source, start, end, seen)
}

/// True where a range delete after `seen` reaches into the range.
fn covers(set: Option<&Arc<RangeTombstones>>, start: &[u8], end: &[u8], seen: u64) -> bool {
    set.is_some_and(|set| {
        let fragments = set.fragments().iter();
        fragments
            .filter(|f| &*f.start < end && start < &*f.end)
            .any(|f| f.sequences.first().is_some_and(|&newest| newest > seen))
    })
}

/// True where `source` holds an entry after `seen` in the range.
fn holds(mut source: Source, start: &[u8], end: &[u8], seen: u64) -> Result<bool> {
    source.seek(start, SEQUENCE_MAX)?;
    while let Some((key, meta, _)) = source.entry()
        && key < end
    {
        if meta.sequence > seen {
            return Ok(true);
        }
        source.next()?;
    }
    Ok(false)
}
