//! For the tests of this room: a small database's worth of edits.

use crate::error::Result;
use crate::format::database_format::FormatWindow;
use crate::format::properties::Properties;
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::manifest::edit_log::Manifest;
use crate::manifest::scripted_disk::{Image, ScriptedDisk};
use crate::manifest::state::ManifestState;
use std::path::Path;

/// Where the database of the tests is.
pub(crate) const DIR: &str = "/db";

/// Table `number` at `level`, with the one key `key`.
pub(crate) fn table(number: u64, level: u8, key: &str) -> TableMeta {
    let properties = Properties {
        entries: 1,
        sequence_min: number,
        sequence_max: number,
        key_first: key.as_bytes().into(),
        key_last: key.as_bytes().into(),
        ..Properties::default()
    };
    TableMeta {
        number,
        level,
        run: number,
        bytes: 1000 + number,
        checksum: 0x0101_0101,
        properties,
    }
}

/// A flush, another one, their compaction, a new log, a clean close.
pub(crate) fn edits() -> Vec<VersionEdit> {
    let flush = |number, key, log| VersionEdit {
        added: vec![table(number, 0, key)],
        log_first: Some(log),
        sequence_last: Some(number * 10),
        file_number_next: Some(number + 1),
        clock_ms: Some(1_000_000 + number),
        ..VersionEdit::default()
    };
    let compaction = VersionEdit {
        added: vec![table(4, 1, "apple"), table(5, 1, "pear")],
        removed: vec![2, 3],
        ..VersionEdit::default()
    };
    let new_log = VersionEdit {
        log_last: Some(4),
        ..VersionEdit::default()
    };
    let close = VersionEdit {
        closed: Some((4, 65_536)),
        clock_ms: Some(2_000_000),
        ..VersionEdit::default()
    };
    let (one, two) = (flush(2, "apple", 2), flush(3, "pear", 3));
    vec![one, two, compaction, new_log, close]
}

/// The state of a new database.
pub(crate) fn first_state() -> ManifestState {
    ManifestState {
        log_first: 1,
        log_last: 1,
        file_number_next: 2,
        ..ManifestState::default()
    }
}

/// A new database on `disk` with `edits` appended, and the states before and after each.
pub(crate) fn database(
    disk: &ScriptedDisk,
    edits: &[VersionEdit],
) -> (Manifest, Vec<ManifestState>) {
    let dir = Path::new(DIR);
    let found = Manifest::open(disk.shared(), dir, FormatWindow::BUILT, |_, _| Ok(()));
    assert!(found.unwrap().is_none());
    let mut manifest = Manifest::create(disk.shared(), dir, 1, &first_state(), 1).unwrap();
    let mut states = vec![manifest.state().clone()];
    for edit in edits {
        manifest.append(edit).unwrap();
        states.push(manifest.state().clone());
    }
    (manifest, states)
}

/// What opening the database of `image` to go on with it says, and the disk afterwards.
pub(crate) fn open(image: &Image) -> (Result<ManifestState>, ScriptedDisk) {
    let disk = ScriptedDisk::of(image);
    let opened = Manifest::open(
        disk.shared(),
        Path::new(DIR),
        FormatWindow::BUILT,
        |_, _| Ok(()),
    );
    let state = opened.and_then(|found| {
        let (mut manifest, state) = found.expect("a database");
        manifest.harden()?;
        Ok(state)
    });
    (state, disk)
}

/// `state` as a reopen that cut a torn end tells it: files were counted on, the close is void.
pub(crate) fn after_cut(state: &ManifestState, found: &ManifestState) -> ManifestState {
    assert!(found.file_number_next >= state.file_number_next);
    ManifestState {
        closed: None,
        file_number_next: found.file_number_next,
        ..state.clone()
    }
}
