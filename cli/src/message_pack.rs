//! MessagePack as JSON and back.
//!
//! What JSON has no form for is written as a map with one field, whose name is one of four:
//!
//! ```text
//! bytes                                {"$bytes":"00ff"}
//! a map with keys that are no text     {"$map":[[1,"one"],[2,"two"]]}
//! an extension of type 5               {"$ext":[5,"00ff"]}
//! NaN and the infinities               {"$float":"NaN"}
//! a map with one such field            {"$map":[["$bytes",...]]}
//! ```
//!
//! Integers come back in their shortest form, floats as 64 bits: what was a float of 32 bits is
//! the same number, not the same bytes. Damaged bytes are an error; nothing is allocated for
//! lengths that are only claimed.

use crate::hex;
use crate::json_tree::{DEPTH_MAX, Tree};
use std::fmt::Write;

const MARKS: [&str; 4] = ["$bytes", "$map", "$ext", "$float"];

/// The JSON form of one MessagePack value.
pub(crate) fn to_json(bytes: &[u8]) -> Result<String, String> {
    let mut reader = Reader { bytes, at: 0 };
    let tree = reader.value(0)?;
    match reader.at == bytes.len() {
        true => Ok(tree.to_string()),
        false => Err(format!("bytes are left over at offset {}", reader.at)),
    }
}

/// The MessagePack form of one JSON value.
pub(crate) fn from_json(tree: &Tree) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    write_value(tree, 0, &mut out)?;
    Ok(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..length) else {
            return Err(format!("the value ends at offset {}", self.bytes.len()));
        };
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "the value is cut".to_owned())
    }

    /// A big-endian length of `width` bytes.
    fn length(&mut self, width: usize) -> Result<usize, String> {
        let bytes = self.take(width)?;
        Ok(bytes
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Result<Tree, String> {
        if depth > DEPTH_MAX {
            return Err(format!("it nests deeper than {DEPTH_MAX} levels"));
        }
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => Tree::Unsigned(marker.into()),
            0xe0..=0xff => Tree::Signed((marker as i8).into()),
            0x80..=0x8f => self.map(usize::from(marker & 0x0f), depth)?,
            0x90..=0x9f => self.list(usize::from(marker & 0x0f), depth)?,
            0xa0..=0xbf => self.text(usize::from(marker & 0x1f))?,
            0xc0 => Tree::Null,
            0xc1 => return Err(format!("no marker at offset {}", self.at - 1)),
            0xc2 => Tree::Bool(false),
            0xc3 => Tree::Bool(true),
            0xc4..=0xc6 => {
                let length = self.length(1 << (marker - 0xc4))?;
                marked("$bytes", Tree::Text(hex::encode(self.take(length)?)))
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (marker - 0xc7))?;
                self.extension(length)?
            }
            0xca => float32(f32::from_be_bytes(self.array()?)),
            0xcb => float(f64::from_be_bytes(self.array()?)),
            0xcc => Tree::Unsigned(u8::from_be_bytes(self.array()?).into()),
            0xcd => Tree::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xce => Tree::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xcf => Tree::Unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Tree::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Tree::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Tree::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Tree::Signed(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (marker - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(1 << (marker - 0xd9))?;
                self.text(length)?
            }
            0xdc | 0xdd => {
                let length = self.length(2 << (marker - 0xdc))?;
                self.list(length, depth)?
            }
            0xde | 0xdf => {
                let length = self.length(2 << (marker - 0xde))?;
                self.map(length, depth)?
            }
        })
    }

    fn text(&mut self, length: usize) -> Result<Tree, String> {
        let at = self.at;
        let bytes = self.take(length)?.to_vec();
        let text = String::from_utf8(bytes);
        text.map(Tree::Text)
            .map_err(|_| format!("a text at offset {at} is not UTF-8"))
    }

    fn extension(&mut self, length: usize) -> Result<Tree, String> {
        let [kind] = self.array()?;
        let bytes = Tree::Text(hex::encode(self.take(length)?));
        let kind = Tree::Signed((kind as i8).into());
        Ok(marked("$ext", Tree::List(vec![kind, bytes])))
    }

    fn list(&mut self, length: usize, depth: usize) -> Result<Tree, String> {
        let mut list = Vec::new();
        for _ in 0..length {
            list.push(self.value(depth + 1)?);
        }
        Ok(Tree::List(list))
    }

    fn map(&mut self, length: usize, depth: usize) -> Result<Tree, String> {
        let mut pairs = Vec::new();
        for _ in 0..length {
            pairs.push((self.value(depth + 1)?, self.value(depth + 1)?));
        }
        let named = pairs.iter().all(|(key, _)| matches!(key, Tree::Text(_)));
        let first = pairs.first().map(|(key, _)| key);
        let looks_marked = length == 1
            && matches!(first, Some(Tree::Text(name)) if MARKS.contains(&name.as_str()));
        if named && !looks_marked {
            let fields = pairs.into_iter().filter_map(|(key, value)| match key {
                Tree::Text(name) => Some((name, value)),
                _ => None,
            });
            return Ok(Tree::Map(fields.collect()));
        }
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| Tree::List(vec![key, value]));
        Ok(marked("$map", Tree::List(pairs.collect())))
    }
}

