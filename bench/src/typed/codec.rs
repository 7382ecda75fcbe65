//! The codecs of the typed rows, as somebody uses them who has a store of bytes. Their bytes are
//! those of grainstore's codecs of the same name.

use super::grain::Grain;
use crate::peer::Outcome;
use serde::Serialize;

/// How a record becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// MessagePack with field names.
    MessagePack,
    /// bincode 2, its standard configuration.
    Bincode,
}

impl Codec {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MessagePack, Self::Bincode];

    /// The word of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::MessagePack => "MessagePack",
            Self::Bincode => "bincode",
        }
    }

    /// The codec of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.word() == word)
    }

    /// Puts the bytes of `grain` in the place of what `out` has.
    pub fn encode(self, grain: &Grain, out: &mut Vec<u8>) -> Outcome<()> {
        out.clear();
        match self {
            Self::MessagePack => {
                grain.serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())?;
            }
            Self::Bincode => {
                let standard = bincode::config::standard();
                bincode::serde::encode_into_std_write(grain, out, standard)?;
            }
        }
        Ok(())
    }

    /// The record that `bytes` are of.
    pub fn decode(self, bytes: &[u8]) -> Outcome<Grain> {
        Ok(match self {
            Self::MessagePack => rmp_serde::from_slice(bytes)?,
            Self::Bincode => {
                let standard = bincode::config::standard();
                bincode::serde::decode_from_slice(bytes, standard)?.0
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::grain::grain;
    use super::*;
    use grainstore::codec::Codec as _;

    #[test]
    fn the_bytes_by_hand_are_those_of_grainstore_and_read_back() -> Outcome<()> {
        for i in 0..100 {
            let (grain, mut by_hand) = (grain(i), Vec::new());
            for codec in Codec::ALL {
                codec.encode(&grain, &mut by_hand)?;
                let mut ours = Vec::new();
                match codec {
                    Codec::MessagePack => grainstore::MessagePack.encode(&grain, &mut ours)?,
                    Codec::Bincode => grainstore::Bincode.encode(&grain, &mut ours)?,
                }
                assert_eq!(by_hand, ours);
                assert_eq!(codec.decode(&by_hand)?, grain);
            }
        }
        Ok(())
    }
}
