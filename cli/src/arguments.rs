//! The arguments of `grain`: what all commands share, and the list of commands.
//!
//! Each command is a file in `commands/` with a struct of its own arguments and a `run`; a new one
//! is a file there, a line in [`Command`] and a line in [`Command::run`].

use crate::commands::stores::Stores;
use crate::failure::Failure;
use crate::output::{ColorWhen, Output};
use clap::{Parser, Subcommand};

/// Looks into grainstore databases and changes them.
///
/// DIR is the folder of a database. One process has a database open at a time: while a program
/// runs, `grain` says so and does nothing. Opening recovers after a crash, for reading commands
/// too; nothing else changes a database but the commands that say so.
#[derive(Debug, Parser)]
#[command(name = "grain", version, max_term_width = 100, after_help = crate::failure::EXIT_CODES)]
pub(crate) struct Arguments {
    /// Writes JSON, one document a line, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours; `auto` heeds NO_COLOR and uses none outside of a terminal
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: ColorWhen,
    /// No progress, no remarks: results and errors alone
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `grain` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Stores(Stores),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Stores(command) => command.run(output),
        }
    }
}