fn marked(mark: &str, of: Tree) -> Tree {
    Tree::Map(vec![(mark.to_owned(), of)])
}

fn float(value: f64) -> Tree {
    match value.is_finite() {
        true => Tree::Float(value),
        false => marked("$float", Tree::Text(value.to_string())),
    }
}

/// The shortest digits that are this number among those of 32 bits, not the many of 64.
fn float32(value: f32) -> Tree {
    let mut digits = String::new();
    let _ = write!(digits, "{value:e}");
    float(digits.parse().unwrap_or(f64::from(value)))
}

fn write_value(tree: &Tree, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("it nests deeper than {DEPTH_MAX} levels"));
    }
    match tree {
        Tree::Null => out.push(0xc0),
        Tree::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Tree::Unsigned(value) => write_unsigned(*value, out),
        Tree::Signed(value) => write_signed(*value, out),
        Tree::Float(value) => {
            out.push(0xcb);
            out.extend(value.to_be_bytes());
        }
        Tree::Text(text) => {
            match u8::try_from(text.len()) {
                Ok(length @ ..32) => out.push(0xa0 | length),
                _ => write_length(text.len(), &[0xd9, 0xda, 0xdb], out)?,
            }
            out.extend(text.as_bytes());
        }
        Tree::List(list) => {
            match u8::try_from(list.len()) {
                Ok(length @ ..16) => out.push(0x90 | length),
                _ => write_length(list.len(), &[0, 0xdc, 0xdd], out)?,
            }
            for value in list {
                write_value(value, depth + 1, out)?;
            }
        }
        Tree::Map(fields) => match tree.only_field() {
            Some((mark, of)) if MARKS.contains(&mark) => write_marked(mark, of, depth, out)?,
            _ => {
                write_map_start(fields.len(), out)?;
                for (name, value) in fields {
                    write_value(&Tree::Text(name.clone()), depth + 1, out)?;
                    write_value(value, depth + 1, out)?;
                }
            }
        },
    }
    Ok(())
}

fn write_marked(mark: &str, of: &Tree, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let bytes = |tree: &Tree| match tree {
        Tree::Text(digits) => hex::decode(digits),
        _ => None,
    };
    let malformed = || format!("{{\"{mark}\":…}} is not what MessagePack values are written as");
    match (mark, of) {
        ("$bytes", of) => {
            let bytes = bytes(of).ok_or_else(malformed)?;
            write_length(bytes.len(), &[0xc4, 0xc5, 0xc6], out)?;
            out.extend(bytes);
        }
        ("$ext", Tree::List(parts)) => {
            let [kind, of] = parts.as_slice() else {
                return Err(malformed());
            };
            let kind = match kind {
                Tree::Unsigned(kind) => i8::try_from(*kind).ok(),
                Tree::Signed(kind) => i8::try_from(*kind).ok(),
                _ => None,
            };
            let (kind, bytes) = kind.zip(bytes(of)).ok_or_else(malformed)?;
            match bytes.len() {
                length @ (1 | 2 | 4 | 8 | 16) => out.push(0xd4 + length.ilog2() as u8),
                length => write_length(length, &[0xc7, 0xc8, 0xc9], out)?,
            }
            out.push(kind as u8);
            out.extend(bytes);
        }
        ("$float", Tree::Text(text)) => {
            let value: f64 = text.parse().map_err(|_| malformed())?;
            out.push(0xcb);
            out.extend(value.to_be_bytes());
        }
        ("$map", Tree::List(pairs)) => {
            write_map_start(pairs.len(), out)?;
            for pair in pairs {
                let Tree::List(pair) = pair else {
                    return Err(malformed());
                };
                let [key, value] = pair.as_slice() else {
                    return Err(malformed());
                };
                write_value(key, depth + 1, out)?;
                write_value(value, depth + 1, out)?;
            }
        }
        _ => return Err(malformed()),
    }
    Ok(())
}

