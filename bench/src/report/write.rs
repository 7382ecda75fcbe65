//! Writes the report and its pictures, which lie in a folder of its name beside it.

use super::bars::bars;
use super::panels::lines;
use super::template::{TEMPLATE, fill};
use crate::groups::Group;
use crate::peer::Outcome;
use crate::results::Results;
use std::path::Path;

/// Writes the report to `path`, as `docs/performance.md`, and its pictures to `docs/performance/`.
pub fn write(results: &Results, path: &Path) -> Outcome<()> {
    let folder = path.with_extension("");
    if folder == path {
        return Err(format!("{} needs an ending, such as .md", path.display()).into());
    }
    let name = folder.file_name().ok_or("the report has no name")?;
    let name = name.to_string_lossy();
    let mut plots = Vec::new();
    std::fs::create_dir_all(&folder)?;
    for group in Group::ALL {
        let picture = lines(results, *group).or_else(|| bars(results, *group));
        if let Some(picture) = picture {
            let file = format!("{}.svg", group.word());
            std::fs::write(folder.join(&file), picture)?;
            plots.push((*group, format!("{name}/{file}")));
        }
    }
    Ok(std::fs::write(path, fill(TEMPLATE, results, &plots)?)?)
}
