//! JSON as a tree that keeps the order of its fields and fields that come twice.
//!
//! Numbers are 64-bit integers or floats; what is kept as text (see [`raw_text`]) keeps its numbers
//! as they were written. Nesting is bounded by what a store reads back.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// How deep a value may nest that a store is to hold.
pub(crate) const DEPTH_MAX: usize = 120;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Tree {
    /// Reads one JSON value.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The only field of a map that has one.
    pub(crate) fn only_field(&self) -> Option<(&str, &Self)> {
        match self {
            Self::Map(fields) if fields.len() == 1 => {
                fields.first().map(|(name, value)| (name.as_str(), value))
            }
            _ => None,
        }
    }

    /// The value of a field of a map.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(fields) => fields
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

/// One JSON value as text on one line, its numbers and spaces as they are; refuses what is none,
/// and what nests deeper than a store reads.
pub(crate) fn raw_text(text: &str) -> Result<String, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let text = raw.get();
    if depth(text) > DEPTH_MAX {
        return Err(format!("it nests deeper than {DEPTH_MAX} levels"));
    }
    Ok(one_line(text))
}

/// JSON has line breaks between its tokens alone, where a space means the same.
pub(crate) fn one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

/// How deep JSON that is known to be JSON nests.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A text as JSON.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Signed(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{}", serde_json::Value::from(*value)),
            Self::Text(value) => f.write_str(&quote(value)),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(fields) => {
                f.write_str("{")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{value}", quote(name))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = sequence.next_element()? {
            list.push(value);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_the_order_of_fields_and_fields_that_come_twice() {
        let text = r#"{"z":1,"a":[-1,1.5,null,true],"z":"\"\u0001"}"#;
        assert_eq!(Tree::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn raw_text_keeps_numbers_and_loses_line_breaks() {
        let text = "{ \"a\" : 1e3,\r\n\"b\":1.0 }";
        assert_eq!(raw_text(text).unwrap(), r#"{ "a" : 1e3,  "b":1.0 }"#);
        assert_eq!(raw_text("  7\n").unwrap(), "7");
        assert!(raw_text("{} {}").is_err());
    }

    #[test]
    fn what_a_store_cannot_read_back_is_refused() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(raw_text(&nested(DEPTH_MAX)).is_ok());
        assert!(raw_text(&nested(DEPTH_MAX + 1)).is_err());
        assert!(raw_text(&nested(1_000_000)).is_err());
        assert_eq!(depth(r#"["[[[\"[["]"#), 1);
    }
}
