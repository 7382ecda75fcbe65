//! What a run of the suite found, as plain data.

use std::fmt;

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Passed,
    /// It does not; the text says what was found.
    Failed(String),
    /// It does not apply here; the text says why.
    Skipped(String),
}

/// One check and its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The rule of the contract, such as `K7`.
    pub rule: &'static str,
    /// What is claimed, as a sentence.
    pub claim: &'static str,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// What a run of the suite found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Every check, in the order in which they ran.
    pub checks: Vec<CheckReport>,
}

impl Report {
    /// True where no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CheckReport> {
        let failed = |check: &&CheckReport| matches!(check.verdict, Verdict::Failed(_));
        self.checks.iter().filter(failed)
    }

    /// The checks that did not apply.
    pub fn skipped(&self) -> impl Iterator<Item = &CheckReport> {
        let skipped = |check: &&CheckReport| matches!(check.verdict, Verdict::Skipped(_));
        self.checks.iter().filter(skipped)
    }
}

/// One line for each check.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CheckReport {
            rule,
            claim,
            verdict,
        } in &self.checks
        {
            match verdict {
                Verdict::Passed => writeln!(f, "ok       {rule:<4}{claim}")?,
                Verdict::Failed(found) => writeln!(f, "FAILED   {rule:<4}{claim}: {found}")?,
                Verdict::Skipped(why) => writeln!(f, "skipped  {rule:<4}{claim}: {why}")?,
            }
        }
        Ok(())
    }
}
