//! Encoding a key by its shape alone: the bytes that the type of that shape would write.

use crate::key::escape;
use crate::key::key_part::{ELEMENT, END, KeyRef};
use crate::key::key_reader::TAG_WIDE;
use crate::key::key_value::{KeyMismatch, KeyValue};
use crate::key::shape::{Node, Shape, Wrap};
use crate::key::shape_decode::{NANOS_END, is_clock, is_date};
use crate::key::wrappers;

impl Shape {
    /// The components in a row: those of a tuple or struct, or the shape itself.
    #[must_use]
    pub fn components(&self) -> &[Self] {
        match &self.0 {
            Node::Fields(fields) => fields,
            _ => std::slice::from_ref(self),
        }
    }

    pub(crate) fn encode_part(
        &self,
        value: &KeyValue,
        out: &mut Vec<u8>,
    ) -> Result<(), KeyMismatch> {
        match (&self.0, value) {
            (Node::Leaf(name), value) => encode_leaf(name, value, out),
            (Node::Wrap(wrap, of), value) => of.encode_wrapped(*wrap, value, out),
            (Node::Array(of, length), KeyValue::List(list)) if list.len() as u64 == *length => {
                encode_row(list.iter().map(|value| (&**of, value)), out)
            }
            (Node::Fields(fields), KeyValue::Fields(values)) if fields.len() == values.len() => {
                encode_row(fields.iter().zip(values), out)
            }
            (Node::Variants(variants), KeyValue::Variant(tag, value)) => {
                match variants.iter().find(|(known, _)| known == tag) {
                    Some((_, Some(shape))) => {
                        encode_tag(*tag, out)?;
                        shape.encode_part(value, out)
                    }
                    _ => Err(KeyMismatch::new(format!("one of the tags of {self}"))),
                }
            }
            (Node::Custom(_), _) => {
                let wanted = format!("{self}, which only the program that has it can write");
                Err(KeyMismatch::new(wanted))
            }
            _ => Err(KeyMismatch::new(self.to_string())),
        }
    }

    fn encode_wrapped(
        &self,
        wrap: Wrap,
        value: &KeyValue,
        out: &mut Vec<u8>,
    ) -> Result<(), KeyMismatch> {
        match (wrap, value) {
            (Wrap::NonZero, KeyValue::Unsigned(0) | KeyValue::Signed(0)) => {
                Err(KeyMismatch::new("a number other than zero"))
            }
            (Wrap::NonZero, value) => self.encode_part(value, out),
            (Wrap::Descending, value) => {
                let start = out.len();
                self.encode_part(value, out)?;
                wrappers::flip(out, start);
                Ok(())
            }
            (Wrap::Option, KeyValue::Option(None)) => {
                out.push(0);
                Ok(())
            }
            (Wrap::Option, KeyValue::Option(Some(value))) => {
                out.push(1);
                self.encode_part(value, out)
            }
            (Wrap::List | Wrap::Set, KeyValue::List(list)) => self.encode_list(wrap, list, out),
            _ => {
                let wrapped = Self(Node::Wrap(wrap, Box::new(self.clone())));
                Err(KeyMismatch::new(wrapped.to_string()))
            }
        }
    }

    fn encode_list(
        &self,
        wrap: Wrap,
        list: &[KeyValue],
        out: &mut Vec<u8>,
    ) -> Result<(), KeyMismatch> {
        let mut elements = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            let element = self.encode(value).map_err(|error| error.within(at))?;
            elements.push(element);
        }
        if wrap == Wrap::Set {
            elements.sort(); // K1: as the values do
            elements.dedup();
        }
        for element in elements {
            out.push(ELEMENT);
            out.extend(element);
        }
        out.push(END);
        Ok(())
    }
}

fn encode_row<'a>(
    row: impl Iterator<Item = (&'a Shape, &'a KeyValue)>,
    out: &mut Vec<u8>,
) -> Result<(), KeyMismatch> {
    for (at, (shape, value)) in row.enumerate() {
        shape
            .encode_part(value, out)
            .map_err(|error| error.within(at))?;
    }
    Ok(())
}

fn encode_tag(tag: u16, out: &mut Vec<u8>) -> Result<(), KeyMismatch> {
    let Some(wide) = tag.checked_sub(u16::from(TAG_WIDE)) else {
        out.push(tag as u8);
        return Ok(());
    };
    let [high, low] = wide.to_be_bytes();
    let Some(first) = TAG_WIDE.checked_add(high) else {
        return Err(KeyMismatch::new("a tag below 4336"));
    };
    out.extend_from_slice(&[first, low]);
    Ok(())
}

fn encode_leaf(name: &str, value: &KeyValue, out: &mut Vec<u8>) -> Result<(), KeyMismatch> {
    macro_rules! integer {
        ($value:expr, $integer:ty) => {
            match <$integer>::try_from(*$value) {
                Ok(integer) => integer.encode(out),
                Err(_) => {
                    let (least, most) = (<$integer>::MIN, <$integer>::MAX);
                    return Err(KeyMismatch::new(format!("a number from {least} to {most}")));
                }
            }
        };
    }
    match (name, value) {
        ("u8", KeyValue::Unsigned(value)) => integer!(value, u8),
        ("u16", KeyValue::Unsigned(value)) => integer!(value, u16),
        ("u32", KeyValue::Unsigned(value)) => integer!(value, u32),
        ("u64", KeyValue::Unsigned(value)) => integer!(value, u64),
        ("u128", KeyValue::Unsigned(value)) => value.encode(out),
        ("i8", KeyValue::Signed(value)) => integer!(value, i8),
        ("i16", KeyValue::Signed(value)) => integer!(value, i16),
        ("i32", KeyValue::Signed(value)) => integer!(value, i32),
        ("i64", KeyValue::Signed(value)) => integer!(value, i64),
        ("i128", KeyValue::Signed(value)) => value.encode(out),
        ("f32", KeyValue::F32(value)) => value.encode(out),
        ("f64", KeyValue::F64(value)) => value.encode(out),
        ("bool", KeyValue::Bool(value)) => value.encode(out),
        ("char", KeyValue::Char(value)) => value.encode(out),
        ("str", KeyValue::Text(value)) => escape::encode(value.as_bytes(), out),
        ("bytes", KeyValue::Bytes(value)) => escape::encode(value, out),
        ("raw", KeyValue::Bytes(value)) => out.extend_from_slice(value),
        ("duration", KeyValue::Duration(value)) => value.encode(out),
        ("time", KeyValue::Time { seconds, nanos }) if *nanos < NANOS_END => {
            seconds.encode(out);
            nanos.encode(out);
        }
        ("uuid", KeyValue::Uuid(value)) => value.encode(out),
        ("date", KeyValue::Date(year, month, day)) if is_date(*year, *month, *day) => {
            (*year, *month, *day).encode(out);
        }
        ("clock", KeyValue::Clock(hour, minute, second, nanos))
            if is_clock(*hour, *minute, *second, *nanos) =>
        {
            (*hour, *minute, *second, *nanos).encode(out);
        }
        ("ipv4", KeyValue::Ipv4(value)) => value.encode(out),
        ("ipv6", KeyValue::Ipv6(value)) => value.encode(out),
        (name, _) => return Err(KeyMismatch::new(name)),
    }
    Ok(())
}
