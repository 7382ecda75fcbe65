//! Every bit flipped, every length cut, every torn end, and files of a newer version.

use crate::error::ErrorKind;
use crate::format::database_format::FormatWindow;
use crate::format::file_name::FileName;
use crate::format::manifest_record::{FILE_HEADER_BYTES, append_record, record_at};
use crate::manifest::replay::replay;
use crate::manifest::sample::{DIR, after_cut, database, edits, open};
use crate::manifest::scripted_disk::{Image, ScriptedDisk};
use crate::manifest::state::ManifestState;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn current() -> PathBuf {
    FileName::Current.in_dir(Path::new(DIR))
}

fn log() -> PathBuf {
    FileName::Manifest(1).in_dir(Path::new(DIR))
}

/// A closed database: its files, the states after each edit, and where each record ends.
fn sample() -> (Image, Vec<ManifestState>, Vec<usize>) {
    let disk = ScriptedDisk::default();
    let (_, states) = database(&disk, &edits());
    let image = disk.image();
    let mut ends = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    while at < image[&log()].len() {
        at = record_at(&image[&log()], 1, at).unwrap().end;
        ends.push(at);
    }
    assert_eq!(ends.len(), states.len());
    (image, states, ends)
}

#[test]
fn every_flipped_bit_of_current_is_an_error_that_names_it() {
    let (image, ..) = sample();
    let bytes = image[&current()].len();
    for bit in 0..bytes * 8 {
        let mut bad = image.clone();
        bad.get_mut(&current()).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let error = open(&bad).0.unwrap_err();
        assert!(error.is_corruption(), "bit {bit}: {error}");
        assert_eq!(error.path(), Some(&*current()), "bit {bit}");
        assert!(error.offset().unwrap() < bytes as u64, "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_of_a_manifest_is_an_error_with_offset_or_loses_the_last_edit_alone() {
    let (image, states, ends) = sample();
    let last_start = ends[ends.len() - 2];
    for bit in 0..image[&log()].len() * 8 {
        let mut bad = image.clone();
        bad.get_mut(&log()).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let (opened, disk) = open(&bad);
        if bit / 8 >= last_start {
            let found = opened.unwrap();
            let expected = after_cut(&states[states.len() - 2], &found);
            assert_eq!(found, expected, "bit {bit}");
            // The lost record is not read again.
            assert_eq!(open(&disk.image()).0.unwrap(), found, "bit {bit}");
            continue;
        }
        let error = opened.unwrap_err();
        assert!(error.is_corruption(), "bit {bit}: {error}");
        assert_eq!(error.path(), Some(&*log()), "bit {bit}");
        let record = ends.iter().rfind(|&&end| end <= bit / 8);
        let start = record.copied().unwrap_or(FILE_HEADER_BYTES);
        let header = bit / 8 < FILE_HEADER_BYTES;
        let offset = error.offset().unwrap();
        assert!(header || offset == start as u64, "bit {bit}: {error}");
        assert!(!header || offset < FILE_HEADER_BYTES as u64, "bit {bit}");
        assert_eq!(disk.image(), bad, "an error changes nothing");
    }
}

#[test]
fn manifest_cut_anywhere_is_an_error_or_the_state_after_an_earlier_edit() {
    let (image, states, ends) = sample();
    for cut in 0..image[&log()].len() {
        let mut bad = image.clone();
        bad.get_mut(&log()).unwrap().truncate(cut);
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let opened = open(&bad).0;
        if whole == 0 {
            let error = opened.unwrap_err();
            assert!(error.is_corruption(), "cut {cut}: {error}");
            assert_eq!(error.path(), Some(&*log()), "cut {cut}");
            continue;
        }
        let found = opened.unwrap();
        let state = &states[whole - 1];
        if ends.contains(&cut) {
            assert_eq!(found, *state, "cut {cut}");
        } else {
            assert_eq!(found, after_cut(state, &found), "cut {cut}");
        }
    }
}

#[test]
fn current_cut_anywhere_or_longer_is_an_error_that_names_it() {
    let (image, ..) = sample();
    for bytes in (0..24).chain([25, 4096]) {
        let mut bad = image.clone();
        bad.get_mut(&current()).unwrap().resize(bytes, 0);
        let error = open(&bad).0.unwrap_err();
        assert!(error.is_corruption(), "{bytes} bytes: {error}");
        assert_eq!(error.path(), Some(&*current()), "{bytes} bytes");
    }
}

#[test]
fn unsynced_last_record_torn_at_any_byte_gives_the_state_before_it() {
    let (image, states, ends) = sample();
    let (start, end) = (ends[ends.len() - 2], ends[ends.len() - 1]);
    let before = &states[states.len() - 2];
    let whole = image[&log()].clone();
    for kept in 1..end - start {
        // The rest is missing, reads as zeros, or only the rest is there (sectors in any order).
        let cut = whole[..start + kept].to_vec();
        let mut head = whole.clone();
        head[start + kept..].fill(0);
        let mut tail = whole.clone();
        tail[start..start + kept].fill(0);
        for bytes in [cut, head, tail] {
            if bytes == whole {
                continue; // only padding was torn off
            }
            let mut torn = image.clone();
            torn.insert(log(), bytes);
            let found = open(&torn).0.unwrap();
            assert_eq!(found, after_cut(before, &found), "{kept} bytes kept");
        }
    }
}

#[test]
fn torn_edit_after_a_clean_close_voids_the_close() {
    let (mut image, states, _) = sample();
    assert!(states.last().unwrap().closed.is_some());
    image.get_mut(&log()).unwrap().extend([0; 40]);
    assert_eq!(open(&image).0.unwrap().closed, None);
}

/// The sample with a record of `kind` and `payload` added to its log.
fn with_record(kind: u8, payload: &[u8]) -> Image {
    let (mut image, ..) = sample();
    let bytes = image.get_mut(&log()).unwrap();
    let at = bytes.len() as u64;
    append_record(bytes, (1, at), at, kind, payload);
    image
}

#[test]
fn record_that_reads_well_and_says_what_cannot_be_is_damage_with_its_offset() {
    let (image, ..) = sample();
    let at = image[&log()].len() as u64;
    let twice = [&[1, 5, 2, 0, 0, 0, 0, 0, 0][..], &[0; 20]].concat();
    for (kind, payload, offset) in [
        (1, &[][..], at),               // a second snapshot
        (2, &[2, 77], at),              // removes a table that is not there
        (2, &twice, at),                // adds a table that is there
        (2, &[4, 1, 4, 1], at + 26),    // a field said twice
        (2, &[4, 0x80, 0x00], at + 25), // a number in more bytes than needed
    ] {
        let error = open(&with_record(kind, payload)).0.unwrap_err();
        assert!(error.is_corruption(), "{payload:?}: {error}");
        let place = (error.path(), error.offset());
        assert_eq!(place, (Some(&*log()), Some(offset)), "{error}");
    }
}

#[test]
fn files_of_a_newer_version_are_refused_with_advice() {
    let (image, ..) = sample();
    let mut images = vec![with_record(2, &[99, 1]), with_record(3, &[])];
    // A newer CURRENT, and a newer header of the manifest.
    for (path, salt) in [(current(), 0u64), (log(), 1)] {
        let mut newer = image.clone();
        let bytes = newer.get_mut(&path).unwrap();
        bytes[8] = 2;
        let parts = [&bytes[..12], &bytes[16..24]];
        let crc = crate::format::checksum::placed(salt, 0, &parts);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        images.push(newer);
    }
    for image in images {
        let (opened, disk) = open(&image);
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedFormat, "{error}");
        assert!(
            error.path().is_some() && error.offset().is_some(),
            "{error}"
        );
        let advice = "open the database with that version or a newer one";
        assert!(error.to_string().contains(advice), "{error}");
        assert_eq!(disk.image(), image, "an error changes nothing");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_behind_a_sound_start_never_panic(
        junk: Vec<u8>, kind: u8, sealed: bool, keep in 0usize..7,
    ) {
        let (image, _, ends) = sample();
        let start = [FILE_HEADER_BYTES].into_iter().chain(ends).nth(keep).unwrap();
        let mut bytes = image[&log()][..start].to_vec();
        if sealed {
            let place = (1, start as u64);
            append_record(&mut bytes, place, 0, kind, &junk);
        } else {
            bytes.extend(junk);
        }
        if let Ok(replayed) = replay(&log(), 1, &bytes, FormatWindow::BUILT) {
            prop_assert!(replayed.end <= bytes.len());
            prop_assert_eq!(replayed.torn, replayed.end < bytes.len());
        }
    }
}
