//! Which versions a flush or compaction keeps.
//!
//! The entries of a key arrive newest first. The snapshots that are held cut the sequence numbers
//! into stripes: two entries of one stripe look the same to every snapshot, so only the newest of a
//! stripe is kept (K1). In the same way a put is dropped where a range tombstone of its own
//! stripe covers it (K2). An expired put that no snapshot can see alive becomes a tombstone, never
//! nothing, because an older version may wait below (K3). A tombstone goes once no older version
//! of its key can be left: none in a deeper level, and none kept for an older snapshot (K4).
//!
//! What is dropped whole, or loses its number, takes with it the knowledge that its key was written
//! then. The highest such number is told to whoever checks conditions (K5); it is never above the
//! oldest snapshot.

use super::snapshots::CommitPoint;
use crate::format::entry::{EntryMeta, Kind};
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::planted::{Mistake, planted};

/// The fate of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Keep it, with this meta.
    Keep(EntryMeta),
    /// Keep a tombstone in its place.
    Bury(EntryMeta),
    /// Drop it.
    Drop,
}

/// Decides entry by entry; see the module's documentation.
pub(crate) struct Retention<F> {
    /// Held snapshots, in rising order.
    points: Vec<CommitPoint>,
    now_ms: u64,
    tombstones: RangeTombstones,
    /// True where a key may have older versions outside of what is merged.
    older_elsewhere: F,
    /// True where no key at all has older versions elsewhere.
    at_bottom: bool,
    key: Vec<u8>,
    /// The stripe of the newest entry of `key` that was seen.
    stripe: Option<usize>,
    /// The highest number that nothing tells of any more (K5).
    forgotten: u64,
}

impl<F: Fn(&[u8]) -> bool> Retention<F> {
    /// Decides over the merged entries and range `tombstones` of some sources. `older_elsewhere`
    /// says whether a key may have older versions outside of them; `at_bottom` that none has.
    pub(crate) fn new(
        points: Vec<CommitPoint>,
        now_ms: u64,
        tombstones: RangeTombstones,
        older_elsewhere: F,
        at_bottom: bool,
    ) -> Self {
        let (key, stripe, forgotten) = (Vec::new(), None, 0);
        Self {
            points,
            now_ms,
            tombstones,
            older_elsewhere,
            at_bottom,
            key,
            stripe,
            forgotten,
        }
    }

    /// The highest sequence number of a write that nothing tells of any more (K5).
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The fate of the next entry, in key order with the newest version first.
    pub(crate) fn decide(&mut self, key: &[u8], meta: EntryMeta) -> Fate {
        let stripe = self.stripe_of(meta.sequence);
        if self.stripe.is_none() || self.key != key {
            self.key.clear();
            self.key.extend_from_slice(key);
        } else if self.stripe == Some(stripe) {
            return Fate::Drop; // K1
        }
        self.stripe = Some(stripe);
        if self.is_range_deleted(key, meta.sequence, stripe) {
            return Fate::Drop; // K2
        }
        let expired = meta.is_expired(self.now_ms) && !self.is_seen_alive(meta);
        if meta.kind == Kind::Delete || expired {
            if planted(Mistake::ExpiredGivesWay) && expired {
                return Fate::Drop;
            }
            let free = stripe == 0 || planted(Mistake::TombstoneGoesAboveSnapshot);
            let lowest = self.at_bottom || planted(Mistake::TombstoneGoesTooHigh);
            if free && (lowest || !(self.older_elsewhere)(key)) {
                self.forgotten = self.forgotten.max(meta.sequence); // K5
                return Fate::Drop; // K4
            }
            let buried = EntryMeta {
                kind: Kind::Delete,
                expiry_ms: 0,
                ..meta
            };
            return if expired {
                Fate::Bury(buried)
            } else {
                Fate::Keep(meta)
            }; // K3
        }
        // At the bottom nothing older is left to compare with, so the number is worth nothing and
        // zero takes no bytes.
        let sequence = if stripe == 0 && self.at_bottom {
            self.forgotten = self.forgotten.max(meta.sequence); // K5
            0
        } else {
            meta.sequence
        };
        Fate::Keep(EntryMeta { sequence, ..meta })
    }

    /// The range tombstones to keep: the newest of each stripe (K1), and none that can have no
    /// older entry left to cover (K4).
    pub(crate) fn tombstones_kept(
        &mut self,
        older_in_range: impl Fn(&[u8], &[u8]) -> bool,
    ) -> RangeTombstones {
        let mut kept = Vec::new();
        for fragment in self.tombstones.fragments() {
            let mut above = None;
            for &sequence in &fragment.sequences {
                let stripe = self.stripe_of(sequence);
                let shadowed = above == Some(stripe);
                above = Some(stripe);
                let spent = stripe == 0
                    && (self.at_bottom || !older_in_range(&fragment.start, &fragment.end));
                if spent {
                    self.forgotten = self.forgotten.max(sequence); // K5
                }
                if !shadowed && !spent {
                    let (start, end) = (fragment.start.clone(), fragment.end.clone());
                    kept.push(RangeTombstone {
                        start,
                        end,
                        sequence,
                    });
                }
            }
        }
        RangeTombstones::from_ranges(kept)
    }

    /// How many snapshots are older than `sequence`: its stripe.
    fn stripe_of(&self, sequence: u64) -> usize {
        self.points.partition_point(|p| p.sequence < sequence)
    }

