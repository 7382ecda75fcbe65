//! What the tests of the log share: records of any kind, and a replay that keeps what it saw.

use super::memory_disk::MemoryDisk;
use crate::error::Result;
use crate::format::checksum::plain;
use crate::format::file_name::FileName;
use crate::format::log_record::CloseMark;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::wal::replay::{ReplayEnd, replay};
use crate::wal::segment::WalOptions;
use crate::wal::writer::{Record, WalWriter};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Bytes before the first record.
pub(super) const FIRST: u64 = 24;

/// What the closes of the tests leave in the log.
pub(super) const MARK: CloseMark = CloseMark {
    manifest: 7,
    manifest_bytes: 512,
    time_ms: 3_000_000,
};

/// A record with its own payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) base_sequence: u64,
    pub(super) time_ms: u64,
    pub(super) operations: u32,
    pub(super) payload: Vec<u8>,
}

impl Owned {
    /// The `i`-th of a row of different small records.
    pub(super) fn nth(i: u64) -> Self {
        let len = 1 + (i * 37) as usize % 90;
        Self {
            base_sequence: 1 + i,
            time_ms: 1_000_000 + i,
            operations: 1 + i as u32 % 3,
            payload: (0..len)
                .map(|byte| (byte as u64 * 7 + i + 1) as u8)
                .collect(),
        }
    }

    pub(super) fn of(len: usize) -> Self {
        Self {
            payload: vec![0xa5; len],
            ..Self::nth(0)
        }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            base_sequence: self.base_sequence,
            time_ms: self.time_ms,
            operations: self.operations,
            payload: &self.payload,
            payload_crc: plain(&self.payload),
        }
    }

    /// The bytes it takes in a segment.
    pub(super) fn bytes(&self) -> u64 {
        40 + self.payload.len().next_multiple_of(8) as u64
    }
}

pub(super) fn row(from: u64, count: u64) -> Vec<Owned> {
    (from..from + count).map(Owned::nth).collect()
}

pub(super) fn any_record() -> impl Strategy<Value = Owned> {
    let payload = prop::collection::vec(any::<u8>(), 0..300);
    (0..1u64 << 56, any::<u64>(), any::<u32>(), payload).prop_map(
        |(base_sequence, time_ms, operations, payload)| Owned {
            base_sequence,
            time_ms,
            operations,
            payload,
        },
    )
}

pub(super) fn dir() -> &'static Path {
    Path::new("/db")
}

pub(super) fn path(number: u64) -> PathBuf {
    FileName::Wal(number).in_dir(dir())
}

pub(super) fn spare_path(number: u64) -> PathBuf {
    FileName::SpareWal(number).in_dir(dir())
}

/// Small segments, so that zeros ahead of the records end soon.
pub(super) fn small(prewrite: bool) -> WalOptions {
    WalOptions {
        segment_bytes: 4096,
        prewrite,
        announce: true,
    }
}

pub(super) fn create(disk: &MemoryDisk, number: u64, spare: Option<u64>) -> WalWriter {
    let fs = Arc::new(disk.clone());
    WalWriter::create(fs, dir(), number, spare, small(true)).unwrap()
}

/// Appends as one group.
pub(super) fn append(writer: &mut WalWriter, records: &[Owned]) -> Result<()> {
    let records: Vec<Record<'_>> = records.iter().map(Owned::record).collect();
    writer.append(&records)
}

/// All records of a segment and its end.
pub(super) fn replayed(disk: &dyn FileSystem, number: u64) -> Result<(Vec<Owned>, ReplayEnd)> {
    let mut seen = Vec::new();
    let mut next = FIRST;
    let end = replay(disk, &path(number), number, &mut |record| {
        assert_eq!(record.offset, next, "records stand one behind the other");
        let owned = Owned {
            base_sequence: record.base_sequence,
            time_ms: record.time_ms,
            operations: record.operations,
            payload: record.payload.to_vec(),
        };
        next += owned.bytes();
        seen.push(owned);
        Ok(())
    })?;
    Ok((seen, end))
}

/// As [`replayed`], of a segment that holds `bytes`.
pub(super) fn replayed_bytes(bytes: &[u8], number: u64) -> Result<(Vec<Owned>, ReplayEnd)> {
    let disk = MemoryDisk::default();
    disk.put(&path(number), bytes.to_vec());
    replayed(&disk, number)
}
