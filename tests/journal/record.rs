//! What the tests of the journal append, and where they do.

use grainstore::Result;
use grainstore::fs::CrashDisk;
use grainstore::journal::{Journal, JournalBuilder};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where journals lie on simulated disks.
pub(crate) const PATH: &str = "/events.jsonl";
pub(crate) const HEADER: &str = "// GRAINSTORE JOURNAL v1\n";

/// An event with a number of its own, and a text that makes its line as long as wanted.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Created { number: u64 },
    Said { number: u64, text: String },
    Gone(u64),
}

/// The `number`-th event: short and long ones, some longer than a sector of the disk or two.
pub(crate) fn event(number: u64) -> Event {
    match number % 5 {
        0 => Event::Created { number },
        4 => Event::Gone(number),
        kind => {
            let text = "}\"\n\\é{".repeat((kind * kind * 17 + number % 7) as usize);
            Event::Said { number, text }
        }
    }
}

pub(crate) fn events(numbers: std::ops::Range<u64>) -> Vec<Event> {
    numbers.map(event).collect()
}

/// The journal of a simulated disk.
pub(crate) fn on(disk: &CrashDisk) -> JournalBuilder {
    Journal::builder(PATH).file_system(disk.clone())
}

/// A simulated disk that holds `bytes` as its journal.
pub(crate) fn holding(bytes: &[u8]) -> CrashDisk {
    let disk = CrashDisk::new();
    disk.write_file(Path::new(PATH), bytes).unwrap();
    disk
}

/// All bytes of the journal.
pub(crate) fn bytes_of(disk: &CrashDisk) -> Vec<u8> {
    disk.read_file(Path::new(PATH)).unwrap()
}

/// All events of the journal.
pub(crate) fn replay(disk: &CrashDisk) -> Result<Vec<Event>> {
    on(disk).replay()
}

/// A file of the operating system that goes away with this.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("grainstore-journal-{name}-{}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
