//! Who may import whom: floors, faces, the root, and circles.
//!
//! Law 1: imports run downwards, from the owning module by its full path. Law 2: a face is for
//! readers outside, so no file of the house imports through one. The test code of a file obeys the
//! floors too, but draws no arrow in the search for circles.

use crate::imports::paths;
use crate::source::Source;
use crate::{FLOORS, PACKAGES, SIBLINGS, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one package, by their path inside it.
struct Tree<'h, 'a> {
    root: &'static str,
    modules: BTreeMap<Vec<String>, &'h Source<'a>>,
}

/// Where an absolute path leads.
enum Owner<'h, 'a> {
    File(&'h Source<'a>),
    /// A module with modules below it, or the root, named for something it only passes on.
    Face(&'h Source<'a>),
    Nowhere,
}

/// File → file it imports → line of the first import.
type Arrows<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// Checks every package of the workspace.
pub(crate) fn check(sources: &[Source<'_>], found: &mut Vec<Violation>) {
    for root in PACKAGES {
        let tree = Tree::new(root, sources);
        let mut arrows = Arrows::new();
        for source in tree.modules.values() {
            tree.check_declared(source, found);
            tree.check_imports(source, &mut arrows, found);
        }
        check_circles(&arrows, found);
    }
}

/// The files that a `#[cfg(test)] mod name;` makes test code, and those below them.
pub(crate) fn test_files(sources: &[Source<'_>]) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for root in PACKAGES {
        let tree = Tree::new(root, sources);
        let mut tests: Vec<Vec<String>> = Vec::new();
        for (path, source) in &tree.modules {
            let declared = source.declared_modules().into_iter();
            for module in declared.filter(|module| module.test && !module.inline) {
                tests.push(
                    path.iter()
                        .cloned()
                        .chain([module.name.to_owned()])
                        .collect(),
                );
            }
        }
        let below = |path: &Vec<String>| tests.iter().any(|test| path.starts_with(test));
        let in_tests = tree.modules.iter().filter(|(path, _)| below(path));
        files.extend(in_tests.map(|(_, source)| source.path.to_owned()));
    }
    files
}

/// The floor of `room`, where the table has one.
pub(crate) fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(_, rooms)| rooms.contains(&room))
        .map(|(floor, _)| *floor)
}

impl<'h, 'a> Tree<'h, 'a> {
    fn new(root: &'static str, sources: &'h [Source<'a>]) -> Self {
        let modules = sources
            .iter()
            .filter_map(|s| Some((s.module_path(root)?, s)))
            .collect();
        Self { root, modules }
    }

    /// The library has floors; the other packages are one room each.
    fn has_floors(&self) -> bool {
        self.root == "src"
    }

    fn children(&self, path: &[String]) -> Vec<String> {
        let below = self
            .modules
            .keys()
            .filter(|module| module.starts_with(path));
        below
            .filter_map(|module| module.get(path.len()).cloned())
            .collect()
    }

    fn owner(&self, absolute: &[String]) -> Owner<'h, 'a> {
        for length in (0..=absolute.len()).rev() {
            let Some(source) = self.modules.get(&absolute[..length]) else {
                continue;
            };
            return if source.is_face() {
                Owner::Face(source)
            } else {
                Owner::File(source)
            };
        }
        Owner::Nowhere
    }

    /// A file that no module declares is not compiled, so no law and no test holds it.
    fn check_declared(&self, source: &Source<'_>, found: &mut Vec<Violation>) {
        let Some(path) = source.module_path(self.root) else {
            return;
        };
        let Some((name, parent)) = path.split_last() else {
            return;
        };
        let parent = self.modules.get(parent);
        let declares = |p: &&Source<'_>| p.declared_modules().iter().any(|m| m.name == name);
        if !parent.is_some_and(declares) {
            let what = format!(
                "no module declares this file; write `mod {name};` in its face or delete it"
            );
            found.push(Violation::new(source.path, 1, what));
        }
    }

    fn check_imports(
        &self,
        source: &'h Source<'a>,
        arrows: &mut Arrows<'a>,
        found: &mut Vec<Violation>,
    ) {
        let Some(module) = source.module_path(self.root) else {
            return;
        };
        if module.is_empty() {
            return; // the root sees every floor
        }
        if self.has_floors() && floor(&module[0]).is_none() {
            let room = &module[0];
            let what = format!("room `{room}` has no floor; add it to FLOORS in tests/house.rs");
            found.push(Violation::new(source.path, 1, what));
        }
        let children = self.children(&module);
        for path in paths(source) {
            let inline = source.inline_modules_at(path.start).map(str::to_owned);
            let here: Vec<String> = module.iter().cloned().chain(inline).collect();
            let own: &[String] = if here.len() == module.len() {
                &children
            } else {
                &[]
            };
            let Some(absolute) = path.absolute(&here, own) else {
                continue;
            };
            let mut report = |what| found.push(Violation::new(source.path, path.line, what));
            if self.has_floors()
                && let Some(what) = self.wrong_floor(&module[0], &absolute, path.segments[0])
            {
                report(format!("`{}` {what}", path.text()));
                continue;
            }
            match self.owner(&absolute) {
                Owner::Face(face) if self.has_floors() && !source.is_face() => report(format!(
                    "`{}` imports through the face {}; import from the module that owns it",
                    path.text(),
                    face.path
                )),
                Owner::File(target) if !source.is_face() && target.path != source.path => {
                    let lines = arrows.entry(source.path).or_default();
                    if !source.in_test(path.start) {
                        lines.entry(target.path).or_insert(path.line);
                    }
                }
                _ => {}
            }
        }
    }

    /// What is wrong with the floors of an import, and what to do.
    fn wrong_floor(&self, room: &str, absolute: &[String], first: &str) -> Option<String> {
        let target = absolute.first()?.as_str();
        if !self.modules.contains_key(&absolute[..1]) {
            return Some("imports from lib.rs; import from the module that owns it".to_owned());
        }
        if target == room {
            return None;
        }
        if first == "super" || first == "self" {
            return Some(format!("leaves its room; write `crate::{target}::..`"));
        }
        let (own, other) = (floor(room)?, floor(target)?);
        let allowed = SIBLINGS.iter().any(|(a, b, _)| *a == room && *b == target);
        if other > own {
            return Some(format!(
                "runs upwards, from floor {own} (`{room}`) to floor {other} (`{target}`); \
                 move what is shared down"
            ));
        }
        (other == own && !allowed).then(|| {
            format!(
                "joins two rooms of floor {own}, `{room}` and `{target}`; move what is shared \
                 down, or give SIBLINGS in tests/house.rs the reason"
            )
        })
    }
}

/// Reports every circle of files once, by its shortest way round.
fn check_circles(arrows: &Arrows<'_>, found: &mut Vec<Violation>) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (file, targets) in arrows {
        let ways = targets
            .keys()
            .filter_map(|target| way(arrows, target, file));
        let Some(way) = ways.min_by_key(Vec::len) else {
            continue;
        };
        if way.iter().any(|file| told.contains(file)) {
            continue;
        }
        told.extend(&way);
        let what = format!(
            "files import each other in a circle: {file} → {}; move what they share into a file \
             of its own",
            way.join(" → ")
        );
        found.push(Violation::new(file, targets[way[0]], what));
    }
}

