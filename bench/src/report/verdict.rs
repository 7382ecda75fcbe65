//! Where grainstore is first and where it is not, worked out from the figures.

use super::table::{OURS, best_peer, ordered, ratio, times, title};
use crate::groups::Group;
use crate::results::{Measured, Results, extremes};
use std::fmt::Write;

/// How many lines of a group there are, in how many grainstore is first and in how many not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Standing {
    first: usize,
    behind: usize,
}

/// Lines that have a peer.
fn standing(lines: &[&Measured]) -> Standing {
    let mut standing = Standing::default();
    for line in lines {
        match is_behind(line) {
            Some(true) => standing.behind += 1,
            Some(false) => standing.first += 1,
            None => {}
        }
    }
    standing
}

/// True where a peer has less, as far as a table tells; `None` where one of them has no figure.
fn is_behind(line: &Measured) -> Option<bool> {
    let ((_, peer), ours) = (best_peer(line)?, line.median(OURS)?);
    Some(peer < ours && line.unit.text(peer) != line.unit.text(ours))
}

/// A sentence for each group, and one for all.
pub fn summary(results: &Results) -> String {
    let mut text = String::new();
    let mut all = Standing::default();
    for group in Group::ALL {
        let found = standing(&results.of(*group));
        if found == Standing::default() {
            continue;
        }
        all.first += found.first;
        all.behind += found.behind;
        let of = found.first + found.behind;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "- {}: first in {} of {of} lines",
            group.word(),
            found.first
        );
    }
    let of = all.first + all.behind;
    match of {
        0 => "There is no line with a peer in it.\n".to_owned(),
        _ => format!(
            "grainstore is first in {} of {of} lines:\n\n{text}",
            all.first
        ),
    }
}

/// The lines of a group in which a peer has less, the farthest behind first.
pub fn not_first(results: &Results, group: Group) -> String {
    let lines = ordered(results, group);
    let with_peer = lines.iter().filter(|line| is_behind(line).is_some());
    if with_peer.count() == 0 {
        return String::new();
    }
    let mut behind: Vec<_> = lines
        .into_iter()
        .filter(|line| is_behind(line) == Some(true))
        .filter_map(|line| {
            let (peer, figure) = best_peer(line)?;
            Some((line, peer, figure, ratio(line, figure).unwrap_or(0.0)))
        })
        .collect();
    if behind.is_empty() {
        return "grainstore is first in every line.\n".to_owned();
    }
    behind.sort_by(|a, b| a.3.total_cmp(&b.3));
    let mut text = "Where grainstore is not first:\n\n".to_owned();
    for (line, peer, figure, ratio) in behind {
        let ours = line.median(OURS).unwrap_or(f64::NAN);
        let unsure = if overlaps(line, peer) {
            "; the rounds of the two overlap"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "- {}: {} has {} where grainstore has {} ({}){unsure}",
            line.name,
            title(peer),
            line.unit.text(figure),
            line.unit.text(ours),
            times(ratio),
        );
    }
    text
}

/// True where some round of grainstore was as good as some round of the peer.
fn overlaps(line: &Measured, peer: &str) -> bool {
    let (Some(ours), Some(theirs)) = (line.cells.get(OURS), line.cells.get(peer)) else {
        return false;
    };
    extremes(&ours.rounds).0 <= extremes(&theirs.rounds).1
}

#[cfg(test)]
pub mod tests {
    //! The sample that the tests of the report share, and those of the verdict.

    use super::*;
    use crate::results::{Cell, Run};
    use crate::row::Unit;
    use std::collections::BTreeMap;

    /// Two lines of the main group: redb wins one, grainstore the other.
    pub fn sample() -> Results {
        let line = |order: usize, name: &str, figures: &[(&str, &[f64])]| Measured {
            group: Group::Core,
            word: name.to_owned(),
            order,
            at: 0,
            name: name.to_owned(),
            unit: Unit::Nanoseconds,
            scale: "10 records".to_owned(),
            cells: figures
                .iter()
                .map(|(store, rounds)| {
                    let rounds = rounds.to_vec();
                    ((*store).to_owned(), Cell { run: 0, rounds })
                })
                .collect(),
        };
        let get: &[(&str, &[f64])] = &[
            ("grainstore", &[180.0, 220.0, 200.0]),
            ("heed", &[400.0, 400.0]),
            ("redb", &[100.0, 100.0]),
        ];
        let scan: &[(&str, &[f64])] = &[("grainstore", &[50.0, 50.0]), ("heed", &[75.0, 75.0])];
        let run = Run {
            date: "2026-11-01".to_owned(),
            command: "--short".to_owned(),
            minutes: 9.5,
            processor: "a processor".to_owned(),
            cores: 2,
            memory_gibibytes: 16.0,
            kernel: "6.1".to_owned(),
            file_system: "ext4".to_owned(),
            cpu: false,
            versions: BTreeMap::from([("redb".to_owned(), "4.4.0".to_owned())]),
        };
        Results {
            runs: vec![run],
            lines: vec![line(0, "get", get), line(1, "scan", scan)],
            failures: Vec::new(),
        }
    }

    #[test]
    fn a_line_that_a_peer_wins_is_named_with_both_figures() {
        let text = not_first(&sample(), Group::Core);
        let line = "- get: redb has 100 ns where grainstore has 200 ns (0.50x)\n";
        assert!(text.ends_with(line), "{text}");
        assert_eq!(not_first(&sample(), Group::Small), "");
    }

    #[test]
    fn the_summary_counts_lines_that_have_a_peer() {
        let text = summary(&sample());
        assert!(text.contains("first in 1 of 2 lines:"), "{text}");
        assert!(text.contains("- core: first in 1 of 2 lines"), "{text}");
    }
}
