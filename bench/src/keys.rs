//! Keys and values of other shapes than those of the main records: what groups of rows need beside
//! [`records`](crate::records). All are made from numbers, so that every store gets the same.

use crate::records::mix;

/// The least key after all that begin with `prefix`; `None` where there is none.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix.get(..=last)?.to_vec();
    if let Some(byte) = after.last_mut() {
        *byte += 1;
    }
    Some(after)
}

/// A well of bytes that do not compress, to cut values of any length from.
pub struct Noise {
    bytes: Vec<u8>,
    value_bytes: usize,
}

impl Noise {
    /// For values of `value_bytes`.
    pub fn new(value_bytes: usize) -> Self {
        let words = (value_bytes + (1 << 16)).div_ceil(8) as u64;
        let bytes = (0..words).flat_map(|i| mix(i ^ 0x0dd5).to_le_bytes());
        Self {
            bytes: bytes.collect(),
            value_bytes,
        }
    }

    /// Value `i`.
    pub fn value(&self, i: u64) -> &[u8] {
        let at = mix(i) as usize % (self.bytes.len() - self.value_bytes);
        self.bytes
            .get(at..at + self.value_bytes)
            .unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_follows_every_key_of_the_prefix_and_nothing_else() {
        assert_eq!(successor(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(successor(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(successor(b"\xff\xff"), None);
        assert_eq!(successor(b""), None);
    }

    #[test]
    fn values_have_the_length_that_is_asked_for() {
        for bytes in [16, 100, 64 << 10] {
            let noise = Noise::new(bytes);
            assert!((0..1_000).all(|i| noise.value(i).len() == bytes));
        }
    }
}
