//! Writes to several tables of one backend that take effect together.
//!
//! One thread fills a batch; any may commit it.

use super::contract::KvBackend;
use super::table::Table;
use super::write::{WriteError, WriteOp, WriteResult};

/// Puts and deletes across tables of one backend: all or none.
#[derive(Debug, Clone, Default)]
#[must_use = "a batch does nothing until it is committed"]
pub struct TableBatch {
    parts: Vec<(Table, Vec<WriteOp>)>,
}

impl TableBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `value` under `key` in `table`, with the table's expiration.
    pub fn put(
        &mut self,
        table: &Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.push(table, WriteOp::put(key, value))
    }

    /// Deletes `key` in `table`.
    pub fn delete(&mut self, table: &Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.push(table, WriteOp::delete(key))
    }

    /// Adds any operation on `table`; the later one on a key counts.
    pub fn push(&mut self, table: &Table, op: WriteOp) -> &mut Self {
        let part = self.parts.iter_mut().find(|(t, _)| t.is_same(table));
        match part {
            Some((_, ops)) => ops.push(op),
            None => self.parts.push((table.clone(), vec![op])),
        }
        self
    }

    /// How many operations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|(_, ops)| ops.len()).sum()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Commits all of it.
    ///
    /// # Errors
    /// `NotDone` with `InvalidInput` where the tables live in several backends, with `TooLarge`
    /// where the batch is; else as [`KvBackend::write_batch`].
    pub fn commit(self) -> WriteResult {
        let Some((first, _)) = self.parts.first() else {
            return Ok(());
        };
        let backend = first.cache().backend();
        if let Some((other, _)) = self.parts.iter().find(|(table, _)| !table.is_on(backend)) {
            return Err(WriteError::refused(format!(
                "a batch writes to the tables {:?} and {:?}, which live in different backends; \
                 nothing can make that one step: use one batch for each",
                first.name(),
                other.name()
            )));
        }
        let mut own = Vec::new();
        for (table, ops) in &self.parts {
            let capabilities = table.capabilities();
            ops.iter().try_for_each(|op| match op {
                WriteOp::Put { key, value, .. } => capabilities.check_put(key, value),
                WriteOp::Delete { key } => capabilities.check_delete(key),
            })?;
            let ops: Vec<WriteOp> = ops.iter().map(|op| table.op(op)).collect();
            own.push((table, ops));
        }
        let all: Vec<WriteOp> = own
            .iter()
            .flat_map(|(_, ops)| ops.iter().cloned())
            .collect();
        own.iter()
            .for_each(|(table, ops)| table.cache().begin_write(ops));
        let outcome = backend.write_batch(&all);
        for (table, ops) in &own {
            table.cache().end_write(ops, &outcome);
        }
        outcome
    }
}
