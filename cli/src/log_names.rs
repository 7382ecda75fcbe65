//! The stores of a database that another process has open, read out of its tables and log.
//!
//! What cannot be read is no store: its keys are shown as bytes. For one thread.

use crate::failure::{Failure, Result};
use crate::forms::{Format, Forms};
use crate::log_follow::Commit;
use grainstore::inspect::{self, LogOperation, TableItem};
use grainstore::{CatalogEntry, StoreInfo};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How often the tables are listed again where one goes while it is read.
const LISTINGS_MAX: u32 = 5;

/// The byte that the keys of the catalog begin with.
const CATALOG_START: u8 = 0;

/// A store, or an index of one, with the forms of its keys and values.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) store: String,
    pub(crate) index: Option<String>,
    pub(crate) info: Option<StoreInfo>,
    pub(crate) forms: Forms,
    pub(crate) key_start: Vec<u8>,
}

/// All stores and indexes.
#[derive(Debug)]
pub(crate) struct Names {
    /// By engine key: the newest sequence number seen and, unless it was removed, the entry.
    entries: BTreeMap<Vec<u8>, (u64, Option<Known>)>,
    key_format: Option<Format>,
    value_format: Option<Format>,
}

impl Names {
    pub(crate) fn new(key_format: Option<Format>, value_format: Option<Format>) -> Self {
        let entries = BTreeMap::new();
        Self {
            entries,
            key_format,
            value_format,
        }
    }

    /// Takes in what a commit says of stores.
    pub(crate) fn take(&mut self, commit: &Commit) -> Result<()> {
        for operation in &commit.operations {
            match operation {
                LogOperation::Put {
                    sequence,
                    key,
                    value,
                    ..
                } => self.enter(key, Some(value), *sequence)?,
                LogOperation::Delete { sequence, key } => self.enter(key, None, *sequence)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the catalog in the tables in `dir`: the first blocks of those that have a part of it.
    pub(crate) fn read_tables(&mut self, dir: &Path) -> Result<()> {
        for _ in 0..LISTINGS_MAX {
            let mut gone = false;
            let files = fs::read_dir(dir).map_err(|error| {
                let doing = format!("cannot list {}", dir.display());
                Failure::io(doing, &error)
            })?;
            for path in files.flatten().map(|file| file.path()) {
                if path.extension().is_some_and(|end| end == "table") {
                    gone |= !self.read_table(&path)?;
                }
            }
            if !gone {
                break;
            }
        }
        Ok(())
    }

    /// False where the table went away: a newer one holds what it held.
    fn read_table(&mut self, path: &Path) -> Result<bool> {
        let Ok(items) = inspect::table(path) else {
            return Ok(path.exists());
        };
        let is_past = |key: &[u8]| key.first().is_some_and(|&first| first != CATALOG_START);
        for item in items {
            match item {
                TableItem::Properties(it) if is_past(&it.key_first) => break,
                TableItem::Entry(it) if is_past(&it.key) => break,
                TableItem::Entry(it) => self.enter(&it.key, it.value.as_deref(), it.sequence)?,
                _ => {}
            }
        }
        Ok(true)
    }

    fn enter(&mut self, key: &[u8], value: Option<&[u8]>, sequence: u64) -> Result<()> {
        if CatalogEntry::names(key).is_none()
            || self
                .entries
                .get(key)
                .is_some_and(|(seen, _)| *seen > sequence)
        {
            return Ok(());
        }
        let known = match value.and_then(|value| CatalogEntry::read(key, value)) {
            Some(entry) => Some(self.known(entry)?),
            None if value.is_some() => return Ok(()), // a bare key that begins alike
            None => None,
        };
        self.entries.insert(key.to_vec(), (sequence, known));
        Ok(())
    }

    fn known(&self, entry: CatalogEntry) -> Result<Known> {
        let forms = match &entry.info {
            Some(info) => {
                let shape = info.key_shape()?;
                // A format that was asked for may not suit every store.
                Forms::new(Some((info, &shape)), self.key_format, self.value_format)
                    .or_else(|_| Forms::new(Some((info, &shape)), None, None))?
            }
            None => Forms::new(None, Some(Format::Hex), Some(Format::Hex))?,
        };
        Ok(Known {
            store: entry.store,
            index: entry.index,
            info: entry.info,
            key_start: entry.key_start,
            forms,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Known> {
        self.entries
            .values()
            .filter_map(|(_, known)| known.as_ref())
    }

    /// The store or index that an engine key belongs to.
    pub(crate) fn of_key(&self, key: &[u8]) -> Option<&Known> {
        self.all().find(|known| key.starts_with(&known.key_start))
    }

    /// The store `name`.
    pub(crate) fn store(&self, name: &str) -> Option<&Known> {
        self.all()
            .find(|known| known.store == name && known.index.is_none())
    }

    /// The names of the stores, in order.
    pub(crate) fn stores(&self) -> Vec<&str> {
        let stores = self.all().filter(|known| known.index.is_none());
        stores.map(|known| known.store.as_str()).collect()
    }
}
