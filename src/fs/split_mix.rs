//! The one door to chance in the simulators: a generator whose whole state is its seed.
//!
//! SplitMix64, from Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators"
//! (OOPSLA 2014), with the constants of Vigna's public-domain version. The same seed gives the same
//! numbers on every machine. One thread owns a generator. Not for secrets, and never used by the
//! engine itself.

/// A small generator of pseudo-random numbers: same seed, same numbers.
///
/// ```
/// use grainstore::fs::SplitMix64;
/// assert_eq!(SplitMix64::new(7).next_u64(), SplitMix64::new(7).next_u64());
/// ```
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator that starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, any of the 2^64.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True `of_256` times out of 256: never for 0, always from 256 on.
    pub fn chance(&mut self, of_256: u64) -> bool {
        self.below(256) < of_256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        let mut chance = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..5).map(|_| chance.next_u64()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn numbers_below_a_bound_reach_all_of_it_and_nothing_else() {
        let mut chance = SplitMix64::new(1);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[chance.below(5) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(chance.below(0), 0);
        assert!((0..200).all(|_| chance.chance(256)));
        assert!((0..200).all(|_| !chance.chance(0)));
    }
}