/// The shortest way from `from` to `to`, both ends included.
fn way<'a>(arrows: &Arrows<'a>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut came: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(file) = queue.pop_front() {
        if file == to {
            let back = std::iter::successors(Some(file), |file| came.get(file).copied());
            let mut way: Vec<_> = back.collect();
            way.reverse();
            return Some(way);
        }
        for next in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if *next != from && !came.contains_key(next) {
                came.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::found_in;

    const ROOT: &str = "//! x\nmod error; mod sync; mod clock; mod format; mod fs; mod wal; \
                        mod table; mod engine;";

    /// A small house with `text` in place of one of its files.
    fn house(path: &str, text: &str) -> Vec<String> {
        let mut files = vec![
            ("src/lib.rs", ROOT.to_owned()),
            ("src/error.rs", "//! x\n".to_owned()),
            ("src/sync.rs", "//! x\n".to_owned()),
            ("src/clock.rs", "//! x\nuse crate::sync::Arc;".to_owned()),
            (
                "src/format/mod.rs",
                "//! x\nmod block; mod bytes; pub use block::B;".to_owned(),
            ),
            (
                "src/format/block.rs",
                "//! x\nuse super::bytes::get;".to_owned(),
            ),
            (
                "src/format/bytes.rs",
                "//! x\nuse crate::error::Error;".to_owned(),
            ),
            ("src/fs/mod.rs", "//! x\nmod disk;".to_owned()),
            ("src/fs/disk.rs", "//! x\n".to_owned()),
            ("src/wal/mod.rs", "//! x\nmod reader;".to_owned()),
            (
                "src/wal/reader.rs",
                "//! x\nuse crate::format::block::B;".to_owned(),
            ),
            ("src/table/mod.rs", "//! x\nmod writer;".to_owned()),
            ("src/table/writer.rs", "//! x\n".to_owned()),
            ("src/engine/mod.rs", "//! x\nmod lsm;".to_owned()),
            (
                "src/engine/lsm.rs",
                "//! x\nuse crate::wal::reader::R;".to_owned(),
            ),
        ];
        files.retain(|(at, _)| *at != path);
        files.push((path, text.to_owned()));
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        found_in(&files)
    }

    fn only(path: &str, text: &str, expected: &str) {
        let found = house(path, text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(expected), "{text}: {found:#?}");
    }

    #[test]
    fn a_house_in_order_has_nothing_to_report() {
        assert_eq!(house("src/error.rs", "//! x\n"), Vec::<String>::new());
    }

    #[test]
    fn imports_never_run_upwards() {
        let up = "runs upwards, from floor 2 (`format`) to floor 3 (`wal`)";
        let path = "src/format/block.rs";
        only(path, "//! x\nuse crate::wal::reader::R;", up);
        only(
            path,
            "//! x\nuse crate::{error::Error, wal::{reader::R}};",
            up,
        );
        only(path, "//! x\nfn f() { crate::wal::reader::f(); }", up);
        only(
            path,
            "//! x\n#[cfg(test)]\nmod tests { use crate::wal::reader::R; }",
            up,
        );
        only(
            "src/error.rs",
            "//! x\npub(crate) use crate::fs::disk::D;",
            "floor 2 (`fs`)",
        );
        let found = house(
            path,
            "//! x\n\nuse crate::{\n  error::E,\n  wal::reader::R,\n};",
        );
        assert!(
            found[0].starts_with("src/format/block.rs:5: "),
            "{found:#?}"
        );
    }

    #[test]
    fn rooms_of_a_floor_do_not_import_each_other_but_by_the_table() {
        let joins = "joins two rooms of floor 3, `wal` and `table`";
        only(
            "src/wal/reader.rs",
            "//! x\nuse crate::table::writer::W;",
            joins,
        );
        only(
            "src/sync.rs",
            "//! x\nuse crate::clock::C;",
            "joins two rooms of floor 1",
        );
        assert!(house("src/clock.rs", "//! x\nuse crate::sync::A;").is_empty());
    }

    #[test]
    fn nobody_leaves_a_room_but_by_its_full_path() {
        let leaves = "leaves its room; write `crate::format::..`";
        only(
            "src/wal/reader.rs",
            "//! x\nuse super::super::format::block::B;",
            leaves,
        );
        let inline = "//! x\nmod a { use super::super::super::format::block::B; }";
        only("src/wal/reader.rs", inline, leaves);
    }

    #[test]
    fn nobody_imports_from_the_root() {
        let root = "imports from lib.rs";
        only("src/wal/reader.rs", "//! x\nuse crate::Error;", root);
        only("src/wal/reader.rs", "//! x\nuse crate::{Result};", root);
        only("src/wal/reader.rs", "//! x\nuse crate::*;", root);
        only(
            "src/wal/reader.rs",
            "//! x\nfn f() -> crate::Result<u8> {}",
            root,
        );
        only("src/wal/reader.rs", "//! x\nuse super::super::Error;", root);
    }

    #[test]
    fn nobody_imports_through_a_face() {
        let face = "through the face src/format/mod.rs";
        only("src/wal/reader.rs", "//! x\nuse crate::format::B;", face);
        only("src/wal/reader.rs", "//! x\nuse crate::format;", face);
        only(
            "src/wal/reader.rs",
            "//! x\nuse crate::format::{self, block::B};",
            face,
        );
        only("src/wal/reader.rs", "//! x\nuse crate::format::*;", face);
        only("src/format/block.rs", "//! x\nuse super::B;", face);
        assert!(house("src/wal/reader.rs", "//! x\nuse crate::format::block;").is_empty());
        let own = "//! x\nstruct A;\nmod tests { use super::*; use super::A; }";
        assert!(house("src/wal/reader.rs", own).is_empty());
    }

    #[test]
    fn files_of_a_room_import_each_other_in_no_circle() {
        let circle = "in a circle: src/format/block.rs → src/format/bytes.rs → src/format/block.rs";
        only(
            "src/format/bytes.rs",
            "//! x\nuse crate::format::block::B;",
            circle,
        );
        only(
            "src/format/bytes.rs",
            "//! x\nfn f(b: super::block::B) {}",
            circle,
        );
        let test = "//! x\n#[cfg(test)]\nmod tests { use super::super::block::B; }";
        assert!(house("src/format/bytes.rs", test).is_empty());
    }

    #[test]
    fn other_packages_have_no_circles_either() {
        let found = found_in(&[
            ("derive/src/lib.rs", "//! x\nmod a; mod b; mod c;"),
            ("derive/src/a.rs", "//! x\nuse crate::b::B;"),
            ("derive/src/b.rs", "//! x\nuse crate::c::C;"),
            ("derive/src/c.rs", "//! x\nuse crate::a::A;"),
        ]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].starts_with("derive/src/a.rs:2: files import each other"),
            "{found:#?}"
        );
    }

    #[test]
    fn a_room_without_a_floor_and_a_file_without_a_module_are_found() {
        let found = found_in(&[
            ("src/lib.rs", "//! x\nmod attic;"),
            ("src/attic.rs", "//! x\n"),
            ("src/error.rs", "//! x\n"),
        ]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].starts_with("src/attic.rs:1: room `attic` has no floor"));
        assert!(found[1].starts_with("src/error.rs:1: no module declares this file"));
    }
}
