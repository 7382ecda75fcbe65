//! The laws of keys, held against every type of the standard library that can be one, against
//! nests of them, and against what `#[derive(Key)]` makes.

#![allow(missing_docs, clippy::expect_used, clippy::needless_pass_by_value)]

mod borrowed;
mod damage;
mod derived;
mod golden;
mod laws;
mod other_crates;
mod prefixes;
mod ranges;
mod sample;
mod schemas;
mod untyped;
