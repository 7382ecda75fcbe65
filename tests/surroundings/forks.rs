//! A process that forks while it has a database open: the fork writes nothing and unlocks nothing.
//!
//! Each test starts this binary again, alone with its one test, and forks there.

use crate::work::{Scratch, assert_holds, files, open, options, put};
use fork::{Fork, fork, waitpid};
use grainstore::ErrorKind;
use grainstore::engine::{Background, Engine};
use std::path::{Path, PathBuf};

const ROLE: &str = "GRAIN_AROUND_FORK";

/// Runs `test` of this module, which is ignored, in a process of its own on `dir`.
fn run(test: &str, dir: &Path) {
    let told = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--test-threads=1"])
        .arg(format!("forks::{test}"))
        .env(ROLE, dir)
        .output()
        .unwrap();
    let (text, errors) = (
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr),
    );
    assert!(
        told.status.success() && text.contains("1 passed"),
        "{text}{errors}"
    );
}

fn dir() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

/// Does `work` in a fork, which must come to its end, and waits for that.
fn in_a_fork(work: impl FnOnce()) {
    match fork().unwrap() {
        Fork::Child => {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // Nothing of the test harness runs twice.
            std::process::exit(i32::from(done.is_err()));
        }
        Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0, "the fork failed"),
    }
}

fn opened(dir: &Path, background: Background) -> Engine {
    let mut options = options();
    options.background = background;
    let engine = Engine::open(dir, options).unwrap();
    put(&engine, 0, 500);
    engine
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn a_fork_tries_everything() {
    let Some(dir) = dir() else {
        return;
    };
    let engine = opened(&dir, Background::Inline);
    let mut scan = Some(engine.scan::<&[u8]>(..).unwrap());
    engine.compact().unwrap();
    let before = files(&dir);
    let mut only = Some(engine);
    in_a_fork(|| {
        let engine = only.take().unwrap();
        let refused = |error: grainstore::Error| {
            assert_eq!(error.kind(), ErrorKind::Latched, "{error}");
            assert!(error.to_string().contains("is a fork"), "{error}");
        };
        refused(engine.put(b"a", b"1").unwrap_err());
        refused(engine.delete(b"a").unwrap_err());
        refused(engine.flush().unwrap_err());
        refused(engine.compact().unwrap_err());
        refused(engine.sync().unwrap_err());
        refused(engine.checkpoint(dir.join("copy")).unwrap_err());
        refused(engine.ingest([Ok(("a", "1", 0))]).unwrap_err());
        assert_holds(&engine, 500);
        refused(engine.close().unwrap_err());
        drop((scan.take(), engine));
        // Its part of the lock is gone and the other's is not.
        assert!(Engine::open(&dir, options()).unwrap_err().is_locked());
    });
    assert!(files(&dir) == before, "the fork has changed a file");
}

#[test]
fn a_fork_changes_no_file_and_leaves_the_lock() {
    let scratch = Scratch::new("fork");
    run("a_fork_tries_everything", &scratch.path("db"));
    assert_holds(&open(&scratch.path("db")), 500);
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn forks_come_and_go_under_a_writer() {
    let Some(dir) = dir() else {
        return;
    };
    let mut only = Some(opened(&dir, Background::Thread));
    for round in 0..20 {
        let from = 500 + round * 100;
        put(only.as_ref().unwrap(), from, from + 100);
        // In the fork it is the last handle that goes, which closes a database elsewhere.
        in_a_fork(|| drop(only.take()));
    }
    let engine = only.unwrap();
    engine.compact().unwrap();
    assert!(Engine::open(&dir, options()).unwrap_err().is_locked());
    engine.close().unwrap();
    Engine::open(&dir, options()).unwrap();
}

#[test]
fn a_process_that_forks_goes_on_writing() {
    let scratch = Scratch::new("forks");
    run("forks_come_and_go_under_a_writer", &scratch.path("db"));
    assert_holds(&open(&scratch.path("db")), 2_500);
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn a_fork_opens_a_database_of_its_own() {
    let Some(dir) = dir() else {
        return;
    };
    let engine = opened(&dir, Background::Inline);
    engine.close().unwrap();
    in_a_fork(|| {
        let engine = open(&dir);
        put(&engine, 500, 600);
        engine.close().unwrap();
    });
    assert_holds(&open(&dir), 600);
}

#[test]
fn a_fork_may_open_what_was_closed_before() {
    let scratch = Scratch::new("forked");
    run("a_fork_opens_a_database_of_its_own", &scratch.path("db"));
}
