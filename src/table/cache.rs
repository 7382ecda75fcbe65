//! The blocks that open tables keep in memory, within one bound for all of them.
//!
//! Each open table owns a slot for each of its blocks, so a reader goes from the number of a block
//! to the block without a hash table, a lock or a counter that other threads write. The cache as
//! such is only the bookkeeping around that: a ring of what the slots hold, in order of arrival,
//! from which CLOCK lets the oldest block go that was not read again since the hand last passed.
//!
//! Invariants: a slot changes only under the lock of the ring (C1). `bytes` is what the slots of
//! all tables hold together, and at most `bytes_max` whenever the lock is free (C2). A filled slot
//! has exactly one frame in the ring; frames whose slot was emptied with its table are counted in
//! `dead` and swept before they outnumber the others (C3).
//!
//! Any thread may call. Who still reads a block that was let go keeps it alive until done; such
//! blocks are not within the bound, and counted on their own. Blocks longer than the whole cache
//! are never kept, so a cache of 0 bytes keeps nothing.

use super::hit_tally::HitTally;
use crate::format::block::Block;
use crate::format::block_buckets::prefetch_home;
use crate::memory::buffer::Buffer;
use crate::memory::pool::Pool;
use crate::sync::{
    Arc, ArcSwapOption, AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Guard, Mutex, Ordering, Weak,
};
use std::collections::VecDeque;

/// So many bytes of blocks are kept on the heap before slabs are taken.
const HEAP_BYTES: usize = 2 << 20;

/// This many dead frames are always let stand.
const DEAD_FRAMES_MIN: usize = 64;

/// A block on loan: a reader's hold on what a slot had, without a shared counter written.
pub(crate) struct BlockRef(Guard<Option<Arc<Block>>>);

impl BlockRef {
    /// A hold on a block that no slot has.
    pub(crate) fn owned(block: Arc<Block>) -> Self {
        Self(Guard::from_inner(Some(block)))
    }

    /// The block. A `BlockRef` that was handed out has one.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Block> {
        self.0.as_deref()
    }

    /// The block, to keep.
    pub(crate) fn into_arc(self) -> Option<Arc<Block>> {
        Guard::into_inner(self.0)
    }
}

/// Where a table keeps one of its blocks.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    block: ArcSwapOption<Block>,
    /// Where the buckets of the block are, or were: for a hint to the processor, and no more.
    buckets_at: AtomicUsize,
    bucket_count: AtomicU32,
    /// Set by readers, taken back by the hand of the clock.
    referenced: AtomicBool,
}

impl Slot {
    /// Begins to load what a search for a key of this hash will look at first, before the block
    /// itself has been waited for.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        let count = self.bucket_count.load(Ordering::Relaxed);
        if count > 0 {
            prefetch_home(self.buckets_at.load(Ordering::Relaxed), count, hash);
        }
    }

    /// The block, where it is in memory. Marks it as read.
    #[inline]
    pub(crate) fn load(&self) -> Option<BlockRef> {
        let guard = self.block.load();
        if guard.is_none() {
            return None;
        }
        // Written only where it changes: readers share the line otherwise.
        if !self.referenced.load(Ordering::Relaxed) {
            self.referenced.store(true, Ordering::Relaxed);
        }
        Some(BlockRef(guard))
    }

    /// The block, where it is in memory, without marking it as read.
    pub(crate) fn peek(&self) -> Option<Arc<Block>> {
        self.block.load_full()
    }
}

/// The slots of one table.
pub(crate) type Slots = Arc<[Slot]>;

/// `count` empty slots.
pub(crate) fn empty_slots(count: usize) -> Slots {
    std::iter::repeat_with(Slot::default).take(count).collect()
}

/// The bound on cached blocks that all open tables share.
#[derive(Debug)]
pub(crate) struct BlockCache {
    bytes_max: usize,
    bytes: AtomicUsize,
    misses: AtomicU64,
    /// Blocks that readers found in their slots.
    pub(crate) found: HitTally,
    ring: Mutex<Ring>,
    pool: Pool,
}

#[derive(Debug, Default)]
struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    dead: usize,
    strays: Strays,
}

/// Blocks that were read while no slot had them, or had them no more.
#[derive(Debug, Default)]
struct Strays {
    blocks: Vec<Weak<Block>>,
    swept_at: usize,
}

impl Strays {
    /// Remembers a block for as long as somebody holds it.
    fn note(&mut self, block: &Arc<Block>) {
        if self.blocks.len() >= self.swept_at {
            self.sweep();
        }
        self.blocks.push(Arc::downgrade(block));
    }

    fn sweep(&mut self) {
        self.blocks.retain(|block| block.strong_count() > 0);
        self.swept_at = (2 * self.blocks.len()).max(DEAD_FRAMES_MIN);
    }
}

/// A filled slot, or one that was (C3).
#[derive(Debug)]
struct Frame {
    slots: Weak<[Slot]>,
    number: usize,
}

impl Ring {
    /// Takes in that `block` has left its slot.
    fn let_go(&mut self, block: &Arc<Block>) {
        if Arc::strong_count(block) > 1 {
            self.strays.note(block);
        }
    }
}

