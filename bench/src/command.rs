//! The command line.

use crate::groups::Group;
use crate::peer::Outcome;
use crate::scale::Scale;
use crate::stores;
use clap::Parser;
use std::path::PathBuf;

/// Measures grainstore beside other embedded stores.
///
/// Each store runs in a process of its own; the rounds of a row go round the stores in turn.
/// Without options everything is measured in full, which takes hours; `--short` takes about ten
/// minutes.
#[derive(Debug, Clone, Parser)]
#[command(name = "grainstore-bench")]
pub struct Options {
    /// A fifth of the records, and fewer rounds of the rows that take long
    #[arg(long)]
    pub short: bool,
    /// Records of the main group; all others follow in proportion [default: 1,000,000, with
    /// --short 200,000]
    #[arg(long, value_parser = number)]
    pub records: Option<u64>,
    /// Rounds of every row [default: 3; with --short 2 of rows that fill a store of their own each
    /// time, and of `growth` and `small` a third]
    #[arg(long)]
    pub rounds: Option<usize>,
    /// The stores, by commas [default: all that are built in, without sled]
    #[arg(long, value_delimiter = ',')]
    pub stores: Vec<String>,
    /// The groups of rows, by commas [default: all]
    #[arg(long, value_delimiter = ',', visible_alias = "group")]
    pub groups: Vec<Group>,
    /// Parts of names of rows, by commas; only rows with one of them are measured
    #[arg(long, value_delimiter = ',')]
    pub rows: Vec<String>,
    /// Lets all stores grow in the group `growth`, not grainstore alone
    #[arg(long)]
    pub growth_peers: bool,
    /// In reading rows of `core`, takes the time that their thread ran, not the time that passed
    #[arg(long)]
    pub cpu: bool,
    /// Where the stores are put; removed afterwards
    #[arg(long, default_value = "target/grainstore-bench")]
    pub dir: PathBuf,
    /// Keeps the results in this file; what it has from other runs stays, but for the rows and
    /// stores that were measured again
    #[arg(long)]
    pub save: Option<PathBuf>,
    /// Measures nothing, takes the results of these files, by commas; later ones replace and add
    #[arg(long, value_delimiter = ',', conflicts_with_all = [
        "short", "records", "rounds", "cpu", "stores", "groups", "rows"
    ])]
    pub from: Vec<PathBuf>,
    /// Writes the report to this file, and its plots into a folder of the same name beside it
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Names every row that would be measured, and measures none
    #[arg(long)]
    pub list: bool,
    /// What a worker is told; for the program itself
    #[arg(long, hide = true)]
    pub work: Option<String>,
}

fn number(text: &str) -> Result<u64, String> {
    let number = text.replace(['_', ','], "").parse();
    match number.map_err(|error| format!("{error}"))? {
        0 => Err("there is nothing to measure".to_owned()),
        some => Ok(some),
    }
}

impl Options {
    /// How large everything is.
    pub fn scale(&self) -> Scale {
        let records = if self.short { 200_000 } else { 1_000_000 };
        Scale {
            records: self.records.unwrap_or(records),
            is_short: self.short,
        }
    }

    /// The groups to measure, in the order of the report.
    pub fn groups(&self) -> Vec<Group> {
        let all = Group::ALL.iter().copied();
        all.filter(|group| self.groups.is_empty() || self.groups.contains(group))
            .collect()
    }

    /// The stores to measure in `group`, grainstore first.
    pub fn stores(&self, group: Group) -> Outcome<Vec<String>> {
        let names = if self.stores.is_empty() {
            stores::by_default()
        } else {
            self.stores.clone()
        };
        for name in &names {
            if !stores::NAMES.contains(&name.as_str()) {
                let known = stores::NAMES.join(", ");
                return Err(format!("no store is called {name}; there are {known}").into());
            }
        }
        let is_alone = group == Group::Growth && !self.growth_peers;
        let names = names.into_iter().filter(|name| {
            stores::takes_part(name, group) && (!is_alone || name == stores::NAMES[0])
        });
        Ok(names.collect())
    }

    /// How often the rows of `group` are measured.
    pub fn rounds(&self, group: Group) -> usize {
        let rounds = self.rounds.unwrap_or(3).max(1);
        match group.is_heavy() {
            true if matches!(group, Group::Growth | Group::Small) => rounds.div_ceil(3),
            true if self.short && self.rounds.is_none() => 2,
            _ => rounds,
        }
    }

    /// True where the row is asked for.
    pub fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| row.contains(part.as_str()))
    }
}
