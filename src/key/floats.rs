//! Floating point numbers, in the total order of IEEE 754.
//!
//! The sign bit of a positive number is flipped, every bit of a negative one: `1.5f64` is
//! `BF F8 00 00 00 00 00 00` and `-0.0f64` is `7F FF FF FF FF FF FF FF`. The order (K1) is that of
//! `total_cmp`: -NaN, -infinity, …, -0.0, 0.0, …, infinity, NaN. So `-0.0` and `0.0` are two keys,
//! and a NaN is a key like any other, found again by the NaN of the same bits.

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

macro_rules! float_key {
    ($($float:ident as $bits:ident),+) => {$(
        impl KeyRef<$float> for $float {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                let bits = self.to_bits();
                let ordered = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
                ordered.encode(out);
            }
        }
        impl KeyPart for $float {
            #[inline]
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                let ordered = $bits::decode(reader)?;
                let bits = if ordered & SIGN == 0 { !ordered } else { ordered ^ SIGN };
                Ok(<$float>::from_bits(bits))
            }
            fn shape() -> Shape {
                Shape::leaf(stringify!($float))
            }
        }
        whole_prefix! { $float }
    )+};
}

float_key! { f32 as u32, f64 as u64 }
