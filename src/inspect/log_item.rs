//! What an inspection of a log segment tells, as plain data.

use super::damage::Damage;

/// One thing that stands in a segment of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogItem {
    /// A commit; its operations follow.
    Record(LogRecord),
    /// One operation of the commit before it.
    Operation(LogOperation),
    /// The end of the segment. A recovery looks no further.
    Seal(LogSeal),
    /// The segment was not sealed; a recovery finds its end here.
    Torn(LogTorn),
    /// Something that was once good and is not now. Reading goes on behind it.
    Damage(Damage),
}

/// A commit in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// Where it begins.
    pub offset: u64,
    /// How long it is, header and zeros behind it included.
    pub bytes: u64,
    /// The sequence number of its first operation; the others follow one by one.
    pub sequence: u64,
    /// How many operations it has.
    pub operations: u32,
    /// When it was committed, in ms since the epoch.
    pub time_ms: u64,
    /// How far the segment was durable when it was written.
    pub synced_up_to: u64,
    /// What it comes after.
    pub place: LogPlace,
}

/// What a record of the log comes after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogPlace {
    /// After records without a gap, from the start of the segment: an open reads it.
    InOrder,
    /// Behind damage: an open is refused before it comes here.
    BehindDamage,
    /// Behind a torn end: an open takes it for what a crash left of a write that never ended.
    BehindTornEnd,
}

/// What an operation of a commit does, with its sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogOperation {
    /// The key has the value.
    Put {
        /// Its sequence number.
        sequence: u64,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
        /// When it stops existing, in ms since the epoch; 0 for never.
        expiry_ms: u64,
    },
    /// The key is gone.
    Delete {
        /// Its sequence number.
        sequence: u64,
        /// The key.
        key: Vec<u8>,
    },
    /// All keys of a range are gone.
    DeleteRange {
        /// Its sequence number.
        sequence: u64,
        /// The first key that is gone.
        start: Vec<u8>,
        /// The first key that is not.
        end: Vec<u8>,
    },
}

/// The end of a sealed segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSeal {
    /// Where the seal begins.
    pub offset: u64,
    /// Why the segment ends.
    pub reason: SealReason,
}

/// Why a segment of the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealReason {
    /// The log goes on in the next segment.
    Rolled,
    /// The database was closed cleanly.
    Closed {
        /// The manifest that was in force.
        manifest: u64,
        /// How long it was.
        manifest_bytes: u64,
        /// When, in ms since the epoch.
        time_ms: u64,
    },
    /// A recovery found nothing usable from here on.
    Recovered,
}

/// The end of a segment that was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogTorn {
    /// Where its last whole record ends.
    pub offset: u64,
    /// How many bytes stand behind: zeros written ahead, or a write that never ended.
    pub bytes: u64,
}
