//! The other process: this test binary again, told by its environment what to play.

use crate::kinds::Kind;
use crate::work;
use grainstore::engine::Engine;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a child can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Writes with four threads, and tells each commit once it is acknowledged.
    Writer(Kind),
    /// Opens the database, says so, and keeps it open.
    Holder,
    /// Tries to open the database, and tells what came of it.
    Second,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Writer(kind) => kind.name(),
            Self::Holder => "holder",
            Self::Second => "second",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let writers = Kind::ALL.into_iter().map(Self::Writer);
        let mut all = writers.chain([Self::Holder, Self::Second]);
        all.find(|role| role.name() == name)
    }
}

/// The line in which a child says that it is about to open the database.
pub(crate) const OPENING: &str = "grain opening";

/// The line in which a child says that the database is open.
pub(crate) const OPENED: &str = "grain opened";

/// The line in which a child says that it begins a compaction.
pub(crate) const COMPACTING: &str = "grain compacting";

/// The line in which a child says that a compaction is over.
pub(crate) const COMPACTED: &str = "grain compacted";

/// Starts a child on the database in `dir`; its standard output is piped.
pub(crate) fn start(role: Role, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "child::plays_its_role",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("GRAIN_CHILD_ROLE", role.name())
        .env("GRAIN_CHILD_DIR", dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Tells the parent. The lock makes a line whole; what the kernel has outlives the process.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone needs no telling.
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}

#[test]
#[ignore = "the other tests run it in a process of its own"]
fn plays_its_role() {
    let Ok(name) = std::env::var("GRAIN_CHILD_ROLE") else {
        return;
    };
    let dir = PathBuf::from(std::env::var_os("GRAIN_CHILD_DIR").unwrap());
    match Role::named(&name).unwrap() {
        Role::Writer(kind) => kind.live(&dir),
        Role::Holder => hold(&dir),
        Role::Second => second(&dir),
    }
}

fn hold(dir: &Path) {
    let engine = Engine::open(dir, work::options()).unwrap();
    engine.put(b"held", b"1").unwrap();
    tell(OPENED);
    // Longer than any test; the parent kills it.
    std::thread::sleep(Duration::from_secs(60));
}

fn second(dir: &Path) {
    let begun = Instant::now();
    let opened = Engine::open(dir, work::options());
    let millis = begun.elapsed().as_millis();
    match opened {
        Ok(_) => tell("grain let in"),
        Err(error) => tell(&format!("grain {:?} {millis}", error.kind())),
    }
}
