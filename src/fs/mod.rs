//! The one door to the disk.
//!
//! [`FileSystem`] is every call the engine makes on files; [`RealDisk`] answers them with the
//! operating system, and behind the feature `sim` stand two simulators: one keeps the log of all
//! calls and builds what a disk may hold after a power cut at any of them, the other lets the n-th
//! call fail. Both are public, so that an application can crash-test itself on top of its store.

mod file_system;
mod real_disk;

pub use file_system::{File, FileLock, FileSystem, OpenMode};
pub use real_disk::RealDisk;
