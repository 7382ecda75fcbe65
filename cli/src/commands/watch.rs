//! `grain watch`: the writes of a running program, as they come.

use crate::database;
use crate::dumped;
use crate::failure::{Failure, Result};
use crate::forms::{Format, Forms};
use crate::log_follow::{Commit, Event, Follower, Look};
use crate::log_lines::{Line, Place};
use crate::log_names::{Known, Names};
use crate::output::{BAD, FAINT, NAME, Output};
use clap::Args;
use grainstore::inspect::LogOperation;
use serde_json::json;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait between two looks at the log.
const LOOK_EACH: Duration = Duration::from_millis(100);
/// How long to wait where the last one was doubtful.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Follows the writes of a running program: puts, deletes and removed ranges, commit by commit
///
/// It reads the log files, opens nothing and takes no lock, so the program may run or not. Writes
/// are seen once they reach the log; a power cut may still take those that were not synced. That a
/// record expires is no write and not shown, only the expiry that it was put with. Where the log
/// was trimmed before it could be read, a line tells that writes may have been missed. Names and
/// types of stores are read out of tables and log; keys that belong to no store that was found are
/// shown as bytes.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The folder of the database
    dir: PathBuf,
    /// Only the records of this store
    #[arg(long, short, value_name = "NAME")]
    store: Option<String>,
    /// Only keys that begin so: a JSON array of the first components, or the start of a text
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    prefix: Option<String>,
    /// Begins with what the log still holds, not with what comes now
    #[arg(long)]
    from_start: bool,
    /// Ends after so many operations; a commit is shown whole
    #[arg(long, short = 'n', value_name = "OPERATIONS")]
    limit: Option<u64>,
    /// Ends after so long, with exit code 0
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// How keys are typed and shown [default: json with a store, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    key_format: Option<Format>,
    /// How values are shown [default: by the codec of the store, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    value_format: Option<Format>,
}

/// What is shown, and how far it is.
struct Screen<'a> {
    watch: &'a Watch,
    output: &'a mut Output,
    names: Names,
    bare: Forms,
    bytes: Forms,
    shown: u64,
    damaged: u64,
    strangers: bool,
}

impl Watch {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let end = self.timeout.map(Duration::from_secs);
        let end = end.and_then(|span| Instant::now().checked_add(span));
        database::check_is_database(&self.dir)?;
        let hex = Some(Format::Hex);
        let bare_key = self.key_format.filter(|format| *format != Format::Json);
        let mut screen = Screen {
            watch: &self,
            output,
            names: Names::new(self.key_format, self.value_format),
            bare: Forms::new(None, bare_key, self.value_format)?,
            bytes: Forms::new(None, hex, hex)?,
            shown: 0,
            damaged: 0,
            strangers: false,
        };
        let mut follower = screen.catch_up()?;
        while self.limit.is_none_or(|limit| screen.shown < limit) {
            let look = follower.look(&mut |event| screen.tell(event))?;
            screen.output.finish()?;
            let now = Instant::now();
            if look == Look::Ended || end.is_some_and(|end| now >= end) {
                break;
            }
            let wait = if look == Look::Done {
                LOOK_EACH
            } else {
                LOOK_AGAIN
            };
            thread::sleep(end.map_or(wait, |end| wait.min(end - now)));
        }
        follower.finish(&mut |event| screen.tell(event))?;
        match screen.damaged {
            0 => Ok(()),
            places => Err(dumped::damaged(places)),
        }
    }
}

