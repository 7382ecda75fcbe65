//! The library's block cache over a double of `arc_swap`, and its model.

use crate::Model;
use crate::format::block::Block;
use crate::sync::Arc;
use cache::{BlockCache, Slots, empty_slots};
use loom::thread;

#[path = "../../src/table/cache.rs"]
mod cache;
#[path = "../../src/table/hit_tally.rs"]
mod hit_tally;

pub(crate) const MODELS: &[Model] = &[("slots_hold_their_blocks", slots_hold_their_blocks)];

/// A block with one empty entry at sequence number `number`.
fn block(number: usize) -> Arc<Block> {
    let mut bytes = vec![0; 32];
    (bytes[0], bytes[16]) = (number as u8, 1);
    Arc::new(Block::decode(bytes).unwrap())
}

fn check(block: &Block, number: usize) {
    assert_eq!(block.meta(block.place(0)).sequence, number as u64);
}

/// Reads block `number`, by its slot or from disk.
fn read(cache: &BlockCache, slots: &Slots, number: usize) {
    let found = slots[number].load();
    let found = found.unwrap_or_else(|| cache.keep(slots, number, block(number)));
    check(found.get().unwrap(), number);
    check(&found.into_arc().unwrap(), number);
}

/// Two readers and a table that is closed, with room for one block: a slot gives its own block or
/// none, and what is counted is what is held.
fn slots_hold_their_blocks() {
    let cache = BlockCache::new(block(0).memory_bytes());
    let slots = empty_slots(2);
    let other = {
        let (cache, slots) = (Arc::clone(&cache), Arc::clone(&slots));
        thread::spawn(move || {
            read(&cache, &slots, 0);
            read(&cache, &slots, 1);
        })
    };
    read(&cache, &slots, 1);
    other.join().unwrap();
    let held: usize = slots
        .iter()
        .filter_map(|s| s.peek())
        .map(|b| b.memory_bytes())
        .sum();
    assert_eq!(cache.bytes(), held);
    cache.forget(&slots);
    assert_eq!(cache.bytes(), 0);
}
