//! Histories by the thousand: proptest's runner with the effort and the seed of this run.

use crate::effort;
use crate::score::{self, Row};
use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

/// Runs `check` on `histories` inputs of `strategy`, times the effort; panics with the smallest
/// input that fails. A failing input is kept in `kept`, and tried first from then on.
///
/// Without `GRAIN_SEED` each run draws anew; with it, what is drawn follows from it.
pub fn hold<T: std::fmt::Debug>(
    histories: u32,
    kept: &'static str,
    strategy: &impl Strategy<Value = T>,
    check: impl Fn(T),
) {
    let cases = histories * u32::try_from(effort::times()).unwrap();
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        max_shrink_iters: 30_000,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let mut runner = match effort::seed(0) {
        0 => TestRunner::new(config),
        seed => {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
            TestRunner::new_with_rng(config, rng)
        }
    };
    let outcome = runner.run(strategy, |input| {
        check(input);
        Ok::<_, TestCaseError>(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    score::tell(Row::ModelHistories, cases.into());
}
