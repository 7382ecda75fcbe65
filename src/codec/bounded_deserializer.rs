//! The adapter that reads a serde value within bounds.
//!
//! Stands between the deserializer of a format and a value's `Deserialize`, passes every call
//! through and carries along how many levels are left (B1, B2 of `bounds`) and what sequences may
//! still claim (B3, B4). Everything is generic and inlines away but the counts.
//!
//! Where a bound is broken it answers with the deserializer's own error. Owned strings and byte
//! buffers are asked for as borrowed ones, so that a format which allocates what a length claims
//! compares it with the bytes at hand instead. One value, one thread.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::bounds::{Claim, LEVELS_READ_MAX, ReadBounds, too_deep};

/// A deserializer at a place of the value it reads.
pub(super) struct BoundedDeserializer<'b, D> {
    inner: D,
    place: Place<'b>,
}

impl<'b, D> BoundedDeserializer<'b, D> {
    /// The deserializer of the outermost value.
    #[inline]
    pub(super) fn whole(inner: D, bounds: &'b ReadBounds) -> Self {
        let place = Place {
            bounds,
            levels_left: LEVELS_READ_MAX,
        };
        Self { inner, place }
    }
}

#[derive(Clone, Copy)]
struct Place<'b> {
    bounds: &'b ReadBounds,
    levels_left: u8,
}

impl<'b> Place<'b> {
    #[inline]
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self {
                bounds: self.bounds,
                levels_left,
            }),
            None => Err(E::custom(too_deep(LEVELS_READ_MAX))),
        }
    }

    /// Accounts for a sequence or map that may tell its length; true where that may be passed on
    /// as a hint.
    #[inline]
    fn claim<E: Error>(self, length: Option<usize>) -> Result<bool, E> {
        let Some(length) = length else {
            return Ok(false);
        };
        match self.bounds.claim(length) {
            Claim::Backed => Ok(true),
            Claim::Unbacked => Ok(false),
            Claim::Impossible => Err(overclaimed(length)),
        }
    }
}

#[cold]
fn overclaimed<E: Error>(length: usize) -> E {
    E::custom(format_args!(
        "{length} elements claimed, more than the bytes can hold"
    ))
}

/// Passes a call whose visitor cannot meet a nested value.
macro_rules! plain {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.inner.$method(visitor)
            }
        )*
    };
}

/// Passes a call under a visitor that goes on counting.
macro_rules! counted {
    ($($method:ident => $inner:ident, $lengths:expr;)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.inner.$inner(BoundedVisitor {
                    inner: visitor,
                    place: self.place,
                    lengths: $lengths,
                })
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for BoundedDeserializer<'_, D> {
    type Error = D::Error;

    plain! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    counted! {
        deserialize_any => deserialize_any, Lengths::Claimed;
        deserialize_char => deserialize_char, Lengths::Claimed;
        deserialize_str => deserialize_str, Lengths::Claimed;
        deserialize_string => deserialize_str, Lengths::Claimed;
        deserialize_bytes => deserialize_bytes, Lengths::Claimed;
        deserialize_byte_buf => deserialize_bytes, Lengths::Claimed;
        deserialize_option => deserialize_option, Lengths::Claimed;
        deserialize_unit => deserialize_unit, Lengths::Claimed;
        deserialize_seq => deserialize_seq, Lengths::Claimed;
        deserialize_map => deserialize_map, Lengths::Claimed;
        deserialize_identifier => deserialize_identifier, Lengths::Claimed;
        deserialize_ignored_any => deserialize_ignored_any, Lengths::Claimed;
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::Claimed);
        self.inner.deserialize_unit_struct(name, visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::Claimed);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::OfTheType);
        self.inner.deserialize_tuple(length, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::OfTheType);
        self.inner.deserialize_tuple_struct(name, length, visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::OfTheType);
        self.inner.deserialize_struct(name, fields, visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::Claimed);
        self.inner.deserialize_enum(name, variants, visitor)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Where the length of a sequence comes from.
#[derive(Clone, Copy)]
enum Lengths {
    /// From the bytes: it counts as a claim.
    Claimed,
    /// From the type: it is no claim, and no hint is needed.
    OfTheType,
}

struct BoundedVisitor<'b, V> {
    inner: V,
    place: Place<'b>,
    lengths: Lengths,
}

impl<'b, V> BoundedVisitor<'b, V> {
    #[inline]
    fn new(inner: V, place: Place<'b>, lengths: Lengths) -> Self {
        Self {
            inner,
            place,
            lengths,
        }
    }

    /// Goes one level down into parts of which the format says there are `length`.
    #[inline]
    fn parts<A, E: Error>(
        self,
        inner: A,
        length: Option<usize>,
    ) -> Result<(V, BoundedParts<'b, A>), E> {
        let place = self.place.deeper()?;
        let hinted = match self.lengths {
            Lengths::Claimed => place.claim(length)?,
            Lengths::OfTheType => false,
        };
        let parts = BoundedParts {
            inner,
            place,
            hinted,
        };
        Ok((self.inner, parts))
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty))*) => {
        $(
            #[inline]
            fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
                self.inner.$method(value)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for BoundedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    scalars! {
        visit_bool(bool)
        visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_f32(f32) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let place = self.place.deeper()?;
        self.inner.visit_some(BoundedDeserializer { inner, place })
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let place = self.place.deeper()?;
        self.inner
            .visit_newtype_struct(BoundedDeserializer { inner, place })
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let length = elements.size_hint();
        let (visitor, elements) = self.parts(elements, length)?;
        visitor.visit_seq(elements)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let length = entries.size_hint();
        let (visitor, entries) = self.parts(entries, length)?;
        visitor.visit_map(entries)
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let place = self.place.deeper()?;
        self.inner.visit_enum(BoundedEnum { inner, place })
    }
}

/// The elements of a sequence or the entries of a map; `place` is the place of one of them.
struct BoundedParts<'b, A> {
    inner: A,
    place: Place<'b>,
    /// The format's word on how many there are may be used to reserve room (B4).
    hinted: bool,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for BoundedParts<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let place = self.place;
        self.inner.next_element_seed(BoundedSeed { seed, place })
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        if self.hinted {
            self.inner.size_hint()
        } else {
            None
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for BoundedParts<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let place = self.place;
        self.inner.next_key_seed(BoundedSeed { seed, place })
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let place = self.place;
        self.inner.next_value_seed(BoundedSeed { seed, place })
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        if self.hinted {
            self.inner.size_hint()
        } else {
            None
        }
    }
}

struct BoundedSeed<'b, T> {
    seed: T,
    place: Place<'b>,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for BoundedSeed<'_, T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        let place = self.place;
        self.seed.deserialize(BoundedDeserializer { inner, place })
    }
}

/// An enum, and then the variant that was chosen; `place` is the place inside the enum.
struct BoundedEnum<'b, A> {
    inner: A,
    place: Place<'b>,
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for BoundedEnum<'b, A> {
    type Error = A::Error;
    type Variant = BoundedEnum<'b, A::Variant>;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        let place = self.place;
        let (name, inner) = self.inner.variant_seed(BoundedSeed { seed, place })?;
        Ok((name, BoundedEnum { inner, place }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for BoundedEnum<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let place = self.place;
        self.inner.newtype_variant_seed(BoundedSeed { seed, place })
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::OfTheType);
        self.inner.tuple_variant(length, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = BoundedVisitor::new(visitor, self.place, Lengths::OfTheType);
        self.inner.struct_variant(fields, visitor)
    }
}
