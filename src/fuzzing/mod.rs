//! Doors for fuzzing: each takes any bytes, hands them to one decoder and holds it to its laws.
//!
//! No part of the library's face: hidden, behind the feature `fuzzing`, without any promise of
//! staying as it is. Every function returns, and returns quickly; a panic is a law that was broken.
//! What the bytes are taken for stands with each. Any thread may call.
//!
//! - [`block`], [`index`], [`filter`], [`footer`], [`range_tombstones`], [`envelope`]: the parts of
//!   a table
//! - [`batch`], [`log_segment`]: the log
//! - [`version_edit`], [`manifest`], [`current`]: the manifest and what names it
//! - [`reseal`] puts right the checksums of a damaged file, so that what they guard is reached
//! - [`samples`]: inputs to begin with, made by the encoders

mod logs;
mod manifests;
mod samples;
mod sealing;
mod sections;
mod table_blocks;

pub use logs::{batch, log_segment};
pub use manifests::{current, manifest, version_edit};
pub use samples::samples;
pub use sealing::reseal;
pub use sections::{envelope, filter, footer, index, range_tombstones};
pub use table_blocks::block;
