//! What happens, as spans: one for each open, commit, get, flush, compaction, checkpoint and
//! verify.
//!
//! Behind the feature `tracing`; without it everything here is nothing, and compiles to nothing.
//! All spans have the target `grainstore`, so that a subscriber can pick them; what is known at the
//! end is recorded into the span before it closes. Levels: `INFO` for what happens now and then,
//! `DEBUG` for commits, `TRACE` for gets and cursors. Failures are events: `WARN` for work that is
//! tried again, `ERROR` for what makes a reopen necessary. Sizes are bytes.

use crate::error::Error;
use std::path::Path;

/// A span, from its beginning to where this is dropped.
#[must_use = "the span ends when this is dropped"]
pub(crate) struct Traced {
    #[cfg(feature = "tracing")]
    span: tracing::span::EnteredSpan,
}

impl Traced {
    /// Tells what became known under a name that the span has.
    #[inline]
    pub(crate) fn record(&self, field: &'static str, value: u64) {
        #[cfg(feature = "tracing")]
        self.span.record(field, value);
        #[cfg(not(feature = "tracing"))]
        let _ = (field, value);
    }
}

/// Begins a span with fields that are known and fields that are told later.
macro_rules! begin {
    ($level:ident, $name:literal, [$($known:ident = $value:expr),*], [$($later:ident),*]) => {{
        #[cfg(feature = "tracing")]
        let traced = Traced {
            span: tracing::span!(
                target: "grainstore",
                tracing::Level::$level,
                $name,
                $($known = $value,)*
                $($later = tracing::field::Empty,)*
            )
            .entered(),
        };
        #[cfg(not(feature = "tracing"))]
        let traced = {
            $(let _ = $value;)*
            Traced {}
        };
        traced
    }};
}

/// An open of the database in `dir`; later `tables`, and `replayed_bytes` now in memtables.
pub(crate) fn open(dir: &Path) -> Traced {
    begin!(
        INFO,
        "open",
        [dir = dir.display().to_string()],
        [tables, replayed_bytes]
    )
}

/// A commit of one group of `batches` with `bytes` of operations.
#[inline]
pub(crate) fn commit(batches: usize, bytes: usize) -> Traced {
    begin!(
        DEBUG,
        "commit",
        [batches = batches as u64, bytes = bytes as u64],
        [sequence]
    )
}

/// A get; later whether it found a record (`found`, 0 or 1).
#[inline]
pub(crate) fn get(key_bytes: usize) -> Traced {
    begin!(TRACE, "get", [key_bytes = key_bytes as u64], [found])
}

/// The making of a cursor, which reads nothing but tables' indexes.
#[inline]
pub(crate) fn cursor() -> Traced {
    begin!(TRACE, "cursor", [], [])
}

/// A flush of a memtable of `memtable_bytes`; later the `bytes` and `entries` of its table.
pub(crate) fn flush(memtable_bytes: usize) -> Traced {
    begin!(
        INFO,
        "flush",
        [memtable_bytes = memtable_bytes as u64],
        [bytes, entries]
    )
}

/// A compaction of `tables_in` with `bytes_in` to `level`; later what came of them.
pub(crate) fn compaction(tables_in: usize, bytes_in: u64, level: u8) -> Traced {
    begin!(
        INFO,
        "compaction",
        [
            tables_in = tables_in as u64,
            bytes_in = bytes_in,
            level = u64::from(level)
        ],
        [tables, bytes, entries]
    )
}

/// A checkpoint into `dir`; later its `tables` and their `bytes`.
pub(crate) fn checkpoint(dir: &Path) -> Traced {
    begin!(
        INFO,
        "checkpoint",
        [dir = dir.display().to_string()],
        [tables, bytes]
    )
}

/// A verify; later the `tables`, `bytes` and `entries` that it has read.
pub(crate) fn verify() -> Traced {
    begin!(INFO, "verify", [], [tables, bytes, entries])
}

/// Work that failed, and is tried again.
pub(crate) fn work_failed(work: &'static str, error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "grainstore", work, %error, "table work failed, to be tried again");
    #[cfg(not(feature = "tracing"))]
    let _ = (work, error);
}

/// A failure after which writes are refused.
pub(crate) fn latched(error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "grainstore", %error, "writes are refused until a reopen");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
