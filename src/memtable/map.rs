//! The memtable: a map from keys to all their recent versions.
//!
//! - M1: sequence numbers rise with every insert, so the versions of a key are chained from the
//!   newest to the oldest, and whatever is inserted later is newer.
//! - M2: an entry is in the arena before the index or the tail name it, and in both before
//!   [`MemtableWriter::insert`] returns. Whoever learns of its sequence number afterwards finds it.
//!
//! Looking up takes no lock and allocates nothing. There is one writer at a time, which never
//! waits for readers (but for the moment in which a cursor takes its `Arc` of the runs).
//!
//! A memtable does not decide which versions are visible beyond `sequence_max`, does not apply
//! range tombstones to entries, and does not know when it is full.

use super::arena::{Arena, ArenaWriter, PinnedBytes};
use super::index::{Index, IndexWriter};
use super::range_deletes::RangeDeletes;
use super::record::Address;
use super::run::Run;
use super::runs::{Runs, RunsNow, RunsWriter};
use crate::format::entry::{EntryMeta, KEY_BYTES_MAX, SEQUENCE_MAX, VALUE_BYTES_MAX};
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::sync::{Arc, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering};

/// What an entry takes besides its record: some 16 bytes in the index and 24 in a run, the double
/// of each while old tables and runs are still in use.
const ENTRY_OVERHEAD_BYTES: usize = 64;
/// What a range tombstone takes besides its bounds.
const RANGE_OVERHEAD_BYTES: usize = 128;

/// Records that wait to be put in order, for the next scan or until they are this many.
const TAIL_ENTRIES: usize = 256;
/// The same while a log is replayed: to sort many at once is cheaper, and nobody scans.
const REPLAY_TAIL_ENTRIES: usize = 256 << 10;

/// The sizes a memtable works with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) first_chunk_bytes: usize,
    pub(super) tail_entries: usize,
}

impl Shape {
    fn for_bytes(bytes_max: usize) -> Self {
        Self {
            first_chunk_bytes: (bytes_max / 8).next_power_of_two().clamp(1 << 10, 8 << 10),
            tail_entries: TAIL_ENTRIES,
        }
    }
}

/// Recent writes: every version of every key, and range tombstones.
#[derive(Debug)]
pub(crate) struct Memtable {
    arena: Arena,
    index: Index,
    runs: RunsNow,
    range_deletes: RangeDeletes,
    bytes: AtomicUsize,
    entries: AtomicUsize,
    sequence_last: AtomicU64,
    writing: Mutex<Writing>,
}

/// What only the writer needs.
#[derive(Debug)]
struct Writing {
    arena: ArenaWriter,
    index: IndexWriter,
    runs: RunsWriter,
    sequence_last: Option<u64>,
}

/// An entry that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemEntry<'a> {
    /// What the entry is.
    pub(crate) meta: EntryMeta,
    /// Its value; empty for a tombstone.
    pub(crate) value: &'a [u8],
    address: Address,
}

/// A value in a memtable that lives on after the memtable. It keeps some memory around it alive.
#[derive(Debug, Clone)]
pub(crate) struct PinnedMem(PinnedBytes);

