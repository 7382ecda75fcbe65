//! Bringing all records of a store to the current version of their schema.
//!
//! A walk in chunks, each at a commit point of its own, so that it holds up no compaction. What a
//! chunk has of old versions is written again in one guarded batch; where somebody else wrote one
//! of those records meanwhile, each is tried by itself, and what they wrote stays.
//!
//! A1: a record is upgraded whole or not at all, also across a crash.
//! A2: no write of anybody else is undone.
//! A3: the record keeps its lifetime, and its version: whoever reads it sees the same value before
//! and after, so a condition on that version still holds.

use super::grain_store::GrainStore;
use super::record::RecordHeader;
use crate::codec::contract::Codec;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;

/// How many records a chunk has.
const CHUNK_RECORDS_MAX: u64 = 256;

/// How many bytes of upgraded values a chunk holds before it is written.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// How far [`GrainStore::migrate_all`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MigrateProgress {
    /// How many records it has looked at.
    pub done: u64,
    /// How many there were when it began, or `done` where that is more by now.
    pub total: u64,
    /// How many it has upgraded.
    pub upgraded: u64,
}

/// What [`GrainStore::migrate_all`] has done.
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "it says whether some records could not be upgraded"]
pub struct MigrateReport {
    /// How many records it has looked at.
    pub done: u64,
    /// How many it has upgraded.
    pub upgraded: u64,
    /// How many could not be upgraded and are as they were.
    pub failed: u64,
    /// Why the first of those could not; names it.
    pub first_failure: Option<Error>,
}

impl MigrateReport {
    fn failed(&mut self, error: Error) {
        self.failed += 1;
        self.first_failure.get_or_insert(error);
    }
}

/// A record of an old version and what becomes of it.
struct Upgraded {
    key: Vec<u8>,
    record: Vec<u8>,
    expiry_ms: u64,
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Writes every record of an older version of the schema again, upgraded by the
    /// [migrations](crate::StoreBuilder::migrate) of the store, and says how many those were.
    ///
    /// Everybody may read and write meanwhile: a record that somebody else writes is left as they
    /// wrote it. Records keep their lifetime and their version, since the value that readers see
    /// does not change. It can be stopped by the end of the process at any time and called again,
    /// and passes over what is upgraded already. A record that cannot be upgraded stays as it is
    /// and is counted in the report; the others are upgraded nevertheless. Afterwards, with none
    /// failed and no store open at an older version, the migrations are no longer needed.
    ///
    /// `progress` is called after every 256 records at most. Costs a walk over all records, one
    /// over all keys to count them, and a write for each old record, in batches of up to 1 MiB.
    ///
    /// ```
    /// # use grainstore::{Db, Result};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-all-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// db.store::<u32, u32>("hp")?.put(&7, &100)?; // whole points
    /// let hp = db
    ///     .grains::<u32, f64>("hp")
    ///     .value_schema("hp", 1)
    ///     .migrate(0, |whole: u32| -> Result<f64> { Ok(f64::from(whole)) })
    ///     .open()?;
    /// let report = hp.migrate_all(|so_far| println!("{} of {}", so_far.done, so_far.total))?;
    /// assert_eq!((report.upgraded, report.failed), (1, 0));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Latched`, `Closed`; what was upgraded before stays so.
    pub fn migrate_all(&self, mut progress: impl FnMut(&MigrateProgress)) -> Result<MigrateReport> {
        let total = self.count()?;
        let mut report = MigrateReport::default();
        let mut after = None;
        loop {
            let ended = self.migrate_chunk(&mut after, &mut report)?;
            progress(&MigrateProgress {
                done: report.done,
                total: total.max(report.done),
                upgraded: report.upgraded,
            });
            if ended {
                return Ok(report);
            }
        }
    }

    /// Upgrades the records of the chunk behind the engine key `after`, and moves that on; answers
    /// whether the chunk was the last.
    fn migrate_chunk(
        &self,
        after: &mut Option<Vec<u8>>,
        report: &mut MigrateReport,
    ) -> Result<bool> {
        let snapshot = self.raw.db.engine.snapshot();
        let mut cursor = self.raw.cursor(Some(&snapshot), &ByteRange::all())?;
        match after {
            None => cursor.seek_to_first()?,
            Some(after) => cursor.seek(&[after.as_slice(), &[0]].concat())?,
        }
        let (mut old, mut looked_at, mut bytes) = (Vec::new(), 0, 0);
        while cursor.valid() && looked_at < CHUNK_RECORDS_MAX && bytes < CHUNK_BYTES_MAX {
            looked_at += 1;
            report.done += 1;
            match self.upgraded(cursor.key(), cursor.value()) {
                Ok(None) => {}
                Err(error) => report.failed(error),
                Ok(Some(record)) => {
                    bytes += record.len();
                    let (key, expiry_ms) = (cursor.key().to_vec(), cursor.expiry_ms());
                    old.push(Upgraded {
                        key,
                        record,
                        expiry_ms,
                    });
                }
            }
            let last = after.get_or_insert_default();
            last.clear();
            last.extend_from_slice(cursor.key());
            cursor.next()?;
        }
        self.write_chunk(&old, snapshot.sequence(), report)?;
        Ok(!cursor.valid())
    }

    /// The record upgraded; `None` where it is of the current version.
    fn upgraded(&self, key: &[u8], record: &[u8]) -> Result<Option<Vec<u8>>> {
        let decoder = self.decoder();
        let header = RecordHeader::decode(record);
        let (header, _) = header.map_err(|what| decoder.damaged(key, what))?;
        if header.schema_version == self.migrations.version {
            return Ok(None);
        }
        let value = decoder.value(key, record)?;
        self.record(key, header.version, &value).map(Some) // A3
    }

    fn write_chunk(
        &self,
        old: &[Upgraded],
        sequence: u64,
        report: &mut MigrateReport,
    ) -> Result<()> {
        if old.is_empty() {
            return Ok(());
        }
        let mut batch = WriteBatch::new();
        for upgraded in old {
            batch.guard(&upgraded.key, sequence); // A2
            batch.put_with_expiry(&upgraded.key, &upgraded.record, upgraded.expiry_ms)?;
        }
        match self.raw.db.engine.write(batch) {
            Err(error) if error.is_conflict() => old
                .iter()
                .try_for_each(|one| self.migrate_one(&one.key, report)),
            done => {
                report.upgraded += old.len() as u64;
                done
            }
        }
    }

    /// Upgrades the record under an engine key, if it is still of an old version.
    fn migrate_one(&self, key: &[u8], report: &mut MigrateReport) -> Result<()> {
        loop {
            let look = |record: &[u8], expiry_ms| {
                self.upgraded(key, record).map(|record| (record, expiry_ms))
            };
            let (found, sequence) = self.raw.look_up(None, key, look)?;
            let (record, expiry_ms) = match found {
                None | Some(Ok((None, _))) => return Ok(()), // gone, or written by somebody else
                Some(Ok((Some(record), expiry_ms))) => (record, expiry_ms),
                Some(Err(error)) => {
                    report.failed(error);
                    return Ok(());
                }
            };
            let mut batch = WriteBatch::new();
            batch.guard(key, sequence);
            batch.put_with_expiry(key, &record, expiry_ms)?;
            match self.raw.db.engine.write(batch) {
                Err(error) if error.is_conflict() => {}
                done => {
                    report.upgraded += u64::from(done.is_ok());
                    return done;
                }
            }
        }
    }
}
