//! The arguments of `grain`: what all commands share, and the list of commands.
//!
//! Each command is a file in `commands/` with a struct of its own arguments and a `run`; a new one
//! is a file there, a line in [`Command`] and a line in [`Command::run`].

use crate::commands::bench::Bench;
use crate::commands::checkpoint::Checkpoint;
use crate::commands::compact::Compact;
use crate::commands::count::Count;
use crate::commands::del::Del;
use crate::commands::diag::Diag;
use crate::commands::drop_store::DropStore;
use crate::commands::dump_manifest::DumpManifest;
use crate::commands::dump_sstable::DumpSstable;
use crate::commands::dump_wal::DumpWal;
use crate::commands::export::Export;
use crate::commands::flush::Flush;
use crate::commands::get::Get;
use crate::commands::import::Import;
use crate::commands::init::Init;
use crate::commands::put::Put;
use crate::commands::repair::Repair;
use crate::commands::restore::Restore;
use crate::commands::scan::Scan;
#[cfg(feature = "metrics")]
use crate::commands::serve_metrics::ServeMetrics;
use crate::commands::stats::Stats;
use crate::commands::stores::Stores;
use crate::commands::ttl::TimeToLive;
use crate::commands::verify::Verify;
use crate::commands::watch::Watch;
use crate::failure::Failure;
use crate::output::{ColorWhen, Output};
use clap::{Parser, Subcommand};

/// Looks into grainstore databases and changes them.
///
/// DIR is the folder of a database. One process has a database open at a time: while a program
/// runs, `grain` says so and does nothing, but for `watch`, which follows it. Opening recovers
/// after a crash, for reading commands too; nothing else changes a database but the commands that
/// say so.
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
    Bench(Bench),
    Checkpoint(Checkpoint),
    Compact(Compact),
    Count(Count),
    Del(Del),
    Diag(Diag),
    DropStore(DropStore),
    DumpManifest(DumpManifest),
    DumpSstable(DumpSstable),
    DumpWal(DumpWal),
    Export(Export),
    Flush(Flush),
    Get(Get),
    Import(Import),
    Init(Init),
    Put(Put),
    Repair(Repair),
    Restore(Restore),
    Scan(Scan),
    #[cfg(feature = "metrics")]
    ServeMetrics(ServeMetrics),
    Stats(Stats),
    Stores(Stores),
    Ttl(TimeToLive),
    Verify(Verify),
    Watch(Watch),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Bench(command) => command.run(output),
            Self::Checkpoint(command) => command.run(output),
            Self::Compact(command) => command.run(output),
            Self::Count(command) => command.run(output),
            Self::Del(command) => command.run(output),
            Self::Diag(command) => command.run(output),
            Self::DropStore(command) => command.run(output),
            Self::DumpManifest(command) => command.run(output),
            Self::DumpSstable(command) => command.run(output),
            Self::DumpWal(command) => command.run(output),
            Self::Export(command) => command.run(output),
            Self::Flush(command) => command.run(output),
            Self::Get(command) => command.run(output),
            Self::Import(command) => command.run(output),
            Self::Init(command) => command.run(output),
            Self::Put(command) => command.run(output),
            Self::Repair(command) => command.run(output),
            Self::Restore(command) => command.run(output),
            Self::Scan(command) => command.run(output),
            #[cfg(feature = "metrics")]
            Self::ServeMetrics(command) => command.run(output),
            Self::Stats(command) => command.run(output),
            Self::Stores(command) => command.run(output),
            Self::Ttl(command) => command.run(output),
            Self::Verify(command) => command.run(output),
            Self::Watch(command) => command.run(output),
        }
    }
}
