//! Tuples up to twelve: their components in a row.
//!
//! `("eu", 20261101u32, 7u64)` is `65 75 00  01 35 28 ED  00 00 00 00 00 00 00 07`. Every first
//! part of a tuple is a prefix of it.

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::{KeyPrefix, NothingFollows};
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

impl KeyRef<()> for () {
    #[inline]
    fn encode(&self, _out: &mut Vec<u8>) {}
}

impl KeyPart for () {
    fn decode(_reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        Ok(())
    }

    fn shape() -> Shape {
        Shape::fields([])
    }
}

impl KeyPrefix<()> for () {
    type Next = NothingFollows;

    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

/// The deepest of some components, plus one.
#[must_use]
pub const fn depth_over(depths: &[u32]) -> u32 {
    let mut deepest = 0;
    let mut at = 0;
    while at < depths.len() {
        if depths[at] > deepest {
            deepest = depths[at];
        }
        at += 1;
    }
    deepest + 1
}

macro_rules! tuple_key {
    ($($part:ident $look:ident $index:tt),+) => {
        impl<$($part, $look: KeyRef<$part>),+> KeyRef<($($part,)+)> for ($($look,)+) {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                $(KeyRef::<$part>::encode(&self.$index, out);)+
            }
        }
        impl<$($part: KeyPart),+> KeyPart for ($($part,)+) {
            #[inline]
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                Ok(($($part::decode(reader)?,)+))
            }
            fn shape() -> Shape {
                Shape::fields([$($part::shape()),+])
            }
            const DEPTH: u32 = depth_over(&[$($part::DEPTH),+]);
        }
        tuple_prefixes! { [$($part)+] [] $($part $look $index)+ }
    };
}

/// One impl for each first part of `[all]`: `[seen]` is the prefix, what comes after it is next.
macro_rules! tuple_prefixes {
    ([$($all:ident)+] [$($part:ident $look:ident $index:tt)*]) => {
        impl<$($all,)+ $($look: KeyRef<$part>,)*> KeyPrefix<($($all,)+)>
            for ($($look,)*)
        {
            type Next = NothingFollows;
            #[inline]
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                $(KeyRef::<$part>::encode(&self.$index, out);)*
            }
        }
    };
    ([$($all:ident)+] [$($part:ident $look:ident $index:tt)*]
        $next:ident $next_look:ident $next_index:tt $($rest:tt)*) => {
        impl<$($all,)+ $($look: KeyRef<$part>,)*> KeyPrefix<($($all,)+)>
            for ($($look,)*)
        {
            type Next = $next;
            #[inline]
            fn encode_prefix(&self, _out: &mut Vec<u8>) {
                $(KeyRef::<$part>::encode(&self.$index, _out);)*
            }
        }
        tuple_prefixes! {
            [$($all)+] [$($part $look $index)* $next $next_look $next_index] $($rest)*
        }
    };
}

tuple_key! { A QA 0 }
tuple_key! { A QA 0, B QB 1 }
tuple_key! { A QA 0, B QB 1, C QC 2 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6, H QH 7 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6, H QH 7, I QI 8 }
tuple_key! { A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6, H QH 7, I QI 8, J QJ 9 }
tuple_key! {
    A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6, H QH 7, I QI 8, J QJ 9, K QK 10
}
tuple_key! {
    A QA 0, B QB 1, C QC 2, D QD 3, E QE 4, F QF 5, G QG 6, H QH 7, I QI 8, J QJ 9, K QK 10,
    L QL 11
}
