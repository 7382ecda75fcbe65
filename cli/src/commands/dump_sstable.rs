//! `grain dump-sstable`: what stands in a table file.

use crate::dumped::{self, Shown};
use crate::failure::Result;
use crate::output::{BAD, FAINT, NAME, Output};
use clap::Args;
use grainstore::inspect::{self, TableCompression, TableItem};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shows what stands in a table file, whole or damaged: parts, blocks and entries
///
/// The database may be open meanwhile: tables never change. Reading goes on behind damage; then
/// the exit code is 4.
#[derive(Debug, Args)]
pub(crate) struct DumpSstable {
    /// The file, with the name the database gave it, such as 000012.table
    file: PathBuf,
    /// Shows parts and blocks alone
    #[arg(long)]
    no_entries: bool,
    #[command(flatten)]
    shown: Shown,
}

impl DumpSstable {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let (mut entries, mut damaged) = (0, 0);
        for item in inspect::table(&self.file)? {
            if matches!(item, TableItem::Entry(_)) {
                if self.no_entries {
                    continue;
                }
                if self.shown.limit == Some(entries) {
                    break;
                }
                entries += 1;
            }
            damaged += u64::from(matches!(item, TableItem::Damage(_)));
            if output.is_json() {
                output.document(&self.document(&item))?;
            } else {
                self.line(output, &item)?;
            }
        }
        match damaged {
            0 => Ok(()),
            places => Err(dumped::damaged(places)),
        }
    }

    fn line(&self, output: &mut Output, item: &TableItem) -> Result<()> {
        let key = |key: &[u8]| self.shown.key(key);
        let text = match item {
            TableItem::Footer(it) => format!(
                "{}  data {:?}  index {:?}  filter {:?}  range tombstones {:?}  properties {:?}",
                output.paint(NAME, "footer"),
                it.data,
                it.index,
                it.filter,
                it.range_tombstones,
                it.properties
            ),
            TableItem::Properties(it) => format!(
                "{}  {} entries, {} tombstones, {} range tombstones, {} expire; sequence numbers \
                 {} to {}; {} bytes of keys, {} of values; keys {} to {}",
                output.paint(NAME, "properties"),
                it.entries,
                it.tombstones,
                it.range_tombstones,
                it.expiring,
                it.sequence_min,
                it.sequence_max,
                it.key_bytes,
                it.value_bytes,
                key(&it.key_first),
                key(&it.key_last)
            ),
            TableItem::Filter(it) => {
                let name = output.paint(NAME, "filter");
                format!("{name}  {} bits, {} for each key", it.bits, it.probes)
            }
            TableItem::RangeTombstone(it) => format!(
                "{}  {} up to {} at {}",
                output.paint(NAME, "range tombstone"),
                key(&it.start),
                key(&it.end),
                it.sequence
            ),
            TableItem::Block(it) => {
                let read = match (it.entries, it.unpacked_bytes) {
                    (Some(entries), Some(bytes)) => format!(
                        "{entries} entries, {} unpacked to {bytes} bytes",
                        it.compression.map_or("?", compression)
                    ),
                    _ => output.paint(BAD, "cannot be read"),
                };
                let up_to = it.separator.as_deref().map_or("?".to_owned(), key);
                format!(
                    "{}  {} bytes at {}, up to {up_to}: {read}",
                    output.paint(NAME, format_args!("block {}", it.number)),
                    it.bytes,
                    it.offset
                )
            }
            TableItem::Entry(it) => {
                let (key, until) = (key(&it.key), dumped::expiry(it.expiry_ms));
                let what = match &it.value {
                    Some(value) => self.shown.value(value),
                    None => "deleted".to_owned(),
                };
                let at = output.paint(FAINT, format_args!("at {}{until}", it.sequence));
                format!("  {key}  {what}  {at}")
            }
            TableItem::Damage(it) => output.paint(BAD, format_args!("damage  {it}")),
            _ => return Ok(()),
        };
        output.line(text)
    }

    fn document(&self, item: &TableItem) -> Value {
        let key = |key: &[u8]| self.shown.key(key);
        match item {
            TableItem::Footer(it) => json!({
                "item": "footer", "bytes": it.bytes,
                "data": [it.data.start, it.data.end], "index": [it.index.start, it.index.end],
                "filter": [it.filter.start, it.filter.end],
                "range_tombstones": [it.range_tombstones.start, it.range_tombstones.end],
                "properties": [it.properties.start, it.properties.end],
            }),
            TableItem::Properties(it) => json!({
                "item": "properties", "entries": it.entries, "tombstones": it.tombstones,
                "range_tombstones": it.range_tombstones, "expiring": it.expiring,
                "sequence_min": it.sequence_min, "sequence_max": it.sequence_max,
                "expiry_min_ms": it.expiry_min_ms, "expiry_max_ms": it.expiry_max_ms,
                "key_bytes": it.key_bytes, "value_bytes": it.value_bytes,
                "key_first": key(&it.key_first), "key_last": key(&it.key_last),
            }),
            TableItem::Filter(it) => {
                json!({ "item": "filter", "bits": it.bits, "probes": it.probes })
            }
            TableItem::RangeTombstone(it) => json!({
                "item": "range_tombstone", "start": key(&it.start), "end": key(&it.end),
                "sequence": it.sequence,
            }),
            TableItem::Block(it) => json!({
                "item": "block", "number": it.number, "offset": it.offset, "bytes": it.bytes,
                "unpacked_bytes": it.unpacked_bytes, "entries": it.entries,
                "compression": it.compression.map(compression),
                "separator": it.separator.as_deref().map(key),
            }),
            TableItem::Entry(it) => {
                let mut document = json!({
                    "item": "entry", "block": it.block, "key": key(&it.key),
                    "kind": if it.value.is_some() { "put" } else { "delete" },
                    "sequence": it.sequence, "expiry_ms": it.expiry_ms,
                });
                if let Some(value) = &it.value {
                    self.shown.add_value(&mut document, value);
                }
                document
            }
            TableItem::Damage(it) => {
                json!({ "item": "damage", "damage": dumped::damage_document(it) })
            }
            _ => json!({ "item": "other" }),
        }
    }
}

fn compression(method: TableCompression) -> &'static str {
    match method {
        TableCompression::None => "none",
        TableCompression::Lz4 => "lz4",
        TableCompression::Zstd => "zstd",
        _ => "other",
    }
}
