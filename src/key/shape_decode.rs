//! Decoding a key by its shape alone, strictly: only what encoding writes is read (K5).

use crate::key::key_error::KeyError;
use crate::key::key_part::{KeyPart, another_element};
use crate::key::key_reader::KeyReader;
use crate::key::key_value::KeyValue;
use crate::key::shape::{Node, Shape, Wrap};
use std::time::Duration;

/// Nanoseconds go on beyond a second within a leap second, in the types that know those.
pub(crate) const NANOS_END: u32 = 2_000_000_000;

impl Shape {
    pub(crate) fn decode_part(&self, reader: &mut KeyReader<'_>) -> Result<KeyValue, KeyError> {
        match &self.0 {
            Node::Leaf(name) => decode_leaf(name, reader),
            Node::Custom(_) => Err(reader.error("known to the program alone")),
            Node::Wrap(wrap, of) => of.decode_wrapped(*wrap, reader),
            Node::Array(of, length) => of.decode_array(*length, reader),
            Node::Fields(fields) => {
                let parts = fields.iter().map(|field| field.decode_part(reader));
                Ok(KeyValue::Fields(parts.collect::<Result<_, _>>()?))
            }
            Node::Variants(variants) => {
                let unknown = reader.error("the tag of no variant");
                let tag = reader.tag()?;
                match variants.iter().find(|(known, _)| *known == tag) {
                    Some((_, Some(shape))) => {
                        let value = shape.decode_part(reader)?;
                        Ok(KeyValue::Variant(tag, Box::new(value)))
                    }
                    _ => Err(unknown),
                }
            }
        }
    }

    fn decode_array(&self, length: u64, reader: &mut KeyReader<'_>) -> Result<KeyValue, KeyError> {
        let mut list = Vec::new();
        for _ in 0..length {
            let before = reader.offset();
            list.push(self.decode_part(reader)?);
            if reader.offset() == before {
                // K6: nothing in the bytes justifies the claimed length.
                return Err(reader.error("an array of elements without bytes"));
            }
        }
        Ok(KeyValue::List(list))
    }

    fn decode_wrapped(&self, wrap: Wrap, reader: &mut KeyReader<'_>) -> Result<KeyValue, KeyError> {
        match wrap {
            Wrap::NonZero => {
                let zero = reader.error("a zero where none can be");
                match self.decode_part(reader)? {
                    KeyValue::Unsigned(0) | KeyValue::Signed(0) => Err(zero),
                    value => Ok(value),
                }
            }
            Wrap::Descending => reader.descending(|reader| self.decode_part(reader)),
            Wrap::Option => {
                let neither = reader.error("neither none nor some");
                match reader.byte()? {
                    0 => Ok(KeyValue::Option(None)),
                    1 => Ok(KeyValue::Option(Some(Box::new(self.decode_part(reader)?)))),
                    _ => Err(neither),
                }
            }
            Wrap::List | Wrap::Set => {
                let (mut list, mut last) = (Vec::new(), Vec::new());
                while another_element(reader)? {
                    let out_of_order = reader.error("a set out of order");
                    let element = self.decode_part(reader)?;
                    if wrap == Wrap::Set {
                        let no_key = |_| reader.error("an element that is none of its set");
                        let bytes = self.encode(&element).map_err(no_key)?;
                        if !list.is_empty() && bytes <= last {
                            return Err(out_of_order);
                        }
                        last = bytes;
                    }
                    list.push(element);
                }
                Ok(KeyValue::List(list))
            }
        }
    }
}

fn decode_leaf(name: &str, reader: &mut KeyReader<'_>) -> Result<KeyValue, KeyError> {
    Ok(match name {
        "u8" => KeyValue::Unsigned(u8::decode(reader)?.into()),
        "u16" => KeyValue::Unsigned(u16::decode(reader)?.into()),
        "u32" => KeyValue::Unsigned(u32::decode(reader)?.into()),
        "u64" => KeyValue::Unsigned(u64::decode(reader)?.into()),
        "u128" => KeyValue::Unsigned(u128::decode(reader)?),
        "i8" => KeyValue::Signed(i8::decode(reader)?.into()),
        "i16" => KeyValue::Signed(i16::decode(reader)?.into()),
        "i32" => KeyValue::Signed(i32::decode(reader)?.into()),
        "i64" => KeyValue::Signed(i64::decode(reader)?.into()),
        "i128" => KeyValue::Signed(i128::decode(reader)?),
        "f32" => KeyValue::F32(f32::decode(reader)?),
        "f64" => KeyValue::F64(f64::decode(reader)?),
        "bool" => KeyValue::Bool(bool::decode(reader)?),
        "char" => KeyValue::Char(char::decode(reader)?),
        "str" => KeyValue::Text(String::decode(reader)?),
        "bytes" => KeyValue::Bytes(reader.escaped()?),
        "raw" => {
            let mut bytes = Vec::with_capacity(reader.remaining());
            while reader.remaining() > 0 {
                bytes.push(reader.byte()?);
            }
            KeyValue::Bytes(bytes)
        }
        "duration" => KeyValue::Duration(Duration::decode(reader)?),
        "time" => {
            let seconds = i64::decode(reader)?;
            let too_many = reader.error("two seconds of nanoseconds or more");
            match u32::decode(reader)? {
                nanos @ ..NANOS_END => KeyValue::Time { seconds, nanos },
                _ => return Err(too_many),
            }
        }
        "uuid" => KeyValue::Uuid(u128::decode(reader)?),
        "date" => {
            let none = reader.error("a date that is in no calendar");
            let (year, month, day) = <(i32, u8, u8)>::decode(reader)?;
            match is_date(year, month, day) {
                true => KeyValue::Date(year, month, day),
                false => return Err(none),
            }
        }
        "clock" => {
            let none = reader.error("a time that is on no clock");
            let (hour, minute, second, nanos) = <(u8, u8, u8, u32)>::decode(reader)?;
            match is_clock(hour, minute, second, nanos) {
                true => KeyValue::Clock(hour, minute, second, nanos),
                false => return Err(none),
            }
        }
        "ipv4" => KeyValue::Ipv4(std::net::Ipv4Addr::decode(reader)?),
        "ipv6" => KeyValue::Ipv6(std::net::Ipv6Addr::decode(reader)?),
        _ => return Err(reader.error("no such component")),
    })
}

/// True for a date of the Gregorian calendar, carried on into all years.
pub(crate) fn is_date(year: i32, month: u8, day: u8) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// True for a time of day; a leap second is the second half of two of nanoseconds.
pub(crate) fn is_clock(hour: u8, minute: u8, second: u8, nanos: u32) -> bool {
    hour < 24 && minute < 60 && second < 60 && nanos < NANOS_END
}
