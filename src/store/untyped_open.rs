//! Opening a store by what the database remembers of it.
//!
//! Any thread may call these. They make no store but the one that is asked for by all it needs.

use super::catalog;
use super::db::Db;
use super::index_catalog;
use super::store_info::StoreInfo;
use super::untyped_store::UntypedStore;
use crate::error::{Error, ErrorKind, Result};
use crate::key::shape::Shape;

impl Db {
    /// The store `name`, whatever its types; `None` where there is no such store. Makes none.
    ///
    /// # Errors
    /// As [`store_info`](Self::store_info).
    pub fn untyped_store(&self, name: &str) -> Result<Option<UntypedStore>> {
        self.store_info(name)?
            .map(|info| self.make_untyped_store(info))
            .transpose()
    }

    /// The store that `info` describes, made where there is none.
    ///
    /// # Errors
    /// `SchemaMismatch` where it was made as something else, `InvalidInput` where its name cannot
    /// be used or `info` describes no store of this release.
    pub fn make_untyped_store(&self, info: StoreInfo) -> Result<UntypedStore> {
        let shape = info.key_shape()?;
        let is_known = match info.kind.as_str() {
            "grains" => true,
            "u32" => shape == Shape::leaf("u32"),
            kind => kind == "bytes" && shape == Shape::leaf("raw"),
        };
        if !is_known {
            let StoreInfo { name, kind, .. } = &info;
            let text = format!("the store {name:?} is of the kind {kind:?}, which is unknown here");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let place = self.core.open_stores.place(&info.name);
        let mut turn = place.turn(&info.name);
        let mut raw = self.open_raw(&info.name, &info.definition(), shape, None)?;
        // As a live handle, so that the indexes of the store stay what they are meanwhile.
        raw.open = Some(turn.share());
        let indexes = self.index_names(&info.name)?;
        drop(turn);
        let info = StoreInfo { indexes, ..info };
        Ok(UntypedStore::new(raw, info))
    }

    /// What the store `name` was made as; `None` where there is no such store. Makes none.
    ///
    /// ```
    /// # let dir = std::env::temp_dir().join(format!("grainstore-info-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// db.store::<(String, u64), String>("sessions")?;
    /// let info = db.store_info("sessions")?.unwrap();
    /// assert_eq!(info.key_schema, "k1:{str,u64}");
    /// assert!(db.store_info("session")?.is_none());
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `UnsupportedFormat` where a newer release made it.
    pub fn store_info(&self, name: &str) -> Result<Option<StoreInfo>> {
        let (found, _) = catalog::find_store(&self.core.engine, name)?;
        found
            .map(|(_, definition)| {
                let indexes = self.index_names(name)?;
                Ok(StoreInfo::from_definition(name, definition, indexes))
            })
            .transpose()
    }

    fn index_names(&self, store: &str) -> Result<Vec<String>> {
        let indexes = index_catalog::list(&self.core.engine, store)?;
        Ok(indexes.into_iter().map(|index| index.name).collect())
    }
}
