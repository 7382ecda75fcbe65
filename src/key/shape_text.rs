//! Shapes as text, both ways.
//!
//! `{str,u32,desc(u64)}` is three components, `opt(..)`, `list(..)`, `set(..)`, `desc(..)` and
//! `nonzero(..)` mark one, `array(u8,16)` is 16 in a row, `enum{0:{},1:str,2:-}` is a tag with what
//! follows it (`-` for a reserved one), `custom(name)` is known to the program alone.
//!
//! The text comes from files, so reading it answers damage with an error, and nests no deeper than
//! [`DEPTH_MAX`].

use std::fmt;

use crate::key::key_error::KeyError;
use crate::key::shape::{LEAVES, Node, Shape, VERSION, Wrap};

/// How deep a shape that is read may nest.
const DEPTH_MAX: usize = 200;

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Leaf(name) => f.write_str(name),
            Node::Custom(name) => write!(f, "custom({name})"),
            Node::Wrap(wrap, of) => write!(f, "{}({of})", wrap.name()),
            Node::Array(of, length) => write!(f, "array({of},{length})"),
            Node::Fields(fields) => {
                f.write_str("{")?;
                for (at, field) in fields.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{field}")?;
                }
                f.write_str("}")
            }
            Node::Variants(variants) => {
                f.write_str("enum{")?;
                for (at, (tag, variant)) in variants.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    match variant {
                        Some(variant) => write!(f, "{comma}{tag}:{variant}")?,
                        None => write!(f, "{comma}{tag}:-")?,
                    }
                }
                f.write_str("}")
            }
        }
    }
}

impl Shape {
    /// Reads a schema: what [`Key::schema`](crate::key::Key::schema) writes.
    ///
    /// ```
    /// use grainstore::key::{Key, Shape};
    ///
    /// let shape = Shape::from_schema("k1:{str,u64}")?;
    /// assert!(<(String, u64)>::key_shape().reads(&shape));
    /// # Ok::<(), grainstore::key::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// Where the text is none, or of another version; offsets count in the text.
    pub fn from_schema(schema: &str) -> Result<Self, KeyError> {
        let Some(text) = schema
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix(':'))
        else {
            return Err(KeyError::new(0, "a schema of an unknown version"));
        };
        let mut parser = Parser {
            text,
            offset: schema.len() - text.len(),
        };
        let shape = parser.shape(0)?;
        match parser.text {
            "" => Ok(shape),
            _ => Err(parser.error("text left over after the schema")),
        }
    }
}

/// What is left of the text, and how much was read before it.
struct Parser<'a> {
    text: &'a str,
    offset: usize,
}

impl Parser<'_> {
    fn error(&self, what: &'static str) -> KeyError {
        KeyError::new(self.offset, what)
    }

    fn skip(&mut self, bytes: usize) {
        self.text = &self.text[bytes..];
        self.offset += bytes;
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.text.starts_with(expected);
        if found {
            self.skip(expected.len_utf8());
        }
        found
    }

    fn need(&mut self, expected: char, what: &'static str) -> Result<(), KeyError> {
        match self.take(expected) {
            true => Ok(()),
            false => Err(self.error(what)),
        }
    }

    /// The longest run of characters of a name; may be empty.
    fn word(&mut self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let end = self.text.find(|c| !plain(c)).unwrap_or(self.text.len());
        let word = self.text[..end].to_owned();
        self.skip(end);
        word
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, KeyError> {
        let start = self.offset;
        self.word()
            .parse()
            .map_err(|_| KeyError::new(start, "not a number, or too large a one"))
    }

    fn shape(&mut self, depth: usize) -> Result<Shape, KeyError> {
        if depth > DEPTH_MAX {
            return Err(self.error("a schema that nests too deep"));
        }
        if self.take('{') {
            return self.fields(depth);
        }
        let start = self.offset;
        let word = self.word();
        if let Some(leaf) = LEAVES.iter().find(|leaf| **leaf == word) {
            return Ok(Shape::leaf(leaf));
        }
        if word == "enum" {
            self.need('{', "an enum without variants")?;
            return self.variants(depth);
        }
        self.need('(', "no such component")?;
        let shape = match word.as_str() {
            "custom" => Shape::custom(&self.word()),
            "array" => {
                let of = self.shape(depth + 1)?;
                self.need(',', "an array without its length")?;
                Shape(Node::Array(Box::new(of), self.number()?))
            }
            word => {
                let Some((wrap, _)) = Wrap::ALL.into_iter().find(|(_, name)| *name == word) else {
                    return Err(KeyError::new(start, "no such component"));
                };
                Shape::wrap(wrap, self.shape(depth + 1)?)
            }
        };
        self.need(')', "a parenthesis that is not closed")?;
        Ok(shape)
    }

    fn fields(&mut self, depth: usize) -> Result<Shape, KeyError> {
        let mut fields = Vec::new();
        while !self.take('}') {
            if !fields.is_empty() {
                self.need(',', "a brace that is not closed")?;
            }
            fields.push(self.shape(depth + 1)?);
        }
        Ok(Shape::fields(fields))
    }

    fn variants(&mut self, depth: usize) -> Result<Shape, KeyError> {
        let mut variants = Vec::new();
        while !self.take('}') {
            if !variants.is_empty() {
                self.need(',', "a brace that is not closed")?;
            }
            let tag = self.number()?;
            self.need(':', "a tag without its variant")?;
            let shape = match self.take('-') {
                true => None,
                false => Some(self.shape(depth + 1)?),
            };
            variants.push((tag, shape));
        }
        Ok(Shape::variants(variants))
    }
}