impl Screen<'_> {
    /// Finds the stores, and the place in the log to begin at.
    fn catch_up(&mut self) -> Result<Follower> {
        let dir = &self.watch.dir;
        let mut follower = Follower::new(dir);
        // The log first: what is trimmed of it meanwhile is in the tables by then.
        loop {
            let look = follower.look(&mut |event| match event {
                Event::Commit(commit) => self.names.take(&commit).map(|()| true),
                // It is told when it comes to it.
                _ if self.watch.from_start => Ok(true),
                event => self.tell(event),
            })?;
            if look != Look::Doubtful {
                break;
            }
            thread::sleep(LOOK_AGAIN);
        }
        self.names.read_tables(dir)?;
        if let Some(name) = &self.watch.store {
            let Some(known) = self.names.store(name) else {
                let hint = match self.names.stores().as_slice() {
                    [] => "no stores were found in its tables and log".to_owned(),
                    names => format!("the stores are {}", names.join(", ")),
                };
                return Err(Failure::absent(format!("there is no store {name:?}")).hint(hint));
            };
            self.scope_of(Some(known))?;
        } else if self.watch.prefix.is_some() && !self.names.stores().is_empty() {
            let failure = Failure::usage("a prefix is one of the keys of a store");
            return Err(failure.hint("name the store with --store"));
        }
        if self.watch.from_start {
            follower = Follower::new(dir);
        }
        let dir = dir.display();
        self.output
            .remark(format_args!("following {dir}; Ctrl-C ends it"));
        Ok(follower)
    }

    fn tell(&mut self, event: Event) -> Result<bool> {
        let is_json = self.output.is_json();
        match event {
            Event::Commit(commit) => {
                self.names.take(&commit)?;
                self.commit(&commit)?;
                return Ok(self.watch.limit.is_none_or(|limit| self.shown < limit));
            }
            Event::Missed { after, before } if is_json => {
                let document = json!({ "missed": { "after": after, "before": before } });
                self.output.document(&document)?;
            }
            Event::Missed { after, before } => {
                let after = after.map_or_else(String::new, |n| format!(" after {n}"));
                let before = before.map_or_else(String::new, |n| format!(" before {n}"));
                let text = format!(
                    "missed  the log was trimmed before it was read: writes{after}{before} may be \
                     missing here"
                );
                self.output.line(self.output.paint(BAD, text))?;
            }
            Event::Damage(damage) => {
                self.damaged += 1;
                if is_json {
                    let document = json!({ "damage": dumped::damage_document(&damage) });
                    self.output.document(&document)?;
                } else {
                    let text = self.output.paint(BAD, format_args!("damage  {damage}"));
                    self.output.line(text)?;
                }
            }
            Event::Unreadable { file, offset } => {
                let file = file.display().to_string();
                if is_json {
                    let place = json!({ "file": file, "offset": offset });
                    self.output.document(&json!({ "unreadable": place }))?;
                } else {
                    let text = format!(
                        "unreadable  {file} at {offset}: others follow, but none says that it was \
                         durable; an open would end the log here, and so does this"
                    );
                    self.output.line(self.output.paint(BAD, text))?;
                }
            }
        }
        Ok(true)
    }

    fn commit(&mut self, commit: &Commit) -> Result<()> {
        let mut lines: Vec<Line> = Vec::new();
        for operation in &commit.operations {
            lines.extend(self.operation(operation)?);
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.shown += lines.len() as u64;
        let Commit {
            sequence, time_ms, ..
        } = commit;
        if self.output.is_json() {
            let parts: Vec<&str> = lines.iter().map(|line| line.json.as_str()).collect();
            return self.output.line(format_args!(
                "{{\"sequence\":{sequence},\"time_ms\":{time_ms},\"operations\":[{}]}}",
                parts.join(",")
            ));
        }
        let indent = if lines.len() > 1 { "  " } else { "" };
        if lines.len() > 1 {
            let (count, time) = (lines.len(), dumped::time(*time_ms));
            let about = format!("at {sequence}, {count} operations, {time}");
            let about = self.output.paint(FAINT, about);
            let name = self.output.paint(NAME, "commit");
            self.output.line(format_args!("{name}  {about}"))?;
        }
        for line in lines {
            self.output.line(format_args!("{indent}{}", line.text))?;
        }
        Ok(())
    }

    /// The engine keys that are asked for: what they begin with.
    fn scope_of(&self, known: Option<&Known>) -> Result<Vec<u8>> {
        let forms = known.map_or(&self.bare, |known| &known.forms);
        let mut scope = known.map_or_else(Vec::new, |known| known.key_start.clone());
        if let Some(prefix) = &self.watch.prefix {
            scope.extend(forms.parse_prefix(prefix)?);
        }
        Ok(scope)
    }

    /// The operation, where it is asked for.
    fn operation(&mut self, operation: &LogOperation) -> Result<Option<Line>> {
        let (LogOperation::Put { key, .. }
        | LogOperation::Delete { key, .. }
        | LogOperation::DeleteRange { start: key, .. }) = operation
        else {
            return Ok(None); // of a newer release of the library
        };
        let wanted = match &self.watch.store {
            None => None,
            Some(name) => match self.names.store(name) {
                None => return Ok(None), // it was dropped
                known => known,
            },
        };
        let scope = self.scope_of(wanted)?;
        let matches = match operation {
            LogOperation::DeleteRange { start, end, .. } => {
                *end > scope && (*start <= scope || start.starts_with(&scope))
            }
            _ => key.starts_with(&scope),
        };
        if !matches {
            return Ok(None);
        }
        let known = wanted.or_else(|| self.names.of_key(key));
        let is_bare = self.names.stores().is_empty();
        let is_stranger = known.is_none() && !is_bare && key.first() != Some(&0);
        let forms = match known {
            Some(known) => &known.forms,
            None if is_bare => &self.bare,
            None => &self.bytes,
        };
        let line = Place { known, forms }.line(self.output, operation);
        if is_stranger && !std::mem::replace(&mut self.strangers, true) {
            let text = "some keys belong to no store that tables and log tell; shown as bytes";
            self.output.remark(text);
        }
        Ok(line)
    }
}
