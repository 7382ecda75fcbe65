//! The side of a run that has the table: starts a worker for each store and goes round them.

use crate::options::Options;
use crate::peer::Outcome;
use crate::rows::{ROWS, Row};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The figures of one row: of each line, of each store, of each round.
#[derive(Debug)]
pub struct Measured {
    /// The row.
    pub row: Row,
    /// `figures[line][store][round]`; a store that failed has none.
    pub figures: Vec<Vec<Vec<f64>>>,
}

/// A process that has one store.
struct Worker {
    store: String,
    process: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(store: &str, options: &Options) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(options.worker_args(store))
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
        })
    }

    fn ask(&mut self, row: Row) -> Outcome<Vec<f64>> {
        writeln!(self.words, "{}", row.word())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let Some(figures) = answer.strip_prefix("ok ") else {
            return Err(format!("{}, {}: {}", self.store, row.word(), answer.trim()).into());
        };
        let figures = figures.split_whitespace().map(str::parse);
        Ok(figures.collect::<Result<_, _>>()?)
    }

    /// Ends its input, upon which it removes its files and ends.
    fn end(self) -> Outcome<()> {
        let mut process = self.process;
        drop(self.words);
        process.wait()?;
        Ok(())
    }
}

/// Measures every row that is asked for.
pub fn measure(options: &Options) -> Outcome<Vec<Measured>> {
    let stores = options.stores.iter();
    let workers: Outcome<Vec<_>> = stores.map(|s| Worker::start(s, options)).collect();
    let mut workers = workers?;
    let mut table = Vec::new();
    let wanted = |row: &&Row| row.lines().iter().any(|line| options.wants(line.0));
    for row in ROWS.iter().filter(wanted) {
        eprintln!("{}", row.lines()[0].0);
        table.push(measure_row(*row, &mut workers, options.rounds)?);
    }
    workers.into_iter().try_for_each(Worker::end)?;
    Ok(table)
}

fn measure_row(row: Row, workers: &mut [Worker], rounds: usize) -> Outcome<Measured> {
    let mut figures = vec![vec![Vec::new(); workers.len()]; row.lines().len()];
    for round in 0..rounds {
        for turn in 0..workers.len() {
            // Another store begins each round.
            let store = (turn + round) % workers.len();
            for (line, figure) in figures.iter_mut().zip(workers[store].ask(row)?) {
                line[store].push(figure);
            }
        }
    }
    for (line, (name, unit)) in figures.iter().zip(row.lines()) {
        for (worker, rounds) in workers.iter().zip(line) {
            let rounds: Vec<_> = rounds.iter().map(|f| unit.text(*f)).collect();
            eprintln!("  {name}: {:<10} {}", worker.store, rounds.join(", "));
        }
    }
    Ok(Measured { row, figures })
}
