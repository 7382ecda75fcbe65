//! What a command says: text for people, or JSON for programs.
//!
//! Results go to the standard output, remarks and errors to the standard error, so that a pipe
//! carries results alone. Colours appear where `--color` and the terminal take them. A reader that
//! closes the pipe early ends the command quietly. Used by one thread.

use crate::failure::{Failure, Result};
use crate::forms::Forms;
use crate::records::Record;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::ExitCode;

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The names of things: keys, stores, figures.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// What is there but matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Where a command writes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    /// Whether the standard output takes colours.
    color: bool,
    /// Whether the standard error does.
    error_color: bool,
    out: BufWriter<Stdout>,
}

impl Output {
    /// The streams of this process.
    pub(crate) fn new(json: bool, color: ColorWhen, quiet: bool) -> Self {
        let takes_color = |auto: anstream::ColorChoice| match color {
            ColorWhen::Auto => auto != anstream::ColorChoice::Never,
            ColorWhen::Always => true,
            ColorWhen::Never => false,
        };
        Self {
            json,
            quiet,
            color: takes_color(anstream::AutoStream::choice(&io::stdout())),
            error_color: takes_color(anstream::AutoStream::choice(&io::stderr())),
            out: BufWriter::with_capacity(64 << 10, io::stdout()),
        }
    }

    /// True where programs read along.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// True where a progress bar has somebody to look at it.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    /// `text` in this style, where colours are used.
    pub(crate) fn paint(&self, style: Style, text: impl Display) -> String {
        paint(self.color, style, text)
    }

    /// A line of the result.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.out, "{text}").map_err(|e| cannot_write(&e))
    }

    /// A JSON document of the result, on a line of its own.
    pub(crate) fn document(&mut self, document: &Value) -> Result<()> {
        self.line(document)
    }

    /// A record as a JSON document.
    pub(crate) fn record(&mut self, forms: &Forms, key: &[u8], record: &Record) -> Result<()> {
        let key = forms.show_key(key).field("key");
        let value = forms.show_value(&record.value).field("value");
        let number = |number: Option<u64>| number.map_or("null".to_owned(), |n| n.to_string());
        let (version, expiry) = (number(record.version), number(record.expires_at_ms));
        self.line(format_args!(
            "{{{key},{value},\"version\":{version},\"expires_at_ms\":{expiry}}}"
        ))
    }

    /// Bytes of the result, as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| cannot_write(&e))
    }

    /// What was done: a document for programs, else a line, left out where only results count.
    pub(crate) fn done(&mut self, text: impl Display, document: &Value) -> Result<()> {
        match (self.json, self.quiet) {
            (true, _) => self.document(document),
            (false, true) => Ok(()),
            (false, false) => self.line(text),
        }
    }

    /// A remark beside the result.
    pub(crate) fn remark(&mut self, text: impl Display) {
        if !self.quiet && !self.json {
            let _ = writeln!(io::stderr(), "{}", paint(self.error_color, FAINT, text));
        }
    }

    /// Writes out what is buffered.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| cannot_write(&e))
    }

    /// Tells of a failure and answers its exit code.
    pub(crate) fn fail(&mut self, failure: &Failure) -> ExitCode {
        let _ = self.finish(); // what was found before it failed
        let code = ExitCode::from(failure.code);
        if failure.code == 0 {
            return code;
        }
        let Failure { what, hint, .. } = failure;
        let text = if self.json {
            json!({ "error": {
                "kind": failure.kind, "what": what, "hint": hint, "exit_code": failure.code,
            }})
            .to_string()
        } else {
            let mark = paint(self.error_color, BAD, "error:");
            match hint.as_str() {
                "" => format!("{mark} {what}"),
                hint => {
                    let label = paint(self.error_color, GOOD, "hint:");
                    format!("{mark} {what}\n{label} {hint}")
                }
            }
        };
        let _ = writeln!(io::stderr(), "{text}");
        code
    }
}

/// As a writer of bytes of the result.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn paint(color: bool, style: Style, text: impl Display) -> String {
    match color {
        true => format!("{style}{text}{style:#}"),
        false => text.to_string(),
    }
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::io("cannot write the result", error)
}
