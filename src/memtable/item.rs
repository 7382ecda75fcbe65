//! One entry in a sorted run: enough of the key to compare it, and where the record lies.
//!
//! Comparing keys in the arena would cost a cache miss each. So an item carries 16 bytes of its
//! key, taken after the bytes that all keys of its run share (store, tenant), and the length of
//! what is left, up to 16. Two items of which one has a rest of at most 16 bytes are compared
//! without looking at the arena.
//!
//! - T1: `head` holds the bytes `skip..skip + 16` of the key, big-endian, padded with zeros; the
//!   items of a run have one `skip`.
//! - T2: `rest` is the length of the key after `skip`, or [`REST_LONG`] where it is above 16.
//!
//! Pure data; any thread.

use super::arena::Arena;
use super::record::{ADDRESS_BITS, Address};
use std::cmp::Ordering;

/// Bytes of the key in an item.
const HEAD_BYTES: usize = 16;
/// Stands for every rest that is longer than an item can hold.
const REST_LONG: u64 = HEAD_BYTES as u64 + 1;

/// An entry of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    // Two words rather than a u128, which would round the item up to 32 bytes.
    high: u64,
    low: u64,
    tagged: u64,
}

/// The key of an item or of a search, cut at some `skip`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    word: u128,
    rest: u64,
}

impl Head {
    /// The head of `suffix`, a key without its first `skip` bytes.
    #[inline]
    pub(super) fn new(suffix: &[u8]) -> Self {
        let word = match suffix.first_chunk::<HEAD_BYTES>() {
            Some(bytes) => u128::from_be_bytes(*bytes),
            None => {
                let mut bytes = [0; HEAD_BYTES];
                bytes[..suffix.len()].copy_from_slice(suffix);
                u128::from_be_bytes(bytes)
            }
        };
        let rest = (suffix.len() as u64).min(REST_LONG);
        Self { word, rest }
    }

    /// The first eight bytes.
    #[inline]
    pub(super) fn high(self) -> u64 {
        (self.word >> 64) as u64
    }

    /// The order of two keys, or `None` where their first differences lie beyond the heads.
    #[inline]
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match self.word.cmp(&other.word) {
            Ordering::Equal if self.rest == REST_LONG && other.rest == REST_LONG => None,
            // Padded alike, so the shorter is a prefix of the longer.
            Ordering::Equal => Some(self.rest.cmp(&other.rest)),
            order => Some(order),
        }
    }
}

impl Item {
    /// The item of the record at `address`, whose key goes on with `suffix` after `skip` bytes.
    pub(super) fn new(suffix: &[u8], address: Address) -> Self {
        Self::from_head(Head::new(suffix), address)
    }

    #[inline]
    fn from_head(head: Head, address: Address) -> Self {
        Self {
            high: (head.word >> 64) as u64,
            low: head.word as u64,
            tagged: head.rest << ADDRESS_BITS | address.word(),
        }
    }

    /// Where the record lies.
    #[inline]
    pub(super) fn address(self) -> Option<Address> {
        Address::from_word(self.tagged)
    }

    /// The first eight bytes of the head.
    #[inline]
    pub(super) fn high(self) -> u64 {
        self.high
    }

    /// What there is of the key (T1, T2).
    #[inline]
    pub(super) fn head(self) -> Head {
        Head {
            word: u128::from(self.high) << 64 | u128::from(self.low),
            rest: self.tagged >> ADDRESS_BITS,
        }
    }

    /// The order of the keys of two items with the same `skip` and the same bytes before it.
    #[inline]
    pub(super) fn compare(self, other: Self, arena: &Arena) -> Ordering {
        match self.head().compare(other.head()) {
            Some(order) => order,
            None => self.key(arena).cmp(other.key(arena)),
        }
    }

    /// The whole key, from the arena.
    #[inline]
    pub(super) fn key(self, arena: &Arena) -> &[u8] {
        self.address().map(|at| arena.key(at)).unwrap_or_default()
    }
}

/// Turns items of a run into items as they would be with a shorter `skip`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rebase {
    /// How much shorter the new skip is.
    bytes: u64,
    /// The bytes that come in at the front.
    fill: u128,
}

impl Rebase {
    /// For a run whose keys all begin with `prefix`, its `skip`; the new one is `skip`.
    pub(super) fn new(prefix: &[u8], skip: usize) -> Self {
        let between = prefix.get(skip..).unwrap_or_default();
        let bytes = between.len() as u64;
        let fill = Head::new(between).word;
        Self { bytes, fill }
    }

    /// The item with the shorter skip (T1, T2 hold for the new one).
    #[inline]
    pub(super) fn apply(self, item: Item) -> Item {
        if self.bytes == 0 {
            return item;
        }
        let head = item.head();
        let shifted = head.word.checked_shr(8 * self.bytes as u32);
        let word = shifted.unwrap_or(0) | self.fill;
        let rest = (head.rest + self.bytes).min(REST_LONG);
        Item {
            high: (word >> 64) as u64,
            low: word as u64,
            tagged: rest << ADDRESS_BITS | (item.tagged & ((1 << ADDRESS_BITS) - 1)),
        }
    }
}

/// How many bytes `a` and `b` have in common at their start.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn suffix() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(0u8), 1 => Just(1), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..20)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2_000 })
        })]

        #[test]
        fn heads_order_as_keys_do_or_do_not_know(a in suffix(), b in suffix()) {
            let known = Head::new(&a).compare(Head::new(&b));
            prop_assert!(known.is_none_or(|order| order == a.cmp(&b)));
            prop_assert!(known.is_some() || a.len().min(b.len()) > HEAD_BYTES);
        }

        #[test]
        fn rebased_items_order_as_the_whole_keys_do(
            start in suffix(), ends in [suffix(), suffix()], keys in [suffix(), suffix()],
        ) {
            let item = |n: usize| {
                let prefix = [&start[..], &ends[n][..]].concat();
                let rebase = Rebase::new(&prefix, start.len());
                let item = rebase.apply(Item::new(&keys[n], Address::new(3, 8)));
                (item, [&prefix[..], &keys[n][..]].concat())
            };
            let ((a, key_a), (b, key_b)) = (item(0), item(1));
            prop_assert_eq!(a.address(), Some(Address::new(3, 8)));
            let known = a.head().compare(b.head());
            prop_assert!(known.is_none_or(|order| order == key_a.cmp(&key_b)));
        }
    }

    #[test]
    fn an_item_takes_three_words() {
        assert_eq!(size_of::<Item>(), 24);
    }
}
