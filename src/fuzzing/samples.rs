//! Inputs to begin with: what the encoders write, small and of every shape.

use crate::format::batch::{self, Operation};
use crate::format::block_builder::BlockBuilder;
use crate::format::block_envelope;
use crate::format::checksum::plain;
use crate::format::compression::{Compression, Compressor};
use crate::format::entry::{EntryMeta, Kind, key_hash};
use crate::format::filter::Filter;
use crate::format::footer::{Footer, Section};
use crate::format::index::IndexBuilder;
use crate::format::log_record::{
    CloseMark, RECORD_ALIGNMENT, RecordHeader, RecordKind, Seal, encode_seal, encode_segment_header,
};
use crate::format::properties::Properties;
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::format::version_edit::{TableMeta, VersionEdit};

/// Sound inputs for the doors of this module that take parts of files: door, name, bytes.
#[must_use]
pub fn samples() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all = blocks();
    all.extend(sections());
    all.extend(envelopes());
    all.push(("batch", "every_operation", every_operation()));
    all.push(("log_segment", "closed", [&[0], &log_segment()[..]].concat()));
    all.push((
        "log_segment",
        "resealed",
        [&[1], &log_segment()[..]].concat(),
    ));
    all.push(("version_edit", "every_field", encoded(&every_field())));
    let close = VersionEdit {
        closed: Some((4, 65_536)),
        clock_ms: Some(2_000_000),
        ..VersionEdit::default()
    };
    all.push(("version_edit", "close", encoded(&close)));
    all
}

fn encoded(edit: &VersionEdit) -> Vec<u8> {
    let mut out = Vec::new();
    edit.encode(&mut out);
    out
}

fn blocks() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let put = |sequence, expiry_ms| EntryMeta {
        sequence,
        kind: Kind::Put,
        expiry_ms,
    };
    let delete = EntryMeta {
        kind: Kind::Delete,
        ..put(5, 0)
    };
    let built = |hash_index, entries: &[(&[u8], EntryMeta, &[u8])]| {
        let mut builder = BlockBuilder::new(hash_index);
        for (key, meta, value) in entries {
            builder.add(key, key_hash(key), *meta, value);
        }
        builder.finish().to_vec()
    };
    let mixed: [(&[u8], EntryMeta, &[u8]); 6] = [
        (b"", put(9, 0), b"the empty key"),
        (b"ka", put(1 << 40, 1_700_000_000_000), b"x"),
        (b"ka", put(7, 0), b""),
        (b"kb", delete, b""),
        (b"kb/long/er", put(300, 1_700_000_000_500), &[7; 300]),
        (b"kc", put(4, 1), b"y"),
    ];
    let equal: [(&[u8], EntryMeta, &[u8]); 3] = [
        (b"user/1", put(1, 0), b"aa"),
        (b"user/2", put(2, 0), b"bb"),
        (b"user/3", put(3, 0), b"cc"),
    ];
    vec![
        ("block", "mixed_hashed", built(true, &mixed)),
        ("block", "mixed", built(false, &mixed)),
        ("block", "equal_hashed", built(true, &equal)),
        ("block", "equal", built(false, &equal)),
        ("block", "deletes", built(true, &[(b"gone", delete, b"")])),
    ]
}

