//! How the keys and values of a database are shown and typed: as JSON by their types, as text, or
//! as hexadecimal digits.

use crate::failure::{Failure, Result};
use crate::hex;
use crate::json_tree::{self, Tree};
use crate::key_json;
use crate::message_pack;
use clap::ValueEnum;
use grainstore::StoreInfo;
use grainstore::key::{ByteRange, KeyValue, Shape, ShapeKind};

/// A form that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON, by the types that the store remembers
    Json,
    /// The bytes as UTF-8 text
    Text,
    /// The bytes as hexadecimal digits
    Hex,
}

/// A key or value on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// JSON, on one line.
    Json(String),
    /// Text, as it is.
    Text(String),
    /// Bytes that are neither.
    Hex(String),
}

#[derive(Debug, Clone)]
enum KeyForm {
    Shape(Shape),
    /// Typed as text, for a shape of one component that is text.
    TextOf(Shape),
    Text,
    Hex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueForm {
    Json,
    MessagePack,
    U32,
    Text,
    Hex,
}

/// The forms of one store, or of an engine without stores.
#[derive(Debug, Clone)]
pub(crate) struct Forms {
    key: KeyForm,
    value: ValueForm,
}

impl Forms {
    /// The forms of a store, or of bare bytes; `key` and `value` are what was asked for.
    pub(crate) fn new(
        store: Option<(&StoreInfo, &Shape)>,
        key: Option<Format>,
        value: Option<Format>,
    ) -> Result<Self> {
        let key = match (store, key) {
            (_, Some(Format::Hex)) => KeyForm::Hex,
            (None, None | Some(Format::Text)) => KeyForm::Text,
            (None, Some(Format::Json)) => {
                let text = "the keys of an engine have no types to be JSON by";
                return Err(Failure::usage(text).hint("name a store with --store"));
            }
            (Some((_, shape)), Some(Format::Text)) if key_json::is_text(shape) => {
                KeyForm::TextOf(shape.clone())
            }
            (Some((info, _)), Some(Format::Text)) => {
                let text = format!(
                    "the keys of the store {:?} are {}, not text",
                    info.name, info.key_schema
                );
                return Err(Failure::usage(text).hint("leave --key-format away, or use hex"));
            }
            (Some((_, shape)), None | Some(Format::Json)) => KeyForm::Shape(shape.clone()),
        };
        let by_codec = match store {
            None => ValueForm::Text,
            Some((info, _)) if info.kind == "u32" => ValueForm::U32,
            Some((info, _)) => match info.codec.as_str() {
                "json/1" => ValueForm::Json,
                "msgpack-named/1" => ValueForm::MessagePack,
                "raw/1" => ValueForm::Text,
                _ => ValueForm::Hex, // it does not describe itself
            },
        };
        let value = match value {
            None => by_codec,
            Some(Format::Hex) => ValueForm::Hex,
            Some(Format::Text) => ValueForm::Text,
            Some(Format::Json) if by_codec == ValueForm::Text => ValueForm::Json,
            Some(Format::Json) if by_codec == ValueForm::Hex => {
                let codec = store.map_or("", |(info, _)| &info.codec);
                let text = format!("values of the codec {codec} do not describe themselves");
                return Err(Failure::usage(text).hint("use --value-format hex"));
            }
            Some(Format::Json) => by_codec,
        };
        Ok(Self { key, value })
    }

    /// The bytes of a key as it was typed.
    pub(crate) fn parse_key(&self, text: &str) -> Result<Vec<u8>> {
        match &self.key {
            KeyForm::Text => Ok(text.as_bytes().to_vec()),
            KeyForm::Hex => parse_hex("key", text),
            KeyForm::TextOf(shape) => encode_tree(shape, &Tree::Text(text.to_owned())),
            KeyForm::Shape(shape) => encode_tree(shape, &typed(shape, text)?),
        }
    }

    /// The bytes of a key given as JSON, in lines of an import.
    pub(crate) fn key_of_tree(&self, tree: &Tree) -> Result<Vec<u8>> {
        match (&self.key, tree) {
            (KeyForm::Shape(shape) | KeyForm::TextOf(shape), tree) => encode_tree(shape, tree),
            (KeyForm::Text, Tree::Text(text)) => Ok(text.clone().into_bytes()),
            (KeyForm::Hex, Tree::Text(digits)) => parse_hex("key", digits),
            (_, tree) => Err(Failure::usage(format!("the key {tree} is no text"))),
        }
    }

