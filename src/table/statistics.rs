//! Counts and bounds of a table, collected entry by entry.
//!
//! The same entries in the same order give the same properties, always: what is sampled is sampled
//! by counting. Used by one thread at a time.

use crate::format::entry::{EntryMeta, Kind};
use crate::format::properties::{EXPIRY_QUANTILES, Properties};
use crate::format::range_tombstones::RangeTombstones;

/// How many expiry times are remembered at most.
const SAMPLE_MAX: usize = 4096;

/// Collects the properties of a table.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    properties: Properties,
    expiries: Sample,
}

impl Statistics {
    /// Counts an entry; they come in the order of the table.
    pub(crate) fn add(&mut self, key: &[u8], meta: EntryMeta, value_bytes: usize) {
        let it = &mut self.properties;
        if it.entries == 0 {
            it.key_first = key.into();
            (it.sequence_min, it.sequence_max) = (meta.sequence, meta.sequence);
        }
        it.entries += 1;
        it.tombstones += u64::from(meta.kind == Kind::Delete);
        it.sequence_min = it.sequence_min.min(meta.sequence);
        it.sequence_max = it.sequence_max.max(meta.sequence);
        it.key_bytes += key.len() as u64;
        it.value_bytes += value_bytes as u64;
        if meta.expiry_ms != 0 {
            let is_first = it.expiring == 0;
            it.expiring += 1;
            it.expiry_max_ms = it.expiry_max_ms.max(meta.expiry_ms);
            if is_first || meta.expiry_ms < it.expiry_min_ms {
                it.expiry_min_ms = meta.expiry_ms;
            }
            self.expiries.add(meta.expiry_ms);
        }
    }

    /// The properties of the entries, the last of which has the key `last`, with range tombstones.
    pub(crate) fn finish(self, last: &[u8], range_tombstones: &RangeTombstones) -> Properties {
        let mut it = self.properties;
        it.key_last = last.into();
        it.expiry_quantiles_ms = self.expiries.quantiles(it.expiry_max_ms);
        let fragments = range_tombstones.fragments();
        if let (Some(head), Some(tail)) = (fragments.first(), fragments.last()) {
            let sequences = || fragments.iter().flat_map(|f| f.sequences.iter().copied());
            let newest = sequences().max().unwrap_or(0);
            let oldest = sequences().min().unwrap_or(0);
            it.range_tombstones = sequences().count() as u64;
            if it.entries == 0 {
                (it.sequence_min, it.sequence_max) = (oldest, newest);
            }
            it.sequence_min = it.sequence_min.min(oldest);
            it.sequence_max = it.sequence_max.max(newest);
            if it.entries == 0 || head.start < it.key_first {
                it.key_first = head.start.clone();
            }
            if it.entries == 0 || tail.end > it.key_last {
                it.key_last = tail.end.clone();
            }
        }
        it
    }
}

/// Every n-th of a stream of times, where n doubles whenever the sample is full.
#[derive(Debug)]
struct Sample {
    seen: u64,
    stride: u64,
    kept: Vec<u64>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            seen: 0,
            stride: 1,
            kept: Vec::new(),
        }
    }
}

impl Sample {
    fn add(&mut self, time: u64) {
        if self.seen.is_multiple_of(self.stride) {
            if self.kept.len() == SAMPLE_MAX {
                let mut is_even = false;
                self.kept.retain(|_| {
                    is_even = !is_even;
                    is_even
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.kept.push(time);
            }
        }
        self.seen += 1;
    }

    /// Rising; the last is `max`, which the sample may have missed.
    fn quantiles(mut self, max: u64) -> [u64; EXPIRY_QUANTILES] {
        self.kept.sort_unstable();
        let mut quantiles = [max; EXPIRY_QUANTILES];
        let all_but_last = quantiles.iter_mut().take(EXPIRY_QUANTILES - 1);
        for (i, quantile) in all_but_last.enumerate() {
            let rank = ((i + 1) * self.kept.len()).div_ceil(EXPIRY_QUANTILES);
            let time = rank.checked_sub(1).and_then(|at| self.kept.get(at));
            *quantile = time.copied().unwrap_or(0);
        }
        quantiles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::range_tombstones::RangeTombstone;

    fn put(sequence: u64, expiry_ms: u64) -> EntryMeta {
        EntryMeta {
            sequence,
            kind: Kind::Put,
            expiry_ms,
        }
    }

    #[test]
    fn quantiles_of_a_hundred_thousand_times_are_off_by_a_hundredth_at_most() {
        let mut statistics = Statistics::default();
        for i in 0..100_000u64 {
            // 70001 is prime to 100000: every time from 1 to 100000 once, in no order.
            statistics.add(b"k", put(i, i * 70_001 % 100_000 + 1), 1);
        }
        assert!(statistics.expiries.kept.len() <= SAMPLE_MAX);
        let properties = statistics.finish(b"k", &RangeTombstones::default());
        for (i, &quantile) in properties.expiry_quantiles_ms.iter().enumerate() {
            let exact = 100_000 / 8 * (i as u64 + 1);
            assert!(
                quantile.abs_diff(exact) <= 1000,
                "{quantile} is not {exact}"
            );
        }
        assert_eq!(properties.expiry_min_ms, 1);
        assert_eq!(properties.expiry_quantiles_ms[7], 100_000);
    }

    #[test]
    fn range_tombstones_widen_keys_and_sequences() {
        let range = RangeTombstone {
            start: b"a"[..].into(),
            end: b"x"[..].into(),
            sequence: 9,
        };
        let ranges = RangeTombstones::from_ranges(vec![range]);
        let mut statistics = Statistics::default();
        statistics.add(b"m", put(3, 0), 2);
        let with_entry = statistics.finish(b"m", &ranges);
        let without = Statistics::default().finish(b"", &ranges);
        assert_eq!((with_entry.sequence_min, with_entry.sequence_max), (3, 9));
        assert_eq!((without.sequence_min, without.sequence_max), (9, 9));
        for properties in [with_entry, without] {
            assert_eq!(&*properties.key_first, b"a");
            assert_eq!(&*properties.key_last, b"x");
            assert_eq!(properties.range_tombstones, 1);
            assert_eq!(properties.expiry_quantiles_ms, [0; EXPIRY_QUANTILES]);
        }
    }
}
