//! What stands in the sources and documents: lines of engine and of tests, files with unsafe code,
//! planted bugs, coverage.

use super::Result;
use std::path::{Path, PathBuf};

/// Lines of Rust, without blank ones and comments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// What users run: `src` and `derive`, without their tests.
    pub(super) engine: u64,
    /// Tests in `src`, and all of `tests`, `proof`, `fuzz` and `models`.
    pub(super) test: u64,
}

/// Counts the lines below `root`.
pub(super) fn lines(root: &Path) -> Result<Lines> {
    let mut lines = Lines::default();
    for folder in ["src", "derive"] {
        for file in rust_files(&root.join(folder))? {
            let (code, test) = split(&std::fs::read_to_string(&file)?);
            if is_test(file.strip_prefix(root)?) {
                lines.test += code + test;
            } else {
                lines.engine += code;
                lines.test += test;
            }
        }
    }
    for folder in ["tests", "proof", "fuzz", "models"] {
        for file in rust_files(&root.join(folder))? {
            let (code, test) = split(&std::fs::read_to_string(&file)?);
            lines.test += code + test;
        }
    }
    Ok(lines)
}

/// Files of what users run that are opened to unsafe code.
pub(super) fn unsafe_files(root: &Path) -> Result<usize> {
    let mut count = 0;
    for file in rust_files(&root.join("src"))? {
        let text = std::fs::read_to_string(&file)?;
        count += usize::from(text.contains("allow(unsafe_code)"));
    }
    Ok(count)
}

/// How many planted bugs the documentation says are caught, of how many that the sources have.
pub(super) fn planted(root: &Path) -> Option<(usize, usize)> {
    let listed = std::fs::read_to_string(root.join("src/planted.rs")).ok()?;
    let listed = listed.split_once("mistakes! {\n")?.1.split_once("\n}")?.0;
    let name = |line: &&str| line.ends_with(',') && !line.trim().starts_with("//");
    let all = listed.lines().filter(name).count();
    let documented = std::fs::read_to_string(root.join("docs/testing.md")).ok()?;
    let table = documented.split_once("<!-- planted: written")?.1;
    let table = table.split_once("<!-- planted: end -->")?.0;
    let caught = table.lines().filter(|line| line.starts_with("| `")).count();
    (caught > 0).then_some((caught, all))
}

/// What the table of coverage in the documentation says: each row's name and percentage.
pub(super) fn coverage(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root.join("docs/testing.md")).ok()?;
    let section = text.split_once("\n## Coverage\n")?.1;
    let section = section.split("\n## ").next()?;
    let rows = section.lines().filter_map(percentage);
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| rows.join(", "))
}

/// `format 99.1 %` of the row `| `format` | 99.1 % | 12 of 1,300 |`.
fn percentage(row: &str) -> Option<String> {
    let cells = row.strip_prefix('|')?.split('|').map(str::trim);
    let mut cells = cells.filter(|cell| !cell.is_empty());
    let name = cells.next()?.replace('`', "");
    let percent = cells.find(|cell| cell.contains('%'))?;
    let is_number = percent.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| format!("{name} {percent}"))
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether all of a file of `src` or `derive` is test.
fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy().replace('\\', "/");
    text.contains("/tests/") || text.ends_with("_tests.rs") || text.ends_with("/tests.rs")
}

/// Lines of code before the tests at the end of a file, and of these tests.
fn split(text: &str) -> (u64, u64) {
    let (mut code, mut test) = (0, 0);
    let (mut attribute, mut in_test) = (false, false);
    for line in text.lines().map(str::trim) {
        in_test |= attribute && line.starts_with("mod ") && line.ends_with('{');
        attribute = line == "#[cfg(test)]" || (attribute && line.starts_with("#["));
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        *(if in_test { &mut test } else { &mut code }) += 1;
    }
    (code, test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_stand_at_the_end_of_a_file() {
        let text =
            "//! A.\n\nfn a() {}\n#[cfg(test)]\nuse b;\n#[cfg(test)]\nmod tests {\n  // c\n}\n";
        assert_eq!(split(text), (4, 2));
    }

    #[test]
    fn a_row_of_coverage_is_its_name_and_percentage() {
        let row = percentage("| `format` | 1,300 | 99.1 % |");
        assert_eq!(row.as_deref(), Some("format 99.1 %"));
        assert_eq!(percentage("| room | lines | % |"), None);
        assert_eq!(percentage("at least 98 % of"), None);
    }

    #[test]
    fn files_of_tests_are_known_by_their_names() {
        let known = ["src/wal/tests/torn.rs", "src/fs/pages_tests.rs"];
        assert!(known.iter().all(|path| is_test(Path::new(path))));
        assert!(!is_test(Path::new("src/fs/pages.rs")));
    }
}
