//! An append-only journal of typed records: one JSON value a line, in a file that people and tools
//! can read.
//!
//! [`Journal`] appends records and makes them durable, and replays them in their order; it keeps no
//! state and applies nothing. For histories of events, audit trails, and logs of changes to
//! something that is held elsewhere. Handles may be used from any thread. It stands beside the
//! stores and shares nothing with them but the disk: no engine runs for it.
//!
//! # Format
//!
//! A text file, named as you like (`.jsonl` says what is in it): a line that tells what it is, and
//! then one record a line as compact JSON. Here with two records as they lie on the disk:
//!
//! ```
//! use grainstore::journal::Journal;
//!
//! # let name = format!("grainstore-doc-journal-format-{}.jsonl", std::process::id());
//! # let path = std::env::temp_dir().join(name);
//! let journal = Journal::open(&path)?;
//! journal.append(&("created", 7))?;
//! journal.append_all([("renamed", 7), ("deleted", 7)])?;
//! journal.close()?;
//!
//! let bytes = std::fs::read(&path).unwrap();
//! let text = "// GRAINSTORE JOURNAL v1\n[\"created\",7]\n[\"renamed\",7]\n[\"deleted\",7] \n";
//! assert_eq!(bytes, text.as_bytes());
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), grainstore::Error>(())
//! ```
//!
//! ```text
//! 00  2f 2f 20 47 52 41 49 4e  53 54 4f 52 45 20 4a 4f  // GRAINSTORE JO
//! 10  55 52 4e 41 4c 20 76 31  0a                       URNAL v1.
//! 19  5b 22 63 72 65 61 74 65  64 22 2c 37 5d 0a        ["created",7].
//! 27  5b 22 72 65 6e 61 6d 65  64 22 2c 37 5d 0a        ["renamed",7].
//! 35  5b 22 64 65 6c 65 74 65  64 22 2c 37 5d 20 0a     ["deleted",7] .
//! ```
//!
//! The blank before the last newline is a mark: this line was written when the one before it was
//! not durable yet. It is how an open tells the torn end of a file from damage in its middle, and
//! means nothing to anybody else. The header is no JSON, so tools skip it:
//!
//! ```text
//! tail -n +2 events.jsonl | jq .
//! ```
//!
//! Files that begin with `// MINISTORE JOURNAL v0.1.0` have the same form; they are read and
//! appended to as they are. Read over are a byte order mark, carriage returns, and blank lines,
//! which editors leave. Other files are refused and left as they are.
//!
//! # After a crash
//!
//! The records that are left are the first ones, in their order, each whole, and among them every
//! one whose append returned `Ok` under [`Durability::Sync`](crate::Durability::Sync). The next
//! [`Journal::open`] cuts off what is torn behind them, or adds the newline that the last one
//! lacks, before anything is appended; [`Journal::repaired`] tells. So does an open after a failed
//! write or sync, from which on a journal takes nothing more. A full disk alone is no such failure:
//! what did not fit is taken back, and the journal goes on once there is space.
//!
//! A line elsewhere that cannot be read is damage, not a crash: an error with its number and offset
//! for whoever replays, while the records after it can be read and more be appended. There are no
//! checksums: damage that leaves a line JSON is not seen, and zeros in the very last record, or in
//! the last group, look like a crash and are cut off as its work.
//!
//! # Many readers, one writer
//!
//! Reading takes no lock and sees whole records only, also while another thread or process
//! appends. Among them may be some whose append has not returned yet, and fails in the end. The
//! writer holds a lock on the file, on Windows on `NAME.lock` beside it. Programs that know nothing
//! of it should not write to the file while it is open; a journal that sees that the length has
//! changed appends nothing more.

mod appender;
#[cfg(feature = "tokio")]
mod async_journal;
mod header;
#[allow(clippy::module_inception)] // the noun of the room
mod journal;
mod journal_builder;
mod line_reader;
mod opening;
mod options;
mod record_line;
#[cfg(feature = "tokio")]
mod record_stream;
mod records;
mod tail;
mod window;

#[cfg(feature = "tokio")]
pub use async_journal::{Appending, AsyncJournal};
pub use journal::Journal;
pub use journal_builder::JournalBuilder;
pub use opening::Repair;
#[cfg(feature = "tokio")]
pub use record_stream::RecordStream;
pub use records::Records;
