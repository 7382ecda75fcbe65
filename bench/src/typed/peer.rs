//! What a store of structs has to do to be measured.

use super::codec::Codec;
use super::grain::Grain;
use crate::peer::{Outcome, Writes};
use std::path::Path;

/// How a typed store is opened.
#[derive(Debug, Clone, Copy)]
pub struct TypedSetup {
    pub codec: Codec,
    pub writes: Writes,
    /// It has an index of the owners.
    pub is_indexed: bool,
}

/// A store of [`Grain`]s under the keys of their numbers.
pub trait TypedPeer: Sized {
    /// Opens a store, or says with `None` that it cannot be had so.
    fn open(dir: &Path, setup: TypedSetup) -> Outcome<Option<Self>>;

    /// Writes one record.
    fn put(&self, i: u64, grain: &Grain) -> Outcome<()>;

    /// Writes records atomically.
    fn put_batch<'a>(&self, records: impl Iterator<Item = (u64, &'a Grain)>) -> Outcome<()>;

    /// Gets records one after the other, in one view where views are made by hand; answers how many
    /// there were.
    fn get_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64>;

    /// Walks the records of the players of `numbers`, decoding each.
    fn walk_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64>;

    /// Asks the index for the records of the owners of `numbers`, decoding each.
    fn owned_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64>;
}
