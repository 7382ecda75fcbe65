//! All that the database holds, as a few numbers.

use crate::{Outcome, World};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a database holds, for comparing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) cities: u64,
    pub(crate) scores: u64,
    pub(crate) visits: u64,
    pub(crate) hash: u64,
}

impl Contents {
    /// Reads every record of every store.
    pub(crate) fn of(world: &World) -> Outcome<Self> {
        let (mut found, mut hash) = (Self::default(), DefaultHasher::new());
        for entry in world.cities.iter() {
            let entry = entry?;
            (entry.key, entry.value).hash(&mut hash);
            found.cities += 1;
        }
        for entry in world.scores.iter() {
            let entry = entry?;
            entry.hash(&mut hash);
            found.scores += 1;
        }
        for entry in world.visits.iter() {
            let entry = entry?;
            (entry.key, entry.value.city, entry.value.pages).hash(&mut hash);
            found.visits += 1;
        }
        found.hash = hash.finish();
        Ok(found)
    }
}