impl PinnedMem {
    /// The value.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Memtable {
    /// An empty memtable which is going to hold about `bytes_max` bytes. It takes a few KiB and
    /// grows as it is filled, beyond `bytes_max` too.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self::with_shape(Shape::for_bytes(bytes_max))
    }

    /// As [`new`](Self::new), for a replay, which ends with
    /// [`end_replay`](MemtableWriter::end_replay).
    pub(crate) fn for_replay(bytes_max: usize) -> Self {
        let it = Self::new(bytes_max);
        it.writing.lock().runs.begin_replay(REPLAY_TAIL_ENTRIES);
        it
    }

    pub(super) fn with_shape(shape: Shape) -> Self {
        let (arena, arena_writer) = Arena::new(shape.first_chunk_bytes);
        let (runs, runs_writer) = Runs::new(shape.tail_entries);
        Self {
            arena,
            index: Index::new(),
            runs,
            range_deletes: RangeDeletes::default(),
            bytes: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            sequence_last: AtomicU64::new(0),
            writing: Mutex::new(Writing {
                arena: arena_writer,
                index: IndexWriter::default(),
                runs: runs_writer,
                sequence_last: None,
            }),
        }
    }

    /// The right to write, which one thread has at a time.
    pub(crate) fn writer(&self) -> MemtableWriter<'_> {
        MemtableWriter {
            memtable: self,
            writing: self.writing.lock(),
        }
    }

    /// The newest version of `key` with a sequence number up to `sequence_max`, tombstones
    /// included. `hash` is the key's [`key_hash`](crate::format::entry::key_hash).
    #[inline]
    pub(crate) fn get(&self, key: &[u8], hash: u64, sequence_max: u64) -> Option<MemEntry<'_>> {
        let newest = |at| {
            let record = self.arena.record(at)?;
            (record.key == key).then_some((at, record))
        };
        let (mut address, mut record) = self.index.find(hash, newest)?;
        while record.meta.sequence > sequence_max {
            address = record.previous?;
            record = self.arena.record(address)?;
        }
        Some(MemEntry {
            meta: record.meta,
            value: record.value,
            address,
        })
    }

    /// The value of an entry that was found in this memtable, alive on its own and not copied.
    pub(crate) fn pin(&self, entry: &MemEntry<'_>) -> Option<PinnedMem> {
        let pinned = self.pin_at(entry.address)?;
        debug_assert_eq!(pinned.bytes().as_ptr(), entry.value.as_ptr());
        Some(pinned)
    }

    pub(super) fn pin_at(&self, address: Address) -> Option<PinnedMem> {
        self.arena.pin_value(address).map(PinnedMem)
    }

    /// Everything inserted so far as sorted runs, none of which changes any more. Where they are
    /// several, a little is done so that the next call finds fewer.
    pub(super) fn sorted_runs(&self) -> Vec<Arc<Run>> {
        let runs = Arc::clone(&*self.runs.lock());
        if !runs.is_tidy() {
            self.tidy();
        }
        runs.sorted(&self.arena)
    }

    /// Leaves the runs a little fewer for the next scan, where no writer is in the way.
    fn tidy(&self) {
        if let Some(mut writing) = self.writing.try_lock() {
            writing.runs.tidy(&self.runs, &self.arena);
        }
    }

    /// The range tombstones; `None`, at the cost of one load, while there are none.
    #[inline]
    pub(crate) fn range_tombstones(&self) -> Option<Arc<RangeTombstones>> {
        self.range_deletes.fragments()
    }

    /// How many range deletes there are. Each one makes the next
    /// [`range_tombstones`](Self::range_tombstones) put all of them in order again.
    pub(crate) fn range_delete_count(&self) -> usize {
        self.range_deletes.count()
    }

    /// About how much memory all entries and range tombstones take; 0 while there are none.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many entries there are, all versions and tombstones, without range tombstones.
    pub(crate) fn entries(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// The largest sequence number of entries and range tombstones; 0 while there are none.
    pub(crate) fn sequence_last(&self) -> u64 {
        self.sequence_last.load(Ordering::Acquire)
    }

    /// True while there are neither entries nor range tombstones.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries() == 0 && self.range_deletes.count() == 0
    }

    #[inline]
    pub(super) fn arena(&self) -> &Arena {
        &self.arena
    }
}

/// The right to write to a memtable.
pub(crate) struct MemtableWriter<'a> {
    memtable: &'a Memtable,
    writing: MutexGuard<'a, Writing>,
}

impl MemtableWriter<'_> {
    /// Adds a version of `key`; `hash` is its [`key_hash`](crate::format::entry::key_hash).
    ///
    /// The sequence number must be above all before it (M1), and key and value within the limits
    /// of an entry.
    pub(crate) fn insert(&mut self, key: &[u8], hash: u64, meta: EntryMeta, value: &[u8]) {
        assert!(key.len() <= KEY_BYTES_MAX && value.len() <= VALUE_BYTES_MAX);
        self.take_sequence(meta.sequence);
        let memtable = self.memtable;
        let writing = &mut *self.writing;
        let is_same = |at| memtable.arena.key(at) == key;
        let place = memtable.index.place(&writing.index, hash, is_same);
        let used_before = writing.arena.used_bytes();
        let arena = &mut writing.arena;
        let address = memtable
            .arena
            .append(arena, key, meta, value, place.previous);
        writing.index.publish(&place, address);
        writing.runs.push(&memtable.runs, &memtable.arena, address);
        let entries = memtable.entries.load(Ordering::Relaxed) + 1;
        memtable.entries.store(entries, Ordering::Relaxed);
        let record_bytes = writing.arena.used_bytes() - used_before;
        self.count_bytes(record_bytes + ENTRY_OVERHEAD_BYTES);
    }

    /// Begins to load what an insert under `hash` is going to look at.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        self.memtable.index.prefetch(hash);
    }

    /// Ends a time of many inserts that nobody scans between: what comes from here on is put in
    /// order in small pieces, so that no insert pauses for long.
    pub(crate) fn end_replay(&mut self) {
        let memtable = self.memtable;
        let runs = &mut self.writing.runs;
        runs.end_replay(&memtable.runs, &memtable.arena, TAIL_ENTRIES);
    }

    /// Adds a range tombstone; its sequence number, too, must be above all before it (M1).
    pub(crate) fn delete_range(&mut self, tombstone: RangeTombstone) {
        self.take_sequence(tombstone.sequence);
        let bytes = tombstone.start.len() + tombstone.end.len() + RANGE_OVERHEAD_BYTES;
        self.memtable.range_deletes.push(tombstone);
        self.count_bytes(bytes);
    }

    fn take_sequence(&mut self, sequence: u64) {
        debug_assert!(sequence <= SEQUENCE_MAX);
        debug_assert!(self.writing.sequence_last < Some(sequence), "M1");
        self.writing.sequence_last = Some(sequence);
        self.memtable
            .sequence_last
            .store(sequence, Ordering::Release);
    }

    fn count_bytes(&self, added: usize) {
        let bytes = self.memtable.bytes.load(Ordering::Relaxed);
        self.memtable.bytes.store(bytes + added, Ordering::Relaxed);
    }
}
