//! The same work by several threads at once.

use crate::peer::Outcome;

/// Runs `work` on so many threads, each with its number, and sums what they answer.
pub fn together(threads: u64, work: impl Fn(u64) -> Outcome<u64> + Sync) -> Outcome<u64> {
    if threads == 1 {
        return work(0);
    }
    let work = &work;
    std::thread::scope(|scope| {
        let started = (0..threads).map(|thread| scope.spawn(move || work(thread)));
        let started: Vec<_> = started.collect();
        let ended = started.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(_) => Err("a thread panicked".into()),
        });
        let ended: Vec<_> = ended.collect();
        ended.into_iter().sum()
    })
}
