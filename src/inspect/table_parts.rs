//! What stands around the data blocks of a table, as far as it can be read, and where they are.
//!
//! A whole table is read by its footer and its index. Where one of them is damaged, everything is
//! found by walking over the file (`block_search`), sections too, for they keep their order. What
//! was not found is `None`, and why is in `damage`.
//!
//! Nothing is written. Takes as much memory as index, filter and range tombstones do. For one
//! thread at a time.

use super::block_search::{Stretch, StretchKind, read_block, stretches};
use super::damage::Damage;
use super::source_file::SourceFile;
use crate::error::Result;
use crate::format::block::Block;
use crate::format::block_envelope;
use crate::format::bytes::Reader;
use crate::format::compression::Refusal;
use crate::format::damage::Damage as Fault;
use crate::format::filter::Filter;
use crate::format::footer::{FOOTER_BYTES, Footer, Section};
use crate::format::index::Index;
use crate::format::properties::Properties;
use crate::format::range_tombstones::RangeTombstones;
use std::path::Path;

/// Where a data block is, or where one was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// No key of the block is behind this one; `None` where the index is lost.
    pub(crate) separator: Option<Vec<u8>>,
    /// False where the search found nothing that could be read.
    pub(crate) known: bool,
}

/// How the data blocks are found.
#[derive(Debug)]
enum Blocks {
    Indexed(Index),
    Walked(Vec<Stretch>),
}

/// All of a table but its data.
#[derive(Debug)]
pub(crate) struct TableParts {
    pub(crate) number: u64,
    pub(crate) footer: Option<Footer>,
    pub(crate) filter: Option<Filter>,
    pub(crate) range_tombstones: Option<RangeTombstones>,
    pub(crate) properties: Option<Properties>,
    pub(crate) damage: Vec<Damage>,
    blocks: Blocks,
}

/// Reads sections, collecting what is wrong with them.
struct Sections<'a> {
    source: &'a SourceFile,
    number: u64,
    damage: Vec<Damage>,
}

impl Sections<'_> {
    fn path(&self) -> &Path {
        self.source.path()
    }

    fn refused(&mut self, offset: u64, name: &str, refusal: &Refusal) {
        self.damage
            .push(damage_of(self.source.path(), offset, name, refusal));
    }

    /// The payload of the section `name` at `section`, as `decode` reads it.
    fn read<T>(
        &mut self,
        section: Section,
        name: &str,
        decode: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>> {
        let bytes = self.source.read(section.offset, section.len)?;
        let payload = block_envelope::open((self.number, section.offset), bytes);
        let decoded = payload.and_then(|payload| Ok(decode(&payload)?));
        Ok(decoded
            .inspect_err(|refusal| self.refused(section.offset, name, refusal))
            .ok())
    }

    fn footer(&mut self) -> Result<Option<Footer>> {
        let Some(at) = self.source.bytes().checked_sub(FOOTER_BYTES as u64) else {
            let damage = Damage::new(self.path(), 0, "file shorter than a footer");
            self.damage.push(damage);
            return Ok(None);
        };
        let bytes = self.source.read(at, FOOTER_BYTES as u64)?;
        let Ok(bytes) = bytes.try_into() else {
            self.damage
                .push(Damage::new(self.path(), at, "file ends too early"));
            return Ok(None);
        };
        let footer = Footer::decode(&bytes, self.number, at);
        Ok(footer
            .inspect_err(|refusal| self.refused(at, "", refusal))
            .ok())
    }
}

/// What `refusal` says of the part `name` at `offset` of `path`.
pub(crate) fn damage_of(path: &Path, offset: u64, name: &str, refusal: &Refusal) -> Damage {
    let named = |what: &str| match name {
        "" => what.to_owned(),
        name => format!("{name}: {what}"),
    };
    match refusal {
        Refusal::Damage(fault) => Damage::new(path, offset, named(fault.what)),
        Refusal::Unsupported(what) => {
            Damage::unsupported(path, offset, named(&format!("needs {what}")))
        }
    }
}

fn decode_properties(bytes: &[u8]) -> Result<Properties, Fault> {
    let mut reader = Reader::new(bytes);
    let properties = Properties::decode(&mut reader)?;
    if reader.is_at_end() {
        Ok(properties)
    } else {
        Err(Fault::new(reader.offset(), "bytes after the properties"))
    }
}

