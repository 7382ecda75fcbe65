//! Known mistakes that can be planted, to see whether the tests find them.
//!
//! Each one was made by somebody, here or in another database. `cargo xtask planted` builds the
//! tests with the feature `planted`, runs them with each name in `GRAIN_PLANTED` in turn, and
//! writes into `docs/testing.md` which test turned red.
//!
//! Without the feature, [`planted`] is `false` at compile time, so that a site costs nothing. With
//! it, it reads the environment once. Anybody may call it, from any thread. It is promised to
//! nobody; no release is built with it.

/// Writes the mistakes as an enum and, where they can be planted, as a list.
macro_rules! mistakes {
    ($($(#[doc = $what:literal])+ $name:ident,)+) => {
        /// A mistake, the sentence beside it, and who is known to have shipped it.
        #[allow(dead_code)] // the site of one may lie behind another feature
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mistake { $($(#[doc = $what])+ $name,)+ }

        #[cfg(any(test, feature = "planted"))]
        const ALL: &[Mistake] = &[$(Mistake::$name),+];
    };
}

mistakes! {
    /// The name of a new log segment is not synced (a class of RocksDB #10573).
    LogNameUnsynced,
    /// The manifest names a table whose name was never synced (mini-lsm #172, RocksDB #10573,
    /// horaedb #394).
    TableNameUnsynced,
    /// The manifest names a table whose bytes were never synced (a class of OSDI'14, ALICE).
    TableDataUnsynced,
    /// `CURRENT` is renamed and the folder is not synced, so its old manifest may go first
    /// (LevelDB #195).
    CurrentNameUnsynced,
    /// The folders made for a new database are not synced (a class of OSDI'14, ALICE).
    NewFolderUnsynced,
    /// A write is acknowledged and its sync left to a later one (what sled and fjall do by
    /// default).
    AcknowledgedUnsynced,
    /// Nobody is told that a batched write waits for its sync, so it waits for ever.
    BatchedSyncForgotten,
    /// A sync of the log segment before counts for the one after it (as RocksDB's WAL-sync races).
    OldSyncCounts,
    /// An edit of the manifest is not synced before the files that it drops go.
    EditUnsynced,
    /// A new manifest is not synced before `CURRENT` names it (a class of OSDI'14, ALICE).
    ManifestUnsynced,
    /// The inputs of a compaction are given up before the manifest has let go of them.
    InputsGivenUpFirst,
    /// A flush lets go of one log segment too many.
    LogGoneTooEarly,
    /// Recovery goes on from a torn log without making durable what it read (a class of redb 4.2).
    RecoveredLogUnsynced,
    /// Recovery acts on a manifest that it did not make durable (pebble #984).
    RecoveredManifestUnsynced,
    /// The copy of a table in a checkpoint is not synced (a class of OSDI'14, ALICE).
    CopyUnsynced,
    /// The checksum of a log record's payload is not looked at.
    LogPayloadUnchecked,
    /// The checksum of a log record's header is not looked at.
    LogHeaderUnchecked,
    /// The checksums of blocks, indexes and filters are not looked at (LMDB has none).
    BlockUnchecked,
    /// The checksum of a table's footer is not looked at.
    FooterUnchecked,
    /// The checksum of a record of the manifest is not looked at.
    EditUnchecked,
    /// The checksum of `CURRENT` is not looked at.
    CurrentUnchecked,
    /// Checksums leave out the number of the file, so another file's bytes pass.
    FileNumberUnchecked,
    /// Checksums leave out the offset, so swapped blocks pass.
    OffsetUnchecked,
    /// Any damage in the log is taken for its torn end.
    RotTakenForTornEnd,
    /// A log segment that is missing is passed over (a class of fjall #317).
    MissingLogPassedOver,
    /// Bytes after a value are ignored by its codec.
    BytesAfterValue,
    /// A length is taken at its word, and memory reserved for it (redb #885, #888).
    LengthTakenAtItsWord,
    /// A snapshot sees one write more than there was, whichever comes next.
    SnapshotOneAhead,
    /// Recovery takes the first write after a flush for one that is in a table.
    ReplayOneShort,
    /// A conditional write does not guard what it saw.
    GuardDropped,
    /// A conditional write in the middle of a commit group is not checked.
    GuardInMidGroup,
    /// A condition is taken for true where a merge has lost the number that it compares (ours).
    LostNumberPassed,
    /// A failure that leaves the disk in doubt does not latch the engine (redb 4.3).
    LatchStaysOpen,
    /// A sync that failed is tried again, and its success believed (PostgreSQL and others,
    /// ATC'20).
    FailedSyncRetried,
    /// The log goes on in the same place after a failed append (RocksDB #12448).
    FailedAppendGoesOn,
    /// The manifest goes on after a failed edit.
    FailedEditGoesOn,
    /// What a full disk took of a refused write stays in the log (a class of LevelDB #1180).
    RefusedWriteStays,
    /// A tombstone is dropped though something older lies below it.
    TombstoneGoesTooHigh,
    /// A tombstone is dropped though a version is kept below it for a snapshot.
    TombstoneGoesAboveSnapshot,
    /// A range tombstone is cut off at the last key of its table, not at the first of the next.
    RangeDeleteCutShort,
    /// A range tombstone hides what its own memtable holds and nothing older.
    RangeDeleteStopsShort,
    /// A compaction does not ask which snapshots are held.
    SnapshotNotAsked,
    /// An expired newest version is dropped, and the older one is back (MyRocks #684).
    ExpiredGivesWay,
    /// The clock starts anew at every open, so a clock set back revives (YugabyteDB #10872).
    ClockRunsBack,
    /// A record is still there at the instant of its expiry.
    ExpiryOneLate,
    /// The filter of a table lacks the keys that begin its blocks.
    FilterLacksKeys,
    /// A seek in a table lands one entry late.
    SeekOneLate,
    /// A walk backwards skips a block at each edge.
    BackwardSkipsBlocks,
    /// Of the tables of level 0 the oldest is asked first.
    OldestTableFirst,
    /// A merge of level 0 leaves its oldest table out, above what is newer.
    OldestTableLeftOut,
    /// A block is cached in the place of its neighbour.
    BlockInWrongSlot,
    /// A cursor that met an error goes on behind it (redb 4.3).
    ErrorForgotten,
    /// A database that is open already is opened again without its lock (redb 4.3).
    LockSkipped,
    /// An engine does table work after its close (ours).
    WorkAfterClose,
    /// An ingest leaves older writes of its keys above it, in the memtable.
    IngestUnderMemtable,
    /// What a watch had no room for is not told as missed.
    MissedUntold,
    /// A batch over several shards is not written down whole before its parts.
    IntentUnwritten,
    /// A repair leaves out a table that is damaged in any place.
    RepairDropsTable,
    /// The index entry of an old value stays when the record changes.
    IndexEntryStays,
    /// Index entries keep the old expiry where only the lifetime changes.
    IndexExpiryStays,
    /// Nobody looks whether another record has a unique key.
    DuplicateUnseen,
    /// A record is written without the version of its schema, and upgraded again when it is read.
    UpgradeUnversioned,
    /// Negative numbers sort after the positive ones in keys.
    NegativesLast,
    /// A NUL in the text of a key is not escaped.
    NulUnescaped,
    /// A prefix that ends in `FF` ends too early.
    PrefixEndsEarly,
}

/// True where `mistake` is planted in this process.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub(crate) const fn planted(_mistake: Mistake) -> bool {
    false
}

/// True where `mistake` is planted in this process.
#[cfg(feature = "planted")]
#[inline]
pub(crate) fn planted(mistake: Mistake) -> bool {
    static PLANTED: std::sync::OnceLock<Option<Mistake>> = std::sync::OnceLock::new();
    *PLANTED.get_or_init(in_environment) == Some(mistake)
}

/// The mistake that the environment names. Another name than these would plant nothing and find
/// nothing, so it ends the process.
#[cfg(feature = "planted")]
fn in_environment() -> Option<Mistake> {
    let name = std::env::var("GRAIN_PLANTED").ok()?;
    let found = ALL.iter().find(|mistake| format!("{mistake:?}") == name);
    assert!(found.is_some(), "GRAIN_PLANTED={name}: no such mistake");
    found.copied()
}

#[cfg(all(test, not(feature = "planted")))] // a run with it is what writes the lines
mod tests {
    use super::*;

    #[test]
    fn nothing_is_planted_at_compile_time() {
        const { assert!(!planted(Mistake::LogNameUnsynced)) }
    }

    #[test]
    fn every_mistake_has_its_line_in_the_documentation() {
        let document = include_str!("../docs/testing.md");
        let told = |mistake: &&Mistake| document.contains(&format!("\n| `{mistake:?}` |"));
        let untold: Vec<_> = ALL.iter().filter(|mistake| !told(mistake)).collect();
        assert!(untold.is_empty(), "run `cargo xtask planted`: {untold:?}");
    }
}
