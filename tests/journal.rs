//! The journal: what is appended comes back, whole and in order, whatever happened in between.
//!
//! The form of the file, its torn ends and its damage, crashes at every call to the disk, calls
//! that fail, readers and writers side by side, and the asynchronous form. Simulated disks where
//! something breaks, real ones where programs of others read along.

// What stands around the tests is test too; they use threads and files of their own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::panic)]

#[path = "journal/asynchronous.rs"]
mod asynchronous;
#[allow(dead_code)] // made for the tests of the engine, which ask more of it
#[path = "faults/clean_pages.rs"]
mod clean_pages;
#[path = "journal/crashes.rs"]
mod crashes;
#[path = "journal/damage.rs"]
mod damage;
#[path = "journal/faults.rs"]
mod faults;
#[path = "journal/form.rs"]
mod form;
#[path = "journal/record.rs"]
mod record;
#[path = "journal/threads.rs"]
mod threads;
#[path = "journal/torn.rs"]
mod torn;
