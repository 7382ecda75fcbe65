//! A table file told part by part, whole or damaged.
//!
//! A stream: one block is in memory at a time. Everything is checked on the way, the file against
//! itself too: order, filter and properties. Reading goes on behind damage. For one thread at a
//! time; nothing is written.

use super::damage::Damage;
use super::source_file::SourceFile;
use super::table_item::{
    TableBlock, TableCompression, TableEntry, TableFilter, TableFooter, TableItem, TableProperties,
    TableRangeTombstone,
};
use super::table_parts::{Place, TableParts};
use crate::error::{Error, ErrorKind, Result};
use crate::format::block::Block;
use crate::format::entry::{Kind, compare, key_hash};
use crate::format::file_name::FileName;
use crate::format::footer::{Footer, Section};
use crate::fs::file_system::FileSystem;
use crate::table::statistics::Statistics;
use std::collections::VecDeque;
use std::path::Path;

/// The parts of a table file, in order.
///
/// Made by [`Inspector::table`](super::Inspector::table). Holds one block in memory.
#[derive(Debug)]
pub struct TableInspection {
    source: SourceFile,
    parts: TableParts,
    /// What is told before anything else is read.
    ready: VecDeque<TableItem>,
    /// The next range tombstone, by fragment and number in it.
    range: (usize, usize),
    next_block: usize,
    block: Option<OpenBlock>,
    check: Check,
}

/// The block whose entries are being told.
#[derive(Debug)]
struct OpenBlock {
    number: usize,
    place: Place,
    block: Block,
    next: usize,
}

/// The entries so far, held against the rest of the table.
#[derive(Debug, Default)]
struct Check {
    statistics: Option<Statistics>,
    last: Option<(Vec<u8>, u64)>,
    /// The block that something was said of already.
    told: Option<usize>,
}

impl TableInspection {
    /// Opens the table at `path`, whose name tells its number.
    pub(crate) fn open(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let Some(FileName::Table(number)) = path.file_name().and_then(FileName::parse) else {
            let text = format!(
                "{} has no name of a table such as 000012.table; the checksums in a table hold its \
                 number, so a copy has to keep the name",
                path.display()
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        };
        let source = SourceFile::open(fs, path)?;
        let parts = TableParts::read(&source, number)?;
        let mut it = Self {
            source,
            ready: VecDeque::new(),
            range: (0, 0),
            next_block: 0,
            block: None,
            check: Check {
                statistics: Some(Statistics::default()),
                ..Check::default()
            },
            parts,
        };
        it.tell_parts();
        Ok(it)
    }

    /// The number of the table.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.parts.number
    }

    fn tell_parts(&mut self) {
        let parts = &self.parts;
        let footer = parts.footer.as_ref();
        let footer = footer.map(|footer| describe_footer(footer, self.source.bytes()));
        self.ready.extend(footer.map(TableItem::Footer));
        let properties = parts.properties.as_ref().map(TableProperties::from);
        self.ready.extend(properties.map(TableItem::Properties));
        let filter = parts.filter.as_ref().map(|filter| {
            let (bits, probes) = filter.shape();
            TableItem::Filter(TableFilter { bits, probes })
        });
        self.ready.extend(filter);
        let damage = parts.damage.iter().cloned().map(TableItem::Damage);
        self.ready.extend(damage);
    }

    fn next_range(&mut self) -> Option<TableItem> {
        let fragments = self.parts.range_tombstones.as_ref()?.fragments();
        let fragment = fragments.get(self.range.0)?;
        let Some(&sequence) = fragment.sequences.get(self.range.1) else {
            self.range = (self.range.0 + 1, 0);
            return self.next_range();
        };
        self.range.1 += 1;
        Some(TableItem::RangeTombstone(TableRangeTombstone {
            start: fragment.start.to_vec(),
            end: fragment.end.to_vec(),
            sequence,
        }))
    }