impl BlockCache {
    /// A cache of at most `bytes_max` bytes of blocks.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            bytes: AtomicUsize::new(0),
            misses: AtomicU64::new(0),
            found: HitTally::default(),
            ring: Mutex::new(Ring::default()),
            pool: Pool::new(bytes_max + bytes_max / 8),
        })
    }

    /// How many bytes of blocks are kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// A buffer of `len` bytes for a block to keep. The first blocks lie on the heap: a small
    /// database is not to take a huge page.
    pub(crate) fn room(&self, len: usize) -> Buffer {
        if self.bytes() < HEAP_BYTES {
            return Buffer::on_heap(len);
        }
        self.pool.take(len)
    }

    /// How many bytes of blocks readers hold that are not kept. Looks at each of those blocks.
    pub(crate) fn pinned_bytes(&self) -> usize {
        let mut ring = self.ring.lock();
        ring.strays.sweep();
        let held = ring.strays.blocks.iter().filter_map(Weak::upgrade);
        held.map(|block| block.memory_bytes()).sum()
    }

    /// How many blocks were read from disk because no slot had them.
    pub(crate) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// Puts a block that was just read into its slot and lets others go for it. Answers with the
    /// block that is in the slot then: another thread may have been faster (C2).
    pub(crate) fn keep(&self, slots: &Slots, number: usize, block: Arc<Block>) -> BlockRef {
        self.misses.fetch_add(1, Ordering::Relaxed);
        let block_bytes = block.memory_bytes();
        let mut ring = self.ring.lock();
        let Some(slot) = slots.get(number).filter(|_| block_bytes <= self.bytes_max) else {
            ring.strays.note(&block);
            return BlockRef::owned(block);
        };
        if let Some(kept) = slot.peek() {
            return BlockRef::owned(kept);
        }
        // Room first, so that the block itself is not what makes room.
        self.make_room(&mut ring, block_bytes);
        slot.referenced.store(false, Ordering::Relaxed);
        let (buckets_at, bucket_count) = block.bucket_place();
        slot.buckets_at.store(buckets_at, Ordering::Relaxed);
        slot.bucket_count.store(bucket_count, Ordering::Relaxed);
        slot.block.store(Some(Arc::clone(&block)));
        ring.frames.push_back(Frame {
            slots: Arc::downgrade(slots),
            number,
        });
        ring.bytes += block_bytes;
        self.publish(&ring);
        BlockRef::owned(block)
    }

    /// Lets go of all blocks of a table that is being closed; nobody may add to its slots again.
    pub(crate) fn forget(&self, slots: &Slots) {
        let mut ring = self.ring.lock();
        for slot in slots.iter().filter(|slot| slot.block.load().is_some()) {
            if let Some(block) = slot.block.swap(None) {
                ring.bytes -= block.memory_bytes();
                ring.dead += 1;
                ring.let_go(&block);
            }
        }
        if ring.dead > DEAD_FRAMES_MIN.max(ring.frames.len() / 2) {
            ring.frames.retain(Frame::is_filled);
            ring.dead = 0;
        }
        self.publish(&ring);
    }

    /// Turns the clock until `block_bytes` more fit.
    fn make_room(&self, ring: &mut Ring, block_bytes: usize) {
        // Readers may mark blocks faster than the hand passes them; two rounds are enough.
        let mut spares_left = 2 * ring.frames.len();
        while ring.bytes + block_bytes > self.bytes_max {
            let Some(frame) = ring.frames.pop_front() else {
                debug_assert_eq!(ring.bytes, 0, "C2: what is counted is in the ring");
                return;
            };
            let slots = frame.slots.upgrade();
            let slot = slots.as_ref().and_then(|slots| slots.get(frame.number));
            let Some(slot) = slot.filter(|slot| slot.block.load().is_some()) else {
                ring.dead -= 1;
                continue;
            };
            if spares_left > 0 && slot.referenced.swap(false, Ordering::Relaxed) {
                spares_left -= 1;
                ring.frames.push_back(frame);
            } else if let Some(block) = slot.block.swap(None) {
                ring.bytes -= block.memory_bytes();
                ring.let_go(&block);
            }
        }
    }

    fn publish(&self, ring: &Ring) {
        debug_assert!(ring.bytes <= self.bytes_max, "C2: within the bound");
        self.bytes.store(ring.bytes, Ordering::Relaxed);
    }

    /// What the slots hold by the ring, and how many frames it has: the test of C2 and C3.
    #[cfg(test)]
    pub(crate) fn count(&self) -> (usize, usize) {
        let ring = self.ring.lock();
        let block = |frame: &Frame| frame.slots.upgrade()?.get(frame.number)?.peek();
        let bytes = ring
            .frames
            .iter()
            .filter_map(block)
            .map(|b| b.memory_bytes())
            .sum();
        assert_eq!(bytes, ring.bytes);
        let dead = ring
            .frames
            .iter()
            .filter(|frame| !frame.is_filled())
            .count();
        assert_eq!(dead, ring.dead);
        (bytes, ring.frames.len())
    }
}

impl Frame {
    fn is_filled(&self) -> bool {
        let slots = self.slots.upgrade();
        let slot = slots.as_ref().and_then(|slots| slots.get(self.number));
        slot.is_some_and(|slot| slot.block.load().is_some())
    }
}
