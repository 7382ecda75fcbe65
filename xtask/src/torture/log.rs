//! What programs print: the line that replays a failure, and figures.

/// The line that replays the failure that `output` tells of: the one that the suite printed itself,
/// else one made of the first failed test and what the run had set.
pub(super) fn replay(
    output: &str,
    name: &str,
    environment: &[(String, String)],
    arguments: &[String],
) -> String {
    let prefix = |without: &str| -> String {
        let told = environment
            .iter()
            .filter(|(name, _)| !without.contains(name.as_str()));
        told.map(|(name, value)| format!("{name}={value} "))
            .collect()
    };
    let printed = output.lines().find_map(|line| {
        let at = ["GRAIN_", "cargo test", "cargo fuzz"].into_iter();
        let at = at.filter_map(|start| line.find(start)).min()?;
        let line = line[at..].trim();
        let whole = line.contains("cargo test --test") || line.contains("cargo fuzz run");
        whole.then_some(line)
    });
    if let Some(line) = printed {
        return format!("{}{line}", prefix(line));
    }
    if !output.contains("running ") || !output.contains(" test") {
        return format!("{name}, as docs/testing.md runs it");
    }
    let failed = output.lines().find_map(|line| {
        let test = line.strip_prefix("test ")?;
        let (test, _) = test.split_once(" ... FAILED")?;
        Some(test.to_owned())
    });
    let ignored = arguments.iter().any(|it| it == "--ignored");
    let ignored = if ignored { " -- --ignored" } else { "" };
    let test = failed.unwrap_or_default();
    let line = format!("{}cargo test --test {name} {test}", prefix(""));
    format!("{}{ignored}", line.trim_end())
}

/// The number before `word` in each line that has it, added up.
pub(super) fn sum_before(output: &str, word: &str) -> u64 {
    let numbers = output.lines().filter_map(|line| {
        let before = line[..line.find(word)?].trim_end();
        let number = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
        number.parse::<u64>().ok()
    });
    numbers.sum()
}

/// The number behind `word` in each line that has it, added up.
pub(super) fn sum_after(output: &str, word: &str) -> u64 {
    let numbers = output.lines().filter_map(|line| {
        let after = line[line.find(word)? + word.len()..].trim_start();
        let end = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        after[..end].parse::<u64>().ok()
    });
    numbers.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Vec<(String, String)> {
        vec![("GRAIN_SEED".to_owned(), "7".to_owned())]
    }

    #[test]
    fn the_line_that_a_suite_prints_replays_it() {
        let output =
            "running 2 tests\nx\n  GRAIN_SEED=7 GRAIN_CRASH=4:Torn cargo test --test crash a\n";
        let line = replay(output, "crash", &seed(), &[]);
        assert_eq!(
            line,
            "GRAIN_SEED=7 GRAIN_CRASH=4:Torn cargo test --test crash a"
        );
        let output = "running 2 tests\nbad: GRAIN_FAULT=Eio:Once:4 cargo test --test faults b\n";
        let line = replay(output, "faults", &seed(), &[]);
        assert_eq!(
            line,
            "GRAIN_SEED=7 GRAIN_FAULT=Eio:Once:4 cargo test --test faults b"
        );
    }

    #[test]
    fn a_suite_that_prints_no_line_is_replayed_by_its_failed_test() {
        let output = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n";
        let line = replay(output, "model", &seed(), &["--ignored".to_owned()]);
        assert_eq!(
            line,
            "GRAIN_SEED=7 cargo test --test model a::c -- --ignored"
        );
        assert_eq!(
            replay("running 2 tests", "model", &[], &[]),
            "cargo test --test model"
        );
        assert_eq!(
            replay("oh", "loom", &[], &[]),
            "loom, as docs/testing.md runs it"
        );
    }

    #[test]
    fn numbers_stand_before_or_behind_their_word() {
        assert_eq!(sum_before("a: 17 orders, 2 s\nb: 5 orders", " orders"), 22);
        assert_eq!(
            sum_after("stat::units: 40\nstat::units: 2\n", "stat::units:"),
            42
        );
    }
}
