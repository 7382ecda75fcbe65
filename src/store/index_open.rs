//! Indexes at the opening of a store: compared with those it has, let go, entered, built.
//!
//! - P1: while a handle of the store is live its indexes stay as they are (O2).
//! - P2: an index is entered as being built before its first entry, and becomes one that may be
//!   read in the commit after its last. What a crash leaves half built is removed at the next
//!   opening, so nobody ever sees it.
//! - P3: a build that fails removes what it entered; the store is as it was.
//! - P4: an index over values of an older version of their schema is built anew: a migration may
//!   have changed what it is of.
//!
//! Runs in the thread that opens the store, which has the turn to do so (O1).

use super::catalog;
use super::grain_store::GrainStore;
use super::index::IndexDefinition;
use super::index_build::{self, BuildProgress};
use super::index_catalog::{self, StoredIndex};
use super::index_set::{IndexSet, LiveIndex};
use super::open_stores::Turn;
use super::raw_store::RawStore;
use crate::codec::contract::Codec;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::key_part::Key;
use crate::sync::Arc;
use std::fmt;

/// The indexes that a store is to be opened with.
pub(crate) struct DeclaredIndexes<V> {
    pub(crate) declared: Vec<Arc<IndexDefinition<V>>>,
    pub(crate) dropped: Vec<String>,
    pub(crate) on_progress: Option<Box<dyn FnMut(BuildProgress) + Send>>,
}

impl<V> Default for DeclaredIndexes<V> {
    fn default() -> Self {
        Self {
            declared: Vec::new(),
            dropped: Vec::new(),
            on_progress: None,
        }
    }
}

impl<V> DeclaredIndexes<V> {
    /// Makes the indexes of the store what is declared here; `None` where that is none.
    pub(crate) fn settle<K: Key, C: Codec<V>>(
        mut self,
        store: &GrainStore<K, V, C>,
        turn: &Turn<'_>,
    ) -> Result<Option<IndexSet<V>>> {
        let (engine, name) = (&store.raw.db.engine, store.name());
        let values = store.migrations.version;
        let wanted = self.wanted(values)?;
        let stored = index_catalog::list(engine, name)?;
        let goes = |it: &StoredIndex| {
            let outdated = it.value_schema_version < values; // P4
            it.building || self.dropped.contains(&it.name) || outdated
        };
        let (gone, kept): (Vec<_>, Vec<_>) = stored.into_iter().partition(goes);
        check_same(name, &kept, &wanted)?;
        let is_new = |it: &StoredIndex| kept.iter().all(|kept| kept.name != it.name);
        let mut new: Vec<_> = wanted.iter().filter(|it| is_new(it)).cloned().collect();
        if !gone.is_empty() || !new.is_empty() {
            turn.check_not_live("its indexes cannot change")?;
        }
        let mut batch = WriteBatch::new();
        for index in &gone {
            index.remove_into(&mut batch, name)?;
        }
        for (kept, wanted) in kept.iter().filter_map(|kept| {
            let same = wanted.iter().find(|it| it.name == kept.name)?;
            Some((kept, same))
        }) {
            // What grew, an enum of the key, is remembered.
            if kept.key_schema != wanted.key_schema {
                let grown = StoredIndex {
                    number: kept.number,
                    ..wanted.clone()
                };
                grown.put_into(&mut batch, name)?;
            }
        }
        engine.write(batch)?;
        if !new.is_empty() {
            index_catalog::enter(engine, name, &mut new)?;
            self.build(store, &new)?;
        }
        let all: Vec<_> = kept.into_iter().chain(new).collect();
        self.set(&store.raw, &all)
    }

    /// The declared indexes as the catalog would have them.
    fn wanted(&self, values: u32) -> Result<Vec<StoredIndex>> {
        let mut wanted: Vec<StoredIndex> = Vec::new();
        for index in &self.declared {
            catalog::check_name("an index", &index.name)?;
            if wanted.iter().any(|it| *it.name == *index.name) {
                let text = format!("two indexes are declared with the name {:?}", index.name);
                return Err(Error::new(ErrorKind::InvalidInput, text));
            }
            let IndexDefinition {
                name,
                unique,
                version,
                shape,
                ..
            } = &**index;
            wanted.push(index_catalog::wanted(
                name,
                *unique,
                (*version, values),
                shape,
            ));
        }
        Ok(wanted)
    }

    /// The declared indexes among `stored`, in the order of their declaration.
    fn set(&self, raw: &RawStore, stored: &[StoredIndex]) -> Result<Option<IndexSet<V>>> {
        let mut indexes = Vec::new();
        for definition in &self.declared {
            let Some(stored) = stored.iter().find(|it| *it.name == *definition.name) else {
                continue;
            };
            let raw = RawStore {
                keyspace: stored.keyspace()?,
                open: None,
                ..raw.clone()
            };
            indexes.push(LiveIndex {
                raw,
                definition: Arc::clone(definition),
            });
        }
        Ok((!indexes.is_empty()).then_some(IndexSet { indexes }))
    }

    /// Builds the indexes just entered and makes them ones that may be read (P2), or removes them
    /// (P3).
    fn build<K: Key, C: Codec<V>>(
        &mut self,
        store: &GrainStore<K, V, C>,
        new: &[StoredIndex],
    ) -> Result<()> {
        let (engine, name) = (&store.raw.db.engine, store.name());
        let built = match self.set(&store.raw, new)? {
            Some(set) => index_build::build(store, &set, self.on_progress.as_deref_mut()),
            None => Ok(()),
        };
        let mut batch = WriteBatch::new();
        for index in new {
            let index = StoredIndex {
                building: false,
                ..index.clone()
            };
            match &built {
                Ok(()) => index.put_into(&mut batch, name)?,
                Err(_) => index.remove_into(&mut batch, name)?,
            }
        }
        let written = engine.write(batch);
        // Where the removal fails too, the next opening does it; the first error is the cause.
        built.and(written)
    }
}

/// An error where what a store has is not among what it is opened with.
fn check_same(store: &str, kept: &[StoredIndex], wanted: &[StoredIndex]) -> Result<()> {
    let fits = |kept: &StoredIndex| {
        let same = wanted.iter().find(|it| it.name == kept.name);
        same.is_some_and(|it| it.reads(kept))
    };
    if kept.iter().all(fits) {
        return Ok(());
    }
    let list = |indexes: &[StoredIndex]| match indexes {
        [] => "no index".to_owned(),
        some => {
            let described: Vec<_> = some.iter().map(StoredIndex::describe).collect();
            described.join(", ")
        }
    };
    let text = format!(
        "the store {store:?} is opened with other indexes than it has\n  \
         has:         {}\n  opened with: {}\ndeclare all that it has with StoreBuilder::index, or \
         let go of one with StoreBuilder::drop_index",
        list(kept),
        list(wanted)
    );
    Err(Error::new(ErrorKind::SchemaMismatch, text))
}

impl<V> fmt::Debug for DeclaredIndexes<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredIndexes")
            .field("declared", &self.declared)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}
