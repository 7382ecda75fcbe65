//! The commands, one file each: its arguments, its help, and what it does.

pub(crate) mod stores;
