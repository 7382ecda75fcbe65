//! The test programs, built once with the feature `planted`.

use super::trial::Try;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A test program.
#[derive(Debug)]
pub(super) struct Program {
    /// `lib` for the unit tests, else the name of its file in `tests`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Where it is run.
    pub(super) root: PathBuf,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Programs(Vec<Program>);

impl Programs {
    /// Builds the programs of the package in `root`, in a folder of their own below the target.
    pub(super) fn build(root: &Path) -> Result<Self, Box<dyn Error>> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target
            .unwrap_or_else(|| root.join("target"))
            .join("planted");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args([
            "test",
            "--no-run",
            "--package",
            "grainstore",
            "--lib",
            "--tests",
            "--features",
            "planted",
        ]);
        cargo.arg("--target-dir").arg(&target).current_dir(root);
        let mut build = cargo.stderr(Stdio::piped()).spawn()?;
        let mut programs = Vec::new();
        for line in build
            .stderr
            .take()
            .into_iter()
            .flat_map(|it| BufReader::new(it).lines())
        {
            let line = line?;
            eprintln!("{line}");
            programs.extend(told(&line, root));
        }
        if !build.wait()?.success() {
            return Err("the test programs do not build".into());
        }
        Ok(Self(programs))
    }

    /// The program of a try.
    pub(super) fn of(&self, it: Try) -> Result<&Program, String> {
        let found = self.0.iter().find(|program| program.name == it.program);
        found.ok_or_else(|| format!("there is no test program {}", it.program))
    }
}

/// The program that a line of cargo tells of: `Executable tests/crash.rs (/target/deps/crash-1f)`.
fn told(line: &str, root: &Path) -> Option<Program> {
    let (source, path) = line.trim().strip_prefix("Executable ")?.split_once(" (")?;
    let source = source.strip_prefix("unittests ").unwrap_or(source);
    let source = source.strip_suffix("/main.rs").unwrap_or(source);
    let name = Path::new(source).file_stem()?.to_str()?.to_owned();
    Some(Program {
        name,
        path: root.join(path.strip_suffix(')')?),
        root: root.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_by_their_source() {
        let named = |line| told(line, Path::new("/r")).map(|it| (it.name, it.path));
        let lib = "  Executable unittests src/lib.rs (target/deps/grainstore-1f)";
        let keys = "  Executable tests/keys/main.rs (/target/deps/keys-1f)";
        let paths = ["/r/target/deps/grainstore-1f", "/target/deps/keys-1f"].map(PathBuf::from);
        let [lib_path, keys_path] = paths;
        assert_eq!(named(lib), Some(("lib".to_owned(), lib_path)));
        assert_eq!(named(keys), Some(("keys".to_owned(), keys_path)));
        assert_eq!(named("   Compiling grainstore"), None);
    }
}
