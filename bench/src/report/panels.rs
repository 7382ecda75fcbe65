//! Pictures of lines, one panel for each thing that is measured: over the number of records for the
//! group `growth`, over the percentiles for `latency`. Both axes go by steps of ten where they have
//! numbers.

use super::svg::{Anchor, LogAxis, Svg, colour};
use super::table::{columns, ordered, size};
use crate::groups::Group;
use crate::results::{Measured, Results};
use crate::row::Unit;
use crate::scale::grouped;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 30.0;

/// A panel: what stands below each place, and the line that gives the figures there.
struct Panel<'r> {
    title: String,
    places: Vec<(String, &'r Measured)>,
}

/// The picture of a group that has one of lines; `None` where there are not two places to join.
pub fn lines(results: &Results, group: Group) -> Option<String> {
    let all = ordered(results, group);
    let panels = match group {
        Group::Growth => by_size(&all),
        Group::Latency => by_percentile(&all),
        _ => return None,
    };
    let panels: Vec<_> = panels.into_iter().filter(|p| p.places.len() > 1).collect();
    if panels.is_empty() {
        return None;
    }
    let stores = columns(&all);
    let rows = panels.len().div_ceil(2) as f64;
    let mut svg = Svg::new(2.0 * WIDTH, rows * HEIGHT + 30.0);
    svg.legend((20.0, 20.0), &stores);
    for (at, panel) in panels.iter().enumerate() {
        let corner = ((at % 2) as f64 * WIDTH, (at / 2) as f64 * HEIGHT + 30.0);
        draw(&mut svg, corner, panel, &stores);
    }
    Some(svg.finish())
}

fn draw(svg: &mut Svg, corner: (f64, f64), panel: &Panel<'_>, stores: &[(&'static str, &str)]) {
    let (x, y) = corner;
    let (left, right) = (x + LEFT, x + WIDTH - 20.0);
    let (top, bottom) = (y + TOP, y + HEIGHT - BOTTOM);
    let lines = panel.places.iter().map(|(_, line)| *line);
    let figures = lines.flat_map(|line| stores.iter().filter_map(|(s, _)| line.median(s)));
    let axis = LogAxis::new(figures, bottom, top);
    let unit = panel
        .places
        .first()
        .map_or(Unit::Count, |(_, line)| line.unit);
    svg.text((left, top - 12.0), 12.0, Anchor::Start, &panel.title);
    for step in axis.steps() {
        let at = axis.place(step);
        svg.line((left, at), (right, at), "#dddddd", 1.0);
        svg.text((left - 6.0, at + 4.0), 10.0, Anchor::End, &unit.text(step));
    }
    let apart = (right - left) / (panel.places.len() - 1).max(1) as f64;
    for (at, (name, _)) in panel.places.iter().enumerate() {
        let at = left + apart * at as f64;
        svg.text((at, bottom + 16.0), 10.0, Anchor::Middle, name);
    }
    for (store, _) in stores {
        let points = panel
            .places
            .iter()
            .enumerate()
            .filter_map(|(at, (_, line))| {
                Some((left + apart * at as f64, axis.place(line.median(store)?)))
            });
        let points: Vec<_> = points.collect();
        for pair in points.windows(2) {
            svg.line(pair[0], pair[1], colour(store), 2.0);
        }
        for point in points {
            svg.dot(point, colour(store));
        }
    }
}

/// The lines of one shape, by their sizes.
fn by_size<'r>(lines: &[&'r Measured]) -> Vec<Panel<'r>> {
    let shape = |line: &Measured| {
        let name = line.name.split(crate::groups::AT).next();
        name.unwrap_or_default().to_owned()
    };
    let mut panels: Vec<Panel<'r>> = Vec::new();
    for line in lines {
        let (title, place) = (shape(line), (grouped(size(line)), *line));
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.places.push(place),
            None => panels.push(Panel {
                title,
                places: vec![place],
            }),
        }
    }
    panels
}

/// The percentiles of puts and of gets, and the slowest at the end.
fn by_percentile<'r>(lines: &[&'r Measured]) -> Vec<Panel<'r>> {
    let of = |what: &str| {
        let places = lines.iter().filter_map(|line| {
            let rest = line.name.strip_prefix(what)?.strip_prefix(", ")?;
            let name = match rest {
                rest if rest.starts_with('p') => rest,
                rest if rest.starts_with("the slowest") => "slowest",
                _ => return None,
            };
            Some((name.to_owned(), *line))
        });
        Panel {
            title: format!("{what} during a load"),
            places: places.collect(),
        }
    };
    vec![of("put"), of("get")]
}

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::sample;
    use super::*;

    fn renamed(group: Group, names: &[&str]) -> Results {
        let mut results = sample();
        let line = results.lines[0].clone();
        results.lines = names
            .iter()
            .enumerate()
            .map(|(order, name)| Measured {
                group,
                order,
                name: (*name).to_owned(),
                word: format!("size {order}"),
                ..line.clone()
            })
            .collect();
        results
    }

    #[test]
    fn sizes_of_a_shape_are_joined_in_their_panel() {
        let results = renamed(
            Group::Growth,
            &["load at 1", "load at 2", "get at 1", "get at 2"],
        );
        let svg = lines(&results, Group::Growth).unwrap_or_default();
        assert!(svg.contains(">load<") && svg.contains(">get<"), "{svg}");
        assert_eq!(
            svg.matches("stroke-width=\"2\"").count(),
            2 * 3,
            "panels by stores"
        );
    }

    #[test]
    fn percentiles_end_with_the_slowest_and_leave_the_mean_out() {
        let names = [
            "put, p50",
            "put, the slowest: the stop",
            "put, mean of the slowest",
        ];
        let svg = lines(&renamed(Group::Latency, &names), Group::Latency).unwrap_or_default();
        assert_eq!(svg.matches(">slowest<").count(), 1);
        assert!(lines(&sample(), Group::Core).is_none());
    }
}
