//! Removing a whole store: its records, its indexes and its name, in one commit.

use super::catalog;
use super::db::Db;
use super::index_catalog;
use super::keyspace::Keyspace;
use crate::engine::write_batch::WriteBatch;
use crate::error::Result;

impl Db {
    /// Removes the store `name` with all its records and indexes, in one commit however many there
    /// are; `false` where there is no such store. A store made later under the name begins empty.
    /// Its number, of which a database has 3,823 for stores and indexes, is not given again.
    ///
    /// ```
    /// # let dir = std::env::temp_dir().join(format!("grainstore-drop-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let old = db.store::<u32, String>("old")?;
    /// old.put(&1, &"one".into())?;
    /// drop(old);
    /// assert!(db.drop_store("old")?);
    /// assert!(db.store_names()?.is_empty());
    /// assert!(db.store::<u32, String>("old")?.is_empty()?);
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` while a handle of the store is live, since it would go on writing; `Io`,
    /// `Latched`, `Closed`.
    pub fn drop_store(&self, name: &str) -> Result<bool> {
        let place = self.core.open_stores.place(name);
        let turn = place.turn(name);
        turn.check_not_live("it cannot be dropped")?;
        let engine = &self.core.engine;
        loop {
            let (number, sequence) = catalog::find_store(engine, name)?;
            let Some((number, _)) = number else {
                return Ok(false);
            };
            let mut batch = WriteBatch::new();
            catalog::remove_into(&mut batch, name, sequence)?;
            index_catalog::remove_keyspace(&mut batch, Keyspace::new(number)?)?;
            for index in index_catalog::list(engine, name)? {
                index.remove_into(&mut batch, name)?;
            }
            match engine.write(batch) {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|()| true),
            }
        }
    }
}