impl TableParts {
    /// Reads the parts of table `number` from `source`.
    ///
    /// # Errors
    /// `TooLarge` where a part is beyond this machine's memory; damage is no error.
    pub(crate) fn read(source: &SourceFile, number: u64) -> Result<Self> {
        let damage = Vec::new();
        let mut sections = Sections {
            source,
            number,
            damage,
        };
        match sections.footer()? {
            Some(footer) => Self::by_footer(sections, footer),
            None => Self::by_walk(sections),
        }
    }

    fn by_footer(mut sections: Sections<'_>, footer: Footer) -> Result<Self> {
        let data_bytes = footer.index.offset;
        let index = sections.read(footer.index, "index", |bytes| {
            Index::decode(bytes, data_bytes)
        })?;
        let filter = sections.read(footer.filter, "filter", Filter::decode)?;
        let ranges = footer.range_tombstones;
        let ranges = sections.read(ranges, "range tombstones", RangeTombstones::decode)?;
        let properties = sections.read(footer.properties, "properties", decode_properties)?;
        let blocks = match index {
            Some(index) => Blocks::Indexed(index),
            None => Blocks::Walked(stretches(sections.source, sections.number, data_bytes)?),
        };
        Ok(Self {
            number: sections.number,
            footer: Some(footer),
            filter,
            range_tombstones: ranges,
            properties,
            damage: sections.damage,
            blocks,
        })
    }

    fn by_walk(mut sections: Sections<'_>) -> Result<Self> {
        let end = sections.source.bytes();
        let mut found = stretches(sections.source, sections.number, end)?;
        let is_block = |s: &Stretch| s.kind == StretchKind::Block;
        let data_len = found.iter().rposition(is_block).map_or(0, |last| last + 1);
        let rest = found.split_off(data_len);
        let mut others = rest.iter().filter(|s| s.kind == StretchKind::Other);
        let mut next = || {
            others.next().map(|s| Section {
                offset: s.offset,
                len: s.bytes,
            })
        };
        let index = next();
        let mut it = Self {
            number: sections.number,
            footer: None,
            filter: None,
            range_tombstones: None,
            properties: None,
            damage: Vec::new(),
            blocks: Blocks::Walked(Vec::new()),
        };
        // What is not there is told once, by the footer.
        let told = sections.damage.len();
        let decoded = match index {
            Some(index) => {
                sections.read(index, "index", |bytes| Index::decode(bytes, index.offset))?
            }
            None => None,
        };
        if decoded.is_some() {
            if let Some(at) = next() {
                it.filter = sections.read(at, "filter", Filter::decode)?;
            }
            if let Some(at) = next() {
                it.range_tombstones =
                    sections.read(at, "range tombstones", RangeTombstones::decode)?;
            }
            if let Some(at) = next() {
                it.properties = sections.read(at, "properties", decode_properties)?;
            }
        }
        sections.damage.truncate(told);
        it.damage = sections.damage;
        it.blocks = match decoded {
            Some(index) => Blocks::Indexed(index),
            None => {
                // Without the index nobody knows what the rest was, and whether it was all.
                let at = found.last().map_or(0, |last| last.offset + last.bytes);
                found.push(Stretch {
                    offset: at,
                    bytes: end - at,
                    kind: StretchKind::Lost,
                });
                Blocks::Walked(found)
            }
        };
        Ok(it)
    }

    /// True where the index was read.
    pub(crate) fn is_indexed(&self) -> bool {
        matches!(self.blocks, Blocks::Indexed(_))
    }

    /// The data block which stands at `place`, and the code of its compression.
    pub(crate) fn block(
        &self,
        source: &SourceFile,
        place: &Place,
    ) -> Result<Result<(Block, u8), Damage>> {
        let path = source.path();
        if !place.known {
            let what = "no data block can be found here";
            return Ok(Err(Damage::new(path, place.offset, what)));
        }
        let bytes = source.read(place.offset, place.bytes)?;
        let code = bytes.iter().nth_back(4).copied().unwrap_or_default();
        let block = read_block(self.number, place.offset, bytes);
        Ok(block
            .map(|block| (block, code))
            .map_err(|refusal| damage_of(path, place.offset, "data block", &refusal)))
    }

    /// Where the `i`-th data block is; `None` past the last.
    pub(crate) fn place(&self, i: usize) -> Option<Place> {
        match &self.blocks {
            Blocks::Indexed(index) => index.block(i).map(|(offset, bytes)| Place {
                offset,
                bytes: bytes as u64,
                separator: Some(index.separator(i)),
                known: true,
            }),
            Blocks::Walked(found) => found.get(i).map(|stretch| Place {
                offset: stretch.offset,
                bytes: stretch.bytes,
                separator: None,
                known: stretch.kind != StretchKind::Lost,
            }),
        }
    }
}
