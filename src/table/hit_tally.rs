//! A count of reads that costs nothing unless the feature `metrics` is built in.
//!
//! Readers share no counter: with the feature each thread adds to a shard of its own, without it
//! there is nothing. Any thread may call.

#[cfg(feature = "metrics")]
use crate::sync::ShardedCounter;

/// How many reads found what they looked for, and how many did not.
#[derive(Debug, Default)]
pub(crate) struct HitTally {
    #[cfg(feature = "metrics")]
    hits: ShardedCounter,
    #[cfg(feature = "metrics")]
    misses: ShardedCounter,
}

impl HitTally {
    /// Counts one read.
    #[inline]
    pub(crate) fn note(&self, hit: bool) {
        #[cfg(feature = "metrics")]
        if hit {
            self.hits.add_one();
        } else {
            self.misses.add_one();
        }
        #[cfg(not(feature = "metrics"))]
        let _ = hit;
    }

    /// Hits and misses; zeros without the feature.
    pub(crate) fn sums(&self) -> (u64, u64) {
        #[cfg(feature = "metrics")]
        return (self.hits.sum(), self.misses.sum());
        #[cfg(not(feature = "metrics"))]
        return (0, 0);
    }
}
