//! The scoreboard: `docs/scoreboard.md`, written from what was measured and nothing else.

use super::anchors::{CLAIMS, Claim};
use super::figures::{Figures, grouped};
use super::{Result, Run, codebase};
use std::fmt::Write;
use std::process::Command;

/// What the figures cannot say of themselves.
struct Header {
    date: String,
    cores: usize,
    commit: String,
}

impl Header {
    fn of(run: &Run) -> Self {
        let mut git = Command::new("git");
        git.args(["rev-parse", "--short", "HEAD"])
            .current_dir(&run.root);
        let commit = git.output().ok().filter(|output| output.status.success());
        let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            commit: commit.unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

impl Run {
    /// Writes the scoreboard of this run.
    pub(super) fn write_scoreboard(&self) -> Result<()> {
        let path = self.root.join("docs/scoreboard.md");
        std::fs::write(&path, self.scoreboard()?)?;
        println!("\nthe scoreboard is in {}", path.display());
        Ok(())
    }

    fn scoreboard(&self) -> Result<String> {
        let Header {
            date,
            cores,
            commit,
        } = Header::of(self);
        let seconds: f64 = self.plain.suites.values().map(|it| it.1).sum();
        let minutes = self.minutes;
        let mut text = format!(
            "# Scoreboard\n\n\
             Written by `cargo xtask torture --minutes {minutes}`; no figure is typed by hand. \
             [Testing](testing.md)\ntells what each suite does, and [promises](promises.md) what \
             they hold grainstore to.\n\n\
             {date}, {cores} cores, commit {commit}. The fast tier is what `cargo test` runs, with \
             the usual seeds: {seconds:.0} s\nfor the suites below. The deep run came after it, \
             for {minutes} minutes, with other seeds.\n\n"
        );
        match self.failures.len() {
            0 => text += "Failures in this run: none.\n\n",
            failed => writeln!(text, "**Failures in this run: {failed}.** See the log.\n")?,
        }
        text += "| claim | target | fast tier | this deep run | who else, and how much |\n\
                 |---|---|---|---|---|\n";
        for claim in CLAIMS {
            writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                claim.claim,
                claim.target,
                self.shown_plain(claim),
                self.shown_deep(claim),
                claim.anchor
            )?;
        }
        self.add_sources(&mut text)?;
        self.add_suites(&mut text)?;
        Ok(text)
    }

    fn shown_plain(&self, claim: &Claim) -> String {
        let Some(figures) = shown(&self.plain, claim) else {
            let elsewhere = ["loom", "shuttle", "miri"].contains(&claim.piece);
            let why = if elsewhere {
                "not part of it"
            } else {
                "not told"
            };
            return why.to_owned();
        };
        let rows = claim.rows.iter().map(|(row, _)| row);
        let mut suites: Vec<_> = rows.flat_map(|row| self.plain.tellers(row)).collect();
        suites.sort_unstable();
        suites.dedup();
        let timed = suites.iter().map(|suite| {
            let seconds = self.plain.suites.get(*suite).map_or(0.0, |it| it.1);
            format!("{suite} {seconds:.0} s")
        });
        let timed: Vec<_> = timed.collect();
        format!("{figures} ({})", timed.join(", "))
    }

    fn shown_deep(&self, claim: &Claim) -> String {
        if let Some(figures) = shown(&self.deep, claim) {
            return match self.deep.of("parts of a megabyte") {
                Some(parts) if claim.piece == "flips" => {
                    format!("{figures} ({parts} % of its bits)")
                }
                _ => figures,
            };
        }
        match self.deep.skipped.get(claim.piece) {
            Some(why) => format!("not run: {why}"),
            None if self.minutes > 0 && claim.piece == "suites" => "not repeated".to_owned(),
            None => "not run".to_owned(),
        }
    }

    /// The rows that are read from the sources.
    fn add_sources(&self, text: &mut String) -> Result<()> {
        let lines = codebase::lines(&self.root)?;
        let ratio = lines.test as f64 / lines.engine.max(1) as f64;
        let planted = codebase::planted(&self.root).map_or_else(
            || "not measured here".to_owned(),
            |(caught, all)| format!("{caught} of {all}, by `cargo xtask planted`"),
        );
        *text += "\n## Of the sources\n\n\
                  | claim | target | today | who else, and how much |\n|---|---|---|---|\n";
        writeln!(
            text,
            "| Planted bugs that a test catches | 40 of 40, the list public | {planted} | nobody \
             publishes one |"
        )?;
        writeln!(
            text,
            "| Lines of test code for each line of what users run, comments aside | 2 | {ratio:.2} \
             ({} to {}) | SQLite: 640; redb: 0.67 |",
            grouped(lines.test),
            grouped(lines.engine)
        )?;
        writeln!(
            text,
            "| Files with unsafe code, all of them under miri and loom | 2 | {} | bytes: miri and \
             loom, too; lsm-tree: no job of miri |",
            codebase::unsafe_files(&self.root)?
        )?;
        let target = "98 % of the lines of format, log, manifest and recovery, 95 % of branches";
        let anchor = "SQLite: 100 % of branches and MC/DC";
        let coverage = codebase::coverage(&self.root);
        let coverage = coverage.unwrap_or_else(|| "not measured here".to_owned());
        writeln!(text, "| Coverage | {target} | {coverage} | {anchor} |")?;
        Ok(())
    }

    /// What each suite took.
    fn add_suites(&self, text: &mut String) -> Result<()> {
        *text += "\n## Time\n\n\
                  | suite | fast tier, s | deep runs | deep, s |\n|---|---|---|---|\n";
        let mut names: Vec<_> = self.plain.suites.keys().collect();
        let deep = self.deep.suites.keys();
        names.extend(deep.filter(|name| !self.plain.suites.contains_key(*name)));
        for name in names {
            let plain = self.plain.suites.get(name);
            let plain = plain.map_or_else(String::new, |it| format!("{:.1}", it.1));
            let (runs, seconds) = self.deep.suites.get(name).copied().unwrap_or_default();
            let seconds = match runs {
                0 => String::new(),
                _ => format!("{seconds:.1}"),
            };
            writeln!(text, "| {name} | {plain} | {runs} | {seconds} |")?;
        }
        Ok(())
    }
}

/// The figures of a claim, where there are any.
fn shown(figures: &Figures, claim: &Claim) -> Option<String> {
    let told = claim.rows.iter().filter_map(|(row, unit)| {
        let count = figures.of(row)?;
        Some(format!("{} {unit}", grouped(count)))
    });
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}
