//! What a run does: the suites, and how the minutes are divided. The one place for both.

use std::time::Duration;

/// A test program of the fast tier.
pub(super) struct Suite {
    pub(super) name: &'static str,
    /// True where other seeds make other histories, so that doing it again pays.
    pub(super) repeats: bool,
    /// `GRAIN_TIMES` of a repetition.
    pub(super) times: u64,
}

const fn once(name: &'static str) -> Suite {
    Suite {
        name,
        repeats: false,
        times: 1,
    }
}

const fn again(name: &'static str, times: u64) -> Suite {
    Suite {
        name,
        repeats: true,
        times,
    }
}

/// The suites of the plain pass, in this order.
pub(super) const SUITES: &[Suite] = &[
    again("crash", 1),
    again("exhaustive", 1),
    once("backend_crash"),
    again("faults", 1),
    again("disk_full", 1),
    again("model", 4),
    again("typed_model", 4),
    again("metamorphic", 1),
    once("damage"),
    once("process"),
    again("golden", 4),
    again("fuzz_seeds", 4),
    once("codec_memory"),
    once("repair"),
    once("inspect"),
    once("journal"),
    once("watch"),
    once("tombstones"),
    once("limits"),
    once("surroundings"),
];

/// What the minutes are divided among, in the order of its doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Every bit of a megabyte.
    Flips,
    /// Writers killed.
    Kills,
    /// The models of what is shared without a lock.
    Loom,
    /// The whole engine under drawn schedules.
    Shuttle,
    /// The unit tests where undefined behaviour would show.
    Miri,
    /// libFuzzer.
    Fuzz,
    /// The suites again, with other seeds, until the time is over.
    Suites,
}

impl Piece {
    pub(super) const ALL: [Self; 7] = [
        Self::Flips,
        Self::Kills,
        Self::Loom,
        Self::Shuttle,
        Self::Miri,
        Self::Fuzz,
        Self::Suites,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Flips => "flips",
            Self::Kills => "kills",
            Self::Loom => "loom",
            Self::Shuttle => "shuttle",
            Self::Miri => "miri",
            Self::Fuzz => "fuzz",
            Self::Suites => "suites",
        }
    }

    /// Its share of the time, in percent. What a piece leaves over the suites get.
    pub(super) const fn percent(self) -> u32 {
        match self {
            Self::Flips => 20,
            Self::Kills => 10,
            Self::Loom => 3,
            Self::Shuttle => 5,
            Self::Miri => 12,
            Self::Fuzz => 25,
            Self::Suites => 25,
        }
    }

    /// With less time than this it is not begun.
    pub(super) const fn least(self) -> Duration {
        Duration::from_secs(match self {
            Self::Flips | Self::Kills | Self::Suites => 5,
            Self::Loom | Self::Shuttle => 20,
            Self::Miri => 400,
            Self::Fuzz => 90,
        })
    }

    /// The suite whose test program it runs.
    pub(super) const fn suite(self) -> Option<&'static str> {
        match self {
            Self::Flips => Some("damage"),
            Self::Kills => Some("process"),
            _ => None,
        }
    }
}

/// Into how many parts `tests/damage/megabyte.rs` divides the bits.
pub(super) const FLIP_PARTS: u64 = 100;

/// The kills of a plain pass are done so many times at most: 20,000.
pub(super) const KILLS_TIMES_MAX: u64 = 10;

/// How long a fuzz target runs at most.
pub(super) const FUZZ_MOST: Duration = Duration::from_secs(600);

/// Fuzz targets that run side by side.
pub(super) const FUZZ_AT_ONCE: usize = 2;

#[cfg(test)]
mod tests {
    use super::Piece;

    #[test]
    fn the_shares_are_the_whole() {
        assert_eq!(Piece::ALL.iter().map(|it| it.percent()).sum::<u32>(), 100);
    }
}