    /// The bytes that the keys with this prefix begin with.
    pub(crate) fn parse_prefix(&self, text: &str) -> Result<Vec<u8>> {
        let shape = match &self.key {
            KeyForm::Text => return Ok(text.as_bytes().to_vec()),
            KeyForm::Hex => return parse_hex("prefix", text),
            KeyForm::TextOf(shape) | KeyForm::Shape(shape) => shape,
        };
        if key_json::has_start(shape) {
            let mut bytes = self.parse_key(text)?;
            if !is_raw(shape) {
                bytes.pop(); // the end of the text, so that longer ones begin with it
            }
            return Ok(bytes);
        }
        let wrong = || {
            let text = format!("{text} is no prefix of a key {shape}");
            Failure::usage(text).hint("a prefix is a JSON array of the first components")
        };
        let Tree::List(parts) = Tree::parse(text).map_err(|_| wrong())? else {
            return Err(wrong());
        };
        let components = shape.components();
        if parts.len() > components.len() {
            return Err(wrong());
        }
        let values: Vec<KeyValue> = components
            .iter()
            .zip(&parts)
            .map(|(shape, part)| key_json::from_json(shape, part).map_err(Failure::usage))
            .collect::<Result<_>>()?;
        let prefix = shape.encode_prefix(&values);
        prefix.map_err(|error| Failure::usage(format!("{text}: {error}")))
    }

    /// A bound of a range: a whole key, or the first components of one.
    pub(crate) fn parse_bound(&self, text: &str) -> Result<Vec<u8>> {
        match self.parse_key(text) {
            Ok(key) => Ok(key),
            Err(error) => self.parse_prefix(text).map_err(|_| error),
        }
    }

    /// What a key looks like.
    pub(crate) fn show_key(&self, key: &[u8]) -> Shown {
        match &self.key {
            KeyForm::Text => show_text(key),
            KeyForm::Hex => Shown::Hex(hex::encode(key)),
            KeyForm::TextOf(shape) | KeyForm::Shape(shape) => match shape.decode(key) {
                Ok(value) => match (&self.key, key_json::to_json(shape, &value)) {
                    (KeyForm::TextOf(_), Tree::Text(text)) => Shown::Text(text),
                    (_, tree) => Shown::Json(tree.to_string()),
                },
                Err(_) => Shown::Hex(hex::encode(key)),
            },
        }
    }

    /// The bytes of a value as it was typed.
    pub(crate) fn parse_value(&self, text: &[u8]) -> Result<Vec<u8>> {
        let as_text = || {
            let text = std::str::from_utf8(text);
            text.map_err(|_| Failure::usage("the value is not UTF-8"))
        };
        match self.value {
            ValueForm::Text => Ok(text.to_vec()),
            ValueForm::Hex => parse_hex("value", as_text()?.trim()),
            ValueForm::Json => {
                let text = json_tree::raw_text(as_text()?);
                text.map(String::into_bytes).map_err(no_json)
            }
            ValueForm::MessagePack => {
                let tree = Tree::parse(as_text()?).map_err(no_json)?;
                message_pack::from_json(&tree).map_err(Failure::usage)
            }
            ValueForm::U32 => {
                let number = as_text()?.trim().parse::<u32>();
                let number = number.map_err(|_| {
                    Failure::usage("the value of a u32 store is a number from 0 to 4294967295")
                })?;
                Ok(number.to_le_bytes().to_vec())
            }
        }
    }

    /// The bytes of a value given as JSON text, in lines of an import.
    pub(crate) fn value_of_json(&self, json: &str) -> Result<Vec<u8>> {
        match self.value {
            ValueForm::Text => match Tree::parse(json).map_err(no_json)? {
                Tree::Text(text) => Ok(text.into_bytes()),
                _ => Err(Failure::usage("the value is no text")),
            },
            ValueForm::Hex => {
                let text = "values of this codec do not describe themselves";
                Err(Failure::usage(text).hint("give their bytes as \"value_hex\""))
            }
            _ => self.parse_value(json.as_bytes()),
        }
    }