fn sections() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut index = IndexBuilder::default();
    index.add(100, b"prefix/aa", Some(b"prefix/ac"));
    index.add(300, b"prefix/ac", Some(b"prefix/ac"));
    index.add(50, b"prefix/zz/long/key", None);
    let mut index_bytes = 450u32.to_le_bytes().to_vec();
    index.encode(&mut index_bytes);
    let mut filter = Vec::new();
    Filter::build(&[1, 2, 3, u64::MAX], 10).encode(&mut filter);
    let range = |start: &[u8], end: &[u8], sequence| RangeTombstone {
        start: start.into(),
        end: end.into(),
        sequence,
    };
    let ranges = vec![
        range(b"a", b"m", 4),
        range(b"c", b"z", 9),
        range(b"z", b"zz", 1),
    ];
    let mut tombstones = Vec::new();
    RangeTombstones::from_ranges(ranges).encode(&mut tombstones);
    let mut at = 40;
    let [index, filter_at, range_tombstones, properties_at] = [7, 5, 6, 27].map(|len| {
        at += len;
        Section {
            offset: at - len,
            len,
        }
    });
    let footer = Footer {
        index,
        filter: filter_at,
        range_tombstones,
        properties: properties_at,
    };
    let mut footer_bytes = footer.encode(1, at).to_vec();
    footer_bytes.extend(at.to_le_bytes());
    properties().encode(&mut footer_bytes);
    vec![
        ("index", "three_blocks", index_bytes),
        ("filter", "four_keys", filter),
        ("range_tombstones", "three_fragments", tombstones),
        ("footer", "with_properties", footer_bytes),
    ]
}

fn envelopes() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    #[allow(unused_mut)] // without compression there is one
    let mut methods = vec![("plain", Compression::None)];
    #[cfg(feature = "lz4")]
    methods.push(("lz4", Compression::Lz4));
    #[cfg(feature = "zstd")]
    methods.push(("zstd", Compression::Zstd));
    let payload = b"a grain of world and ".repeat(20);
    let sealed = |method| {
        let mut compressor = Compressor::new(method);
        let (packed, end) = block_envelope::seal((1, 8), &payload, &mut compressor);
        [packed, &end].concat()
    };
    let methods = methods.into_iter();
    methods
        .map(|(name, method)| ("envelope", name, sealed(method)))
        .collect()
}

fn every_operation() -> Vec<u8> {
    let put = |key, value, expiry_ms| Operation::Put {
        key,
        value,
        expiry_ms,
    };
    let range = Operation::DeleteRange {
        start: b"a",
        end: b"c",
    };
    let mut out = Vec::new();
    for operation in [
        put(b"a", b"xy", 0),
        put(b"", b"", 300),
        Operation::Delete { key: b"a" },
        range,
    ] {
        batch::append(&mut out, operation);
    }
    out
}

/// Segment 1 with two batches and the seal of a clean close.
fn log_segment() -> Vec<u8> {
    let mut out = encode_segment_header(1).to_vec();
    let batch = every_operation();
    for base_sequence in [7, 11] {
        let header = RecordHeader {
            payload_len: batch.len() as u32,
            payload_crc: plain(&batch),
            synced_up_to: out.len() as u64,
            operations: 4,
            kind: RecordKind::Batch,
            base_sequence,
            time_ms: 1_000,
        };
        out.extend(header.encode(1, out.len() as u64));
        out.extend_from_slice(&batch);
        out.resize(out.len().next_multiple_of(RECORD_ALIGNMENT), 0);
    }
    let mark = CloseMark {
        manifest: 5,
        manifest_bytes: 64,
        time_ms: 2_000,
    };
    let end = out.len() as u64;
    out.extend(encode_seal(Seal::Closed(mark), 1, end, end));
    out
}

fn properties() -> Properties {
    Properties {
        entries: 5,
        tombstones: 1,
        range_tombstones: 2,
        expiring: 3,
        sequence_min: 3,
        sequence_max: 300,
        expiry_min_ms: 100,
        expiry_max_ms: 900,
        expiry_quantiles_ms: [100, 200, 200, 300, 400, 500, 600, 900],
        key_bytes: 20,
        value_bytes: 2_000,
        key_first: b"a"[..].into(),
        key_last: b"z"[..].into(),
    }
}

fn every_field() -> VersionEdit {
    let table = TableMeta {
        number: 5,
        level: 1,
        run: 2,
        bytes: 300,
        checksum: 0xDEAD_BEEF,
        properties: properties(),
    };
    VersionEdit {
        added: vec![table],
        removed: vec![4, 3],
        log_first: Some(6),
        log_last: Some(7),
        closed: Some((7, 4096)),
        sequence_last: Some(1 << 30),
        file_number_next: Some(9),
        clock_ms: Some(1_700_000_000_000),
    }
}
