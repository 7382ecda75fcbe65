//! The deep run: what comes after the plain pass, piece after piece, each within its share.

use super::plan::{self, Piece};
use super::{Result, Run};
use std::time::{Duration, Instant};

/// A run that takes so many times as long as it should has failed.
const HANGS_AFTER: u32 = 10;

/// The least time in which something may be said to hang.
const HANGS_LEAST: Duration = Duration::from_secs(300);

fn limit(expected: Duration) -> Duration {
    HANGS_LEAST.max(expected * HANGS_AFTER)
}

impl Run {
    /// Does all pieces that the run wants, until `end`.
    pub(super) fn deep_run(&mut self, end: Instant) -> Result<()> {
        for piece in Piece::ALL {
            if !self.wants(piece) || self.deep.skipped.contains_key(piece.name()) {
                continue;
            }
            let left = end.saturating_duration_since(Instant::now());
            let share = match piece {
                Piece::Suites => left,
                _ => self.share(piece).min(left),
            };
            if share < piece.least() {
                let (share, least) = (share.as_secs(), piece.least().as_secs());
                let why = format!("{share} s are its share, it needs {least}");
                self.deep.skip(piece.name(), why);
                continue;
            }
            let until = Instant::now() + share;
            match piece {
                Piece::Flips => self.flips(until)?,
                Piece::Kills => self.kills(share)?,
                Piece::Loom => self.loom(share)?,
                Piece::Shuttle => self.shuttle(share)?,
                Piece::Miri => self.miri(until)?,
                Piece::Fuzz => self.fuzz(share)?,
                Piece::Suites => self.suites_again(until)?,
            }
        }
        Ok(())
    }

    /// How long a piece may take.
    pub(super) fn share(&self, piece: Piece) -> Duration {
        let all = Duration::from_secs(60 * self.minutes);
        match self.only {
            Some(_) => all,
            None => all * piece.percent() / 100,
        }
    }

    /// Flips parts of the bits of a megabyte, from a drawn one on, until all are done.
    fn flips(&mut self, until: Instant) -> Result<()> {
        let first = self.seed % plan::FLIP_PARTS;
        let (mut done, mut parts, mut expected) = (0, 1, Duration::ZERO);
        while done < plan::FLIP_PARTS {
            let left = until.saturating_duration_since(Instant::now());
            if done > 0 && left < expected {
                break;
            }
            let from = (first + done) % plan::FLIP_PARTS;
            let to = (from + parts).min(plan::FLIP_PARTS);
            let to = to.min(from + plan::FLIP_PARTS - done);
            let test = "every_bit_of_a_megabyte_is_told_or_harmless";
            let environment = [("GRAIN_FLIPS", format!("{from}..{to}"))];
            let arguments = [test, "--ignored", "--nocapture"];
            let mut job = self.test("damage", 0, &arguments, &environment);
            job.name = format!("flips-{from}-to-{to}");
            let ended = self.run_one(job, limit(expected))?;
            self.deep.add("damage", &ended);
            done += to - from;
            let each = ended.seconds / (to - from) as f64;
            let left = until.saturating_duration_since(Instant::now());
            // Pieces of a minute or less, so that the share is kept and something is seen.
            let span = left.as_secs_f64().min(60.0);
            parts = ((span / each.max(0.01)) as u64).clamp(1, plan::FLIP_PARTS);
            expected = Duration::from_secs_f64(each * 1.1);
        }
        self.deep.tell("damage", "parts of a megabyte", done);
        Ok(())
    }

    /// Kills as many writers as fit.
    fn kills(&mut self, share: Duration) -> Result<()> {
        let begun = Instant::now();
        let (mut times, mut expected) = (1, share);
        let mut done = 0;
        while done < plan::KILLS_TIMES_MAX {
            let environment = [("GRAIN_TIMES", times.to_string())];
            let seed = self.next_seed();
            let job = self.test("process", seed, &["kills::", "--nocapture"], &environment);
            let ended = self.run_one(job, limit(expected))?;
            self.deep.add("process", &ended);
            done += times;
            let each = (ended.seconds / times as f64).max(0.01);
            let left = share.saturating_sub(begun.elapsed()).as_secs_f64();
            times = ((left / each) as u64).min(plan::KILLS_TIMES_MAX - done);
            expected = Duration::from_secs_f64(each * times as f64);
            if times == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Runs the suites that pay for it with other seeds, as long as one of them fits.
    fn suites_again(&mut self, until: Instant) -> Result<()> {
        let only = self.only.clone();
        let chosen = plan::SUITES.iter().filter(|suite| match only.as_deref() {
            Some(only) if only != Piece::Suites.name() => suite.name == only,
            _ => suite.repeats,
        });
        let chosen: Vec<_> = chosen.collect();
        // Seconds of one run at the usual effort, as last seen.
        let mut seconds: Vec<f64> = chosen
            .iter()
            .map(|suite| self.plain.suites.get(suite.name).map_or(0.0, |it| it.1))
            .collect();
        loop {
            let mut fits = false;
            for (at, suite) in chosen.iter().enumerate() {
                let left = until.saturating_duration_since(Instant::now());
                let left = left.as_secs_f64();
                if left < seconds[at].max(1.0) {
                    continue;
                }
                fits = true;
                let much = seconds[at] * suite.times as f64;
                let times = if left < much { 1 } else { suite.times };
                let environment = [("GRAIN_TIMES", times.to_string())];
                let seed = self.next_seed();
                let job = self.test(suite.name, seed, &[], &environment);
                let expected = Duration::from_secs_f64(seconds[at] * times as f64);
                let ended = self.run_one(job, limit(expected))?;
                self.deep.add(suite.name, &ended);
                seconds[at] = ended.seconds / times as f64;
            }
            if !fits {
                return Ok(());
            }
        }
    }

    /// A seed that this run has not used.
    pub(super) fn next_seed(&mut self) -> u64 {
        self.seed += 1;
        self.seed
    }
}
