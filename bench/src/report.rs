//! The table of a run, in markdown.

use crate::options::Options;
use crate::session::Measured;
use std::fmt::Write;

/// The table: medians, and how many times the first store's figure the others' are.
pub fn markdown(table: &[Measured], options: &Options) -> String {
    let mut text = String::new();
    let stores = options.stores.join(" | ");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| {} records | {stores} |", options.records);
    let _ = writeln!(text, "|---|{}", "---:|".repeat(options.stores.len()));
    for measured in table {
        let lines = measured.row.lines().iter().zip(&measured.figures);
        for ((name, unit), line) in lines {
            let ours = line.first().map_or(0.0, |rounds| median(rounds));
            let mut cells = Vec::new();
            for (store, rounds) in line.iter().enumerate() {
                let figure = median(rounds);
                cells.push(match store {
                    0 => format!("**{}** ±{:.0}%", unit.text(figure), 100.0 * spread(rounds)),
                    _ => format!("{} ({:.2}x)", unit.text(figure), figure / ours),
                });
            }
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
    }
    let clock = if options.cpu {
        "Reads are given in time that their thread ran."
    } else {
        ""
    };
    let first = options.stores.first().map_or("", String::as_str);
    let _ = write!(
        text,
        "\nLess is better. Medians of {} rounds, all stores in turn, each in a process of its own; \
         ± is half the\nspread of the rounds; (2x) is twice as much as {first}. Keys of 24 random \
         bytes, values of 150\nthat do not compress, caches of 256 MiB, no compression. {clock}\n",
        options.rounds
    );
    text
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Half the distance between the extremes, as a share of the median.
fn spread(rounds: &[f64]) -> f64 {
    let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rounds.iter().copied().fold(0.0, f64::max);
    (most - least) / 2.0 / median(rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_in_the_middle_of_odd_and_even_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(spread(&[1.0, 2.0, 3.0]), 0.5);
    }
}
