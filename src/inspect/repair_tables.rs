//! Which tables a repair reads, and which a compaction has left behind.
//!
//! With a complete manifest there is nothing to find out. Without one every table in the directory
//! is read, but for those that a readable edit removed. That is right as long as all of them belong
//! together: the version with the largest sequence number is the newest. It is wrong where the
//! inputs of a compaction still lie beside its outputs and some of them are gone: a compaction
//! drops tombstones that have nothing left to delete, and at the bottom numbers become zero, so
//! that an input left behind would bring back what was deleted or written over.
//!
//! The proof that table A was an input: a later table B holds the same version of the same key, for
//! no version is ever written twice. Then A is left out, provided that nothing of what was written
//! since is damaged, and that the tables that hold its versions reach as far as it does (L1): the
//! compaction may never have ended, and then A is still the only one to hold the rest. What is left
//! out still tells what it came after: its puts and tombstones count against everything older, but
//! for zeros in B and in tables after it, for which they were merged already (L2).
//!
//! Where A cannot be proven an input and is none of the inputs, nothing tells whether what it has
//! is newer than a zero of B: it is taken for newer, since files are seldom left behind, and told
//! as a doubt.

use super::damage::Damage;
use super::facts::Facts;
use super::folder::Folder;
use super::repair_options::RepairProgress;
use super::repair_report::Loss;
use super::salvage_merge::{MergeInput, SalvageMerge};
use super::salvage_table::Bounds;
use super::source_file::SourceFile;
use super::table_parts::TableParts;
use crate::error::{Error, Result};
use crate::format::entry::SEQUENCE_MAX;
use crate::format::file_name::FileName;
use crate::format::range_tombstones::RangeTombstones;
use crate::fs::file_system::FileSystem;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is done with the entries of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableUse {
    /// All are used.
    Full,
    /// It was an input of the compaction that wrote the table with this number: it tells what is
    /// older and gives nothing itself (L2).
    LeftBehind { written_by: u64 },
    /// It is not read.
    Not,
}

/// A table of the damaged database.
#[derive(Debug)]
pub(crate) struct SurveyedTable {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) bounds: Bounds,
    pub(crate) range_tombstones: RangeTombstones,
    /// True where all that stands around the data was read.
    pub(crate) whole: bool,
    pub(crate) using: TableUse,
    pub(crate) doubt: Option<String>,
}

/// The tables of the damaged database, by rising numbers, and what is lost of them whole.
#[derive(Debug, Default)]
pub(crate) struct TableSurvey {
    pub(crate) tables: Vec<SurveyedTable>,
    pub(crate) missing: Vec<PathBuf>,
    pub(crate) lost: Vec<Loss>,
    pub(crate) deletions_lost: Vec<Loss>,
    pub(crate) damage: Vec<Damage>,
    /// The largest sequence number that any table tells of.
    pub(crate) sequence_max: u64,
    /// The largest one in tables that are whole and used.
    pub(crate) sequence_in_tables: u64,
}

impl TableSurvey {
    /// Looks at every table in `folder`, telling how many were looked at.
    pub(crate) fn take(
        fs: &dyn FileSystem,
        folder: &Folder,
        facts: &Facts,
        use_obsolete: bool,
        tell: &mut dyn FnMut(RepairProgress),
    ) -> Result<Self> {
        let mut it = Self::default();
        let of = folder.tables().count() as u64;
        for (done, number) in folder.tables().enumerate() {
            let path = FileName::Table(number).in_dir(&folder.dir);
            let is_live = if facts.complete {
                facts.live.contains_key(&number)
            } else {
                !facts.removed.contains(&number)
            };
            let using = if is_live || use_obsolete {
                TableUse::Full
            } else {
                TableUse::Not
            };
            it.look(fs, path, number, facts, using)?;
            let done = done as u64 + 1;
            tell(RepairProgress::Looking { done, of });
        }
        for (&number, meta) in &facts.live {
            if folder.has(FileName::Table(number)) {
                continue;
            }
            let path = FileName::Table(number).in_dir(&folder.dir);
            let properties = &meta.properties;
            it.lost.push(Loss {
                file: path.clone(),
                offset: 0,
                bytes: meta.bytes,
                key_from: Some(properties.key_first.to_vec()),
                key_to: Some(properties.key_last.to_vec()),
                sequence_max: properties.sequence_max,
                what: if facts.complete {
                    format!("the table is missing, with {} entries", properties.entries)
                } else {
                    "the table is missing; it is lost, or a compaction has replaced it since \
                     the manifest's last edit that can be read"
                        .to_owned()
                },
            });
            it.missing.push(path);
        }
        Ok(it)
    }

