//! The hash index of a memtable: from a key's hash to the newest record of that key.
//!
//! Open addressing with linear probing, cut by the top bits of the hash into shards that grow on
//! their own, so that no single growth makes the writer pause for long. A slot is one word: the
//! top 28 bits of the hash and the address of a record; 0 is an empty slot.
//!
//! - I1: slots lie in the order of their hashes (but for the wrap at the end of a shard): the
//!   home of a key comes from the same 28 bits that the slot keeps. So growing reads no record
//!   and walks through both tables from front to back.
//! - I2: a slot never becomes empty again and never changes its key; only its address moves on to
//!   newer versions. A reader therefore never passes a key by.
//! - I3: a table that has been outgrown stays as it is until the index is dropped: a reader that
//!   began in it ends in it. All of them together are smaller than the current one.
//!
//! Looking up is lock-free from any thread; changes come from the one [`IndexWriter`]. Keys chosen
//! to share one hash make look-ups of them slow, as the hash has no secret.

use super::record::{ADDRESS_BITS, Address};
use crate::format::prefetch::prefetch;
use crate::sync::{AtomicU64, AtomicUsize, OnceLock, Ordering};

const SHARD_BITS: u32 = 4;
const SHARDS: usize = 1 << SHARD_BITS;
/// Bits of the hash in a slot.
const TAG_BITS: u32 = 64 - ADDRESS_BITS;
/// The bits of the tag that are not the number of the shard.
const HOME_BITS: u32 = TAG_BITS - SHARD_BITS;
/// A shard begins with this many slots, as a power of two.
const FIRST_BITS: u32 = 3;
/// Enough for more keys than the addresses of an arena reach, so a shard always has empty slots.
const LEVELS: usize = 29;

type Slots = Box<[AtomicU64]>;

/// One shard: its tables, each twice as large as the one before.
#[derive(Debug)]
struct Shard {
    current: AtomicUsize,
    tables: [OnceLock<Slots>; LEVELS],
}

/// The index, as readers see it.
#[derive(Debug)]
pub(super) struct Index {
    shards: [Shard; SHARDS],
}

/// The right to change an index.
#[derive(Debug, Default)]
pub(super) struct IndexWriter {
    key_counts: [usize; SHARDS],
}

/// Where the newest record of a key is, or is to be, noted.
#[derive(Debug)]
pub(super) struct Place<'a> {
    slot: &'a AtomicU64,
    tag: u64,
    shard: usize,
    /// The newest record so far.
    pub(super) previous: Option<Address>,
}

#[inline]
fn tag_of(hash: u64) -> u64 {
    hash >> ADDRESS_BITS
}

#[inline]
fn shard_of(tag: u64) -> usize {
    (tag >> HOME_BITS) as usize
}

/// The slot where the search for `tag` begins in a table of `slots` (a power of two; I1).
#[inline]
fn home(tag: u64, slots: usize) -> usize {
    let bits = slots.trailing_zeros();
    let fraction = tag & ((1 << HOME_BITS) - 1);
    // A table with more slots than homes spreads the homes out.
    let home = if bits <= HOME_BITS {
        fraction >> (HOME_BITS - bits)
    } else {
        fraction << (bits - HOME_BITS)
    };
    home as usize
}

fn empty_slots(bits: u32) -> Slots {
    (0..1usize << bits).map(|_| AtomicU64::new(0)).collect()
}

impl Shard {
    fn new() -> Self {
        let tables = [const { OnceLock::new() }; LEVELS];
        tables[0].get_or_init(|| empty_slots(FIRST_BITS));
        Self {
            current: AtomicUsize::new(0),
            tables,
        }
    }

    #[inline]
    fn slots(&self) -> &[AtomicU64] {
        let table = self.tables.get(self.current.load(Ordering::Acquire));
        table
            .and_then(OnceLock::get)
            .map(|slots| &**slots)
            .unwrap_or_default()
    }

    /// Moves to a table of twice the size; there is none after the last.
    #[cold]
    fn grow(&self) {
        let next = self.current.load(Ordering::Relaxed) + 1;
        let Some(table) = self.tables.get(next) else {
            return;
        };
        let old = self.slots();
        let new = empty_slots(FIRST_BITS + next as u32);
        let mask = new.len() - 1;
        for word in old.iter().map(|slot| slot.load(Ordering::Relaxed)) {
            if word == 0 {
                continue;
            }
            let mut at = home(word >> ADDRESS_BITS, new.len());
            while let Some(slot) = new.get(at) {
                if slot.load(Ordering::Relaxed) == 0 {
                    slot.store(word, Ordering::Relaxed);
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        if table.set(new).is_ok() {
            self.current.store(next, Ordering::Release);
        }
    }
}

impl Index {
    /// An empty index.
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard::new()),
        }
    }

