//! What somebody may have meant.

/// The one of `known` that `word` is closest to, if it is close.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .min()?;
    let tolerated = best.len().max(word.len()) / 2;
    (distance <= tolerated || best.starts_with(word) || word.starts_with(best)).then_some(best)
}

/// How many characters to insert, remove or replace (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