    fn look(
        &mut self,
        fs: &dyn FileSystem,
        path: PathBuf,
        number: u64,
        facts: &Facts,
        using: TableUse,
    ) -> Result<()> {
        let said = facts.live.get(&number).map(|meta| &meta.properties);
        if using == TableUse::Not {
            self.tables.push(SurveyedTable {
                number,
                path,
                bounds: Bounds::default(),
                range_tombstones: RangeTombstones::default(),
                whole: false,
                using,
                doubt: None,
            });
            return Ok(());
        }
        let source = SourceFile::open(fs, &path)?;
        let parts = TableParts::read(&source, number)?;
        if planted(Mistake::RepairDropsTable) && !parts.damage.is_empty() {
            return Ok(());
        }
        if let Some(damage) = parts.damage.iter().find(|damage| damage.unsupported) {
            return Err(Error::unsupported(&path, damage.offset, &*damage.what));
        }
        let properties = parts.properties.as_ref().or(said);
        let bounds = Bounds {
            key_first: properties.map(|p| p.key_first.to_vec()),
            key_last: properties.map(|p| p.key_last.to_vec()),
            sequence_max: properties.map(|p| p.sequence_max),
        };
        let whole = parts.is_indexed() && parts.footer.is_some() && parts.properties.is_some();
        let whole = whole && parts.range_tombstones.is_some();
        let ranges_unknown = properties.is_none_or(|p| p.range_tombstones > 0);
        if parts.range_tombstones.is_none() && ranges_unknown {
            self.deletions_lost.push(Loss {
                file: path.clone(),
                offset: parts.footer.map_or(0, |f| f.range_tombstones.offset),
                bytes: parts.footer.map_or(0, |f| f.range_tombstones.len),
                key_from: bounds.key_first.clone(),
                key_to: bounds.key_last.clone(),
                sequence_max: bounds.sequence_max.unwrap_or(SEQUENCE_MAX),
                what: "deletions of ranges cannot be read".to_owned(),
            });
        }
        let sequence_max = bounds.sequence_max.unwrap_or(0);
        self.sequence_max = self.sequence_max.max(sequence_max);
        if whole {
            self.sequence_in_tables = self.sequence_in_tables.max(sequence_max);
        }
        let unsure = !facts.complete && !whole;
        self.damage.extend(parts.damage);
        self.tables.push(SurveyedTable {
            number,
            path,
            bounds,
            range_tombstones: parts.range_tombstones.unwrap_or_default(),
            whole,
            using,
            doubt: unsure.then(|| {
                "it is damaged, and without a manifest nobody knows whether it was ever finished"
                    .to_owned()
            }),
        });
        Ok(())
    }

    /// What a merge of the tables that are read takes, and which table each input is.
    pub(crate) fn inputs(&self) -> (Vec<MergeInput>, Vec<usize>) {
        let read = self.tables.iter().enumerate();
        let read = read.filter(|(_, table)| table.using != TableUse::Not);
        let input = |(at, table): (usize, &SurveyedTable)| {
            let input = MergeInput {
                path: table.path.clone(),
                number: table.number,
                bounds: table.bounds.clone(),
            };
            (input, at)
        };
        read.map(input).unzip()
    }

    /// Finds the tables that compactions have left behind; for where no manifest tells.
    pub(crate) fn find_left_behind(
        &mut self,
        fs: &Arc<dyn FileSystem>,
        tell: &mut dyn FnMut(RepairProgress),
    ) -> Result<()> {
        let (inputs, tables) = self.inputs();
        let mut merge = SalvageMerge::new(Arc::clone(fs), inputs);
        // By table: the later tables that hold a version of it.
        let mut copies: BTreeMap<usize, BTreeMap<usize, u64>> = BTreeMap::new();
        let (mut key, mut versions) = (Vec::new(), Vec::<(u64, usize)>::new());
        let mut entries = 0;
        while let Some(head) = merge.next()? {
            if head.key != key {
                versions.clear();
                key.clone_from(&head.key);
            }
            let sequence = merge.meta(&head).map_or(0, |meta| meta.sequence);
            for &(_, later) in versions.iter().filter(|(other, _)| *other == sequence) {
                // Of equal versions the one of the later table comes first.
                let copied = copies.entry(head.input).or_default();
                *copied.entry(later).or_default() += 1;
            }
            versions.push((sequence, head.input));
            merge.advance(&head)?;
            entries += 1;
            if entries % 4_096 == 0 {
                tell(RepairProgress::Comparing { entries });
            }
        }
        let sound = |i: &usize| merge.counts.get(*i).is_some_and(|c| c.blocks_lost == 0);
        let sound: Vec<bool> = (0..tables.len()).map(|i| sound(&i)).collect();
        for (input, later) in copies {
            let later: Vec<usize> = later
                .keys()
                .filter_map(|i| tables.get(*i))
                .copied()
                .collect();
            if let Some(&table) = tables.get(input) {
                self.judge(table, &later, &tables, &sound);
            }
        }
        Ok(())
    }

    /// Leaves `table` out, versions of which the tables `later` hold, where L1 allows.
    fn judge(&mut self, table: usize, later: &[usize], tables: &[usize], sound: &[bool]) {
        let Some(it) = self.tables.get(table) else {
            return;
        };
        let since_is_sound = tables.iter().zip(sound).all(|(&other, &sound)| {
            let other = self.tables.get(other);
            other.is_none_or(|other| other.number < it.number || (sound && other.whole))
        });
        let later: Vec<&SurveyedTable> = later.iter().filter_map(|i| self.tables.get(*i)).collect();
        let first = later
            .iter()
            .filter_map(|t| t.bounds.key_first.as_ref())
            .min();
        let last = later
            .iter()
            .filter_map(|t| t.bounds.key_last.as_ref())
            .max();
        let reaches = first.is_some_and(|first| Some(first) <= it.bounds.key_first.as_ref())
            && last.is_some_and(|last| Some(last) >= it.bounds.key_last.as_ref());
        let Some(written_by) = later.iter().map(|t| t.number).min() else {
            return;
        };
        let left_behind = since_is_sound && reaches && it.bounds.key_first.is_some();
        let name = FileName::Table(written_by).in_dir(std::path::Path::new(""));
        let text = if left_behind {
            format!(
                "{} was written from it, and holds what is left of it",
                name.display()
            )
        } else {
            format!(
                "{} was written from it in part; what only this table holds may have been deleted \
                 since",
                name.display()
            )
        };
        if let Some(it) = self.tables.get_mut(table) {
            it.doubt = Some(text);
            if left_behind {
                it.using = TableUse::LeftBehind { written_by };
            }
        }
    }
}
