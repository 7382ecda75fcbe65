//! Which shard a key lives in: jump consistent hashing over the hash of its primary key.
//!
//! The primary key is what follows the first NUL, which ends the name of a table; a key without a
//! NUL is one as a whole. Its XXH3 (64 bits, seed 0) goes through the jump consistent hash of
//! Lamping and Veach (2014), so that equal primary keys of all tables live together, and one shard
//! more would move only its own share of the keys. This is part of the format of a sharded
//! database: it may never change.
//!
//! ```text
//! users 00 ada   primary key "ada", hash 691d4463952c802f: shard 0 of 2, shard 6 of 16
//! ```

use xxhash_rust::xxh3::xxh3_64;

/// The part of `key` after the name of its table.
pub(crate) fn primary_key(key: &[u8]) -> &[u8] {
    let nul = key.iter().position(|byte| *byte == 0);
    nul.and_then(|at| key.get(at + 1..)).unwrap_or(key)
}

/// The shard of `key` among `shards`.
pub(crate) fn shard_of(key: &[u8], shards: usize) -> usize {
    jump(xxh3_64(primary_key(key)), shards as u64) as usize
}

/// The bucket of `hash` among `buckets`, of which there is at least one.
fn jump(mut hash: u64, buckets: u64) -> u64 {
    let (mut bucket, mut next) = (0, 0);
    while next < buckets {
        bucket = next;
        hash = hash.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let share = (1u64 << 31) as f64 / ((hash >> 33) + 1) as f64;
        next = ((bucket + 1) as f64 * share) as u64;
    }
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_key_is_what_follows_the_name_of_the_table() {
        assert_eq!(primary_key(b"users\0ada"), b"ada");
        assert_eq!(primary_key(b"users\0a\0b"), b"a\0b");
        assert_eq!(primary_key(b"users\0"), b"");
        assert_eq!(primary_key(b"ada"), b"ada");
    }

    #[test]
    fn places_are_frozen() {
        let keys: [&[u8]; 6] = [b"", b"ada", b"users\0ada", b"a\0\xff\xff", b"1", b"2"];
        let places = |shards| keys.map(|key| shard_of(key, shards));
        assert_eq!(xxh3_64(b"ada"), 0x691d_4463_952c_802f);
        assert_eq!(places(1), [0; 6]);
        assert_eq!(places(2), [0, 0, 0, 1, 1, 0]);
        assert_eq!(places(16), [0, 6, 6, 12, 14, 2]);
    }

    #[test]
    fn one_shard_more_takes_its_share_and_moves_nothing_else() {
        let key = |n: u32| n.to_be_bytes();
        for shards in 1..12 {
            let mut moved = 0;
            for n in 0..4_000 {
                let (before, after) = (shard_of(&key(n), shards), shard_of(&key(n), shards + 1));
                assert!(before == after || after == shards);
                moved += usize::from(before != after);
            }
            let share = 4_000 / (shards + 1);
            assert!(moved.abs_diff(share) < share / 3 + 40, "{moved} of {share}");
        }
    }
}
