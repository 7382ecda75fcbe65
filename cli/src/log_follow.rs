//! Follows the log of a database that another process writes: commit by commit, without a lock.
//!
//! The log is files in a folder, looked at again and again. A segment may be trimmed, renamed and
//! written over between two looks, and a record may be half written during one; so a record counts
//! when its checksums, which cover segment and place, say so, and damage counts when a second look
//! finds it again. What was trimmed before it was read is told as missed. One commit is in memory
//! at a time. For one thread.

use crate::failure::{Failure, Result};
use grainstore::inspect::{self, Damage, LogItem, LogOperation, LogPlace};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A whole look where nothing seems to have come is taken each so many: the place of a record that
/// was damaged looks like that of one that has not come.
const LOOKS_QUIET_MAX: u32 = 20;

/// Where the first record of a segment begins.
const FIRST_RECORD_AT: u64 = 24;

/// A commit with all its operations.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) sequence: u64,
    pub(crate) time_ms: u64,
    pub(crate) operations: Vec<LogOperation>,
    count: u32,
    end: u64,
}

/// What following tells.
#[derive(Debug)]
pub(crate) enum Event {
    Commit(Commit),
    /// The log was trimmed before it was read: what lies between these sequence numbers may be
    /// missing.
    Missed {
        after: Option<u64>,
        before: Option<u64>,
    },
    Damage(Damage),
    /// A record cannot be read, others follow, and nothing says that any was ever durable.
    Unreadable {
        file: PathBuf,
        offset: u64,
    },
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// All that is there was told.
    Done,
    /// Something is doubtful; look again soon.
    Doubtful,
    /// The reader has enough.
    Ended,
}

enum Segment {
    Sealed,
    Gone,
    Read(Look),
}

/// Takes an event and says whether to go on.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(Event) -> Result<bool>;

/// A place in the log.
#[derive(Debug)]
pub(crate) struct Follower {
    dir: PathBuf,
    number: Option<u64>,
    offset: u64,
    /// The last sequence number that was told.
    sequence: Option<u64>,
    /// True where a segment went before its end was read.
    gap: bool,
    doubts: BTreeSet<u64>,
    told: BTreeSet<u64>,
    quiet: u32,
}

