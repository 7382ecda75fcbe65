//! What is gone of the log without a trace in what is left of it.
//!
//! A segment that is missing, and records off the end of one: nothing in the files themselves is
//! damaged then, but they say of each other that there was more. Pure, for any thread.

use super::facts::Facts;
use super::folder::Folder;
use super::log_survey::{LogEnd, LogSurvey};
use super::repair_report::Loss;
use crate::format::file_name::FileName;
use std::collections::BTreeMap;

/// The losses that the surveys of the segments show together.
pub(crate) fn gaps(
    folder: &Folder,
    facts: &Facts,
    surveys: &BTreeMap<u64, LogSurvey>,
) -> Vec<Loss> {
    let loss = |number: u64, offset: u64, bytes: u64, what: &str| Loss {
        file: FileName::Wal(number).in_dir(&folder.dir),
        offset,
        bytes,
        key_from: None,
        key_to: None,
        sequence_max: u64::MAX,
        what: what.to_owned(),
    };
    const MISSING: &str = "the log segment is missing";
    let mut lost = Vec::new();
    let needed: Vec<&LogSurvey> = surveys
        .range(facts.log_first..)
        .map(|(_, log)| log)
        .collect();
    let first = facts.log_first.max(1);
    // Of many that are missing in a row the first is told.
    let mut wanted = first;
    for log in &needed {
        if log.number > wanted && (facts.complete || wanted > first) {
            lost.push(loss(wanted, 0, 0, MISSING));
        }
        wanted = log.number + 1;
    }
    let last_is_rolled = needed.last().is_some_and(|log| log.end == LogEnd::Rolled);
    if wanted <= facts.log_last || last_is_rolled {
        lost.push(loss(wanted, 0, 0, MISSING));
    }
    for (at, log) in needed.iter().enumerate() {
        let end = log.end_offset;
        if let Some((_, offset)) = facts.closed.filter(|(number, _)| *number == log.number)
            && end < offset
        {
            let what = "the log segment ends here, before the seal of its clean close";
            lost.push(loss(log.number, end, offset - end, what));
            continue;
        }
        let later = needed.get(at + 1..).unwrap_or_default();
        let next = later.iter().find_map(|log| log.sequence_first);
        let follows = next.is_some_and(|next| log.sequence_last.is_some_and(|l| l + 1 == next));
        // Damage among the records is told where it is.
        let untold = log.damage.iter().all(|damage| damage.offset == 0);
        if log.end == LogEnd::Open && next.is_some() && !follows && untold {
            let what = "the log segment ends here without its seal, though the log goes on";
            lost.push(loss(log.number, end, 0, what));
        }
    }
    lost
}
