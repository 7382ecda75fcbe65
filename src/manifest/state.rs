//! Everything the manifest knows, and how an edit changes it.
//!
//! Plain data without I/O. Numbers are high-water marks: an edit that says less than the state
//! leaves them as they are (S1), so edits that were made up in another order than they are
//! appended in cannot take anything back. The next file number lies above every table there ever
//! was and the manifest itself (S2).

use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::manifest::version::Version;

/// Everything the manifest knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ManifestState {
    /// The tables.
    pub(crate) version: Version,
    /// The oldest log still needed.
    pub(crate) log_first: u64,
    /// A log that must exist.
    pub(crate) log_last: u64,
    /// The database was closed, and this log ends at this offset with a seal.
    ///
    /// Any later edit takes it back. It says nothing of logs with higher numbers: where such a log
    /// exists, the database was opened again since.
    pub(crate) closed: Option<(u64, u64)>,
    /// The last sequence number in the tables.
    pub(crate) sequence_last: u64,
    /// No table and no manifest has this number or a higher one (S2).
    pub(crate) file_number_next: u64,
    /// The highest time seen, in ms since the epoch.
    pub(crate) clock_ms: u64,
}

impl ManifestState {
    /// The state after `edit`, or what is wrong with the edit.
    pub(crate) fn apply(&self, edit: &VersionEdit) -> Result<Self, &'static str> {
        let mut next = Self {
            version: self.version.apply(edit)?,
            ..*self
        };
        next.raise(edit);
        Ok(next)
    }

    /// Applies all of `edit` but its tables, which only count for the next file number.
    pub(crate) fn raise(&mut self, edit: &VersionEdit) {
        for (mark, said) in [
            (&mut self.log_first, edit.log_first),
            (&mut self.log_last, edit.log_last),
            (&mut self.sequence_last, edit.sequence_last),
            (&mut self.file_number_next, edit.file_number_next),
            (&mut self.clock_ms, edit.clock_ms),
        ] {
            *mark = said.unwrap_or(0).max(*mark); // S1
        }
        for table in &edit.added {
            self.raise_file_number(table.number);
        }
        self.closed = edit.closed;
    }

    /// Lets the next file number lie above `number` (S2).
    pub(crate) fn raise_file_number(&mut self, number: u64) {
        self.file_number_next = self.file_number_next.max(number.saturating_add(1));
    }

    /// The edit that makes this state of an empty one.
    pub(crate) fn snapshot(&self) -> VersionEdit {
        VersionEdit {
            added: self.version.tables().map(|t| TableMeta::clone(t)).collect(),
            removed: Vec::new(),
            log_first: Some(self.log_first),
            log_last: Some(self.log_last),
            closed: self.closed,
            sequence_last: Some(self.sequence_last),
            file_number_next: Some(self.file_number_next),
            clock_ms: Some(self.clock_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> ManifestState {
        let table = TableMeta {
            number: 8,
            level: 1,
            ..TableMeta::default()
        };
        let edit = VersionEdit {
            added: vec![table],
            log_first: Some(3),
            log_last: Some(4),
            closed: Some((4, 4096)),
            sequence_last: Some(1000),
            clock_ms: Some(77),
            ..VersionEdit::default()
        };
        ManifestState::default().apply(&edit).unwrap()
    }

    #[test]
    fn snapshot_makes_the_same_state_of_an_empty_one() {
        let again = ManifestState::default().apply(&some().snapshot());
        assert_eq!(again, Ok(some()));
    }

    #[test]
    fn any_edit_after_a_close_takes_the_close_back() {
        assert_eq!(some().closed, Some((4, 4096)));
        let next = some().apply(&VersionEdit::default()).unwrap();
        assert_eq!(next.closed, None);
        assert_eq!((next.log_first, next.sequence_last), (3, 1000));
    }

    #[test]
    fn marks_never_go_back_and_file_numbers_stay_above_every_table() {
        let low = VersionEdit {
            log_first: Some(1),
            log_last: Some(1),
            sequence_last: Some(1),
            file_number_next: Some(1),
            clock_ms: Some(1),
            closed: some().closed,
            removed: vec![8],
            ..VersionEdit::default()
        };
        let next = some().apply(&low).unwrap();
        assert_eq!(next.file_number_next, 9);
        let expected = ManifestState {
            version: Version::default(),
            ..some()
        };
        assert_eq!(next, expected);
    }
}
