//! What the maintainers run beside the tests: `cargo xtask TASK`.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a program
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // with files of its own

mod coverage;
mod planted;
mod torture;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What the maintainers run beside the tests.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Torture(torture::Torture),
    Planted(planted::Planted),
    Coverage(coverage::Coverage),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Torture(torture) => torture.run(),
        Task::Planted(planted) => planted.run(),
        Task::Coverage(coverage) => coverage.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
