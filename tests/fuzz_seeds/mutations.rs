//! Thousands of mutations of every seed, the same at every run where nobody asks for others.

use super::committed::{replay, seeds};
use grainstore::fs::SplitMix64;
use grainstore_proof::effort;
use grainstore_proof::score::{Row, tell};

/// Bytes that mean something to one format or another.
const TELLING: [u8; 12] = [0, 1, 2, 3, 7, 8, 0x40, 0x7f, 0x80, 0xc1, 0xfe, 0xff];

/// One small step away from `bytes`; `other` is another seed of the target.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], chance: &mut SplitMix64) {
    let len = bytes.len() as u64;
    let at = chance.below(len) as usize;
    match chance.below(9) {
        _ if bytes.is_empty() => bytes.push(chance.next_u64() as u8),
        0 => bytes[at] ^= 1 << chance.below(8),
        1 => bytes[at] = TELLING[chance.below(12) as usize],
        2 => bytes[at] = bytes[at].wrapping_add(chance.below(7) as u8 ^ 0xfc),
        3 => bytes.truncate(at),
        4 => bytes.insert(at, TELLING[chance.below(12) as usize]),
        5 => drop(bytes.remove(at)),
        6 => {
            // A stretch of the input once more, elsewhere in it.
            let end = at + chance.below((len - at as u64).min(24)) as usize;
            let stretch = bytes[at..end].to_vec();
            let to = chance.below(len) as usize;
            bytes.splice(to..to, stretch);
        }
        7 => {
            let tail = other.get(at..).unwrap_or_default();
            bytes.truncate(at);
            bytes.extend_from_slice(tail);
        }
        _ => {
            // A number of four bytes, as lengths and offsets are.
            let number = [0, 1, 0xffff, u32::MAX, u32::MAX >> 1, 1 << 16][chance.below(6) as usize];
            for (to, byte) in bytes.iter_mut().skip(at).zip(number.to_le_bytes()) {
                *to = byte;
            }
        }
    }
    bytes.truncate(8 << 10);
}

fn mutated(target: &str, count: usize) {
    let count = count * effort::times() as usize;
    let seeds = seeds(target);
    let own = target.len() as u64 * 1_000 + u64::from(target.as_bytes()[0]);
    let mut chance = SplitMix64::new(effort::seed(own));
    for round in 0..count {
        let (name, seed) = &seeds[round % seeds.len()];
        let (_, other) = &seeds[chance.below(seeds.len() as u64) as usize];
        let mut bytes = seed.clone();
        for _ in 0..=chance.below(6) {
            mutate(&mut bytes, other, &mut chance);
        }
        let told = Told {
            target,
            name,
            round,
            bytes: &bytes,
        };
        replay(target, name, &bytes);
        std::mem::forget(told);
    }
    tell(Row::FuzzInputs, count as u64);
}

/// Shows the input where its body panics.
struct Told<'a> {
    target: &'a str,
    name: &'a str,
    round: usize,
    bytes: &'a [u8],
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let hex: String = self.bytes.iter().map(|b| format!("{b:02x}")).collect();
        eprintln!(
            "{}, mutation {} of {}: {hex}",
            self.target, self.round, self.name
        );
    }
}

macro_rules! targets {
    ($($target:ident: $count:expr;)+) => {$(
        #[test]
        fn $target() {
            mutated(stringify!($target), $count);
        }
    )+

        #[test]
        fn no_target_is_left_out() {
            let here = [$(stringify!($target)),+];
            for (target, _) in super::targets::TARGETS {
                assert!(here.contains(&target), "{target} is not mutated here");
            }
        }
    };
}

targets! {
    block: 60_000;
    index: 60_000;
    filter: 30_000;
    footer: 60_000;
    range_tombstones: 60_000;
    envelope: 30_000;
    batch: 30_000;
    log_segment: 20_000;
    version_edit: 60_000;
    manifest: 20_000;
    current: 30_000;
    keys: 60_000;
    codecs: 40_000;
    directory: 12_000;
    stored_bytes: 4_000;
    histories: 400;
    journal: 20_000;
}