    fn next_entry(&mut self) -> Option<TableItem> {
        let open = self.block.as_mut()?;
        if open.next >= open.block.len() {
            self.block = None;
            return None;
        }
        let at = open.block.place(open.next);
        open.next += 1;
        let meta = open.block.meta(at);
        let key = [open.block.prefix(), open.block.suffix(at)].concat();
        let value = open.block.value(at);
        let entry = TableEntry {
            block: open.number,
            sequence: meta.sequence,
            expiry_ms: meta.expiry_ms,
            value: (meta.kind == Kind::Put).then(|| value.to_vec()),
            key,
        };
        if let Some(statistics) = &mut self.check.statistics {
            statistics.add(&entry.key, meta, value.len());
        }
        if let Some(what) = self.check.disagrees(&self.parts, open, &entry) {
            let damage = Damage::new(self.source.path(), open.place.offset, what);
            self.ready.push_back(TableItem::Entry(entry));
            return Some(TableItem::Damage(damage));
        }
        Some(TableItem::Entry(entry))
    }

    fn next_block(&mut self) -> Option<TableItem> {
        let number = self.next_block;
        let Some(place) = self.parts.place(number) else {
            return self.finish();
        };
        self.next_block += 1;
        let read = self.parts.block(&self.source, &place);
        let read = read.unwrap_or_else(|error| Err(Damage::of(&error, self.source.path())));
        let mut item = TableBlock {
            number,
            offset: place.offset,
            bytes: place.bytes,
            unpacked_bytes: None,
            compression: None,
            entries: None,
            separator: place.separator.clone(),
        };
        match read {
            Ok((block, code)) => {
                item.unpacked_bytes = Some(block.bytes() as u64);
                item.compression = TableCompression::of(code);
                item.entries = Some(block.len());
                self.block = Some(OpenBlock {
                    number,
                    place,
                    block,
                    next: 0,
                });
            }
            Err(damage) => {
                self.check.statistics = None;
                self.ready.push_back(TableItem::Damage(damage));
            }
        }
        Some(TableItem::Block(item))
    }

    /// Holds the properties against what all entries add up to, once.
    fn finish(&mut self) -> Option<TableItem> {
        let statistics = self.check.statistics.take()?;
        let (properties, footer) = (self.parts.properties.as_ref()?, self.parts.footer?);
        let ranges = self.parts.range_tombstones.as_ref()?;
        let last = self.check.last.take().map(|(key, _)| key);
        if statistics.finish(&last.unwrap_or_default(), ranges) == *properties {
            return None;
        }
        let what = "properties of a table differ from its entries";
        let offset = footer.properties.offset;
        Some(TableItem::Damage(Damage::new(
            self.source.path(),
            offset,
            what,
        )))
    }
}

impl Check {
    /// What of `entry` contradicts the rest of the table; told once for each block.
    fn disagrees(
        &mut self,
        parts: &TableParts,
        open: &OpenBlock,
        entry: &TableEntry,
    ) -> Option<&'static str> {
        let before = self.last.as_ref().map(|(key, at)| (key.as_slice(), *at));
        let rises = before.is_none_or(|b| compare(b, (&entry.key, entry.sequence)).is_lt());
        let separator = open.place.separator.as_deref();
        let hash = key_hash(&entry.key);
        let what = if !rises {
            Some("blocks of a table out of order")
        } else if separator.is_some_and(|separator| separator < &entry.key[..]) {
            Some("index leads past a key")
        } else if parts.filter.as_ref().is_some_and(|f| !f.may_contain(hash)) {
            Some("filter misses a key")
        } else {
            None
        };
        self.last = Some((entry.key.clone(), entry.sequence));
        let is_told = self.told == Some(open.number);
        if what.is_some() {
            self.told = Some(open.number);
        }
        what.filter(|_| !is_told)
    }
}

impl Iterator for TableInspection {
    type Item = TableItem;

    fn next(&mut self) -> Option<TableItem> {
        if let Some(item) = self.ready.pop_front() {
            return Some(item);
        }
        self.next_range()
            .or_else(|| self.next_entry())
            .or_else(|| self.next_block())
    }
}

fn describe_footer(footer: &Footer, bytes: u64) -> TableFooter {
    let range = |section: Section| section.offset..section.offset + section.len;
    TableFooter {
        data: 0..footer.index.offset,
        index: range(footer.index),
        filter: range(footer.filter),
        range_tombstones: range(footer.range_tombstones),
        properties: range(footer.properties),
        bytes,
    }
}
