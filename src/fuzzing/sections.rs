//! Any bytes as what stands behind the data blocks of a table.

use crate::format::block_envelope;
use crate::format::bytes::Reader;
use crate::format::checksum::placed;
use crate::format::filter::Filter;
use crate::format::footer::{FOOTER_BYTES, Footer};
use crate::format::index::Index;
use crate::format::properties::Properties;
use crate::format::range_tombstones::RangeTombstones;
use std::cmp::Ordering;

/// Takes the first four bytes for the length of the data and the rest for the index over it.
pub fn index(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let data_bytes = u64::from(u32::from_le_bytes(*length));
    let Ok(index) = Index::decode(rest, data_bytes) else {
        return;
    };
    let mut end = 0;
    for i in 0..index.len() {
        let block = index.block(i);
        assert_eq!(block.map(|(offset, _)| offset), Some(end), "a gap");
        end += block.map_or(0, |(_, len)| len as u64);
    }
    assert_eq!(end, data_bytes, "the blocks are not all of the data");
    assert_eq!(index.block(index.len()), None);
    // Keys out of the index's own bytes meet its separators.
    let cuts = (0..rest.len()).step_by(rest.len() / 16 + 1);
    let own = cuts.flat_map(|at| [&rest[at..], &rest[at..rest.len().min(at + 3)]]);
    for key in own.chain([&b""[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"]) {
        let at = index.find(key);
        assert!(at <= index.len());
        let follows = at == index.len() || index.compare_separator(at, key) != Ordering::Less;
        assert!(follows, "the separator of block {at} lies before the key");
        if let Some(before) = at.checked_sub(1) {
            let order = index.compare_separator(before, key);
            assert_eq!(order, Ordering::Less, "block {before} may hold the key too");
        }
    }
}

/// Takes `bytes` for a filter.
pub fn filter(bytes: &[u8]) {
    let Ok(filter) = Filter::decode(bytes) else {
        return;
    };
    for hash in [0, 1, u64::MAX, 0x9e37_79b9_7f4a_7c15, bytes.len() as u64] {
        filter.may_contain(hash);
    }
    let mut again = Vec::new();
    filter.encode(&mut again);
    assert_eq!(again, bytes);
}

/// Takes the first eighty bytes for a footer, at the offset that the next eight tell, and the rest
/// for properties. The footer's checksum is put right first.
pub fn footer(bytes: &[u8]) {
    let Some((footer, rest)) = bytes.split_first_chunk::<FOOTER_BYTES>() else {
        return;
    };
    let Some((offset, rest)) = rest.split_first_chunk::<8>() else {
        return;
    };
    let (mut footer, offset) = (*footer, u64::from_le_bytes(*offset));
    let crc = placed(1, offset, &[&footer[..68]]);
    footer[68..72].copy_from_slice(&crc.to_le_bytes());
    if let Ok(read) = Footer::decode(&footer, 1, offset) {
        assert_eq!(read.encode(1, offset), footer);
        let end = read.properties.offset.checked_add(read.properties.len);
        assert_eq!(end, Some(offset), "the sections do not reach the footer");
    }
    let mut reader = Reader::new(rest);
    if let Ok(properties) = Properties::decode(&mut reader) {
        let mut again = Vec::new();
        properties.encode(&mut again);
        assert_eq!(again, rest[..reader.offset()]);
    }
}

/// Takes `bytes` for range tombstones.
pub fn range_tombstones(bytes: &[u8]) {
    let Ok(set) = RangeTombstones::decode(bytes) else {
        return;
    };
    let mut again = Vec::new();
    set.encode(&mut again);
    assert_eq!(again, bytes);
    assert_eq!(RangeTombstones::from_ranges(set.ranges().collect()), set);
    for fragment in set.fragments().iter().take(64) {
        let newest = fragment.sequences.first().copied();
        assert_eq!(set.covering(&fragment.start, u64::MAX), newest);
        let next = set.fragments().iter().find(|f| f.start == fragment.end);
        let at_end = next.and_then(|f| f.sequences.first().copied());
        assert_eq!(set.covering(&fragment.end, u64::MAX), at_end);
        let clipped = set.clip(Some(&fragment.start), Some(&fragment.end));
        assert_eq!(clipped.fragments(), std::slice::from_ref(fragment));
    }
    assert_eq!(set.clip(None, None), set);
}

/// Takes `bytes` for a block in its envelope, at offset 8 of file 1, with its checksum put right.
pub fn envelope(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    super::sealing::reseal_envelope(&mut bytes, 1, 8);
    let packed_bytes = bytes.len();
    if let Ok(payload) = block_envelope::open((1, 8), bytes) {
        // No method packs better than this, and what claims to is refused.
        assert!(payload.len() <= packed_bytes * (1 << 15) + 1024);
    }
}