fn write_map_start(length: usize, out: &mut Vec<u8>) -> Result<(), String> {
    match u8::try_from(length) {
        Ok(length @ ..16) => {
            out.push(0x80 | length);
            Ok(())
        }
        _ => write_length(length, &[0, 0xde, 0xdf], out),
    }
}

/// A length behind the marker for its width: of 1, 2 and 4 bytes, 0 for a width there is not.
fn write_length(length: usize, markers: &[u8; 3], out: &mut Vec<u8>) -> Result<(), String> {
    let [one, two, four] = *markers;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if one != 0 => out.extend([one, length]),
        (_, Ok(length)) => {
            out.push(two);
            out.extend(length.to_be_bytes());
        }
        _ => {
            let length = u32::try_from(length).map_err(|_| "it is beyond 4 GiB".to_owned())?;
            out.push(four);
            out.extend(length.to_be_bytes());
        }
    }
    Ok(())
}

fn write_unsigned(value: u64, out: &mut Vec<u8>) {
    match value {
        0..=0x7f => out.push(value as u8),
        0x80..=0xff => out.extend([0xcc, value as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend((value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend((value as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend(value.to_be_bytes());
        }
    }
}

fn write_signed(value: i64, out: &mut Vec<u8>) {
    match value {
        0.. => write_unsigned(value.unsigned_abs(), out),
        -32..0 => out.push(value as u8),
        -0x80..-32 => out.extend([0xd0, value as u8]),
        -0x8000..-0x80 => {
            out.push(0xd1);
            out.extend((value as i16).to_be_bytes());
        }
        -0x8000_0000..-0x8000 => {
            out.push(0xd2);
            out.extend((value as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend(value.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(json: &str) {
        let bytes = from_json(&Tree::parse(json).unwrap()).unwrap();
        assert_eq!(to_json(&bytes).unwrap(), json);
        for cut in (0..bytes.len()).take(300) {
            assert!(to_json(&bytes[..cut]).is_err(), "{json} cut at {cut}");
        }
    }

    #[test]
    fn json_comes_back_from_message_pack() {
        for json in [
            "null",
            "true",
            "[]",
            "{}",
            "1.0",
            "-0.0",
            "1e+300",
            r#""é\n""#,
            r#"{"z":1,"a":[2,{"b":null}],"z":3}"#,
            r#"{"$bytes":"00ff"}"#,
            r#"{"$map":[[1,"one"],[null,2]]}"#,
            r#"{"$ext":[-5,"00"]}"#,
            r#"{"$ext":[5,"000102"]}"#,
            r#"{"$float":"NaN"}"#,
            r#"{"$float":"-inf"}"#,
            r#"{"$map":[["$bytes","00"]]}"#,
            r#"{"$x":[["$x",1]]}"#,
        ] {
            holds(json);
        }
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1] {
                holds(&value.to_string());
                holds(&i64::try_from(value).map_or(i64::MIN, |v| -v).to_string());
            }
        }
        for length in [15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            holds(&format!("\"{}\"", "x".repeat(length)));
            holds(&format!("[{}1]", "1,".repeat(length - 1)));
            holds(&format!(r#"{{"$bytes":"{}"}}"#, "ab".repeat(length)));
            let fields: Vec<_> = (0..length.min(300)).map(|n| format!("\"{n}\":0")).collect();
            holds(&format!("{{{}}}", fields.join(",")));
        }
    }

    #[test]
    fn floats_of_32_bits_are_shown_short() {
        let bytes = [&[0xca][..], &0.1f32.to_be_bytes()].concat();
        assert_eq!(to_json(&bytes).unwrap(), "0.1");
    }

    #[test]
    fn damage_is_an_error_and_claims_reserve_nothing() {
        for bytes in [
            &[0xc1][..],
            &[0xdd, 0xff, 0xff, 0xff, 0xff],
            &[0xa1, 0xff],
            &[0, 0],
        ] {
            assert!(to_json(bytes).is_err(), "{bytes:?}");
        }
        assert!(to_json(&[0x91; 100_000]).unwrap_err().contains("deeper"));
        for json in [
            r#"{"$bytes":1}"#,
            r#"{"$float":1}"#,
            r#"{"$ext":[999,""]}"#,
            r#"{"$map":[1]}"#,
        ] {
            assert!(from_json(&Tree::parse(json).unwrap()).is_err(), "{json}");
        }
    }
}
