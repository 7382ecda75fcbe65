//! What is claimed, how much of it is the target, and what others publish that a reader can check.

/// A row of the scoreboard.
pub(super) struct Claim {
    pub(super) claim: &'static str,
    pub(super) target: &'static str,
    /// The rows of figures that are shown, each with what it counts.
    pub(super) rows: &'static [(&'static str, &'static str)],
    /// The piece of the deep run that does it.
    pub(super) piece: &'static str,
    pub(super) anchor: &'static str,
}

/// The claims that a run measures.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        claim: "Power lost at a call, the database opened and compared",
        target: "100,000 in the fast tier, all of them right",
        rows: &[("crash recoveries", "recoveries")],
        piece: "suites",
        anchor: "pebble: every 1st to 5th write of two small histories, one model of the disk \
                 each; redb: one fixed point, and I/O that fails within 20 calls in its fuzzer",
    },
    Claim {
        claim: "Power lost again in the recovery",
        target: "30,000 in the fast tier, all of them right",
        rows: &[("nested recoveries", "recoveries")],
        piece: "suites",
        anchor: "redb, pebble: none found in their trees",
    },
    Claim {
        claim: "All small histories, each cut at each of its calls",
        target: "37,448 histories of up to five operations, 2,000,000 recoveries",
        rows: &[
            ("exhaustive histories", "histories"),
            ("exhaustive recoveries", "recoveries"),
        ],
        piece: "suites",
        anchor: "CrashMonkey (OSDI 2018): most crash bugs need at most three operations",
    },
    Claim {
        claim: "Processes killed, acknowledged commits all there",
        target: "2,000 in the fast tier, 20,000 in a deep run, 0 losses",
        rows: &[("kills", "kills, 0 losses")],
        piece: "kills",
        anchor: "sled: 700 exits of its own; RocksDB: about 50 kills a run",
    },
    Claim {
        claim: "A bit turned over: told with its place, or without effect",
        target: "524,288 in the fast tier; each of 8,388,608 of a megabyte in a deep run",
        rows: &[
            ("bit flips", "flips"),
            ("flips of a megabyte", "flips of a megabyte"),
        ],
        piece: "flips",
        anchor: "LevelDB: 12 chosen spots; pebble: one in each read",
    },
    Claim {
        claim: "Files cut at each byte; blocks and records lost, doubled, zeroed, swapped",
        target: "65,536 in the fast tier: told with its place, or without effect",
        rows: &[("mutilations", "mutilations")],
        piece: "suites",
        anchor: "LevelDB: 12 tests of corruption",
    },
    Claim {
        claim: "The n-th call fails, for each n",
        target: "24,000 in the fast tier, four errors, once and from then on: 0 panics, 0 losses",
        rows: &[("failing calls", "runs")],
        piece: "suites",
        anchor: "SQLite: loops over the n-th allocation and the n-th call, as here; in Rust none",
    },
    Claim {
        claim: "Histories by chance, each answer held against an oracle",
        target: "20,000 in the fast tier",
        rows: &[("model histories", "histories")],
        piece: "suites",
        anchor: "redb: one fuzzer of histories, 60 s a run",
    },
    Claim {
        claim: "The same history under other options and backends: the same answers",
        target: "32 sets of options, 3 backends",
        rows: &[
            ("metamorphic histories", "histories"),
            ("metamorphic subjects", "subjects each"),
        ],
        piece: "suites",
        anchor: "pebble: 30 sets of options and others by chance",
    },
    Claim {
        claim: "The same calls, twice: the same bytes",
        target: "200 in the fast tier",
        rows: &[("same bytes", "histories")],
        piece: "suites",
        anchor: "slatedb: the same seed has to give the same next random number and clock",
    },
    Claim {
        claim: "Inputs of fuzz targets",
        target: "17 targets, 0 open crashes",
        rows: &[
            ("fuzz inputs", "inputs"),
            ("fuzz runs", "runs of libFuzzer"),
            ("fuzz targets", "targets without a finding"),
            ("fuzz seconds", "CPU seconds"),
        ],
        piece: "fuzz",
        anchor: "redb: 60 s a run",
    },
    Claim {
        claim: "Models of what is shared without a lock, under all orders (loom)",
        target: "6 models, three preemptions",
        rows: &[("loom models", "models"), ("loom orders", "orders")],
        piece: "loom",
        anchor: "bytes: loom, too",
    },
    Claim {
        claim: "The engine under drawn schedules (shuttle)",
        target: "10,000 schedules",
        rows: &[("shuttle schedules", "schedules")],
        piece: "shuttle",
        anchor: "none known",
    },
    Claim {
        claim: "Unit tests under miri, two byte orders",
        target: "all of memtable and format",
        rows: &[("miri tests", "tests")],
        piece: "miri",
        anchor: "bytes: three jobs of miri; lsm-tree: none",
    },
];
