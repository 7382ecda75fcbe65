//! Values that are hard on an encoding: few bytes, near each other, and around its special ones.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::num::{NonZero, Wrapping};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grainstore::key::KeyPart;

/// Chance from a seed (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.of(&[0x00, 0x01, 0x02, 0x7F, 0x80, 0xFE, 0xFF])
    }

    /// Mostly short.
    pub(crate) fn length(&mut self) -> usize {
        self.of(&[0, 1, 1, 2, 2, 3, 5])
    }
}

/// A key type with values made by chance, and the order its keys are to have.
pub(crate) trait Sample: KeyPart + Clone + Debug {
    fn sample(chance: &mut Chance) -> Self;
    fn order(&self, other: &Self) -> Ordering;
}

macro_rules! ordered {
    ($($ty:ty: $chance:ident => $sample:expr;)+) => {$(
        impl Sample for $ty {
            fn sample($chance: &mut Chance) -> Self {
                $sample
            }
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        }
    )+};
}
pub(crate) use ordered;

macro_rules! integers {
    ($($ty:ident)+) => {$(
        ordered! {
            $ty: chance => match chance.below(3) {
                0 => (chance.below(5) as $ty).wrapping_sub(2),
                1 => <$ty>::from_be_bytes(std::array::from_fn(|_| chance.byte())),
                _ => [<$ty>::MIN, <$ty>::MAX, 1, 0, 7][chance.below(5) as usize],
            };
            NonZero<$ty>: chance => {
                NonZero::new(<$ty>::sample(chance)).unwrap_or(NonZero::<$ty>::MIN)
            };
        }
    )+};
}

integers! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

fn text(chance: &mut Chance) -> String {
    let letters = [
        '\0',
        '\u{1}',
        '\u{2}',
        '\u{7F}',
        'é',
        '\u{80}',
        '\u{FFFF}',
        '\u{10FFFF}',
        'a',
    ];
    (0..chance.length()).map(|_| chance.of(&letters)).collect()
}

ordered! {
    bool: chance => chance.below(2) == 1;
    char: chance => chance.of(&['\0', 'a', 'é', '\u{D7FF}', '\u{E000}', '\u{10FFFF}', '\u{100}']);
    (): _chance => ();
    String: chance => text(chance);
    Box<str>: chance => text(chance).into();
    Arc<str>: chance => text(chance).into();
    Cow<'static, str>: chance => text(chance).into();
    Cow<'static, [u8]>: chance => Vec::<u8>::sample(chance).into();
    Duration: chance => Duration::new(u64::sample(chance), chance.of(&[0, 1, 999_999_999]));
    Ipv4Addr: chance => Ipv4Addr::from(std::array::from_fn(|_| chance.byte()));
    Ipv6Addr: chance => Ipv6Addr::from(u128::sample(chance));
    IpAddr: chance => match chance.below(2) {
        0 => Ipv4Addr::sample(chance).into(),
        _ => Ipv6Addr::sample(chance).into(),
    };
    SocketAddr: chance => match chance.below(2) {
        0 => SocketAddr::from((Ipv4Addr::sample(chance), u16::sample(chance))),
        _ => {
            let (ip, port) = (Ipv6Addr::sample(chance), u16::sample(chance));
            SocketAddrV6::new(ip, port, u32::sample(chance), u32::sample(chance)).into()
        }
    };
    SystemTime: chance => {
        let seconds = Duration::from_secs(chance.of(&[0, 1, 2, 255, 1 << 33, (1 << 62) - 1]));
        let nanos = Duration::from_nanos(chance.of(&[0, 1, 500_000_000, 999_999_999]));
        match chance.below(2) {
            0 => UNIX_EPOCH + seconds + nanos,
            _ => UNIX_EPOCH - seconds - nanos,
        }
    };
}

macro_rules! floats {
    ($($ty:ident $bits:ident)+) => {$(
        impl Sample for $ty {
            fn sample(chance: &mut Chance) -> Self {
                let special = [
                    0.0, -0.0, 1.5, -1.5, $ty::INFINITY, $ty::NEG_INFINITY, $ty::NAN, -$ty::NAN,
                    $ty::MIN, $ty::MAX, $ty::MIN_POSITIVE, $ty::EPSILON,
                ];
                match chance.below(2) {
                    0 => chance.of(&special),
                    _ => $ty::from_bits($bits::sample(chance)),
                }
            }
            fn order(&self, other: &Self) -> Ordering {
                self.total_cmp(other)
            }
        }
    )+};
}

floats! { f32 u32 f64 u64 }

impl<T: Sample> Sample for Option<T> {
    fn sample(chance: &mut Chance) -> Self {
        (chance.below(3) > 0).then(|| T::sample(chance))
    }
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

fn lexicographic<T: Sample>(a: &[T], b: &[T]) -> Ordering {
    let different = a
        .iter()
        .zip(b)
        .map(|(a, b)| a.order(b))
        .find(|order| order.is_ne());
    different.unwrap_or(a.len().cmp(&b.len()))
}

macro_rules! lists {
    ($($list:ty),+) => {$(
        impl<T: Sample> Sample for $list {
            fn sample(chance: &mut Chance) -> Self {
                (0..chance.length()).map(|_| T::sample(chance)).collect()
            }
            fn order(&self, other: &Self) -> Ordering {
                lexicographic(self, other)
            }
        }
    )+};
}

lists! { Vec<T>, Box<[T]>, Arc<[T]> }

impl<T: Sample + Ord> Sample for BTreeSet<T> {
    fn sample(chance: &mut Chance) -> Self {
        (0..chance.length()).map(|_| T::sample(chance)).collect()
    }
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

impl<T: Sample, const N: usize> Sample for [T; N] {
    fn sample(chance: &mut Chance) -> Self {
        std::array::from_fn(|_| T::sample(chance))
    }
    fn order(&self, other: &Self) -> Ordering {
        lexicographic(self, other)
    }
}

impl<T: Sample> Sample for Reverse<T> {
    fn sample(chance: &mut Chance) -> Self {
        Reverse(T::sample(chance))
    }
    fn order(&self, other: &Self) -> Ordering {
        other.0.order(&self.0)
    }
}

impl<T: Sample> Sample for Wrapping<T> {
    fn sample(chance: &mut Chance) -> Self {
        Wrapping(T::sample(chance))
    }
    fn order(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(chance: &mut Chance) -> Self {
        Box::new(T::sample(chance))
    }
    fn order(&self, other: &Self) -> Ordering {
        T::order(self, other)
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt)+))+) => {$(
        impl<$($part: Sample),+> Sample for ($($part,)+) {
            fn sample(chance: &mut Chance) -> Self {
                ($($part::sample(chance),)+)
            }
            fn order(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$index.order(&other.$index)))+
            }
        }
    )+};
}

tuples! {
    (A 0) (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7) (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11)
}
