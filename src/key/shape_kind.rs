//! A look at the structure of a shape, for tools that turn keys into forms of their own.

use crate::key::shape::{Node, Shape, Wrap};

/// What a [`Shape`] is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeKind<'a> {
    /// A component without parts, by its name in the schema: `u64`, `str`, `time`, …
    Leaf(&'a str),
    /// Bytes that only the program knows how to read, by their name.
    Custom(&'a str),
    /// Nothing, or this.
    Option(&'a Shape),
    /// As many of these as there are.
    List(&'a Shape),
    /// The same, rising and each once.
    Set(&'a Shape),
    /// This with every bit flipped.
    Descending(&'a Shape),
    /// A number that is not zero.
    NonZero(&'a Shape),
    /// So many of these.
    Array(&'a Shape, u64),
    /// One after the other.
    Fields(&'a [Shape]),
    /// A tag and what belongs to it; `None` for a reserved one.
    Variants(&'a [(u16, Option<Shape>)]),
}

impl Shape {
    /// What it is made of.
    ///
    /// ```
    /// use grainstore::key::{Key, ShapeKind};
    ///
    /// let shape = u64::key_shape();
    /// assert_eq!(shape.kind(), ShapeKind::Leaf("u64"));
    /// ```
    #[must_use]
    pub fn kind(&self) -> ShapeKind<'_> {
        match &self.0 {
            Node::Leaf(name) => ShapeKind::Leaf(name),
            Node::Custom(name) => ShapeKind::Custom(name),
            Node::Wrap(Wrap::Option, of) => ShapeKind::Option(of),
            Node::Wrap(Wrap::List, of) => ShapeKind::List(of),
            Node::Wrap(Wrap::Set, of) => ShapeKind::Set(of),
            Node::Wrap(Wrap::Descending, of) => ShapeKind::Descending(of),
            Node::Wrap(Wrap::NonZero, of) => ShapeKind::NonZero(of),
            Node::Array(of, length) => ShapeKind::Array(of, *length),
            Node::Fields(fields) => ShapeKind::Fields(fields),
            Node::Variants(variants) => ShapeKind::Variants(variants),
        }
    }
}
