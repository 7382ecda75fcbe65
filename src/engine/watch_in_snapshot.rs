//! Which events of a watch a snapshot shows already.
//!
//! For whoever reads the state after a gap and goes on with the events that still wait. Pure
//! comparison; any thread.

use super::snapshot::Snapshot;
use super::watch_event::WatchEvent;

impl WatchEvent {
    /// True where `snapshot`, of the same engine, shows the state after this event already, so
    /// that who reads the snapshot passes over it.
    #[must_use]
    pub fn is_in(&self, snapshot: &Snapshot) -> bool {
        self.position <= snapshot.sequence() && self.time_ms <= snapshot.time_ms()
    }
}
