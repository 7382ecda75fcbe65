//! The rows of the table: what is measured, in what order, and in which unit.

/// What the figures of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds for one operation.
    Nanoseconds,
    /// Microseconds for one operation.
    Microseconds,
    /// Milliseconds for the whole.
    Milliseconds,
    /// Mebibytes.
    Mebibytes,
}

/// One measurement; a worker answers it with one figure for each of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    LoadPuts,
    LoadBatches,
    MixedBatches,
    PutGet,
    Deletes,
    GetHit,
    GetHitThreads,
    GetZipf,
    GetMissing,
    ScanForward,
    ScanBackward,
    Seek100,
    Seek10,
    ColdGet,
    ColdScan,
    DurablePut,
    DurablePutThreads,
    DurableBatch,
    Reopen,
    ReopenKilled,
    DiskBytes,
    DiskBytesHalf,
    PeakMemory,
}

/// All rows, in the order of the table.
pub const ROWS: &[Row] = &[
    Row::LoadPuts,
    Row::LoadBatches,
    Row::MixedBatches,
    Row::PutGet,
    Row::Deletes,
    Row::GetHit,
    Row::GetHitThreads,
    Row::GetZipf,
    Row::GetMissing,
    Row::ScanForward,
    Row::ScanBackward,
    Row::Seek100,
    Row::Seek10,
    Row::ColdGet,
    Row::ColdScan,
    Row::DurablePut,
    Row::DurablePutThreads,
    Row::DurableBatch,
    Row::Reopen,
    Row::ReopenKilled,
    Row::DiskBytes,
    Row::DiskBytesHalf,
    Row::PeakMemory,
];

/// Records in each batch.
pub const BATCH: u64 = 1_000;
/// Threads of [`Row::DurablePutThreads`].
pub const WRITERS: u64 = 8;
/// Threads of [`Row::GetHitThreads`].
pub const READERS: u64 = 4;

impl Row {
    /// The word that names it to a worker.
    pub fn word(self) -> String {
        format!("{self:?}")
    }

    /// The row of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        ROWS.iter().copied().find(|row| row.word() == word)
    }

    /// What stands in the table, a line for each figure.
    pub fn lines(self) -> &'static [(&'static str, Unit)] {
        use Unit::{Mebibytes, Microseconds, Milliseconds, Nanoseconds};
        match self {
            Self::LoadPuts => &[
                ("random load, one put at a time, unsynced", Nanoseconds),
                ("the same until background work is done", Nanoseconds),
            ],
            Self::LoadBatches => &[
                ("random load, batches of 1,000, unsynced", Nanoseconds),
                ("the same until background work is done", Nanoseconds),
            ],
            Self::MixedBatches => &[("batches of 1,000, half overwrites, unsynced", Nanoseconds)],
            Self::PutGet => &[("half puts and half gets, unsynced", Nanoseconds)],
            Self::Deletes => &[("delete, one at a time, unsynced", Nanoseconds)],
            Self::GetHit => &[("get, cached", Nanoseconds)],
            Self::GetHitThreads => &[("get, cached, 4 threads", Nanoseconds)],
            Self::GetZipf => &[("get, cached, Zipf-distributed", Nanoseconds)],
            Self::GetMissing => &[("get of a missing key", Nanoseconds)],
            Self::ScanForward => &[("scan forward, each record", Nanoseconds)],
            Self::ScanBackward => &[("scan backward, each record", Nanoseconds)],
            Self::Seek10 => &[("seek and 10 records", Nanoseconds)],
            Self::Seek100 => &[("seek and 100 records", Nanoseconds)],
            Self::ColdGet => &[("get, nothing cached", Microseconds)],
            Self::ColdScan => &[("scan forward, nothing cached", Nanoseconds)],
            Self::DurablePut => &[("durable put, 1 thread", Microseconds)],
            Self::DurablePutThreads => &[("durable put, 8 threads", Microseconds)],
            Self::DurableBatch => &[("durable batch of 1,000", Microseconds)],
            Self::Reopen => &[("reopen after a clean close", Milliseconds)],
            Self::ReopenKilled => &[("reopen after a kill", Milliseconds)],
            Self::DiskBytes => &[("on disk after a clean close", Mebibytes)],
            Self::DiskBytesHalf => &[("on disk with half deleted, compacted", Mebibytes)],
            Self::PeakMemory => &[("most memory of the process", Mebibytes)],
        }
    }
}

impl Unit {
    /// A figure with its unit.
    pub fn text(self, figure: f64) -> String {
        let unit = match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Mebibytes => "MiB",
        };
        let digits = if figure < 10.0 { 1 } else { 0 };
        format!("{} {unit}", with_commas(&format!("{figure:.digits$}")))
    }
}

fn with_commas(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::new();
    for (at, digit) in number.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_word_and_has_a_line() {
        for row in ROWS {
            assert_eq!(Row::from_word(&row.word()), Some(*row));
            assert!(!row.lines().is_empty());
        }
    }

    #[test]
    fn large_figures_are_grouped_by_thousands() {
        assert_eq!(Unit::Nanoseconds.text(1_234_567.4), "1,234,567 ns");
        assert_eq!(Unit::Mebibytes.text(9.94), "9.9 MiB");
        assert_eq!(Unit::Milliseconds.text(123.0), "123 ms");
    }
}