    /// The first of the records under `hash` that `pick` takes.
    #[inline]
    pub(super) fn find<T>(&self, hash: u64, pick: impl Fn(Address) -> Option<T>) -> Option<T> {
        let tag = tag_of(hash);
        let slots = self.shards[shard_of(tag)].slots();
        let mut at = home(tag, slots.len());
        loop {
            let word = slots.get(at)?.load(Ordering::Acquire);
            if word >> ADDRESS_BITS == tag {
                let found = Address::from_word(word).and_then(&pick);
                if found.is_some() {
                    return found;
                }
            }
            if word == 0 {
                return None;
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }

    /// Begins to load the slot where a search for `hash` begins.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        let tag = tag_of(hash);
        let slots = self.shards[shard_of(tag)].slots();
        if let Some(slot) = slots.get(home(tag, slots.len())) {
            prefetch(slot);
        }
    }

    /// The place of a key, for the writer: `is_same` tells its record among those of like hash.
    pub(super) fn place(
        &self,
        writer: &IndexWriter,
        hash: u64,
        is_same: impl Fn(Address) -> bool,
    ) -> Place<'_> {
        let tag = tag_of(hash);
        let number = shard_of(tag);
        let shard = &self.shards[number];
        if writer.key_counts[number] + 1 > shard.slots().len() / 8 * 5 {
            shard.grow();
        }
        let slots = shard.slots();
        let mut at = home(tag, slots.len());
        loop {
            let slot = &slots[at];
            let word = slot.load(Ordering::Relaxed);
            let previous = Address::from_word(word);
            let same = word >> ADDRESS_BITS == tag && previous.is_some_and(&is_same);
            if same || word == 0 {
                return Place {
                    slot,
                    tag,
                    shard: number,
                    previous,
                };
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }
}

impl IndexWriter {
    /// Notes `address` as the newest record at `place`; from here on readers find it.
    pub(super) fn publish(&mut self, place: &Place<'_>, address: Address) {
        if place.previous.is_none() {
            self.key_counts[place.shard] += 1;
        }
        let word = place.tag << ADDRESS_BITS | address.word();
        place.slot.store(word, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn address(n: usize) -> Address {
        Address::new(1 + n / 1_000, n % 1_000 * 8)
    }

    /// Inserts the hashes, each as a key of its own that is known by its address.
    fn filled(hashes: &[u64]) -> (Index, HashMap<u64, Address>) {
        let (index, mut writer) = (Index::new(), IndexWriter::default());
        let mut places = HashMap::new();
        for (n, &hash) in hashes.iter().enumerate() {
            let place = index.place(&writer, hash, |_| false);
            assert_eq!(place.previous, None);
            writer.publish(&place, address(n));
            places.insert(address(n).word(), address(n));
        }
        (index, places)
    }

    fn spread(count: u64) -> Vec<u64> {
        (1..=count)
            .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .collect()
    }

    #[test]
    fn every_hash_is_found_through_all_doublings_and_no_other() {
        let count = if cfg!(miri) { 300 } else { 20_000 };
        let hashes = spread(count);
        let (index, _) = filled(&hashes);
        for (n, &hash) in hashes.iter().enumerate() {
            let found = index.find(hash, |at| (at == address(n)).then_some(at));
            assert_eq!(found, Some(address(n)));
        }
        let levels = index
            .shards
            .iter()
            .map(|s| s.current.load(Ordering::Relaxed));
        assert!(levels.min() > Some(1));
        for n in 0..count {
            let other = n.wrapping_mul(0xD6E8_FEB8_6659_FD93) | 1;
            let found = index.find(other, |at| (at == address(99_999)).then_some(at));
            assert_eq!(found, None);
        }
    }

    #[test]
    fn keys_that_share_one_hash_are_told_apart_and_wrap_around_the_end() {
        for hash in [0, u64::MAX, 1 << 60] {
            let (index, places) = filled(&[hash; 40]);
            for &at in places.values() {
                let found = index.find(hash, |found| (found == at).then_some(found));
                assert_eq!(found, Some(at));
            }
        }
    }

    #[test]
    fn a_newer_record_takes_the_place_of_the_older() {
        let (index, mut writer) = (Index::new(), IndexWriter::default());
        for n in 0..10 {
            let place = index.place(&writer, 42, |_| true);
            assert_eq!(place.previous, (n > 0).then(|| address(n - 1)));
            writer.publish(&place, address(n));
            assert_eq!(index.find(42, Some), Some(address(n)));
        }
        assert_eq!(writer.key_counts.iter().sum::<usize>(), 1);
    }

    #[test]
    fn homes_stay_inside_tables_of_every_size() {
        for bits in FIRST_BITS..FIRST_BITS + LEVELS as u32 {
            let slots = 1usize << bits;
            for hash in [0, 1, u64::MAX, u64::MAX >> SHARD_BITS, 1 << 59] {
                assert!(home(tag_of(hash), slots) < slots);
            }
        }
    }
}
