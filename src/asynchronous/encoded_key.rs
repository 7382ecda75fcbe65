//! A key that was encoded before it went to another thread.

use crate::key::key_part::{Key, KeyRef};
use std::marker::PhantomData;

/// The bytes of a `K`. It stands for the key that they are, whatever borrowed form they came from.
#[derive(Debug, Clone)]
pub(crate) struct EncodedKey<K> {
    bytes: Vec<u8>,
    key: PhantomData<fn() -> K>,
}

impl<K: Key> EncodedKey<K> {
    pub(crate) fn new<Q: ?Sized + KeyRef<K>>(key: &Q) -> Self {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        Self {
            bytes,
            key: PhantomData,
        }
    }
}

impl<K: Key> KeyRef<K> for EncodedKey<K> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_key_stands_for_the_key_it_was() {
        let encoded = EncodedKey::<String>::new("acme");
        let mut out = Vec::new();
        KeyRef::<String>::encode(&encoded, &mut out);
        assert_eq!(String::decode_key(&out), Ok("acme".to_owned()));
    }
}
