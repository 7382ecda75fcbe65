//! The deep tier: every suite again and again with other seeds, and the scoreboard.

use std::error::Error;

/// Runs every suite with other seeds until the time is over, and writes the scoreboard.
#[derive(Debug, clap::Args)]
pub(crate) struct Torture {
    /// How long to go on, in minutes.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
}

impl Torture {
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        Err(format!("cannot go on for {} minutes yet", self.minutes).into())
    }
}
