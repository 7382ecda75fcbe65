//! The one door to the disk.
//!
//! [`FileSystem`] is every call the engine makes on files; [`RealDisk`] answers them with the
//! operating system, and behind the feature `sim` stand three simulators: `CrashDisk` keeps the log
//! of all calls and builds what a disk may hold after a power cut at any of them, `FaultDisk` lets
//! the n-th call fail, `QuotaDisk` fills up. They are public, so that an application can crash-test
//! itself on top of its store. Any thread may call any of them.

#[cfg(feature = "sim")]
pub(crate) mod crash_disk;
#[cfg(feature = "sim")]
pub(crate) mod crash_image;
#[cfg(feature = "sim")]
mod crash_replay;
#[cfg(feature = "sim")]
mod disk_state;
#[cfg(feature = "sim")]
pub(crate) mod fault_disk;
pub(crate) mod file_system;
pub(crate) mod fork_mark;
pub(crate) mod hold;
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
mod mapped_window;
#[cfg(feature = "sim")]
mod name_tree;
#[cfg(feature = "sim")]
mod pages;
#[cfg(feature = "sim")]
pub(crate) mod quota_disk;
pub(crate) mod real_disk;
#[cfg(feature = "sim")]
pub(crate) mod split_mix;

#[cfg(feature = "sim")]
#[cfg(test)]
mod crash_disk_tests;
#[cfg(feature = "sim")]
#[cfg(test)]
mod crash_image_tests;
#[cfg(feature = "sim")]
#[cfg(test)]
mod fault_disk_tests;
#[cfg(all(feature = "sim", unix))] // errors are compared by the kinds that Unix gives them
#[cfg(test)]
mod file_system_tests;

#[cfg(feature = "sim")]
pub use crash_disk::CrashDisk;
#[cfg(feature = "sim")]
pub use crash_image::CrashImage;
#[cfg(feature = "sim")]
pub use crash_replay::CrashReplay;
#[cfg(feature = "sim")]
pub use fault_disk::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
pub use file_system::{File, FileLock, FileSystem, OpenMode};
#[cfg(feature = "sim")]
pub use quota_disk::QuotaDisk;
pub use real_disk::RealDisk;
#[cfg(feature = "sim")]
pub use split_mix::SplitMix64;
