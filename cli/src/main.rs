//! `grain`, the command line of grainstore.
//!
//! Reads its arguments, runs one command, and answers with an exit code that [`failure`] lists.
//! What a command says goes through [`output`], once for people and once as JSON. It is a program
//! of its own: it reaches the disk, the clock and the terminal directly, and the database through
//! the public interface of the library alone.

// The doors of the library are not those of this program.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod arguments;
mod commands;
mod database;
mod dumped;
mod failure;
mod fields;
mod forms;
mod hex;
mod json_tree;
mod key_json;
mod log_follow;
mod log_lines;
mod log_names;
mod message_pack;
mod output;
mod progress;
mod records;
mod rows;
mod store_types;
mod time_text;

use crate::arguments::Arguments;
use crate::output::Output;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version arrive here, too; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE));
        }
    };
    let mut output = Output::new(arguments.json, arguments.color, arguments.quiet);
    let done = arguments.command.run(&mut output);
    match done.and_then(|()| output.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.fail(&failure),
    }
}
