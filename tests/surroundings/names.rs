//! One directory under several names, names of every kind, and a process that goes elsewhere.

use crate::work::{Scratch, assert_holds, names, open, options, put};
use grainstore::engine::Engine;
use grainstore::{Db, ErrorKind};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

#[test]
fn a_directory_under_another_of_its_names_is_open_already() {
    let scratch = Scratch::new("names");
    let dir = scratch.path("db");
    let engine = open(&dir);
    put(&engine, 0, 10);
    let (link, link_above) = (scratch.path("link"), scratch.path("above"));
    symlink(&dir, &link).unwrap();
    symlink(scratch.path("."), &link_above).unwrap();
    let here = std::env::current_dir().unwrap();
    let up = "../".repeat(here.components().count() - 1);
    let relative = PathBuf::from(format!("{up}{}", &dir.to_str().unwrap()[1..]));
    let others = [
        link.clone(),
        link_above.join("db"),
        scratch.path("x/../db"),
        scratch.path("./db/."),
        PathBuf::from(format!("{}//", dir.display())),
        relative,
    ];
    std::fs::create_dir(scratch.path("x")).unwrap();
    for other in &others {
        let refused = Engine::open(other, options()).unwrap_err();
        assert!(refused.is_locked(), "{}: {refused}", other.display());
    }
    put(&engine, 10, 20);
    drop(engine);
    let mut held = 20;
    for other in &others {
        let engine = Engine::open(other, options()).unwrap();
        assert_holds(&engine, held);
        put(&engine, held, held + 10);
        held += 10;
        assert!(Engine::open(&dir, options()).unwrap_err().is_locked());
    }
    assert_holds(&open(&dir), held);
}

#[test]
fn a_link_that_is_turned_elsewhere_moves_no_open_database() {
    let scratch = Scratch::new("turned");
    let (first, second, link) = (
        scratch.path("first"),
        scratch.path("second"),
        scratch.path("link"),
    );
    drop(open(&second));
    let before = names(&second);
    drop(open(&first));
    symlink(&first, &link).unwrap();
    let engine = open(&link);
    put(&engine, 0, 10);
    std::fs::remove_file(&link).unwrap();
    symlink(&second, &link).unwrap();
    let refused = engine.put(b"late", b"").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Latched, "{refused}");
    assert!(engine.flush().is_err());
    assert!(engine.close().is_err());
    assert_eq!(names(&second), before, "nothing of the other was touched");
    assert_holds(&open(&first), 10);
}

#[test]
fn any_path_that_the_system_takes_holds_a_database() {
    let scratch = Scratch::new("odd");
    let deep = "d".repeat(200);
    let odd = [
        OsString::from(" with spaces "),
        OsString::from("new\nline\ttab"),
        OsString::from_vec(b"not \xff\xfe utf-8 \x80".to_vec()),
        OsString::from("naïve 🌍 \u{202e}reversed"),
        OsString::from("-rf"),
        OsString::from("*?'\"$(x)\\"),
        OsString::from("trailing/"),
        OsString::from("CURRENT"),
        OsString::from(format!("{deep}/{deep}/{deep}/{deep}/{deep}")),
        OsString::from("n".repeat(255)),
    ];
    for name in &odd {
        let dir = scratch.path("").join(name);
        for lives in 0..2 {
            let engine = open(&dir);
            assert_holds(&engine, lives * 200);
            put(&engine, lives * 200, lives * 200 + 200);
            engine.flush().unwrap();
            engine.verify().unwrap();
        }
        let copy = dir.join("copy");
        open(&dir).checkpoint(&copy).unwrap();
        assert_holds(&open(&copy), 400);
        std::fs::remove_dir_all(copy).unwrap();
        assert!(Db::open(&dir).unwrap().store_names().unwrap().is_empty());
    }
}

#[test]
fn a_path_that_the_system_refuses_is_an_error_that_names_it() {
    let scratch = Scratch::new("refused");
    std::fs::write(scratch.path("file"), b"not a directory").unwrap();
    symlink(scratch.path("nowhere/at/all"), scratch.path("dangling")).unwrap();
    symlink(scratch.path("loop"), scratch.path("loop")).unwrap();
    for path in [
        scratch.path(&"n".repeat(256)),
        scratch.path(&"long/".repeat(2_000)),
        scratch.path("a\0b"),
        scratch.path("file"),
        scratch.path("file/db"),
        scratch.path("dangling"),
        scratch.path("loop"),
        PathBuf::from("/proc/grainstore/db"),
    ] {
        let error = Engine::open(&path, options()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.path().is_some(), "{error}");
    }
    let empty = Engine::open("", options()).unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::InvalidInput, "{empty}");
    let left = std::fs::read(scratch.path("file")).unwrap();
    assert_eq!(left, b"not a directory");
    assert_eq!(names(&scratch.path("")).len(), 3, "nothing was made");
}

/// The role of a process that opens a database by a relative path and goes elsewhere.
const ROLE: &str = "GRAIN_AROUND_DIR";

#[test]
#[ignore = "another test runs it in a process of its own: the working directory is the process's"]
fn goes_elsewhere() {
    let Some(dir) = std::env::var_os(ROLE) else {
        return;
    };
    std::env::set_current_dir(&dir).unwrap();
    let engine = open(Path::new("db"));
    put(&engine, 0, 10);
    std::env::set_current_dir("elsewhere").unwrap();
    put(&engine, 10, 600);
    engine.compact().unwrap();
    assert_holds(&engine, 600);
    engine.checkpoint("copy").unwrap();
    engine.close().unwrap();
    assert_eq!(names(Path::new(".")), ["copy"]);
}

#[test]
fn a_database_opened_by_a_relative_path_stays_where_it_is() {
    let scratch = Scratch::new("relative");
    std::fs::create_dir(scratch.path("elsewhere")).unwrap();
    let told = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "names::goes_elsewhere"])
        .env(ROLE, scratch.path(""))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.contains("1 passed"), "{text}");
    assert_holds(&open(&scratch.path("db")), 600);
    assert_holds(&open(&scratch.path("elsewhere/copy")), 600);
}
