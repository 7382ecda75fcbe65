//! The escaping of text and bytes.
//!
//! `00` is written as `01 01` and `01` as `01 02`, everything else as itself, and `00` ends it:
//! `a 00 b` is `61 01 01 62 00`. So no `00` stands inside, the end is below everything, and two
//! texts compare as their bytes do. The better known rule, `00` as `00 FF`, needs a type code
//! after the end in order to keep the order; this one does not.

use crate::key::key_reader::{ESCAPE, TERMINATOR};
use crate::planted::{Mistake, planted};

/// Appends `bytes`, escaped, without the terminator: the start of longer ones.
#[inline]
pub(crate) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| *byte > ESCAPE) || planted(Mistake::NulUnescaped) {
        out.extend_from_slice(bytes);
        return;
    }
    out.reserve(bytes.len() + 2);
    for byte in bytes {
        if *byte <= ESCAPE {
            out.extend_from_slice(&[ESCAPE, byte + 1]);
        } else {
            out.push(*byte);
        }
    }
}

/// Appends `bytes`, escaped, with the terminator.
#[inline]
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    escape(bytes, out);
    out.push(TERMINATOR);
}
