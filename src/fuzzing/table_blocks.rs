//! Any bytes as a data block.
//!
//! What decodes can be read at every place in every way. What passes the check too is found by
//! every way of searching, and comes back the same from the builder.

use crate::format::block::Block;
use crate::format::block_builder::BlockBuilder;
use crate::format::block_lookup::Lookup;
use crate::format::entry::{EntryMeta, compare, key_hash};

type Entry = (Vec<u8>, EntryMeta, Vec<u8>);

/// Takes `bytes` for a data block.
pub fn block(bytes: &[u8]) {
    let Ok(block) = Block::decode(bytes.to_vec()) else {
        return;
    };
    let entries = entries_of(&block);
    let total: usize = entries.iter().map(|(_, _, value)| value.len()).sum();
    assert!(total <= bytes.len(), "values overlap");
    for probe in probes(&entries) {
        let at = block.lower_bound(probe, 7, Some(0.5));
        assert!(at <= block.len());
        let _ = block.find(probe, key_hash(probe), 7);
        let _ = block.find(probe, 0, u64::MAX);
    }
    if block.check(key_hash).is_ok() {
        check_sound(&block, &entries);
    }
}

fn entries_of(block: &Block) -> Vec<Entry> {
    let entry = |i| {
        let place = block.place(i);
        let key = [block.prefix(), block.suffix(place)].concat();
        (key, block.meta(place), block.value(place).to_vec())
    };
    (0..block.len()).map(entry).collect()
}

/// Keys that are there, and some that are not.
fn probes(entries: &[Entry]) -> impl Iterator<Item = &[u8]> {
    let own = entries.iter().step_by(entries.len() / 8 + 1);
    let own = own.map(|(key, ..)| key.as_slice());
    own.chain([&b""[..], b"a", b"\xff\xff\xff"])
}

/// The laws of a block that has passed its check.
fn check_sound(block: &Block, entries: &[Entry]) {
    let place = |e: &Entry| (e.0.clone(), e.1.sequence);
    for pair in entries.windows(2) {
        if let [a, b] = pair {
            let order = compare((&a.0, a.1.sequence), (&b.0, b.1.sequence));
            assert!(order.is_lt(), "{:?} is not before {:?}", place(a), place(b));
        }
    }
    for (i, (key, meta, value)) in entries.iter().enumerate() {
        assert_eq!(block.lower_bound(key, meta.sequence, None), i);
        let found = match block.find(key, key_hash(key), meta.sequence) {
            Lookup::Found(found, place) => Some((found, block.value(place))),
            Lookup::Absent | Lookup::Beyond => None,
        };
        assert_eq!(found, Some((*meta, &value[..])), "entry {i}");
    }
    let mut builder = BlockBuilder::new(entries.len() < 4_000);
    for (key, meta, value) in entries {
        builder.add(key, key_hash(key), *meta, value);
    }
    if !builder.is_empty() {
        let again = Block::decode(builder.finish().to_vec());
        assert_eq!(again.map(|block| entries_of(&block)), Ok(entries.to_vec()));
    }
}
