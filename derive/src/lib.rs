//! `#[derive(Key)]` for grainstore.
