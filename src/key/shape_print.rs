//! Printing the bytes of a key by its shape alone.
//!
//! For error texts and tools, which know the schema of a store but not its types. It always prints
//! something: what does not decode is printed as bytes from there on.

use std::fmt::Write;
use std::time::Duration;

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_reader::KeyReader;
use crate::key::shape::{Node, Shape, Wrap};

impl Shape {
    /// The encoded key `key` in a form for people, such as `("eu", 20261101, 7)`.
    ///
    /// ```
    /// use grainstore::key::{Key, Shape};
    ///
    /// let key = ("eu".to_owned(), Some(-1i64)).encode_key();
    /// let shape = Shape::from_schema("k1:{str,opt(i64)}")?;
    /// assert_eq!(shape.print(&key), r#"("eu", Some(-1))"#);
    /// # Ok::<(), grainstore::key::KeyError>(())
    /// ```
    #[must_use]
    pub fn print(&self, key: &[u8]) -> String {
        let mut text = String::new();
        let mut reader = KeyReader::new(key);
        if self.print_part(&mut reader, &mut text).is_err() || reader.remaining() > 0 {
            let from = reader.offset();
            print_bytes(&key[from..], &mut text);
        }
        text
    }

    fn print_part(&self, reader: &mut KeyReader<'_>, text: &mut String) -> Result<(), KeyError> {
        match &self.0 {
            Node::Leaf(name) => print_leaf(name, reader, text),
            Node::Custom(_) => Err(reader.error("known to the program alone")),
            Node::Wrap(wrap, of) => of.print_wrapped(*wrap, reader, text),
            Node::Array(of, length) => {
                text.push('[');
                for at in 0..*length {
                    separate(at > 0, text);
                    let before = reader.offset();
                    of.print_part(reader, text)?;
                    if reader.offset() == before {
                        text.push_str("..");
                        break; // elements without bytes, however many
                    }
                }
                text.push(']');
                Ok(())
            }
            Node::Fields(fields) => {
                text.push('(');
                for (at, field) in fields.iter().enumerate() {
                    separate(at > 0, text);
                    field.print_part(reader, text)?;
                }
                text.push(')');
                Ok(())
            }
            Node::Variants(variants) => {
                let tag = reader.tag()?;
                let _ = write!(text, "#{tag}");
                match variants.iter().find(|(known, _)| *known == tag) {
                    Some((_, Some(Self(Node::Fields(fields))))) if fields.is_empty() => Ok(()),
                    Some((_, Some(shape))) => {
                        text.push(' ');
                        shape.print_part(reader, text)
                    }
                    _ => Err(reader.error("the tag of no variant")),
                }
            }
        }
    }

    fn print_wrapped(
        &self,
        wrap: Wrap,
        reader: &mut KeyReader<'_>,
        text: &mut String,
    ) -> Result<(), KeyError> {
        match wrap {
            Wrap::NonZero => self.print_part(reader, text),
            Wrap::Descending => reader.descending(|reader| self.print_part(reader, text)),
            Wrap::Option if bool::decode(reader)? => {
                text.push_str("Some(");
                self.print_part(reader, text)?;
                text.push(')');
                Ok(())
            }
            Wrap::Option => {
                text.push_str("None");
                Ok(())
            }
            Wrap::List | Wrap::Set => {
                text.push('[');
                let mut first = true;
                while bool::decode(reader)? {
                    separate(!first, text);
                    first = false;
                    self.print_part(reader, text)?;
                }
                text.push(']');
                Ok(())
            }
        }
    }
}

fn separate(apart: bool, text: &mut String) {
    if apart {
        text.push_str(", ");
    }
}

fn print_bytes(bytes: &[u8], text: &mut String) {
    let _ = write!(text, "b\"{}\"", bytes.escape_ascii());
}

fn print_leaf(name: &str, reader: &mut KeyReader<'_>, text: &mut String) -> Result<(), KeyError> {
    macro_rules! debug {
        ($($name:literal $leaf:ty),+) => {
            match name {
                $($name => write!(text, "{:?}", <$leaf>::decode(reader)?),)+
                _ => return Err(reader.error("no such component")),
            }
        };
    }
    let _ = match name {
        "bytes" => {
            print_bytes(&reader.escaped()?, text);
            Ok(())
        }
        "raw" => {
            let mut bytes = Vec::new();
            while reader.remaining() > 0 {
                bytes.push(reader.byte()?);
            }
            print_bytes(&bytes, text);
            Ok(())
        }
        "time" => {
            let (seconds, nanos) = <(i64, u32)>::decode(reader)?;
            let since = Duration::new(seconds.unsigned_abs(), 0);
            let sign = if seconds < 0 { "-" } else { "" };
            write!(text, "{sign}{}s+{nanos:09}ns", since.as_secs())
        }
        "uuid" => {
            let hex = format!("{:032x}", u128::decode(reader)?);
            let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &hex[group]);
            write!(text, "{}", groups.join("-"))
        }
        "date" => {
            let (year, month, day) = <(i32, u8, u8)>::decode(reader)?;
            write!(text, "{year:04}-{month:02}-{day:02}")
        }
        "clock" => {
            let (hour, minute, second, nanos) = <(u8, u8, u8, u32)>::decode(reader)?;
            write!(text, "{hour:02}:{minute:02}:{second:02}+{nanos:09}ns")
        }
        _ => debug! {
            "u8" u8, "u16" u16, "u32" u32, "u64" u64, "u128" u128, "i8" i8, "i16" i16, "i32" i32,
            "i64" i64, "i128" i128, "f32" f32, "f64" f64, "bool" bool, "char" char,
            "str" String, "duration" Duration,
            "ipv4" std::net::Ipv4Addr, "ipv6" std::net::Ipv6Addr
        },
    };
    Ok(())
}
