//! Building indexes over the records that a store has already.
//!
//! One walk over all records under one snapshot, for all new indexes at once, in commits of a
//! bounded size. Nobody else writes the store meanwhile (P1 of `index_open`), so what the snapshot
//! shows is what there is, but for records that expire on the way: their entries expire with them.

use super::entry::Found;
use super::grain_store::GrainStore;
use super::index_set::{IndexSet, LiveIndex};
use crate::codec::contract::Codec;
use crate::engine::write_batch::WriteBatch;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use std::collections::BTreeMap;

/// How far the building of indexes has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildProgress {
    /// Records that were read and whose entries are written.
    pub records_done: u64,
    /// Records there are.
    pub records_total: u64,
}

/// A commit of a build has about this many bytes, or less where memtables are small.
const COMMIT_BYTES_MAX: usize = 1 << 20;

/// And at most this many records, so that the progress moves where there are few entries.
const COMMIT_RECORDS_MAX: u64 = 10_000;

/// The entries of unique indexes that are not committed yet: holder and expiry.
type Pending = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

/// Writes the entries of all records of `store` in the indexes of `set`.
pub(crate) fn build<K: Key, V, C: Codec<V>>(
    store: &GrainStore<K, V, C>,
    set: &IndexSet<V>,
    mut tell: Option<&mut (dyn FnMut(BuildProgress) + Send + 'static)>,
) -> Result<()> {
    let (raw, engine) = (&store.raw, &store.raw.db.engine);
    let snapshot = engine.snapshot();
    let records_total = match tell {
        Some(_) => raw.count(Some(&snapshot), &ByteRange::all())?,
        None => 0,
    };
    let mut records_done = 0;
    let mut report = |records_done| {
        if let Some(tell) = &mut tell {
            tell(BuildProgress {
                records_done,
                records_total,
            });
        }
    };
    report(0);
    let commit_bytes = COMMIT_BYTES_MAX.min(engine.core().options.memtable_bytes / 16);
    let mut cursor = raw.cursor(Some(&snapshot), &ByteRange::all())?;
    cursor.seek_to_first()?;
    let (mut batch, mut pending, mut records) = (WriteBatch::new(), Pending::new(), 0);
    while cursor.valid() {
        let key = cursor.key();
        let found = store
            .decoder()
            .found(key, cursor.value(), cursor.expiry_ms())?;
        let primary = raw.keyspace.strip(key);
        append(set, (&mut batch, &mut pending), primary, &found)?;
        cursor.next()?;
        records += 1;
        if batch.bytes() >= commit_bytes || records >= COMMIT_RECORDS_MAX || !cursor.valid() {
            engine.write(std::mem::take(&mut batch))?;
            pending.clear();
            records_done += std::mem::take(&mut records);
            report(records_done);
        }
    }
    Ok(())
}

/// Appends the entries of one record.
fn append<V>(
    set: &IndexSet<V>,
    (batch, pending): (&mut WriteBatch, &mut Pending),
    primary: &[u8],
    found: &Found<V>,
) -> Result<()> {
    for index in &set.indexes {
        for key in index.definition.keys(&found.value) {
            let entry = index.entry_key(&key, primary);
            if index.definition.unique {
                if let Some(holder) = holder(index, pending, &entry)? {
                    return Err(index.duplicate(&key, primary, &holder));
                }
                pending.insert(entry.clone(), (primary.to_vec(), found.expiry_ms));
            }
            batch.put_with_expiry(&entry, index.entry_value(primary), found.expiry_ms)?;
        }
    }
    Ok(())
}

/// The record that has a unique entry already and has not expired.
fn holder<V>(index: &LiveIndex<V>, pending: &Pending, entry: &[u8]) -> Result<Option<Vec<u8>>> {
    let now_ms = index.raw.db.engine.now_ms();
    if let Some((holder, expiry_ms)) = pending.get(entry) {
        let is_live = *expiry_ms == 0 || *expiry_ms > now_ms;
        return Ok(is_live.then(|| holder.clone()));
    }
    index.raw.get_with(entry, <[u8]>::to_vec)
}
