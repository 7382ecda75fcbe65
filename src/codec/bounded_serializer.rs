//! The adapter that writes a serde value within bounds.
//!
//! Stands between a value and the serializer of a format, passes every call through and carries
//! the place in the value along: how many levels are left (B1, B2 of `bounds`) and whether the
//! value stands directly inside a `Some`. Everything is generic and inlines away but a count.
//!
//! It refuses, with the serializer's own error, what the format could not give back. It adds
//! nothing to the bytes. One value, one thread.

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::bounds::{LEVELS_WRITTEN_MAX, WriteBounds, too_deep};

/// A value at a place: what [`Serialize`] is implemented for.
#[derive(Clone, Copy)]
pub(super) struct BoundedValue<'b, 'v, T: ?Sized> {
    value: &'v T,
    place: Place<'b>,
}

impl<'b, 'v, T: Serialize + ?Sized> BoundedValue<'b, 'v, T> {
    /// The outermost value.
    #[inline]
    pub(super) fn whole(value: &'v T, bounds: &'b WriteBounds) -> Self {
        let place = Place {
            bounds,
            levels_left: LEVELS_WRITTEN_MAX,
            in_some: false,
        };
        Self { value, place }
    }
}

impl<T: Serialize + ?Sized> Serialize for BoundedValue<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(BoundedSerializer {
            inner: serializer,
            place: self.place,
        })
    }
}

#[derive(Clone, Copy)]
struct Place<'b> {
    bounds: &'b WriteBounds,
    levels_left: u8,
    /// The value is what a `Some` holds, with nothing written between them.
    in_some: bool,
}

impl<'b> Place<'b> {
    #[inline]
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self {
                bounds: self.bounds,
                levels_left,
                in_some: false,
            }),
            None => Err(E::custom(too_deep(LEVELS_WRITTEN_MAX))),
        }
    }

    #[inline]
    fn of<T: Serialize + ?Sized>(self, value: &T) -> BoundedValue<'b, '_, T> {
        BoundedValue { value, place: self }
    }

    /// A null is about to be written.
    #[inline]
    fn null<E: Error>(self) -> Result<(), E> {
        if self.in_some && self.bounds.rules.null_is_none {
            return Err(lost("Some(None) and Some(()) would read back as None"));
        }
        Ok(())
    }

    #[inline]
    fn float<E: Error>(self, finite: bool) -> Result<(), E> {
        if !finite && self.bounds.rules.finite_floats_only {
            return Err(lost("NaN and the infinities have no form"));
        }
        Ok(())
    }

    #[inline]
    fn skipped_field<E: Error>(self, name: &str) -> Result<(), E> {
        if self.bounds.rules.fields_by_place {
            return Err(skipped(name));
        }
        Ok(())
    }
}

#[cold]
fn lost<E: Error>(text: &str) -> E {
    E::custom(text)
}

#[cold]
fn skipped<E: Error>(name: &str) -> E {
    E::custom(format_args!(
        "field `{name}` is left out by skip_serializing_if, so the fields after it could not be \
         read back"
    ))
}

struct BoundedSerializer<'b, S> {
    inner: S,
    place: Place<'b>,
}

macro_rules! plain {
    ($($method:ident($type:ty))*) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<Self::Ok, Self::Error> {
                self.inner.$method(value)
            }
        )*
    };
}

impl<'b, S: Serializer> Serializer for BoundedSerializer<'b, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = BoundedParts<'b, S::SerializeSeq>;
    type SerializeTuple = BoundedParts<'b, S::SerializeTuple>;
    type SerializeTupleStruct = BoundedParts<'b, S::SerializeTupleStruct>;
    type SerializeTupleVariant = BoundedParts<'b, S::SerializeTupleVariant>;
    type SerializeMap = BoundedParts<'b, S::SerializeMap>;
    type SerializeStruct = BoundedParts<'b, S::SerializeStruct>;
    type SerializeStructVariant = BoundedParts<'b, S::SerializeStructVariant>;

    plain! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_u128(u128)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.place.float(value.is_finite())?;
        self.inner.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.place.float(value.is_finite())?;
        self.inner.serialize_f64(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.place.null()?;
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let mut place = self.place.deeper()?;
        place.in_some = true;
        self.inner.serialize_some(&place.of(value))
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.place.null()?;
        self.inner.serialize_unit()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        if self.place.bounds.rules.unit_struct_is_none {
            self.place.null()?;
        }
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.place.deeper()?;
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let mut place = self.place.deeper()?;
        place.in_some = self.place.in_some; // a newtype is written as what it holds
        self.inner.serialize_newtype_struct(name, &place.of(value))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.place.deeper()?.of(value);
        self.inner
            .serialize_newtype_variant(name, index, variant, &value)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let place = self.place.deeper()?;
        place.bounds.claim(length.unwrap_or(0));
        let inner = self.inner.serialize_seq(length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        let place = self.place.deeper()?;
        let inner = self.inner.serialize_tuple(length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let place = self.place.deeper()?;
        let inner = self.inner.serialize_tuple_struct(name, length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let place = self.place.deeper()?.deeper()?;
        let inner = self
            .inner
            .serialize_tuple_variant(name, index, variant, length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let place = self.place.deeper()?;
        place.bounds.claim(length.unwrap_or(0));
        let inner = self.inner.serialize_map(length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let place = self.place.deeper()?;
        let inner = self.inner.serialize_struct(name, length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let place = self.place.deeper()?.deeper()?;
        let inner = self
            .inner
            .serialize_struct_variant(name, index, variant, length)?;
        Ok(BoundedParts { inner, place })
    }

    #[inline]
    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The parts of a sequence, tuple, map or struct; `place` is the place of a part.
struct BoundedParts<'b, P> {
    inner: P,
    place: Place<'b>,
}

macro_rules! elements {
    ($($trait:ident $method:ident)*) => {
        $(
            impl<P: $trait> $trait for BoundedParts<'_, P> {
                type Ok = P::Ok;
                type Error = P::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
                    self.inner.$method(&self.place.of(value))
                }

                #[inline]
                fn end(self) -> Result<P::Ok, P::Error> {
                    self.inner.end()
                }
            }
        )*
    };
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($trait:ident)*) => {
        $(
            impl<P: $trait> $trait for BoundedParts<'_, P> {
                type Ok = P::Ok;
                type Error = P::Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), P::Error> {
                    self.inner.serialize_field(name, &self.place.of(value))
                }

                #[inline]
                fn skip_field(&mut self, name: &'static str) -> Result<(), P::Error> {
                    self.place.skipped_field(name)?;
                    self.inner.skip_field(name)
                }

                #[inline]
                fn end(self) -> Result<P::Ok, P::Error> {
                    self.inner.end()
                }
            }
        )*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl<P: SerializeMap> SerializeMap for BoundedParts<'_, P> {
    type Ok = P::Ok;
    type Error = P::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), P::Error> {
        self.inner.serialize_key(&self.place.of(key))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
        self.inner.serialize_value(&self.place.of(value))
    }

    #[inline]
    fn end(self) -> Result<P::Ok, P::Error> {
        self.inner.end()
    }
}
