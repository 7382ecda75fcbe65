//! The text around the tables: a template with markers, each on a line of its own.
//!
//! ```text
//! {{summary}}          in how many lines grainstore is first
//! {{runs}}             the runs that the figures are of
//! {{failures}}         the rows that a store did not answer
//! {{table GROUP}}      the table of a group
//! {{not-first GROUP}}  its lines that a peer wins
//! {{plot GROUP}}       its picture, where there is one
//! ```
//!
//! A marker that is none of these is an error, and so is a group without its table.

use super::table::{table, title};
use super::verdict::{not_first, summary};
use crate::groups::Group;
use crate::peer::Outcome;
use crate::results::{Results, Run};
use clap::ValueEnum;
use std::fmt::Write;

/// What stands around the figures.
pub const TEMPLATE: &str = include_str!("../../performance.md");

/// Fills the markers. `plots` has the groups with a picture, and where each lies.
pub fn fill(template: &str, results: &Results, plots: &[(Group, String)]) -> Outcome<String> {
    let mut text = String::new();
    for line in template.lines() {
        let marker = line.strip_prefix("{{").and_then(|l| l.strip_suffix("}}"));
        match marker {
            Some(marker) => text.push_str(&filled(marker, results, plots)?),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    // What is empty leaves no gap.
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn filled(marker: &str, results: &Results, plots: &[(Group, String)]) -> Outcome<String> {
    let (what, of) = marker.split_once(' ').unwrap_or((marker, ""));
    let group = || Group::from_str(of, false).map_err(|_| format!("no group is called {of}"));
    Ok(match what {
        "summary" => summary(results),
        "runs" => runs(results),
        "failures" => failures(results),
        "table" => table(results, group()?),
        "not-first" => not_first(results, group()?),
        "plot" => {
            let group = group()?;
            let plot = plots.iter().find(|(of, _)| *of == group);
            plot.map_or_else(String::new, |(_, place)| format!("![{of}]({place})\n"))
        }
        _ => return Err(format!("the template has an unknown marker {marker}").into()),
    })
}

fn runs(results: &Results) -> String {
    let mut text = String::new();
    for (number, run) in results.runs.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", told(run, &stores_of(results, number)));
    }
    text
}

/// The stores with figures of a run.
fn stores_of(results: &Results, run: usize) -> Vec<&str> {
    let cells = results.lines.iter().flat_map(|line| &line.cells);
    let mut stores: Vec<_> = cells
        .filter(|(_, cell)| cell.run == run)
        .map(|(store, _)| store.as_str())
        .collect();
    stores.sort_unstable();
    stores.dedup();
    stores
}

fn told(run: &Run, stores: &[&str]) -> String {
    let stores = stores.iter().map(|store| {
        let version = run.versions.get(*store).map_or("", String::as_str);
        format!("{} {version}", title(store)).trim().to_owned()
    });
    let clock = if run.cpu {
        "; reads in time that their thread ran"
    } else {
        ""
    };
    format!(
        "- {}, {:.0} minutes: `cargo run --release --manifest-path bench/Cargo.toml -- {}`\n  \
         on {} cores ({}), {:.0} GiB of memory, Linux {}, {}{clock}; {}\n",
        run.date,
        run.minutes,
        run.command,
        run.cores,
        run.processor,
        run.memory_gibibytes,
        run.kernel,
        run.file_system,
        stores.collect::<Vec<_>>().join(", "),
    )
}

fn failures(results: &Results) -> String {
    if results.failures.is_empty() {
        return String::new();
    }
    let mut text = "Rows without an answer:\n\n".to_owned();
    for failure in &results.failures {
        let (group, store) = (failure.group.word(), title(&failure.store));
        let _ = writeln!(
            text,
            "- {group}, {}: {store}: {}",
            failure.word, failure.error
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::sample;
    use super::*;

    #[test]
    fn the_template_has_the_table_of_every_group_and_no_unknown_marker() -> Outcome<()> {
        for group in Group::ALL {
            let table = format!("\n{{{{table {}}}}}\n", group.word());
            assert!(TEMPLATE.contains(&table), "{table}");
        }
        let text = fill(TEMPLATE, &sample(), &[(Group::Core, "a.svg".to_owned())])?;
        assert!(!text.contains("{{"), "{text}");
        assert!(text.contains("![core](a.svg)"));
        assert!(text.contains("redb 4.4.0"));
        Ok(())
    }

    #[test]
    fn an_unknown_marker_is_an_error() {
        assert!(fill("{{nonsense}}", &sample(), &[]).is_err());
        assert!(fill("{{table nonsense}}", &sample(), &[]).is_err());
    }
}
