//! What was found: on the terminal, and as the table of the documentation.

use super::list::Mistake;
use super::trial::Verdict;
use std::error::Error;
use std::fmt;
use std::path::Path;

const BEGIN: &str = "<!-- planted: written by `cargo xtask planted` -->\n";
const END: &str = "<!-- planted: end -->\n";
const HEAD: &str = "| mistake | what goes wrong | found by |\n|---|---|---|\n";

/// What came of a mistake.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) mistake: Mistake,
    pub(super) verdict: Verdict,
    pub(super) seconds: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, found) = (&self.mistake.name, shown(&self.verdict));
        write!(f, "{name:<28} {:>6.1} s  {found}", self.seconds)
    }
}

fn shown(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Green => "not found".to_owned(),
        Verdict::Red { program, test } => format!("`{program}`: `{test}`"),
        Verdict::Dead { program, how } => format!("`{program}` {how}"),
    }
}

/// Prints all that was found.
pub(super) fn print(findings: &[Finding]) {
    println!("\nmistake, seconds, found by, what goes wrong");
    for finding in findings {
        println!("{finding}\n    {}", finding.mistake.what);
    }
}

/// Writes the rows of `findings` into the table of the document, in the order of `all`; of the
/// others the rows stay as they are.
pub(super) fn write(
    path: &Path,
    all: &[Mistake],
    findings: &[Finding],
) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let missing = || format!("{} lacks the marks of the table", path.display());
    let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (table, after) = rest.split_once(END).ok_or_else(missing)?;
    let mut rows = String::new();
    for mistake in all {
        let start = format!("| `{}` | ", mistake.name);
        match findings.iter().find(|it| it.mistake == *mistake) {
            Some(it) if !it.verdict.is_green() => {
                rows += &format!("{start}{} | {} |\n", mistake.what, shown(&it.verdict));
            }
            Some(_) => {}
            None => {
                let kept = table.lines().filter(|line| line.starts_with(&start));
                kept.for_each(|row| rows += &format!("{row}\n"));
            }
        }
    }
    let text = [before, BEGIN, HEAD, &rows, END, after].concat();
    Ok(std::fs::write(path, text)?)
}
