//! Documents: their links lead somewhere, and the picture of the floors is the table of the test.

use crate::floors::floor;
use crate::{FLOORS, Violation};
use std::collections::BTreeMap;

/// The document that draws the floors.
const PICTURE: &str = "docs/architecture.md";

/// Checks every markdown file among `files` (path → text).
pub(crate) fn check(files: &BTreeMap<String, String>, found: &mut Vec<Violation>) {
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in links(text) {
            let Some(file) = resolve(path, target) else {
                continue;
            };
            let folder = format!("{file}/");
            let is_folder = || files.keys().any(|path| path.starts_with(&folder));
            if !files.contains_key(&file) && !is_folder() && !file.is_empty() {
                let what = format!("the link `{target}` leads to no file; correct or remove it");
                found.push(Violation::new(path, line, what));
            }
        }
    }
    if let Some(text) = files.get(PICTURE) {
        check_picture(text, found);
    }
}

/// The targets of all links outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            (Some(_), _) => {}
            (None, None) => found.extend(links_of_line(line).map(|target| (at + 1, target))),
        }
    }
    found
}

/// `](target)`, `](<target> "title")` and `[name]: target`, but not inside of `code`.
fn links_of_line(line: &str) -> impl Iterator<Item = &str> {
    let prose = line.split('`').step_by(2);
    let inline = prose.flat_map(|part| part.split("](").skip(1));
    // A target may itself be cut by code marks; it is then no path.
    let inline = inline.filter_map(|rest| rest.split(')').next());
    let named = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    let targets = inline.chain(named.map(|(_, target)| target));
    targets.filter_map(|target| {
        let target = target.trim();
        match target.strip_prefix('<') {
            Some(rest) => rest.split('>').next(),
            None => target.split_whitespace().next(),
        }
    })
}

/// The file that `target` means in the document `from`; `None` for the web and for a place in the
/// document itself.
fn resolve(from: &str, target: &str) -> Option<String> {
    let path = target.split('#').next()?;
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part == ".." {
            // Above the root is no file; an impossible name says so.
            parts
                .pop()
                .map_or_else(|| parts.push("<above the repository>"), |_| ());
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// The table of floors in the document: `| 3 | `src/wal/`, .. | .. |`.
fn check_picture(text: &str, found: &mut Vec<Violation>) {
    let mut drawn: BTreeMap<&str, (u8, usize)> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let number = cells.next().and_then(|cell| cell.parse::<u8>().ok());
        let (Some(number), Some(rooms)) = (number, cells.next()) else {
            continue;
        };
        let paths = rooms.split('`').skip(1).step_by(2);
        let names = paths.filter_map(|path| path.trim_end_matches('/').rsplit('/').next());
        drawn.extend(names.map(|name| (name.trim_end_matches(".rs"), (number, at + 1))));
    }
    for (room, (number, line)) in &drawn {
        if floor(room) != Some(*number) {
            let what = format!("`{room}` is not on floor {number} of FLOORS in tests/house.rs");
            found.push(Violation::new(PICTURE, *line, format!("{what}; redraw it")));
        }
    }
    let rooms = FLOORS.iter().flat_map(|(_, rooms)| rooms.iter());
    for room in rooms.filter(|room| !drawn.contains_key(**room)) {
        let what = format!("the table of floors leaves out `{room}`; draw it");
        found.push(Violation::new(PICTURE, 1, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::found_in;

    #[test]
    fn a_link_to_nowhere_is_found_and_one_to_a_file_is_not() {
        let readme = "# x\n\n[a](docs/a.md) [b](docs/b.md \"title\")\n![c](<docs/c d.png>)\n\
                      [web](https://example.com/x) [here](#x) [dir](docs/) [a](./docs/a.md#y)\n\
                      `[code](docs/none.md)`\n```\n[code](docs/none.md)\n```\n[n]: docs/e.md\n";
        let found = found_in(&[("README.md", readme), ("docs/a.md", "[up](../README.md)")]);
        let lines: Vec<_> = found
            .iter()
            .map(|text| text.split(" leads").next().unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                "README.md:3: the link `docs/b.md`",
                "README.md:4: the link `docs/c d.png`",
                "README.md:10: the link `docs/e.md`",
            ]
        );
    }

    #[test]
    fn a_link_above_the_repository_leads_nowhere() {
        let found = found_in(&[("docs/a.md", "[x](../../README.md)"), ("README.md", "x")]);
        assert_eq!(found.len(), 1, "{found:#?}");
    }

    #[test]
    fn the_picture_of_the_floors_must_be_the_table() {
        let row = |(floor, rooms): &(u8, &[&str])| {
            let rooms: Vec<_> = rooms.iter().map(|room| format!("`src/{room}/`")).collect();
            format!("| {floor} | {} | text |\n", rooms.join(", "))
        };
        let picture: String = FLOORS.iter().map(row).collect();
        assert_eq!(found_in(&[(PICTURE, &picture)]), Vec::<String>::new());
        let swapped = picture.replace("`src/wal/`", "`src/shed/`");
        let found = found_in(&[(PICTURE, &swapped)]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found.iter().any(|text| text.contains("leaves out `wal`")),
            "{found:#?}"
        );
        assert!(
            found
                .iter()
                .any(|text| text.contains("`shed` is not on floor 3")),
            "{found:#?}"
        );
    }
}
