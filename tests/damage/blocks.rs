//! Blocks of tables, records of logs and manifests, and all other parts of files: each lost,
//! doubled, zeroed, swapped with each other of its file, and laid over each of its kind elsewhere.

use super::cuts::samples;
use super::judge::Outcome;
use super::parts::{Kind, Part, parts};
use super::round::Round;
use super::sample::Sample;
use std::collections::BTreeSet;
use std::path::Path;

/// Judges `sample` with `bytes` as the file at `path`; in a table any change must be seen.
fn replaced(round: &mut Round, sample: &Sample, path: &Path, what: &str, bytes: &[u8]) {
    if sample.disk.read_file(path).unwrap() == bytes {
        return;
    }
    let what = format!("{}: {what}", path.display());
    let outcome = round.after(sample, &what, |disk| disk.write_file(path, bytes).unwrap());
    let in_table = path.extension().is_some_and(|end| end == "table");
    if in_table && outcome == Some(Outcome::Harmless) {
        let broken = format!("{}, {what}: nobody sees it", sample.name);
        round.broken.push(broken);
    }
}

/// The bytes of the file before `part`, of it, and behind it.
fn cut<'a>(bytes: &'a [u8], part: &Part) -> [&'a [u8]; 3] {
    let (start, end) = (part.range.start as usize, part.range.end as usize);
    [&bytes[..start], &bytes[start..end], &bytes[end..]]
}

fn every_part(name: &'static str, change: impl Fn([&[u8]; 3]) -> Vec<u8>) {
    let mut round = Round::new(name);
    let mut kinds = BTreeSet::new();
    for sample in samples() {
        for part in parts(&sample) {
            let bytes = sample.disk.read_file(&part.path).unwrap();
            let changed = change(cut(&bytes, &part));
            let what = format!("{name}: {:?} at {:?}", part.kind, part.range);
            replaced(&mut round, &sample, &part.path, &what, &changed);
            kinds.insert(part.kind);
        }
    }
    assert!(kinds.into_iter().eq(Kind::ALL), "a kind is missing");
    round.end(150);
}

#[test]
fn a_block_or_record_zeroed_is_an_error_with_its_place_or_without_effect() {
    every_part("parts zeroed", |[before, part, behind]| {
        [before, &vec![0; part.len()], behind].concat()
    });
}

#[test]
fn a_block_or_record_doubled_is_an_error_with_its_place_or_without_effect() {
    every_part("parts doubled", |[before, part, behind]| {
        [before, part, part, behind].concat()
    });
}

#[test]
fn a_block_or_record_lost_from_between_is_an_error_with_its_place_or_without_effect() {
    every_part("parts lost", |[before, _, behind]| {
        [before, behind].concat()
    });
}

#[test]
fn a_block_or_record_swapped_with_another_is_an_error_with_its_place_or_without_effect() {
    let mut round = Round::new("parts swapped");
    for sample in samples() {
        let parts = parts(&sample);
        for (number, a) in parts.iter().enumerate() {
            let bytes = sample.disk.read_file(&a.path).unwrap();
            for b in parts[number + 1..].iter().filter(|b| b.path == a.path) {
                let order = a.range.start < b.range.start;
                let (a, b) = if order { (a, b) } else { (b, a) };
                let [before, first, _] = cut(&bytes, a);
                let [to_second, second, behind] = cut(&bytes, b);
                let between = &to_second[a.range.end as usize..];
                let swapped = [before, second, between, first, behind].concat();
                let what = format!("{:?} and {:?} swapped", a.range, b.range);
                replaced(&mut round, &sample, &a.path, &what, &swapped);
            }
        }
    }
    round.end(1_500);
}

#[test]
fn a_block_or_record_in_the_place_of_another_file_s_is_an_error_or_without_effect() {
    let mut round = Round::new("parts laid over others");
    for sample in samples() {
        let parts = parts(&sample);
        for from in &parts {
            let source = sample.disk.read_file(&from.path).unwrap();
            let [_, taken, _] = cut(&source, from);
            let others = parts.iter().filter(|to| to.kind == from.kind);
            for to in others.filter(|to| to.path != from.path) {
                let bytes = sample.disk.read_file(&to.path).unwrap();
                let [before, _, behind] = cut(&bytes, to);
                let laid = [before, taken, behind].concat();
                let what = format!(
                    "{:?} of {} at {:?}",
                    from.range,
                    from.path.display(),
                    to.range
                );
                replaced(&mut round, &sample, &to.path, &what, &laid);
            }
        }
    }
    round.end(1_500);
}
