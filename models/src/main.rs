//! Models of the lock-free parts, run by loom under every order of threads and every value that the
//! memory model lets a load see, up to three preemptions.
//!
//! The sources are those of the library, compiled here against another door: `sync` gives loom's
//! atomics and locks. What the doubles cannot show stands in docs/testing.md.
//!
//! ```text
//! cd models && cargo run --release [NAME]
//! ```

#![allow(dead_code, unreachable_pub)] // only the modelled parts of the sources are used
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(clippy::disallowed_methods)]

#[path = "../../src/clock.rs"]
mod clock;
mod engine;
mod format;
mod memory;
mod memtable;
#[path = "../../src/planted.rs"]
mod planted;
#[path = "loom_door.rs"]
mod sync;
mod table;

/// A model: its name and what it runs.
type Model = (&'static str, fn());

/// How many times a thread may be made to wait for another at any point.
const PREEMPTIONS_MAX: usize = 3;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let all = [memtable::MODELS, engine::MODELS, table::MODELS];
    let models = all.into_iter().flatten();
    for (name, model) in models.filter(|(name, _)| name.contains(&wanted)) {
        let started = std::time::Instant::now();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound.get_or_insert(PREEMPTIONS_MAX);
        builder.max_branches = 20_000;
        let orders = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counted = std::sync::Arc::clone(&orders);
        builder.check(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            model();
        });
        let orders = orders.load(std::sync::atomic::Ordering::Relaxed);
        println!(
            "{name}: {orders} orders, {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }
}