    fn is_range_deleted(&self, key: &[u8], sequence: u64, stripe: usize) -> bool {
        if self.tombstones.is_empty() {
            return false;
        }
        // The newest range delete that all snapshots of this stripe see.
        let seen_max = self.points.get(stripe).map_or(u64::MAX, |p| p.sequence);
        self.tombstones
            .covering(key, seen_max)
            .is_some_and(|deleted| deleted > sequence)
    }

    /// True where a snapshot that sees the entry was taken before it expired.
    fn is_seen_alive(&self, meta: EntryMeta) -> bool {
        let seeing = self
            .points
            .get(self.stripe_of(meta.sequence)..)
            .unwrap_or_default();
        seeing.iter().any(|p| !meta.is_expired(p.time_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(sequence: u64, expiry_ms: u64) -> EntryMeta {
        EntryMeta {
            sequence,
            kind: Kind::Put,
            expiry_ms,
        }
    }

    fn delete(sequence: u64) -> EntryMeta {
        EntryMeta {
            sequence,
            kind: Kind::Delete,
            expiry_ms: 0,
        }
    }

    fn point(sequence: u64, time_ms: u64) -> CommitPoint {
        CommitPoint { sequence, time_ms }
    }

    fn retention(points: &[CommitPoint], older: bool) -> Retention<impl Fn(&[u8]) -> bool + use<>> {
        let none = RangeTombstones::default();
        Retention::new(points.to_vec(), 100, none, move |_| older, !older)
    }

    #[test]
    fn of_each_stripe_between_snapshots_the_newest_version_is_kept() {
        let mut it = retention(&[point(5, 0)], true);
        assert_eq!(it.decide(b"k", put(9, 0)), Fate::Keep(put(9, 0)));
        assert_eq!(it.decide(b"k", put(7, 0)), Fate::Drop);
        assert_eq!(it.decide(b"k", put(5, 0)), Fate::Keep(put(5, 0)));
        assert_eq!(it.decide(b"k", put(4, 0)), Fate::Drop);
        assert_eq!(it.decide(b"l", put(3, 0)), Fate::Keep(put(3, 0)));
    }

    #[test]
    fn expired_newest_version_becomes_a_tombstone_while_an_older_one_may_wait_below() {
        let mut it = retention(&[], true);
        assert_eq!(it.decide(b"k", put(9, 100)), Fate::Bury(delete(9)));
        assert_eq!(it.decide(b"l", put(8, 101)), Fate::Keep(put(8, 101)));
        let mut bottom = retention(&[], false);
        assert_eq!(bottom.decide(b"k", put(9, 100)), Fate::Drop);
        assert_eq!(bottom.decide(b"l", put(8, 101)), Fate::Keep(put(0, 101)));
    }

    #[test]
    fn expired_version_is_kept_for_a_snapshot_taken_while_it_was_alive() {
        let mut it = retention(&[point(9, 99)], false);
        assert_eq!(it.decide(b"k", put(9, 100)), Fate::Keep(put(0, 100)));
        let mut late = retention(&[point(9, 100)], false);
        assert_eq!(late.decide(b"k", put(9, 100)), Fate::Drop);
    }

    #[test]
    fn highest_number_that_is_lost_is_told() {
        let mut it = retention(&[], true);
        it.decide(b"k", put(9, 0));
        it.decide(b"k", put(7, 0));
        it.decide(b"l", delete(8));
        assert_eq!(
            it.forgotten(),
            0,
            "all that was dropped has a newer one above it"
        );
        let mut bottom = retention(&[], false);
        bottom.decide(b"k", put(5, 0));
        assert_eq!(bottom.forgotten(), 5, "the number became zero");
        bottom.decide(b"l", delete(8));
        assert_eq!(bottom.forgotten(), 8);
        let mut watched = retention(&[point(4, 0)], false);
        watched.decide(b"l", delete(8));
        watched.decide(b"l", put(4, 0));
        assert_eq!(watched.forgotten(), 4);
    }

    #[test]
    fn tombstone_stays_while_a_snapshot_keeps_an_older_version() {
        let mut it = retention(&[point(5, 0)], false);
        assert_eq!(it.decide(b"k", delete(9)), Fate::Keep(delete(9)));
        assert_eq!(it.decide(b"k", put(5, 0)), Fate::Keep(put(0, 0)));
        let mut free = retention(&[], false);
        assert_eq!(free.decide(b"k", delete(9)), Fate::Drop);
        assert_eq!(free.decide(b"k", put(5, 0)), Fate::Drop);
    }

    #[test]
    fn range_delete_drops_only_what_every_snapshot_of_the_stripe_sees_deleted() {
        let range = RangeTombstone {
            start: b"a"[..].into(),
            end: b"m"[..].into(),
            sequence: 7,
        };
        let set = RangeTombstones::from_ranges(vec![range]);
        let mut it = Retention::new(vec![point(5, 0)], 0, set, |_| true, false);
        assert_eq!(it.decide(b"k", put(8, 0)), Fate::Keep(put(8, 0)));
        assert_eq!(it.decide(b"l", put(6, 0)), Fate::Drop);
        assert_eq!(it.decide(b"l", put(5, 0)), Fate::Keep(put(5, 0)));
        assert_eq!(it.decide(b"m", put(6, 0)), Fate::Keep(put(6, 0)));
        assert!(
            !it.tombstones_kept(|_, _| false).is_empty(),
            "version 5 is still kept below it"
        );
    }
}
