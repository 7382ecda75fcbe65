//! The records that every measurement writes and reads: random keys, values that do not compress.
//!
//! Record `i` has the same key and value in every run and every store. The keys of two numbers
//! differ; a key made by [`missing_key`] belongs to no record. Any thread may call.

/// Length of a key.
pub const KEY_BYTES: usize = 24;
/// Length of a value.
pub const VALUE_BYTES: usize = 150;

/// A key.
pub type Key = [u8; KEY_BYTES];

const POOL_BYTES: usize = 1 << 16;

/// Values are cut from one pool of noise, so that making them costs the measurement nothing.
pub struct Records {
    pool: Vec<u8>,
}

impl Records {
    /// Fills the pool.
    pub fn new() -> Self {
        let words = (0..(POOL_BYTES + VALUE_BYTES).div_ceil(8) as u64).map(|i| mix(i ^ 0xfeed));
        Self {
            pool: words.flat_map(u64::to_le_bytes).collect(),
        }
    }

    /// The value of record `i`.
    pub fn value(&self, i: u64) -> &[u8] {
        let at = mix(i) as usize % POOL_BYTES;
        &self.pool[at..at + VALUE_BYTES]
    }
}

/// The key of record `i`.
pub fn key(i: u64) -> Key {
    numbered_key(2 * i)
}

/// A key that no record has, as far spread as theirs.
pub fn missing_key(i: u64) -> Key {
    numbered_key(2 * i + 1)
}

fn numbered_key(number: u64) -> Key {
    let mut key = [0; KEY_BYTES];
    // The finaliser of SplitMix64 is a bijection, so the first word alone tells keys apart.
    for (part, salt) in key.chunks_exact_mut(8).zip(0u64..) {
        part.copy_from_slice(&mix(number ^ (salt << 60)).to_le_bytes());
    }
    key
}

/// The numbers 0 to `count - 1` in random order and with repetitions, `take` of them.
pub fn picks(count: u64, take: u64, seed: u64) -> impl Iterator<Item = u64> {
    (0..take).map(move |i| mix(i ^ seed.rotate_left(40)) % count)
}

/// The finaliser of SplitMix64.
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
