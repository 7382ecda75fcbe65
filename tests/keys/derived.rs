//! Types that derive their keys, with the order that their keys are to have.

use std::cmp::Ordering;

use grainstore::Key;
use grainstore::key::{KeyError, KeyReader, KeyRef, Shape};

use crate::sample::{Chance, Sample, ordered};

#[derive(Key, Clone, Debug, PartialEq, Eq)]
#[key(prefixes)]
pub(crate) struct OrderKey {
    pub(crate) tenant: String,
    pub(crate) day: u32,
    #[key(desc)]
    pub(crate) id: u64,
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Newtype(pub(crate) u32);

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Marker;

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair(pub(crate) Vec<u8>, pub(crate) Option<String>);

#[derive(Key, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Colour {
    Red,
    Green = 4,
    Blue,
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[key(reserved(1), prefixes)]
pub(crate) enum Event {
    #[key(tag = 0)]
    Started,
    #[key(tag = 7)]
    LoggedIn { user: String, at: i64 },
    #[key(tag = 300)]
    Moved(Vec<u8>, bool),
}

/// Tags around the place where they become two bytes.
#[derive(Key, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sparse {
    #[key(tag = 239)]
    Below(u8),
    #[key(tag = 240)]
    First(u8),
    #[key(tag = 495)]
    Last(u8),
    #[key(tag = 496)]
    Above(u8),
    #[key(tag = 4335)]
    Top(u8),
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[key(prefixes)]
pub(crate) struct Scoped<T> {
    pub(crate) scope: String,
    pub(crate) id: T,
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Labelled<const N: usize> {
    pub(crate) label: [u8; N],
    pub(crate) text: String,
}

/// Descending within descending, and whole keys as fields.
#[derive(Key, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deep {
    #[key(desc)]
    pub(crate) order: OrderKey,
    #[key(desc)]
    pub(crate) events: Vec<Event>,
    pub(crate) r#type: Colour,
}

/// A type of somebody else, which has no encoding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Foreign(pub(crate) u16);

pub(crate) mod foreign {
    use super::{Foreign, KeyError, KeyReader, KeyRef, Shape};
    use grainstore::key::KeyPart;

    pub(crate) fn encode(value: &Foreign, out: &mut Vec<u8>) {
        KeyRef::<u16>::encode(&value.0, out);
    }

    pub(crate) fn decode(reader: &mut KeyReader<'_>) -> Result<Foreign, KeyError> {
        u16::decode(reader).map(Foreign)
    }

    pub(crate) fn shape() -> Shape {
        Shape::custom("foreign")
    }
}

#[derive(Key, Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithModule {
    #[key(with = "foreign")]
    pub(crate) first: Foreign,
    #[key(desc, with = foreign)]
    pub(crate) second: Foreign,
    pub(crate) name: String,
}

ordered! {
    Newtype: chance => Newtype(u32::sample(chance));
    Marker: _chance => Marker;
    Pair: chance => Pair(Sample::sample(chance), Sample::sample(chance));
    Colour: chance => chance.of(&[Colour::Red, Colour::Green, Colour::Blue]);
    Event: chance => match chance.below(4) {
        0 => Event::Started,
        1 => Event::Moved(Sample::sample(chance), Sample::sample(chance)),
        _ => Event::LoggedIn { user: Sample::sample(chance), at: Sample::sample(chance) },
    };
    Sparse: chance => {
        let byte = chance.byte();
        chance.of(&[
            Sparse::Below(byte), Sparse::First(byte), Sparse::Last(byte), Sparse::Above(byte),
            Sparse::Top(byte),
        ])
    };
    Labelled<3>: chance => Labelled {
        label: Sample::sample(chance),
        text: Sample::sample(chance),
    };
}

impl<T: Sample> Sample for Scoped<T> {
    fn sample(chance: &mut Chance) -> Self {
        let (scope, id) = Sample::sample(chance);
        Self { scope, id }
    }
    fn order(&self, other: &Self) -> Ordering {
        self.scope
            .cmp(&other.scope)
            .then_with(|| self.id.order(&other.id))
    }
}

impl Sample for OrderKey {
    fn sample(chance: &mut Chance) -> Self {
        let (tenant, day, id) = Sample::sample(chance);
        Self { tenant, day, id }
    }
    fn order(&self, other: &Self) -> Ordering {
        (&self.tenant, self.day, other.id).cmp(&(&other.tenant, other.day, self.id))
    }
}

impl Sample for Deep {
    fn sample(chance: &mut Chance) -> Self {
        let (order, events, r#type) = Sample::sample(chance);
        Self {
            order,
            events,
            r#type,
        }
    }
    fn order(&self, other: &Self) -> Ordering {
        let order = other.order.order(&self.order);
        let events = other.events.cmp(&self.events);
        order.then(events).then(self.r#type.cmp(&other.r#type))
    }
}

impl Sample for WithModule {
    fn sample(chance: &mut Chance) -> Self {
        let (first, second, name) = Sample::sample(chance);
        Self {
            first: Foreign(first),
            second: Foreign(second),
            name,
        }
    }
    fn order(&self, other: &Self) -> Ordering {
        let second = other.second.cmp(&self.second);
        self.first
            .cmp(&other.first)
            .then(second)
            .then(self.name.cmp(&other.name))
    }
}
