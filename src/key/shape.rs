//! What the bytes of a key look like, without any names of Rust.
//!
//! A [`Shape`] is a tree. Written out behind the version of the encoding it is the schema that a
//! store keeps and compares when it is opened, and tools print keys with it without knowing their
//! types.
//!
//! Shapes are kept in one form for one layout of bytes, so that what does not change the bytes does
//! not change the schema either: a struct within a struct is its fields, a struct of one field is
//! that field, and descending goes down to the single components.

use std::borrow::Cow;

/// The version of the encoding, in front of every schema.
pub(crate) const VERSION: &str = "k1";

/// The components that have no parts.
pub(crate) const LEAVES: [&str; 24] = [
    "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "bool",
    "char", "str", "bytes", "raw", "duration", "time", "ipv4", "ipv6", "uuid", "date", "clock",
];

/// The structure of the bytes of a key or of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub(crate) Node);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// One of [`LEAVES`].
    Leaf(&'static str),
    /// Bytes that only the program knows how to read.
    Custom(Cow<'static, str>),
    /// One component with a mark.
    Wrap(Wrap, Box<Shape>),
    /// So many in a row.
    Array(Box<Shape>, u64),
    /// One after the other. Never one alone, and none of them `Fields` itself.
    Fields(Vec<Shape>),
    /// A tag and what belongs to it; `None` for a tag that is reserved.
    Variants(Vec<(u16, Option<Shape>)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    Option,
    List,
    Set,
    Descending,
    NonZero,
}

impl Wrap {
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Option, "opt"),
        (Self::List, "list"),
        (Self::Set, "set"),
        (Self::Descending, "desc"),
        (Self::NonZero, "nonzero"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(wrap, _)| *wrap == self)
            .map_or("", |(_, name)| name)
    }
}

impl Shape {
    pub(crate) fn leaf(name: &'static str) -> Self {
        debug_assert!(LEAVES.contains(&name), "{name} is no leaf of a shape");
        Self(Node::Leaf(name))
    }

    /// A component whose bytes only the program knows, by a name that goes into the schema: for the
    /// module of `#[key(with = "..")]`. Characters other than letters, digits, `-`, `_` and `.`
    /// become `_`.
    #[must_use]
    pub fn custom(name: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let name: String = name
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        Self(Node::Custom(name.into()))
    }

    /// Components in a row: what a struct or a tuple is.
    #[must_use]
    pub fn fields(fields: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for field in fields {
            match field.0 {
                Node::Fields(inner) => flat.extend(inner),
                other => flat.push(Self(other)),
            }
        }
        match flat.len() {
            1 => flat.remove(0),
            _ => Self(Node::Fields(flat)),
        }
    }

    /// A tag and, for each, what follows it: what an enum is. `None` is a tag that is reserved.
    #[must_use]
    pub fn variants(variants: impl IntoIterator<Item = (u16, Option<Self>)>) -> Self {
        let mut variants: Vec<_> = variants.into_iter().collect();
        variants.sort_by_key(|(tag, _)| *tag);
        Self(Node::Variants(variants))
    }

    /// The same with every bit flipped.
    #[must_use]
    pub fn descending(of: Self) -> Self {
        match of.0 {
            Node::Wrap(Wrap::Descending, inner) => *inner,
            Node::Fields(fields) => Self::fields(fields.into_iter().map(Self::descending)),
            other => Self::wrap(Wrap::Descending, Self(other)),
        }
    }

    pub(crate) fn option(of: Self) -> Self {
        Self::wrap(Wrap::Option, of)
    }

    pub(crate) fn list(of: Self) -> Self {
        Self::wrap(Wrap::List, of)
    }

    pub(crate) fn set(of: Self) -> Self {
        Self::wrap(Wrap::Set, of)
    }

    pub(crate) fn nonzero(of: Self) -> Self {
        Self::wrap(Wrap::NonZero, of)
    }

    pub(crate) fn array(of: Self, length: usize) -> Self {
        Self(Node::Array(Box::new(of), length as u64))
    }

    pub(crate) fn wrap(wrap: Wrap, of: Self) -> Self {
        Self(Node::Wrap(wrap, Box::new(of)))
    }

    /// True where a part is known to the program alone, so that keys cannot be read without it.
    #[must_use]
    pub fn has_custom(&self) -> bool {
        match &self.0 {
            Node::Leaf(_) => false,
            Node::Custom(_) => true,
            Node::Wrap(_, of) | Node::Array(of, _) => of.has_custom(),
            Node::Fields(fields) => fields.iter().any(Self::has_custom),
            Node::Variants(variants) => variants
                .iter()
                .any(|(_, shape)| shape.as_ref().is_some_and(Self::has_custom)),
        }
    }

    /// The schema of a store whose keys look like this, such as `k1:{str,u32,desc(u64)}`.
    #[must_use]
    pub fn schema(&self) -> String {
        format!("{VERSION}:{self}")
    }

    /// True where keys written under `stored` are read rightly, and in the right order, under this
    /// shape: where both are the same, or an enum has variants it did not have, or reserves the
    /// tags of variants it had.
    #[must_use]
    pub fn reads(&self, stored: &Self) -> bool {
        match (&self.0, &stored.0) {
            (Node::Variants(variants), Node::Variants(stored)) => stored
                .iter()
                .all(|old| variants.iter().any(|new| new.0 == old.0 && fits(new, old))),
            (Node::Wrap(wrap, of), Node::Wrap(stored, of_stored)) => {
                wrap == stored && of.reads(of_stored)
            }
            (Node::Array(of, length), Node::Array(of_stored, stored)) => {
                length == stored && of.reads(of_stored)
            }
            (Node::Fields(fields), Node::Fields(stored)) => {
                fields.len() == stored.len()
                    && fields.iter().zip(stored).all(|(new, old)| new.reads(old))
            }
            (new, old) => new == old,
        }
    }
}

/// True where what was stored under the tag of `old` is read rightly as `new`, or never: a reserved
/// tag stays reserved.
fn fits(new: &(u16, Option<Shape>), old: &(u16, Option<Shape>)) -> bool {
    match (&new.1, &old.1) {
        (Some(new), Some(old)) => new.reads(old),
        (None, _) => true,
        (Some(_), None) => false,
    }
}
