//! What the compiler says to those who use keys, right and wrong.
//!
//! The messages are those of one compiler; with another one the comparison is skipped, and says so.
//! After a change of messages: `TRYBUILD=overwrite cargo test --test key_ui`, and read the diff.

use std::process::Command;

/// The release whose messages `tests/ui/fail/*.stderr` hold.
const COMPILER: &str = "1.95.";

fn compiler() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}

#[test]
fn wrong_keys_and_wrong_prefixes_do_not_compile_and_say_why() {
    let tests = trybuild::TestCases::new();
    tests.pass("tests/ui/pass/*.rs");
    match compiler() {
        Some(version) if version.starts_with(COMPILER) => tests.compile_fail("tests/ui/fail/*.rs"),
        version => {
            let version = version.unwrap_or("an unknown version".into());
            println!(
                "messages not compared: they are those of rustc {COMPILER}x, not of {version}"
            );
        }
    }
}
