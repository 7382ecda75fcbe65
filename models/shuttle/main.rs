//! Schedules by chance: the whole engine on shuttle's threads and a simulated disk.
//!
//! ```text
//! cd models && cargo run --release --bin shuttle [SCHEDULES] [NAME]
//! ```
//!
//! Each model runs under so many random schedules and as many of depth three by the PCT scheduler
//! (Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
//! ASPLOS 2010). A failure prints the schedule, which shuttle can replay.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(clippy::disallowed_methods, unreachable_pub)]

mod scenes;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

const STACK_BYTES: usize = 512 << 10;
const DEPTH: usize = 3;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let schedules = arguments.next().map_or(300, |n| n.parse().unwrap());
    let wanted = arguments.next().unwrap_or_default();
    for (name, scene) in scenes::SCENES {
        if !name.contains(&wanted) {
            continue;
        }
        let started = std::time::Instant::now();
        let mut config = Config::new();
        config.stack_size = STACK_BYTES;
        // It warns that weak orders of loads and stores are not modelled: they are loom's part.
        config.silence_warnings = true;
        let by_chance = RandomScheduler::new(schedules);
        Runner::new(by_chance, config.clone()).run(scene);
        Runner::new(PctScheduler::new(DEPTH, schedules), config).run(scene);
        let seconds = started.elapsed().as_secs_f64();
        println!("{name}: 2 x {schedules} schedules, {seconds:.1} s");
    }
}
