//! One database, one opener: the second is refused at once, and the lock dies with its holder.

use crate::child::{OPENED, Role, start};
use crate::scratch::Scratch;
use crate::work::options;
use grainstore::engine::Engine;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

/// The first line that a child tells; it can go on telling as long as its output is kept.
fn first_line(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let told = lines.map_while(Result::ok).find_map(|line| {
        let at = line.find("grain ")?;
        Some(line[at..].to_owned())
    });
    told.expect("the child told nothing")
}

/// Opens what somebody else holds, which must be refused within 100 ms.
fn refused(scratch: &Scratch) {
    let begun = Instant::now();
    let error = Engine::open(scratch.path(), options()).unwrap_err();
    assert!(error.is_locked(), "{error}");
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[test]
fn a_second_opener_of_the_same_process_is_refused_at_once() {
    let scratch = Scratch::new("locked-here");
    let engine = Engine::open(scratch.path(), options()).unwrap();
    engine.put(b"a", b"1").unwrap();
    refused(&scratch);
    // The refusal changed nothing for the holder.
    engine.put(b"b", b"2").unwrap();
    let clone = engine.clone();
    drop(engine);
    refused(&scratch);
    clone.close().unwrap();
    let again = Engine::open(scratch.path(), options()).unwrap();
    assert_eq!(again.get(b"b").unwrap().unwrap(), b"2");
    // The closed handle still lives, and neither holds the lock nor lets go of the new one.
    drop(clone);
    refused(&scratch);
}

#[test]
fn a_second_opener_of_another_process_is_refused_at_once() {
    let scratch = Scratch::new("locked-there");
    let engine = Engine::open(scratch.path(), options()).unwrap();
    let mut child = start(Role::Second, scratch.path());
    let told = first_line(&mut child);
    child.wait().unwrap();
    let millis = told
        .strip_prefix("grain Locked ")
        .unwrap_or_else(|| panic!("{told}"));
    assert!(
        millis.parse::<u64>().unwrap() < 100,
        "refused after {millis} ms"
    );
    engine.close().unwrap();
    let mut child = start(Role::Second, scratch.path());
    assert_eq!(first_line(&mut child), "grain let in");
    child.wait().unwrap();
}

#[test]
fn the_lock_dies_with_its_holder() {
    let scratch = Scratch::new("holder");
    let mut child = start(Role::Holder, scratch.path());
    assert_eq!(first_line(&mut child), OPENED);
    refused(&scratch);
    child.kill().unwrap();
    child.wait().unwrap();
    let engine = Engine::open(scratch.path(), options()).unwrap();
    assert_eq!(engine.get(b"held").unwrap().unwrap(), b"1");
}

#[test]
fn a_failed_open_lets_go_of_the_lock() {
    let scratch = Scratch::new("failed-open");
    drop(Engine::open(scratch.path(), options()).unwrap());
    let current = scratch.path().join("CURRENT");
    let kept = std::fs::read(&current).unwrap();
    std::fs::write(&current, b"damaged").unwrap();
    for _ in 0..2 {
        let error = Engine::open(scratch.path(), options()).unwrap_err();
        assert!(error.is_corruption(), "{error}");
    }
    std::fs::write(&current, kept).unwrap();
    Engine::open(scratch.path(), options()).unwrap();
}
