//! Where buffers for blocks come from.
//!
//! Buffers of about one length share slabs (see [`super::slab`]). What is too long for a slab, or
//! comes when the pool has as many slabs as it may have, lies on the heap: cells of one length do
//! not become free for another before all of a slab is.
//!
//! Any thread may take buffers and drop them; both cost a short lock.

use super::buffer::Buffer;
use super::free_cells::FreeCells;
use super::slab::SLAB_BYTES;
use crate::sync::Arc;

/// The shortest buffer that is worth a cell.
const CELL_BYTES_MIN: usize = 2 << 10;

/// The longest buffer in a slab: of longer ones too much of it would lie idle.
const CELL_BYTES_MAX: usize = SLAB_BYTES / 8;

/// Between a power of two and the next there are so many lengths of cells.
const STEPS: usize = 8;

/// What a cell is longer than its step: the trailer of a block whose payload is a whole number of
/// kilobytes has room, and the same place in each cell is in another set of the processor's cache.
const SLACK_BYTES: usize = 64;

/// A pool of less takes no slabs: one for each length of buffers would be a good part of all.
const BYTES_MIN: usize = 16 * SLAB_BYTES;

/// Slabs of memory for buffers.
#[derive(Debug)]
pub(crate) struct Pool {
    cells: Arc<FreeCells>,
    slabs_max: usize,
}

impl Pool {
    /// A pool that has at most `bytes_max` of memory in slabs, and none where that is little.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let has_slabs = bytes_max >= BYTES_MIN;
        Self::with_slabs(if has_slabs { bytes_max / SLAB_BYTES } else { 0 })
    }

    fn with_slabs(slabs_max: usize) -> Self {
        Self {
            cells: Arc::default(),
            slabs_max,
        }
    }

    /// A buffer of `len` bytes; they are zeroes, or what another buffer has left there.
    pub(crate) fn take(&self, len: usize) -> Buffer {
        if !(CELL_BYTES_MIN..=CELL_BYTES_MAX).contains(&len) {
            return Buffer::on_heap(len);
        }
        let cell_bytes = cell_bytes(len);
        let cell = self.cells.take(cell_bytes).or_else(|| {
            let has_room = self.cells.slabs() < self.slabs_max;
            has_room.then(|| self.cells.grow(cell_bytes)).flatten()
        });
        match cell {
            Some(cell) => Buffer::in_cell(cell, len, Arc::clone(&self.cells)),
            None => Buffer::on_heap(len),
        }
    }
}

/// How long the cells for buffers of `len` bytes are: up to an eighth longer than that, and some.
fn cell_bytes(len: usize) -> usize {
    let wanted = len.saturating_sub(SLACK_BYTES).max(1);
    let step = (wanted.next_power_of_two() / (2 * STEPS)).max(SLACK_BYTES);
    wanted.next_multiple_of(step) + SLACK_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;
    /// Every so many bytes are looked at: few where miri runs.
    const STEP: usize = if cfg!(miri) { 509 } else { 1 };

    #[test]
    fn cells_are_at_most_an_eighth_longer_than_what_they_are_for() {
        for len in (CELL_BYTES_MIN..=CELL_BYTES_MAX).step_by(37) {
            let cell = cell_bytes(len);
            assert!(
                cell >= len && cell <= len + len / 8 + SLACK_BYTES,
                "{len}: {cell}"
            );
        }
        assert_eq!(cell_bytes((16 << 10) + 5), (16 << 10) + 64);
        assert_eq!(cell_bytes((16 << 10) + 65), (18 << 10) + 64);
    }

    #[test]
    fn a_small_pool_takes_no_slabs() {
        for (bytes_max, slabs) in [(0, 0), (BYTES_MIN - 1, 0), (BYTES_MIN, 1)] {
            let pool = Pool::new(bytes_max);
            let buffer = pool.take(16 << 10);
            assert_eq!((buffer.len(), pool.cells.slabs()), (16 << 10, slabs));
        }
    }

    #[test]
    fn what_is_given_back_is_taken_next() {
        let pool = Pool::with_slabs(4);
        let mut first = pool.take(16 << 10);
        first.fill(7);
        drop(first);
        let again = pool.take((16 << 10) - 100);
        assert_eq!((again.len(), again[16_000]), ((16 << 10) - 100, 7));
        assert_eq!(pool.cells.slabs(), 1);
    }

    #[test]
    fn buffers_of_any_length_are_had_within_and_beyond_the_bound() {
        let pool = Pool::with_slabs(2);
        let lengths = [
            0,
            1,
            2_047,
            2_048,
            16_384,
            70_000,
            262_144,
            262_145,
            5 * MIB,
        ];
        let mut kept = Vec::new();
        for round in 0..if cfg!(miri) { 2 } else { 20 } {
            for len in lengths {
                let mut buffer = pool.take(len);
                assert_eq!(buffer.len(), len);
                buffer
                    .iter_mut()
                    .step_by(STEP)
                    .for_each(|byte| *byte = round);
                assert!(buffer.capacity() >= len);
                kept.push(buffer);
                assert!(pool.cells.slabs() <= 2);
            }
        }
        for (i, buffer) in kept.iter().enumerate() {
            let round = (i / lengths.len()) as u8;
            assert!(buffer.iter().step_by(STEP).all(|&byte| byte == round));
        }
    }

    #[test]
    fn slabs_that_nobody_has_a_part_of_go_back() {
        let pool = Pool::with_slabs(32);
        let mut buffers: Vec<_> = (0..100).map(|_| pool.take(200 << 10)).collect();
        let slabs = pool.cells.slabs();
        assert!(slabs >= 10, "{slabs}");
        let kept = buffers.split_off(90);
        drop(buffers);
        assert!(
            pool.cells.slabs() <= slabs / 2,
            "{} of {slabs}",
            pool.cells.slabs()
        );
        assert!(kept.iter().all(|buffer| buffer.len() == 200 << 10));
    }

    #[test]
    fn a_buffer_outlives_its_pool() {
        let pool = Pool::with_slabs(2);
        let mut buffer = pool.take(30_000);
        buffer.fill(3);
        drop(pool);
        assert!(buffer.iter().all(|&byte| byte == 3));
    }

    #[test]
    fn threads_take_and_drop_buffers_at_once() {
        let pool = Arc::new(Pool::with_slabs(4));
        let threads: Vec<_> = (0..4u8)
            .map(|id| {
                let pool = Arc::clone(&pool);
                let work = move || {
                    let rounds = if cfg!(miri) { 20 } else { 2_000 };
                    let mut kept = Vec::new();
                    for round in 0..rounds {
                        let mut buffer = pool.take(2_048 + 1_500 * (round % 20));
                        buffer.fill(id);
                        kept.push(buffer);
                        if kept.len() > 12 {
                            let oldest = kept.remove(0);
                            assert!(oldest.iter().all(|&byte| byte == id));
                        }
                    }
                };
                crate::sync::spawn("taker", work).unwrap()
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