impl Follower {
    /// At the start of what the log of the database in `dir` still holds.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            number: None,
            offset: 0,
            sequence: None,
            gap: false,
            doubts: BTreeSet::new(),
            told: BTreeSet::new(),
            quiet: LOOKS_QUIET_MAX,
        }
    }

    /// Tells what has come since the last look.
    pub(crate) fn look(&mut self, tell: Tell<'_>) -> Result<Look> {
        loop {
            let numbers = self.segments()?;
            let wanted = self.number.unwrap_or(0);
            let Some(&number) = numbers.range(wanted..).next() else {
                return Ok(Look::Done);
            };
            if self.number != Some(number) {
                self.gap |= self.number.is_some();
                self.begin(number);
            }
            // A segment is sealed before the next one takes a record.
            let next = numbers.range(number + 1..).next().copied();
            let is_over = next.is_some_and(|next| {
                let path = self.dir.join(file_name(next));
                begins_record(&path, FIRST_RECORD_AT, next).unwrap_or(false)
            });
            match self.segment(number, next.is_some(), tell)? {
                Segment::Read(Look::Done) if is_over => {
                    self.gap = true; // its seal cannot be read, nor what may stand before that
                    self.begin(number + 1);
                }
                Segment::Sealed => self.begin(number + 1),
                Segment::Gone => {
                    self.gap = true;
                    self.begin(number + 1);
                }
                Segment::Read(look) => return Ok(look),
            }
        }
    }

    /// At the end: a gap behind which nothing came is told, too.
    pub(crate) fn finish(&mut self, tell: Tell<'_>) -> Result<()> {
        if std::mem::take(&mut self.gap) {
            let (after, before) = (self.sequence, None);
            tell(Event::Missed { after, before })?;
        }
        Ok(())
    }

    fn begin(&mut self, number: u64) {
        (self.number, self.offset) = (Some(number), 0);
        self.doubts.clear();
        self.told.clear();
        self.quiet = LOOKS_QUIET_MAX;
    }

    fn segments(&self) -> Result<BTreeSet<u64>> {
        let refused = |error| {
            let doing = format!("cannot list {}", self.dir.display());
            Failure::io(doing, &error)
        };
        let mut numbers = BTreeSet::new();
        for entry in fs::read_dir(&self.dir).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name();
            let digits = name.to_str().and_then(|name| name.strip_suffix(".wal"));
            let number = digits.and_then(|digits| digits.parse().ok());
            // Other spellings of a number are no names of the database's.
            numbers.extend(number.filter(|number| *name == *file_name(*number)));
        }
        Ok(numbers)
    }

    fn segment(&mut self, number: u64, has_next: bool, tell: Tell<'_>) -> Result<Segment> {
        let path = self.dir.join(file_name(number));
        let may_have_come = match begins_record(&path, self.offset, number) {
            Ok(may) => may,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Segment::Gone),
            Err(error) => {
                let doing = format!("cannot read {}", path.display());
                return Err(Failure::io(doing, &error));
            }
        };
        if !may_have_come && !has_next && self.quiet < LOOKS_QUIET_MAX {
            self.quiet += 1;
            return Ok(Segment::Read(Look::Done));
        }
        self.quiet = 0;
        match inspect::log(&path) {
            Ok(log) => self.read(&path, log.starting_at(self.offset), tell),
            Err(_) if !path.exists() => Ok(Segment::Gone),
            Err(error) => Err(error.into()),
        }
    }

    fn read(
        &mut self,
        path: &Path,
        log: inspect::LogInspection,
        tell: Tell<'_>,
    ) -> Result<Segment> {
        let mut open: Option<Commit> = None;
        for item in log {
            if let LogItem::Operation(operation) = item {
                if let Some(commit) = &mut open {
                    commit.operations.push(operation);
                }
                continue;
            }
            let doubtful = match &item {
                LogItem::Damage(it) => Some(it.offset),
                LogItem::Record(it) if it.place == LogPlace::BehindTornEnd => Some(self.offset),
                _ => None,
            };
            let is_whole = |it: &Commit| it.operations.len() as u64 == u64::from(it.count);
            let doubted = doubtful.is_some_and(|offset| self.doubts.insert(offset));
            if let Some(commit) = open.take_if(|it| !doubted || is_whole(it))
                && !self.tell(commit, tell)?
            {
                return Ok(Segment::Read(Look::Ended));
            }
            if doubted {
                return Ok(Segment::Read(Look::Doubtful));
            }
            match item {
                LogItem::Record(it) if it.place == LogPlace::BehindTornEnd => {
                    let offset = self.offset;
                    let file = path.to_owned();
                    let event = Event::Unreadable { file, offset };
                    let goes_on = !self.told.insert(offset) || tell(event)?;
                    let look = if goes_on { Look::Done } else { Look::Ended };
                    return Ok(Segment::Read(look));
                }
                LogItem::Record(it) => {
                    open = Some(Commit {
                        sequence: it.sequence,
                        time_ms: it.time_ms,
                        operations: Vec::new(),
                        count: it.operations,
                        end: it.offset + it.bytes,
                    });
                }
                LogItem::Damage(it)
                    if self.told.insert(it.offset) && !tell(Event::Damage(it.clone()))? =>
                {
                    return Ok(Segment::Read(Look::Ended));
                }
                LogItem::Seal(_) => return Ok(Segment::Sealed),
                _ => {}
            }
        }
        let ended = match open.take() {
            Some(commit) => !self.tell(commit, tell)?,
            None => false,
        };
        let look = if ended { Look::Ended } else { Look::Done };
        Ok(Segment::Read(look))
    }

    fn tell(&mut self, commit: Commit, tell: Tell<'_>) -> Result<bool> {
        self.offset = commit.end;
        let Some(last) = u64::from(commit.count).checked_sub(1) else {
            return Ok(true);
        };
        let (after, before) = (self.sequence, Some(commit.sequence));
        self.sequence = Some(commit.sequence + last);
        let follows = after.is_some_and(|after| after + 1 == commit.sequence);
        if std::mem::take(&mut self.gap) && !follows && !tell(Event::Missed { after, before })? {
            return Ok(false);
        }
        tell(Event::Commit(commit))
    }
}

fn file_name(number: u64) -> String {
    format!("{number:06}.wal")
}

/// False where no record of segment `number` begins at `offset`: its header would repeat the low
/// half of the number.
fn begins_record(path: &Path, offset: u64, number: u64) -> io::Result<bool> {
    const NUMBER_AT: u64 = 12;
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset + NUMBER_AT))?;
    let mut found = [0; 4];
    match file.read_exact(&mut found) {
        Ok(()) => Ok(offset == 0 || found == (number as u32).to_le_bytes()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(offset == 0),
        Err(error) => Err(error),
    }
}
