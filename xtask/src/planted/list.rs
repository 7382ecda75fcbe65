//! The mistakes, read from the source that has them.
//!
//! In `src/planted.rs` each is a name and a comma on a line of its own, below its sentence as a doc
//! comment.

use std::error::Error;
use std::path::Path;

/// A mistake that can be planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) name: String,
    /// What goes wrong, and who did it.
    pub(super) what: String,
}

/// All mistakes of the source at `path`, in their order.
pub(super) fn read(path: &Path) -> Result<Vec<Mistake>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let found = parse(&text);
    if found.is_empty() {
        return Err(format!("{} lists no mistakes", path.display()).into());
    }
    Ok(found)
}

fn parse(text: &str) -> Vec<Mistake> {
    let (mut found, mut what) = (Vec::new(), Vec::new());
    let lines = text
        .lines()
        .skip_while(|line| *line != "mistakes! {")
        .skip(1);
    for line in lines.take_while(|line| *line != "}").map(str::trim) {
        if let Some(part) = line.strip_prefix("///") {
            what.push(part.trim());
        } else if let Some(name) = line.strip_suffix(',') {
            let (name, sentence) = (name.to_owned(), what.join(" "));
            found.push(Mistake {
                name,
                what: sentence,
            });
            what.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_a_name_below_its_sentence() {
        let text = "enum {\n}\nmistakes! {\n    /// What goes\n    /// wrong.\n    Name,\n}\nB,";
        let (name, what) = ("Name".to_owned(), "What goes wrong.".to_owned());
        assert_eq!(parse(text), [Mistake { name, what }]);
    }
}
