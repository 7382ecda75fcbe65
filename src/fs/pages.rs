//! The content of a simulated file: pages that are shared until somebody writes them.
//!
//! Pages of 4 KiB hang from nodes of 64; a page that was never written, or only with zeros, is not
//! there, so a file costs what was written into it and not its length. A clone copies one pointer
//! for each 256 KiB of written bytes; a write copies at most the node and the page it falls into.
//! Plain data: whoever owns it mutates it, from any one thread.
//!
//! - P1: a byte at or past the length is zero, so a file that grows grows with zeros.

use crate::sync::Arc;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes in a page.
pub(crate) const PAGE_BYTES: u64 = 4096;
const NODE_PAGES: u64 = 64;

type Page = [u8; PAGE_BYTES as usize];

static ZEROS: Page = [0; PAGE_BYTES as usize];

/// Bytes that were written, kept small where they are zeros.
#[derive(Debug, Clone)]
pub(crate) enum Bytes {
    /// So many zeros.
    Zeros(u64),
    /// Anything else.
    Data(Arc<[u8]>),
}

impl Bytes {
    /// A copy of `bytes`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        if is_zero(bytes) {
            Self::Zeros(bytes.len() as u64)
        } else {
            Self::Data(Arc::from(bytes))
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Zeros(count) => *count,
            Self::Data(bytes) => bytes.len() as u64,
        }
    }
}

#[derive(Debug, Clone)]
struct Node([Option<Arc<Page>>; NODE_PAGES as usize]);

impl Default for Node {
    fn default() -> Self {
        Self([const { None }; NODE_PAGES as usize])
    }
}

/// The bytes of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    len: u64,
    nodes: BTreeMap<u64, Arc<Node>>,
}

impl Pages {
    /// The length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads up to `buf.len()` bytes at `offset`; 0 at the end.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> usize {
        let left = self.len.saturating_sub(offset);
        let count = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let end = offset + count as u64;
        let mut rest = buf.get_mut(..count).unwrap_or_default();
        for part in parts(offset..end, PAGE_BYTES) {
            let (now, later) = rest.split_at_mut((part.end - part.start) as usize);
            match self.page(part.start / PAGE_BYTES) {
                Some(page) => now.copy_from_slice(&page[within_page(&part)]),
                None => now.fill(0),
            }
            rest = later;
        }
        count
    }

    /// Writes `bytes` at `offset`, growing the file where it ends before their end.
    pub(crate) fn write_at(&mut self, bytes: &[u8], offset: u64) {
        let end = offset + bytes.len() as u64;
        let mut rest = bytes;
        for part in parts(offset..end, PAGE_BYTES) {
            let (now, later) = rest.split_at((part.end - part.start) as usize);
            let index = part.start / PAGE_BYTES;
            if self.page(index).is_some() || !is_zero(now) {
                self.page_mut(index)[within_page(&part)].copy_from_slice(now);
            }
            rest = later;
        }
        if !bytes.is_empty() {
            self.len = self.len.max(end);
        }
    }

    /// As [`write_at`](Self::write_at), at no cost for zeros over nothing.
    pub(crate) fn write(&mut self, bytes: &Bytes, offset: u64) {
        match bytes {
            Bytes::Data(bytes) => self.write_at(bytes, offset),
            Bytes::Zeros(count) => {
                self.zero(offset..offset + count);
                self.len = self.len.max(offset + count);
            }
        }
    }

    /// Cuts or grows to `bytes`.
    pub(crate) fn set_len(&mut self, bytes: u64) {
        if bytes < self.len {
            self.zero(bytes..self.len); // P1
        }
        self.len = bytes;
    }

    /// Makes the bytes of `range` zeros, without a change of the length.
    pub(crate) fn zero(&mut self, range: Range<u64>) {
        for part in self.written_parts(range) {
            let index = part.start / PAGE_BYTES;
            if part.end - part.start == PAGE_BYTES {
                self.drop_page(index);
            } else {
                self.page_mut(index)[within_page(&part)].fill(0);
            }
        }
    }

    /// The parts of `range` that lie on pages which are there, cut at page borders, ascending.
    pub(crate) fn written_parts(&self, range: Range<u64>) -> Vec<Range<u64>> {
        if range.is_empty() {
            return Vec::new();
        }
        let node_bytes = NODE_PAGES * PAGE_BYTES;
        let nodes = self
            .nodes
            .range(range.start / node_bytes..=(range.end - 1) / node_bytes);
        let pages = nodes.flat_map(|(number, node)| {
            let there = node.0.iter().zip(number * NODE_PAGES..);
            there.filter_map(|(page, index)| page.as_ref().map(|_| index * PAGE_BYTES))
        });
        pages
            .map(|start| start.max(range.start)..(start + PAGE_BYTES).min(range.end))
            .filter(|part| !part.is_empty())
            .collect()
    }

    fn page(&self, index: u64) -> Option<&Page> {
        let node = self.nodes.get(&(index / NODE_PAGES))?;
        node.0[(index % NODE_PAGES) as usize].as_deref()
    }

    fn page_mut(&mut self, index: u64) -> &mut Page {
        let node = Arc::make_mut(self.nodes.entry(index / NODE_PAGES).or_default());
        let page = &mut node.0[(index % NODE_PAGES) as usize];
        Arc::make_mut(page.get_or_insert_with(|| Arc::new(ZEROS)))
    }

    fn drop_page(&mut self, index: u64) {
        if let Some(node) = self.nodes.get_mut(&(index / NODE_PAGES)) {
            Arc::make_mut(node).0[(index % NODE_PAGES) as usize] = None;
        }
    }
}

