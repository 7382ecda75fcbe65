//! Which stores of a database have handles, so that all handles of one agree on its indexes.
//!
//! - O1: at one time one thread opens, drops or rebuilds a store of one name; the others wait.
//! - O2: what changes the indexes of a store, or drops it, is refused while a handle is live: that
//!   handle would go on writing without them.
//!
//! A handle is live for as long as anything holds its [`OpenStore`]: a store, a clone of it, an
//! iterator. Any thread may ask.

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::collections::BTreeMap;
use std::fmt;

/// Checks an indexed store against its indexes.
pub(crate) type Verifier = Box<dyn Fn() -> Result<()> + Send + Sync>;

/// The stores that were opened, by name.
#[derive(Debug, Default)]
pub(crate) struct OpenStores {
    places: Mutex<BTreeMap<String, Arc<Place>>>,
}

/// Where the live handles of one name meet.
#[derive(Debug, Default)]
pub(crate) struct Place(Mutex<Weak<OpenStore>>);

/// What all live handles of one store hold.
pub(crate) struct OpenStore {
    verifier: OnceLock<Verifier>,
}

/// The right to open or to drop the stores of one name (O1).
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    name: &'a str,
    live: MutexGuard<'a, Weak<OpenStore>>,
}

impl OpenStores {
    /// Where the handles of the store `name` meet.
    pub(crate) fn place(&self, name: &str) -> Arc<Place> {
        let mut places = self.places.lock();
        Arc::clone(places.entry(name.to_owned()).or_default())
    }

    /// The stores with live handles.
    pub(crate) fn live(&self) -> Vec<Arc<OpenStore>> {
        let places: Vec<_> = self.places.lock().values().cloned().collect();
        // One that is just being opened, and so locked, is not open yet.
        let live = places.iter().filter_map(|it| it.0.try_lock()?.upgrade());
        live.collect()
    }
}

impl Place {
    /// Waits for the right to open or to drop the store (O1).
    pub(crate) fn turn<'a>(&'a self, name: &'a str) -> Turn<'a> {
        let live = self.0.lock();
        Turn { name, live }
    }
}

impl Turn<'_> {
    /// An error where a handle is live (O2); `doing` says what cannot be done then.
    pub(crate) fn check_not_live(&self, doing: &str) -> Result<()> {
        if self.live.strong_count() == 0 {
            return Ok(());
        }
        let text = format!(
            "the store {:?} is open, so {doing}; drop all its handles first",
            self.name
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    /// What a new handle is to hold.
    pub(crate) fn share(&mut self) -> Arc<OpenStore> {
        if let Some(open) = self.live.upgrade() {
            return open;
        }
        let open = Arc::new(OpenStore {
            verifier: OnceLock::new(),
        });
        *self.live = Arc::downgrade(&open);
        open
    }
}

impl OpenStore {
    /// Lets [`verify`](Self::verify) call `verifier`, which must not hold a handle of the store.
    pub(crate) fn set_verifier(&self, verifier: Verifier) {
        self.verifier.get_or_init(|| verifier);
    }

    /// Checks the store against its indexes, where it has any.
    pub(crate) fn verify(&self) -> Result<()> {
        self.verifier.get().map_or(Ok(()), |verify| verify())
    }
}

impl fmt::Debug for OpenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenStore").finish_non_exhaustive()
    }
}