    /// What a value looks like.
    pub(crate) fn show_value(&self, value: &[u8]) -> Shown {
        let json = match self.value {
            ValueForm::Text => return show_text(value),
            ValueForm::Hex => None,
            ValueForm::Json => std::str::from_utf8(value)
                .ok()
                .and_then(|text| json_tree::raw_text(text).ok()),
            ValueForm::MessagePack => message_pack::to_json(value).ok(),
            ValueForm::U32 => <[u8; 4]>::try_from(value)
                .ok()
                .map(|bytes| u32::from_le_bytes(bytes).to_string()),
        };
        json.map_or_else(|| Shown::Hex(hex::encode(value)), Shown::Json)
    }

    /// The range from `from` up to and without `to`, within `prefix`.
    pub(crate) fn range(
        &self,
        prefix: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<ByteRange> {
        use std::ops::Bound;
        if let Some(prefix) = prefix {
            return Ok(ByteRange::starting_with(self.parse_prefix(prefix)?));
        }
        let bound = |text: Option<&str>| text.map(|text| self.parse_bound(text)).transpose();
        let lower = bound(from)?.map_or(Bound::Unbounded, Bound::Included);
        let upper = bound(to)?.map_or(Bound::Unbounded, Bound::Excluded);
        let bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>) = (lower, upper);
        Ok(ByteRange::keys::<grainstore::key::RawBytes, _>(&bounds))
    }
}

impl Shown {
    /// The field of a document: `name`, or `name_hex` where it is bytes alone, and its JSON.
    pub(crate) fn field(&self, name: &str) -> String {
        match self {
            Self::Json(json) => format!("\"{name}\":{json}"),
            Self::Text(text) => format!("\"{name}\":{}", json_tree::quote(text)),
            Self::Hex(digits) => format!("\"{name}_hex\":\"{digits}\""),
        }
    }

    /// For people: text without quotes, its control characters escaped so that the terminal is not
    /// at its mercy.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Json(json) => json.clone(),
            Self::Hex(digits) => format!("0x{digits}"),
            Self::Text(text) => {
                let mut plain = String::with_capacity(text.len());
                for c in text.chars() {
                    match c.is_control() {
                        true => plain.extend(c.escape_default()),
                        false => plain.push(c),
                    }
                }
                plain
            }
        }
    }
}

/// What was typed as a JSON value; a single text may come without its quotes.
fn typed(shape: &Shape, text: &str) -> Result<Tree> {
    match Tree::parse(text) {
        Ok(tree @ (Tree::Text(_) | Tree::Map(_))) => Ok(tree),
        _ if key_json::is_text(shape) => Ok(Tree::Text(text.to_owned())),
        Ok(tree) => Ok(tree),
        Err(_) => {
            let text = format!("{text:?} is no key {shape}");
            Err(Failure::usage(text).hint("a key of several components is a JSON array"))
        }
    }
}

fn encode_tree(shape: &Shape, tree: &Tree) -> Result<Vec<u8>> {
    if let Some(("encoded", Tree::Text(digits))) = tree.only_field() {
        return parse_hex("key", digits);
    }
    let wrong = |text: String| {
        let hint = match shape.kind() {
            ShapeKind::Fields(_) => "a key of several components is a JSON array",
            _ => "",
        };
        Failure::usage(text).hint(hint)
    };
    let value = key_json::from_json(shape, tree).map_err(wrong)?;
    let bytes = shape.encode(&value);
    bytes.map_err(|error| wrong(format!("{tree}: {error}")))
}

fn is_raw(shape: &Shape) -> bool {
    matches!(shape.kind(), ShapeKind::Leaf("raw"))
}

fn show_text(bytes: &[u8]) -> Shown {
    match std::str::from_utf8(bytes) {
        Ok(text) => Shown::Text(text.to_owned()),
        Err(_) => Shown::Hex(hex::encode(bytes)),
    }
}

fn parse_hex(what: &str, text: &str) -> Result<Vec<u8>> {
    let wrong = || {
        Failure::usage(format!(
            "the {what} {text:?} is not hexadecimal digits in pairs"
        ))
    };
    hex::decode(text).ok_or_else(wrong)
}

fn no_json(error: String) -> Failure {
    Failure::usage(format!("the value is no JSON: {error}"))
}
