//! What can be done to an engine, as plain data: the operations of a history.
//!
//! Keys and values are named by small numbers and made here, so that a shrunk history can be read.
//! Nothing here touches an engine: any test can generate, store, cut and replay histories.

use std::fmt;

/// How many keys there are.
pub const KEYS: u8 = 64;

/// The name of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(pub u8);

impl KeyName {
    /// From this number on keys are of 6,000 bytes; no generator draws them unless it says so.
    pub const VAST: u8 = 192;

    /// The bytes of the key: the empty one, edges of the order of bytes, shared prefixes, long
    /// ones.
    pub fn bytes(self) -> Vec<u8> {
        const EDGES: [&[u8]; 12] = [
            b"",
            b"\0",
            b"\0\0",
            b"a",
            b"a\0",
            b"a\0b",
            b"aa",
            b"ab",
            b"b",
            b"\xfe\xff",
            b"\xff",
            b"\xff\xff",
        ];
        if self.0 >= Self::VAST {
            return [b"vast".repeat(1_500).as_slice(), &[self.0]].concat();
        }
        let n = self.0 % KEYS;
        if let Some(edge) = EDGES.get(usize::from(n)) {
            return edge.to_vec();
        }
        match n % 4 {
            0 => format!("user/{:02}", n / 4).into_bytes(),
            1 => format!("user/{:02}/session", n / 16).into_bytes(),
            2 => format!("{}{n:02}", "long/".repeat(usize::from(n))).into_bytes(),
            _ => [b"deep".repeat(40).as_slice(), &[n]].concat(),
        }
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

/// A value by length and content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ValueSpec {
    /// Its bytes.
    pub len: u32,
    /// What tells it from others of its length.
    pub fill: u8,
}

impl ValueSpec {
    /// The bytes of the value.
    pub fn bytes(self) -> Vec<u8> {
        (0..self.len).map(|i| (i as u8) ^ self.fill).collect()
    }
}

impl fmt::Debug for ValueSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{:02x}", self.len, self.fill)
    }
}

/// One write, alone or in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// For ever.
    Put(KeyName, ValueSpec),
    /// Until this many ms from now; a negative span is over already.
    PutTtl(KeyName, ValueSpec, i64),
    Delete(KeyName),
    /// From the first key to the second without it; nothing where they are the wrong way round.
    DeleteRange(KeyName, KeyName),
}

impl Write {
    /// The first key that it names.
    #[must_use]
    pub fn key(&self) -> KeyName {
        let (Self::Put(key, ..)
        | Self::PutTtl(key, ..)
        | Self::Delete(key)
        | Self::DeleteRange(key, _)) = self;
        *key
    }
}

/// Bounds of a scan: each `None` is open; the flag says whether the bound itself belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub lower: Option<(KeyName, bool)>,
    pub upper: Option<(KeyName, bool)>,
}

/// A move of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    First,
    Last,
    Seek(KeyName),
    SeekBefore(KeyName),
    Next,
    Prev,
}

/// How a database is left before it is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    Close,
    Drop,
    /// The process dies: what was written is there, nothing else happens.
    Kill,
}

/// A record of an ingest, with its lifetime in ms where it has one.
pub type IngestedRecord = (KeyName, ValueSpec, Option<i64>);

/// One operation of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Write(Write),
    Batch(Vec<Write>),
    /// These keys, each once and sorted by the runner.
    Ingest(Vec<IngestedRecord>),
    /// Takes a snapshot.
    Snapshot,
    /// Lets go of one of the held snapshots, counted round and round.
    Release(u8),
    /// Reads all of a held snapshot, both ways.
    ReadSnapshot(u8),
    ScanForward(Bounds),
    ScanBackward(Bounds),
    /// From both ends; true takes from the front. What remains after the last goes to the front.
    ScanBothEnds(Bounds, Vec<bool>),
    /// All keys that begin with the first bytes of this key.
    ScanPrefix(KeyName, u8),
    Walk(Bounds, Vec<Step>),
    /// Opens a scan, takes a few records and keeps it.
    HoldScan(Bounds, u8),
    /// Takes the rest of a kept scan.
    FinishScan(u8),
    Flush,
    Compact,
    DueWork,
    ClockStep(u64),
    /// The source of time runs back; the engine's time must not.
    ClockBack(u64),
    /// Everything acknowledged becomes durable.
    Sync,
    /// Leaves the database and opens it with a memtable of so many KiB.
    Reopen(Leave, u8),
}

/// The names of the kinds of operations, as [`Operation::kind`] numbers them.
pub const KINDS: [&str; 23] = [
    "put",
    "put with TTL",
    "delete",
    "range delete",
    "batch",
    "ingest",
    "snapshot",
    "release",
    "read snapshot",
    "scan forward",
    "scan backward",
    "scan both ends",
    "scan prefix",
    "walk",
    "hold scan",
    "finish scan",
    "flush",
    "compact",
    "due work",
    "clock step",
    "clock back",
    "reopen",
    "sync",
];

impl Operation {
    /// True where it may write records.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Self::Write(_) | Self::Batch(_) | Self::Ingest(_))
    }

    /// Its kind, an index into [`KINDS`].
    pub fn kind(&self) -> usize {
        match self {
            Self::Write(Write::Put(..)) => 0,
            Self::Write(Write::PutTtl(..)) => 1,
            Self::Write(Write::Delete(..)) => 2,
            Self::Write(Write::DeleteRange(..)) => 3,
            Self::Batch(..) => 4,
            Self::Ingest(..) => 5,
            Self::Snapshot => 6,
            Self::Release(..) => 7,
            Self::ReadSnapshot(..) => 8,
            Self::ScanForward(..) => 9,
            Self::ScanBackward(..) => 10,
            Self::ScanBothEnds(..) => 11,
            Self::ScanPrefix(..) => 12,
            Self::Walk(..) => 13,
            Self::HoldScan(..) => 14,
            Self::FinishScan(..) => 15,
            Self::Flush => 16,
            Self::Compact => 17,
            Self::DueWork => 18,
            Self::ClockStep(..) => 19,
            Self::ClockBack(..) => 20,
            Self::Reopen(..) => 21,
            Self::Sync => 22,
        }
    }
}
