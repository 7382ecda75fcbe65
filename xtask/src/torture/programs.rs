//! The test programs, built once.

use super::Result;
use super::children::Job;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compressed blocks are damaged as well.
const FEATURES: &str = "lz4,zstd";

/// Where each suite's program lies.
#[derive(Debug, Default)]
pub(super) struct Programs(BTreeMap<String, PathBuf>);

impl Programs {
    /// What builds those of `suites`.
    pub(super) fn build(root: &Path, suites: &[&str]) -> Job {
        let mut command = cargo();
        command.current_dir(root);
        let mut job = Job::new("build-tests", 0, command);
        let package = ["test", "--no-run", "--package", "grainstore"];
        job.arguments(&package);
        job.arguments(&["--features", FEATURES]);
        for suite in suites {
            job.arguments(&["--test", suite]);
        }
        job
    }

    /// Those of `suites` that the build told of.
    pub(super) fn built(output: &str, root: &Path, suites: &[&str]) -> Result<Self> {
        let told = output.lines().filter_map(|line| told_of(line, root));
        let programs: BTreeMap<_, _> = told.collect();
        match suites.iter().find(|suite| !programs.contains_key(**suite)) {
            Some(missing) => Err(format!("cargo told no program of {missing}").into()),
            None => Ok(Self(programs)),
        }
    }

    /// The program of `suite`, run as cargo runs it.
    pub(super) fn command(&self, suite: &str, root: &Path) -> Command {
        let program = self
            .0
            .get(suite)
            .map_or(OsStr::new(suite), |it| it.as_os_str());
        let mut command = Command::new(program);
        command.current_dir(root).env("CARGO_MANIFEST_DIR", root);
        for variable in ["GRAIN_SEED", "GRAIN_TIMES", "GRAIN_FLIPS", "GRAIN_SCORES"] {
            command.env_remove(variable);
        }
        command
    }
}

/// cargo as a shell finds it, which with rustup takes a toolchain; the one in the environment of an
/// xtask does not.
pub(super) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for variable in ["CARGO", "RUSTUP_TOOLCHAIN", "CARGO_MANIFEST_DIR"] {
        cargo.env_remove(variable);
    }
    cargo
}

/// The program that a line of cargo tells of: `Executable tests/crash.rs (/target/deps/crash-1f)`.
fn told_of(line: &str, root: &Path) -> Option<(String, PathBuf)> {
    let (source, path) = line.trim().strip_prefix("Executable ")?.split_once(" (")?;
    let name = Path::new(source).file_stem()?.to_str()?;
    Some((name.to_owned(), root.join(path.strip_suffix(')')?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargo_tells_the_program_of_a_suite() {
        let line = "  Executable tests/crash.rs (/target/debug/deps/crash-1f)";
        let (name, path) = told_of(line, Path::new("/root")).unwrap();
        assert_eq!(
            (name.as_str(), path),
            ("crash", "/target/debug/deps/crash-1f".into())
        );
        assert_eq!(told_of("   Compiling x", Path::new("/")), None);
    }
}
