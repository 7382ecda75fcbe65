//! Values of key types out of an input, and the order that their keys are to have.

use super::supply::Supply;
use grainstore::Key;
use grainstore::key::KeyPart;
use std::cmp::{Ordering, Reverse};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// A key type with values to be steered.
pub trait Sample: KeyPart + Clone + Debug {
    fn sample(from: &mut Supply<'_>) -> Self;
    fn order(&self, other: &Self) -> Ordering;
}

macro_rules! ordered {
    ($($ty:ty: $from:ident => $sample:expr;)+) => {$(
        impl Sample for $ty {
            fn sample($from: &mut Supply<'_>) -> Self {
                $sample
            }
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        }
    )+};
}

ordered! {
    bool: from => from.flag();
    u8: from => from.byte();
    u16: from => from.number::<2>() as u16;
    u32: from => from.number::<4>() as u32;
    u64: from => from.number::<8>();
    i8: from => from.byte() as i8;
    i64: from => from.number::<8>() as i64;
    i128: from => i128::from(from.number::<8>() as i64) << from.below(64);
    (): _from => ();
    char: from => char::from_u32(from.number::<3>() as u32).unwrap_or('\u{10FFFF}');
    String: from => String::from_utf8_lossy(from.bytes(12)).into_owned();
    Duration: from => Duration::new(from.number::<5>(), from.number::<3>() as u32);
    IpAddr: from => if from.flag() {
        Ipv4Addr::from(from.number::<4>() as u32).into()
    } else {
        Ipv6Addr::from(u128::from(from.number::<8>()) << from.below(65)).into()
    };
}

impl Sample for f64 {
    fn sample(from: &mut Supply<'_>) -> Self {
        Self::from_bits(from.number::<8>())
    }
    fn order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(from: &mut Supply<'_>) -> Self {
        from.flag().then(|| T::sample(from))
    }
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

impl<T: Sample> Sample for Reverse<T> {
    fn sample(from: &mut Supply<'_>) -> Self {
        Self(T::sample(from))
    }
    fn order(&self, other: &Self) -> Ordering {
        other.0.order(&self.0)
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(from: &mut Supply<'_>) -> Self {
        (0..from.below(4)).map(|_| T::sample(from)).collect()
    }
    fn order(&self, other: &Self) -> Ordering {
        let parts = self.iter().zip(other).map(|(a, b)| a.order(b));
        let different = parts.into_iter().find(|order| order.is_ne());
        different.unwrap_or(self.len().cmp(&other.len()))
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt)+))+) => {$(
        impl<$($part: Sample),+> Sample for ($($part,)+) {
            fn sample(from: &mut Supply<'_>) -> Self {
                ($($part::sample(from),)+)
            }
            fn order(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$index.order(&other.$index)))+
            }
        }
    )+};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) }

/// A struct of the derive, with every turn of its attributes.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderKey {
    pub tenant: String,
    pub day: u32,
    #[key(desc)]
    pub id: u64,
}

impl Sample for OrderKey {
    fn sample(from: &mut Supply<'_>) -> Self {
        Self {
            tenant: Sample::sample(from),
            day: Sample::sample(from),
            id: Sample::sample(from),
        }
    }
    fn order(&self, other: &Self) -> Ordering {
        let front = self.tenant.cmp(&other.tenant);
        let front = front.then(self.day.cmp(&other.day));
        front.then(other.id.cmp(&self.id))
    }
}

/// An enum of the derive that contains itself by way of a list.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Login { user: String, at: u64 },
    Logout(u8, Option<String>),
    Quiet,
}

impl Sample for Event {
    fn sample(from: &mut Supply<'_>) -> Self {
        match from.below(3) {
            0 => Self::Login {
                user: Sample::sample(from),
                at: Sample::sample(from),
            },
            1 => Self::Logout(Sample::sample(from), Sample::sample(from)),
            _ => Self::Quiet,
        }
    }
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}
