//! The side of a run that has the tables: starts a worker for each store and goes round them, group
//! after group.

use crate::command::Options;
use crate::groups::{Group, rows};
use crate::machine;
use crate::peer::Outcome;
use crate::results::{Cell, Failure, Measured, Results};
use crate::row::{Line, Row};
use crate::worker::Job;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// A process that has the stores of one kind.
struct Worker {
    store: String,
    process: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    is_dead: bool,
}

impl Worker {
    fn start(store: &str, group: Group, options: &Options) -> Outcome<Self> {
        let dir = std::path::absolute(&options.dir)?;
        let job = Job {
            store: store.to_owned(),
            group,
            dir: dir.join(store),
            scale: options.scale(),
            cpu: options.cpu,
            is_victim: false,
        };
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--work", &serde_json::to_string(&job)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let words = process.stdin.take().ok_or("a worker has no input")?;
        let answers = process.stdout.take().ok_or("a worker has no output")?;
        Ok(Self {
            store: store.to_owned(),
            process,
            words,
            answers: BufReader::new(answers),
            is_dead: false,
        })
    }

    fn ask(&mut self, row: &Row) -> Outcome<Vec<f64>> {
        let mut answer = String::new();
        let asked = writeln!(self.words, "{}", row.word);
        let is_answered = asked.is_ok() && self.answers.read_line(&mut answer)? > 0;
        if !is_answered {
            self.is_dead = true;
            return Err("the process has ended".into());
        }
        let Some(figures) = answer.strip_prefix("ok ") else {
            return Err(answer.trim().trim_start_matches("failed ").into());
        };
        let figures = figures.split_whitespace().map(str::parse);
        let figures = figures.collect::<Result<Vec<f64>, _>>()?;
        match figures.len() == row.lines.len() {
            true => Ok(figures),
            false => Err(format!("{} figures for {}", figures.len(), row.word).into()),
        }
    }

    /// Ends its input, upon which it removes its files and ends.
    fn end(self) -> Outcome<()> {
        let mut process = self.process;
        drop(self.words);
        process.wait()?;
        Ok(())
    }
}

/// Names every row that would be measured.
pub fn list(options: &Options) -> Outcome<()> {
    for group in options.groups() {
        let stores = options.stores(group)?.join(", ");
        println!(
            "{} ({} rounds; {stores})",
            group.word(),
            options.rounds(group)
        );
        for (_, row) in wanted_rows(group, options) {
            for line in &row.lines {
                println!("  {} [{}]", line.name, row.scale);
            }
        }
    }
    Ok(())
}

/// The rows that are asked for, each with its place among all rows of the group.
fn wanted_rows(group: Group, options: &Options) -> Vec<(usize, Row)> {
    let wanted = |line: &Line| options.wants(&line.name);
    let rows = rows(group, options.scale()).into_iter().enumerate();
    rows.filter(|(_, row)| row.lines.iter().any(wanted))
        .collect()
}

/// Measures every row that is asked for.
pub fn measure(options: &Options) -> Outcome<Results> {
    let start = Instant::now();
    let mut results = Results::default();
    for group in options.groups() {
        let rows = wanted_rows(group, options);
        let stores = options.stores(group)?;
        if rows.is_empty() || stores.is_empty() {
            continue;
        }
        let began = Instant::now();
        measure_group(group, &rows, &stores, options, &mut results)?;
        let seconds = began.elapsed().as_secs();
        eprintln!("{}: {seconds} s", group.word());
    }
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    results.runs.push(machine::run(options, minutes)?);
    Ok(results)
}

fn measure_group(
    group: Group,
    rows: &[(usize, Row)],
    stores: &[String],
    options: &Options,
    results: &mut Results,
) -> Outcome<()> {
    let workers = stores.iter().map(|s| Worker::start(s, group, options));
    let mut workers = workers.collect::<Outcome<Vec<_>>>()?;
    for (order, row) in rows {
        eprintln!("{}: {}", group.word(), row.lines[0].name);
        let figures = measure_row(row, &mut workers, options.rounds(group), |store, error| {
            eprintln!("  {store} failed: {error}");
            results.failures.push(Failure {
                group,
                word: row.word.clone(),
                store: store.to_owned(),
                error: error.to_owned(),
            });
        });
        for (at, (line, figures)) in row.lines.iter().zip(figures).enumerate() {
            let cells = workers.iter().zip(figures).filter_map(|(worker, rounds)| {
                let told: Vec<_> = rounds.iter().map(|f| line.unit.text(*f)).collect();
                eprintln!("  {}: {:<10} {}", line.name, worker.store, told.join(", "));
                let rounds: Vec<_> = rounds.into_iter().filter(|f| f.is_finite()).collect();
                let is_there = !rounds.is_empty();
                is_there.then(|| (worker.store.clone(), Cell { run: 0, rounds }))
            });
            results.lines.push(Measured {
                group,
                word: row.word.clone(),
                order: *order,
                at,
                name: line.name.clone(),
                unit: line.unit,
                scale: row.scale.clone(),
                cells: cells.collect(),
            });
        }
    }
    workers.into_iter().try_for_each(Worker::end)
}

/// The figures of each line, of each store, of each round; `failed` is told of the others.
fn measure_row(
    row: &Row,
    workers: &mut [Worker],
    rounds: usize,
    mut failed: impl FnMut(&str, &str),
) -> Vec<Vec<Vec<f64>>> {
    let mut figures = vec![vec![Vec::new(); workers.len()]; row.lines.len()];
    let mut is_out = vec![false; workers.len()];
    for round in 0..rounds {
        for turn in 0..workers.len() {
            // Another store begins each round.
            let store = (turn + round) % workers.len();
            let worker = &mut workers[store];
            if is_out[store] || worker.is_dead {
                continue;
            }
            match worker.ask(row) {
                Ok(answer) => {
                    for (line, figure) in figures.iter_mut().zip(answer) {
                        line[store].push(figure);
                    }
                }
                Err(error) => {
                    is_out[store] = true;
                    failed(&worker.store, &error.to_string());
                }
            }
        }
    }
    figures
}