/// `range` cut at each multiple of `unit`.
pub(crate) fn parts(range: Range<u64>, unit: u64) -> impl Iterator<Item = Range<u64>> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        if start >= range.end {
            return None;
        }
        let end = range.end.min((start / unit + 1) * unit);
        let part = start..end;
        start = end;
        Some(part)
    })
}

/// Where a range that lies on one page lies in it.
fn within_page(part: &Range<u64>) -> Range<usize> {
    let start = (part.start % PAGE_BYTES) as usize;
    start..start + (part.end - part.start) as usize
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(ZEROS.len())
        .all(|chunk| Some(chunk) == ZEROS.get(..chunk.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(pages: &Pages) -> Vec<u8> {
        let mut bytes = vec![0xee; pages.len() as usize];
        assert_eq!(pages.read_at(&mut bytes, 0), bytes.len());
        bytes
    }

    #[test]
    fn zeros_and_holes_take_no_pages() {
        let mut pages = Pages::default();
        pages.write(&Bytes::copy_of(&vec![0; 1 << 20]), 0);
        pages.write_at(&[0; 9000], 1 << 30);
        pages.set_len(1 << 50);
        pages.write_at(b"far", 1 << 40);
        assert_eq!(pages.written_parts(0..1 << 50).len(), 1);
        assert_eq!(pages.len(), 1 << 50);
        let mut buf = [1; 5];
        assert_eq!(pages.read_at(&mut buf, (1 << 40) - 1), 5);
        assert_eq!(&buf, b"\0far\0");
    }

    #[test]
    fn bytes_that_were_cut_off_come_back_as_zeros() {
        let mut pages = Pages::default();
        pages.write_at(&[7; 10_000], 0);
        pages.set_len(5);
        pages.set_len(10_000);
        let mut expected = vec![0; 10_000];
        expected[..5].fill(7);
        assert_eq!(all(&pages), expected);
    }

    #[test]
    fn clone_does_not_see_later_writes() {
        let mut pages = Pages::default();
        pages.write_at(b"before", 4093);
        let copy = pages.clone();
        pages.write_at(b"after!", 4093);
        assert_eq!(&all(&copy)[4093..], b"before");
        assert_eq!(&all(&pages)[4093..], b"after!");
    }

    proptest! {
        #[test]
        fn pages_hold_what_a_plain_vector_holds(
            calls in proptest::collection::vec((0u8..4, 0usize..600_000, 1usize..9000), 1..40)
        ) {
            let (mut pages, mut plain) = (Pages::default(), Vec::new());
            for (n, (verb, offset, count)) in calls.into_iter().enumerate() {
                let byte = if verb == 0 { 0 } else { n as u8 + 1 };
                if verb == 3 {
                    pages.set_len(offset as u64);
                    plain.resize(offset, 0);
                } else {
                    pages.write(&Bytes::copy_of(&vec![byte; count]), offset as u64);
                    plain.resize(plain.len().max(offset + count), 0);
                    plain[offset..offset + count].fill(byte);
                }
            }
            prop_assert!(all(&pages) == plain);
        }
    }
}
