//! The tables: medians, the best in bold, spreads, and how many times grainstore's figure another's
//! is.

use crate::groups::Group;
use crate::results::{Measured, Results, spread};
use crate::scale::with_commas;
use std::fmt::Write;

/// The columns, in their order, with what stands above them.
pub const STORES: &[(&str, &str)] = &[
    ("grainstore", "grainstore"),
    ("rocksdb", "RocksDB"),
    ("fjall", "fjall"),
    ("heed", "LMDB (heed)"),
    ("redb", "redb"),
    ("native_db", "native_db"),
    ("sled", "sled"),
];
/// The store that all others are compared with.
pub const OURS: &str = "grainstore";

/// The stores that have a figure in one of the lines.
pub fn columns(lines: &[&Measured]) -> Vec<(&'static str, &'static str)> {
    let has = |store: &str| lines.iter().any(|line| line.cells.contains_key(store));
    let stores = STORES.iter().copied();
    stores.filter(|(store, _)| has(store)).collect()
}

/// The lines of a group as its table has them: as they were measured, or by shape where a row is a
/// size.
pub fn ordered(results: &Results, group: Group) -> Vec<&Measured> {
    let mut lines = results.of(group);
    if group == Group::Growth {
        lines.sort_by_key(|line| (line.at, size(line)));
    }
    lines
}

/// The number in the word of a row of sizes.
pub fn size(line: &Measured) -> u64 {
    let number = line.word.split_whitespace().nth(1);
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// All tables, for a terminal.
pub fn tables(results: &Results) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        if !results.of(*group).is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}\n\n{}", group.word(), table(results, *group));
        }
    }
    text
}

/// The table of a group.
pub fn table(results: &Results, group: Group) -> String {
    let lines = ordered(results, group);
    if lines.is_empty() {
        return "Not measured in these runs.\n".to_owned();
    }
    let stores = columns(&lines);
    let mut scales: Vec<_> = lines.iter().map(|line| line.scale.as_str()).collect();
    scales.dedup();
    let names: Vec<_> = stores.iter().map(|(_, name)| *name).collect();
    let mut text = String::new();
    let head = if scales.len() == 1 { scales[0] } else { "" };
    let _ = writeln!(text, "| {head} | {} | best peer |", names.join(" | "));
    let _ = writeln!(text, "|---|{}---:|", "---:|".repeat(stores.len()));
    for line in lines {
        let best = best(line);
        let cells = stores.iter().map(|(store, _)| cell(line, store, best));
        let cells: Vec<_> = cells.collect();
        let scale = match scales.len() {
            1 => String::new(),
            _ => format!(" ({})", line.scale),
        };
        let peer = best_peer(line).and_then(|(_, figure)| ratio(line, figure));
        let peer = peer.map_or_else(String::new, times);
        let _ = writeln!(
            text,
            "| {}{scale} | {} | {peer} |",
            line.name,
            cells.join(" | ")
        );
    }
    text
}

fn cell(line: &Measured, store: &str, best: Option<f64>) -> String {
    let (Some(cell), Some(figure)) = (line.cells.get(store), line.median(store)) else {
        return "–".to_owned();
    };
    let mut text = line.unit.text(figure);
    // What reads alike is alike; alone nobody is best.
    if line.cells.len() > 1 && best.is_some_and(|best| line.unit.text(best) == text) {
        text = format!("**{text}**");
    }
    if cell.rounds.len() > 1 {
        let _ = write!(text, " ±{:.0}%", 100.0 * spread(&cell.rounds));
    }
    if store != OURS
        && let Some(ratio) = ratio(line, figure)
    {
        let _ = write!(text, " ({})", times(ratio));
    }
    text
}

/// How many times grainstore's figure this is; `None` where that is nothing.
pub fn ratio(line: &Measured, figure: f64) -> Option<f64> {
    let ours = line.median(OURS)?;
    (ours > 0.0 && figure >= 0.0).then(|| figure / ours)
}

/// A ratio, with as many places as say something.
pub fn times(ratio: f64) -> String {
    match ratio {
        large if large >= 100.0 => format!("{}x", with_commas(&format!("{large:.0}"))),
        small if small < 0.1 => format!("{small:.3}x"),
        _ => format!("{ratio:.2}x"),
    }
}

/// The least figure.
fn best(line: &Measured) -> Option<f64> {
    let figures = line.cells.keys().filter_map(|store| line.median(store));
    figures.min_by(f64::total_cmp)
}

/// The peer with the least figure.
pub fn best_peer(line: &Measured) -> Option<(&str, f64)> {
    let peers = line.cells.keys().filter(|store| *store != OURS);
    let figures = peers.filter_map(|store| Some((store.as_str(), line.median(store)?)));
    figures.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// What stands above the column of a store.
pub fn title(store: &str) -> &str {
    let found = STORES.iter().find(|(name, _)| *name == store);
    found.map_or(store, |(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::sample;
    use super::*;

    #[test]
    fn the_best_is_bold_and_others_have_their_ratio() {
        let text = table(&sample(), Group::Core);
        assert!(text.contains("| 10 records | grainstore | LMDB (heed) | redb | best peer |"));
        assert!(
            text.contains(
                "| get | 200 ns ±10% | 400 ns ±0% (2.00x) | **100 ns** ±0% (0.50x) | 0.50x |"
            ),
            "{text}"
        );
        assert!(
            text.contains("| scan | **50 ns** ±0% | 75 ns ±0% (1.50x) | – | 1.50x |"),
            "{text}"
        );
        assert_eq!(
            table(&sample(), Group::Ycsb),
            "Not measured in these runs.\n"
        );
    }
}
