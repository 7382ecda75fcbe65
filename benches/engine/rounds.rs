//! Rows of a table, measured in rounds that go round all rows, and the table.
//!
//! A row takes its own time, so that it can leave out what it prepares.

use crate::plan::Plan;
use std::time::{Duration, Instant};

/// Errors are told and end the run; nobody looks into them.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number of a round → the time that the row's operations took.
type Run<'r> = Box<dyn FnMut(u64) -> Outcome<Duration> + 'r>;

/// The rows of one table.
pub struct Rows<'r> {
    plan: &'r Plan,
    title: &'static str,
    rows: Vec<Row<'r>>,
    /// A row, and the rows that its time is set against.
    beyond: Vec<(&'static str, &'static [&'static str])>,
}

struct Row<'r> {
    name: String,
    operations: u64,
    run: Run<'r>,
    rounds: Vec<f64>,
}

impl<'r> Rows<'r> {
    /// No rows yet.
    pub fn new(plan: &'r Plan, title: &'static str) -> Self {
        let (rows, beyond) = (Vec::new(), Vec::new());
        Self {
            plan,
            title,
            rows,
            beyond,
        }
    }

    /// Also prints what `row` takes beyond `parts` together: the median of what each round says.
    pub fn beyond(&mut self, row: &'static str, parts: &'static [&'static str]) {
        self.beyond.push((row, parts));
    }

    /// A row that times all that `run` does.
    pub fn add(&mut self, name: &str, operations: u64, run: impl FnMut(u64) -> Outcome<()> + 'r) {
        let mut run = run;
        self.add_timed(name, operations, move |round| {
            let start = Instant::now();
            run(round)?;
            Ok(start.elapsed())
        });
    }

    /// A row that takes its time itself.
    pub fn add_timed(
        &mut self,
        name: &str,
        operations: u64,
        run: impl FnMut(u64) -> Outcome<Duration> + 'r,
    ) {
        if self.plan.wants(name) {
            self.rows.push(Row {
                name: name.to_owned(),
                operations,
                run: Box::new(run),
                rounds: Vec::new(),
            });
        }
    }

    /// True where no row is asked for.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Runs all rounds and prints the table.
    pub fn measure(mut self) -> Outcome<()> {
        if self.is_empty() {
            return Ok(());
        }
        for round in 0..self.plan.rounds {
            for row in &mut self.rows {
                let time = (row.run)(round).map_err(|e| format!("{}: {e}", row.name))?;
                row.rounds
                    .push(time.as_nanos() as f64 / row.operations as f64);
            }
        }
        println!(
            "{:<44} {:>12} {:>6} {:>14}",
            self.title, "ns/op", "±", "op/s"
        );
        let differences = self.differences();
        for row in &mut self.rows {
            row.rounds.sort_by(f64::total_cmp);
            let median = row.rounds[row.rounds.len() / 2];
            let ends = [row.rounds.first(), row.rounds.last()].map(|end| end.map_or(0.0, |e| *e));
            let spread = (ends[1] - ends[0]) / 2.0 / median * 100.0;
            let (name, per_second) = (&row.name, 1e9 / median);
            println!("{name:<44} {median:>12.1} {spread:>5.0}% {per_second:>14.0}");
        }
        for line in differences {
            println!("{line}");
        }
        println!();
        Ok(())
    }

    /// A line for each comparison whose rows were all asked for.
    fn differences(&self) -> Vec<String> {
        let rounds = |name: &str| Some(&self.rows.iter().find(|row| row.name == name)?.rounds);
        let line = |(name, parts): &(&str, &[&str])| {
            let row = rounds(name)?;
            let parts_rounds: Option<Vec<_>> = parts.iter().map(|part| rounds(part)).collect();
            let parts_rounds = parts_rounds?;
            let base = |round: usize| parts_rounds.iter().map(|part| part[round]).sum::<f64>();
            let mut beyond: Vec<_> = (0..row.len()).map(|r| row[r] - base(r)).collect();
            let mut ratios: Vec<_> = (0..row.len()).map(|r| row[r] / base(r)).collect();
            beyond.sort_by(f64::total_cmp);
            ratios.sort_by(f64::total_cmp);
            let (middle, parts) = (row.len() / 2, parts.join(" + "));
            let (beyond, ratio) = (beyond[middle], ratios[middle]);
            Some(format!(
                "{name} beyond {parts}: {beyond:+.0} ns ({ratio:.2}x)"
            ))
        };
        self.beyond.iter().filter_map(line).collect()
    }
}

/// An error where a row did not find what it should.
pub fn expect(found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("found {found} records, not {wanted}").into())
}
