//! The check of a whole database from its files, to the last damage.
//!
//! An open database checks itself and stops at the first damage; this reads every file that the
//! manifest names, and where the manifest is damaged every file there is, and goes on to the end.
//! Nothing is opened and nothing written, so it is for databases that do not open, too, and as a
//! moving picture for those that are open elsewhere. Reads everything once, a block at a time.

use super::damage::Damage;
use super::facts::Facts;
use super::folder::Folder;
use super::log_survey::{LogEnd, LogSurvey};
use super::table::TableInspection;
use super::table_item::TableItem;
use crate::error::Result;
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a [`verify`](super::Inspector::verify) has looked at, and all the damage it met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Table files read.
    pub tables: u64,
    /// Their data blocks, damaged ones too.
    pub blocks: u64,
    /// Their entries.
    pub entries: u64,
    /// Log segments read.
    pub logs: u64,
    /// Commits in them.
    pub records: u64,
    /// Bytes of all these files.
    pub bytes: u64,
    /// What is damaged.
    pub damage: Vec<Damage>,
    /// Tables with damage, by path, with the number of their blocks that cannot be read.
    pub damaged_tables: Vec<(PathBuf, u64)>,
}

impl Verification {
    /// True where nothing is damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Reads every file of the database in `dir`, telling `seen` of each before it is read.
pub(crate) fn verify(
    fs: &dyn FileSystem,
    dir: &Path,
    seen: &mut dyn FnMut(&Path),
) -> Result<Verification> {
    let folder = Folder::look(fs, dir)?;
    let (mut it, mut logs) = (Verification::default(), BTreeMap::new());
    for number in folder.logs() {
        let path = FileName::Wal(number).in_dir(dir);
        seen(&path);
        match LogSurvey::take(fs, dir, number) {
            Ok(survey) => {
                logs.insert(number, survey);
            }
            Err(error) => it.damage.push(Damage::of(&error, &path)),
        }
    }
    let facts = Facts::gather(fs, &folder, &logs)?;
    it.damage.extend(facts.damage.iter().cloned());
    it.logs(dir, &facts, &logs);
    for number in folder.tables() {
        let needed = if facts.complete {
            facts.live.contains_key(&number)
        } else {
            !facts.removed.contains(&number)
        };
        if needed {
            let path = FileName::Table(number).in_dir(dir);
            seen(&path);
            it.table(fs, &path, &facts, number)?;
        }
    }
    Ok(it)
}

impl Verification {
    fn logs(&mut self, dir: &Path, facts: &Facts, logs: &BTreeMap<u64, LogSurvey>) {
        let needed: Vec<_> = logs.range(facts.log_first..).map(|(_, log)| log).collect();
        let mut sequence = 0;
        for (at, log) in needed.iter().enumerate() {
            let path = FileName::Wal(log.number).in_dir(dir);
            self.logs += 1;
            self.bytes += log.bytes;
            self.records += log.records + log.behind_damage;
            self.damage.extend(log.damage.iter().cloned());
            let mut bad = |offset, what: &str| {
                self.damage.push(Damage::new(&path, offset, what));
            };
            let is_last = at + 1 == needed.len();
            if log.end == LogEnd::Open && log.number < facts.log_last {
                let what = "a log segment that is not the last ends without its seal";
                bad(log.end_offset, what);
            }
            if log.end == LogEnd::Rolled && is_last {
                bad(
                    log.end_offset,
                    "the log goes on in the next segment, which is missing",
                );
            }
            if let Some((_, offset)) = facts.closed.filter(|(number, _)| *number == log.number)
                && offset != log.end_offset
            {
                let what = format!("the log was closed cleanly at {offset} but ends here");
                bad(log.end_offset, &what);
            }
            if log.sequence_first.is_some_and(|first| first <= sequence) {
                bad(0, "sequence numbers of the log do not rise");
            }
            sequence = log.sequence_last.unwrap_or(sequence);
        }
    }

    fn table(
        &mut self,
        fs: &dyn FileSystem,
        path: &Path,
        facts: &Facts,
        number: u64,
    ) -> Result<()> {
        let (before, mut lost) = (self.damage.len(), 0);
        let bytes = fs.file_len(path).unwrap_or(0);
        self.tables += 1;
        self.bytes += bytes;
        if let Some(meta) = facts.live.get(&number)
            && meta.bytes != bytes
        {
            let what = format!(
                "the file has {bytes} bytes, the manifest says {}",
                meta.bytes
            );
            let damage = Damage::new(path, bytes.min(meta.bytes), what);
            self.damage.push(damage);
        }
        let inspection = match TableInspection::open(fs, path) {
            Ok(inspection) => inspection,
            Err(error) => {
                self.damage.push(Damage::of(&error, path));
                return Ok(());
            }
        };
        for item in inspection {
            match item {
                TableItem::Block(block) => {
                    self.blocks += 1;
                    lost += u64::from(block.entries.is_none());
                }
                TableItem::Entry(_) => self.entries += 1,
                TableItem::Damage(damage) => self.damage.push(damage),
                TableItem::Properties(properties) => {
                    let said = facts.live.get(&number).map(|meta| &meta.properties);
                    if said.is_some_and(|said| properties != said.into()) {
                        let what = "properties of a table differ from those in the manifest";
                        self.damage.push(Damage::new(path, 0, what));
                    }
                }
                TableItem::Footer(_) | TableItem::Filter(_) | TableItem::RangeTombstone(_) => {}
            }
        }
        if self.damage.len() > before {
            self.damaged_tables.push((path.to_owned(), lost));
        }
        Ok(())
    }
}
