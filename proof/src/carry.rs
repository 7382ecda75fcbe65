//! What an operation does to an engine, without any question to it.

use crate::operation::{KeyName, Operation, ValueSpec, Write};
use crate::oracle::Model;
use grainstore::Result;
use grainstore::engine::{Engine, WriteBatch};

/// The batch that makes all of `writes`, at the model's time.
#[must_use]
pub fn batch(model: &Model, writes: &[Write]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for write in writes {
        match write {
            Write::Put(key, value) => batch.put(&key.bytes(), &value.bytes()),
            Write::PutTtl(key, value, ttl) => {
                let (key, value, expiry_ms) = with_expiry(model, *key, *value, *ttl);
                batch.put_with_expiry(&key, &value, expiry_ms)
            }
            Write::Delete(key) => batch.delete(&key.bytes()),
            Write::DeleteRange(a, b) => batch.delete_range(&a.bytes(), &b.bytes()),
        }
        .unwrap();
    }
    batch
}

fn with_expiry(
    model: &Model,
    key: KeyName,
    value: ValueSpec,
    ttl_ms: i64,
) -> (Vec<u8>, Vec<u8>, u64) {
    (key.bytes(), value.bytes(), model.expiry_after(ttl_ms))
}

/// Carries out an operation that writes or that works on files. The model is asked for the time
/// only: where this succeeds, [apply](Model::apply) the operation to it. What reads, what holds
/// and what moves the clock is not done here, nor is the reopen.
///
/// # Errors
///
/// Those of the engine; a batch or an ingest is then there whole or not at all.
pub fn carry_out(engine: &Engine, model: &Model, operation: &Operation) -> Result<()> {
    match operation {
        Operation::Write(write) => write_alone(engine, model, write),
        Operation::Batch(writes) => engine.write(batch(model, writes)),
        Operation::Ingest(records) => {
            let sorted = model.ingested(records);
            let count = sorted.len() as u64;
            let ingested = engine.ingest(sorted.into_iter().map(Ok))?;
            assert_eq!(ingested, count, "records that an ingest says it took");
            Ok(())
        }
        Operation::Flush => engine.flush(),
        Operation::Compact => engine.compact(),
        Operation::DueWork => engine.run_due_work(),
        Operation::Sync => engine.sync(),
        _ => Ok(()),
    }
}

fn write_alone(engine: &Engine, model: &Model, write: &Write) -> Result<()> {
    match write {
        Write::Put(key, value) => engine.put(&key.bytes(), &value.bytes()),
        Write::PutTtl(key, value, ttl) => {
            let (key, value, expiry_ms) = with_expiry(model, *key, *value, *ttl);
            engine.put_with_expiry(&key, &value, expiry_ms)
        }
        Write::Delete(key) => engine.delete(&key.bytes()),
        Write::DeleteRange(a, b) => engine.delete_range(&a.bytes(), &b.bytes()),
    }
}
