//! What readers of a sharded database see while a batch goes into several of its shards.
//!
//! Before the first part of such a batch is applied, the moments of all its shards are put on the
//! stage in one step; readers read them there instead of the shards. After the last part they are
//! taken off, in one step, too. A reader looks at the stage before and after it has taken what it
//! reads from, and takes it anew where the stage has changed. So no reader waits, and:
//!
//! - T1: what a reader takes between two equal looks at the stage holds each batch across shards
//!   whole or not at all: a part that it could have met early was applied after a change of the
//!   stage that its second look must see.
//! - T2: nobody else writes to a shard while its moment is on the stage, because a batch holds the
//!   shard's lock alone, so no acknowledged write is hidden by it.
//! - T3: where a part fails, the moments stay: readers go on with the state before the batch, and
//!   writers are refused, until the next open has completed or forgotten it.
//!
//! A reader takes its moments again only where a batch got on meanwhile. Any thread may call.

use crate::engine::moment::Moment;
use crate::error::Result;
use crate::sync::{Arc, ArcSwap};
use std::fmt;

/// For each shard the moment that readers have to read instead of it.
pub(crate) type Moments = Vec<Option<Arc<Moment>>>;

/// The moments on show.
pub(crate) struct Stage {
    shown: ArcSwap<Moments>,
}

impl Stage {
    /// An empty stage for `shards`.
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            shown: ArcSwap::from_pointee(vec![None; shards]),
        }
    }

    /// Puts `moments` on the stage, by shard, all at once.
    pub(crate) fn show(&self, moments: &[(usize, Arc<Moment>)]) {
        self.shown.rcu(|shown| {
            let mut next = Moments::clone(shown);
            for (shard, moment) in moments {
                if let Some(place) = next.get_mut(*shard) {
                    *place = Some(Arc::clone(moment));
                }
            }
            next
        });
    }

    /// Takes the moments of `shards` off, all at once.
    pub(crate) fn clear(&self, shards: &[usize]) {
        self.shown.rcu(|shown| {
            let mut next = Moments::clone(shown);
            for shard in shards {
                if let Some(place) = next.get_mut(*shard) {
                    *place = None;
                }
            }
            next
        });
    }

    /// True where readers are shown a moment of `shard`. To a holder of the shard's lock that
    /// means that a batch failed there (T3).
    pub(crate) fn shows(&self, shard: usize) -> bool {
        self.shown.load().get(shard).is_some_and(Option::is_some)
    }

    /// What `read` takes while the stage does not change (T1).
    pub(crate) fn read<R>(&self, mut read: impl FnMut(&Moments) -> Result<R>) -> Result<R> {
        loop {
            let before = self.shown.load();
            let taken = read(&before)?;
            if Arc::ptr_eq(&before, &self.shown.load()) {
                return Ok(taken);
            }
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown.load().iter().flatten().count();
        f.debug_struct("Stage").field("shown", &shown).finish()
    }
}
