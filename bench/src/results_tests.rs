//! Tests of what merging keeps and replaces.

use super::*;

fn run(command: &str) -> Run {
    Run {
        date: "2026-11-01".to_owned(),
        command: command.to_owned(),
        minutes: 1.0,
        processor: "a processor".to_owned(),
        cores: 2,
        memory_gibibytes: 16.0,
        kernel: "6.1".to_owned(),
        file_system: "ext4".to_owned(),
        cpu: false,
        versions: BTreeMap::new(),
    }
}

fn line(word: &str, scale: &str, stores: &[(&str, f64)]) -> Measured {
    let cell = |figure: f64| Cell {
        run: 0,
        rounds: vec![figure],
    };
    Measured {
        group: Group::Core,
        word: word.to_owned(),
        order: 0,
        at: 0,
        name: word.to_owned(),
        unit: Unit::Nanoseconds,
        scale: scale.to_owned(),
        cells: stores
            .iter()
            .map(|(store, figure)| ((*store).to_owned(), cell(*figure)))
            .collect(),
    }
}

fn results(command: &str, lines: Vec<Measured>) -> Results {
    Results {
        runs: vec![run(command)],
        lines,
        failures: Vec::new(),
    }
}

#[test]
fn median_is_in_the_middle_of_odd_and_even_counts() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(spread(&[1.0, 2.0, 3.0]), 0.5);
    assert_eq!(spread(&[0.0, 0.0]), 0.0);
}

#[test]
fn a_newer_run_replaces_its_own_cells_and_keeps_the_others() {
    let old = line("get", "10 records", &[("grainstore", 1.0), ("redb", 2.0)]);
    let mut merged = results("first", vec![old]);
    let new = line("get", "10 records", &[("redb", 3.0), ("rocksdb", 4.0)]);
    merged.merge(results("second", vec![new]));
    let line = &merged.lines[0];
    assert_eq!(line.median("grainstore"), Some(1.0));
    assert_eq!(line.median("redb"), Some(3.0));
    assert_eq!(line.median("rocksdb"), Some(4.0));
    let runs: Vec<_> = line.cells.values().map(|cell| cell.run).collect();
    assert_eq!(runs, [0, 1, 1]);
}

#[test]
fn figures_of_another_scale_go_and_so_do_runs_that_nothing_is_of() {
    let old = line("get", "10 records", &[("grainstore", 1.0), ("redb", 2.0)]);
    let mut merged = results("first", vec![old]);
    let new = line("get", "20 records", &[("grainstore", 5.0)]);
    merged.merge(results("second", vec![new]));
    assert_eq!(merged.lines.len(), 1);
    assert_eq!(merged.lines[0].median("redb"), None);
    assert_eq!(merged.runs.len(), 1);
    assert_eq!(merged.runs[0].command, "second");
    assert_eq!(merged.lines[0].cells["grainstore"].run, 0);
}

#[test]
fn a_failure_goes_when_the_row_is_answered_later() {
    let mut merged = results("first", Vec::new());
    merged.failures.push(Failure {
        group: Group::Core,
        word: "get".to_owned(),
        store: "redb".to_owned(),
        error: "no room".to_owned(),
    });
    merged.merge(results("second", vec![line("get", "", &[("heed", 1.0)])]));
    assert_eq!(merged.failures.len(), 1);
    merged.merge(results("third", vec![line("get", "", &[("redb", 1.0)])]));
    assert!(merged.failures.is_empty());
}

#[test]
fn results_that_were_saved_read_back() -> Outcome<()> {
    let path = std::env::temp_dir().join(format!("grainstore-results-{}", std::process::id()));
    let saved = results("first", vec![line("get", "", &[("heed", 1.5)])]);
    saved.save(&path)?;
    let read = Results::read(&path)?;
    assert_eq!((read.runs, read.lines), (saved.runs, saved.lines));
    std::fs::write(&path, "{}")?;
    assert!(Results::read(&path).is_err());
    Ok(std::fs::remove_file(&path)?)
}
