//! A picture of a table: for each line a bar for each peer, from grainstore's figure to its own,
//! on an axis on which each step is ten times as much. To the right a peer has more, to the left
//! less.

use super::svg::{Anchor, LogAxis, Svg, colour};
use super::table::{OURS, columns, ordered, ratio, times};
use crate::groups::Group;
use crate::results::Results;

const WIDTH: f64 = 860.0;
const NAMES: f64 = 330.0;
const TOP: f64 = 60.0;
const BAR: f64 = 8.0;
const GAP: f64 = 10.0;

/// The picture; `None` where no line has both grainstore and a peer.
pub fn bars(results: &Results, group: Group) -> Option<String> {
    let lines = ordered(results, group);
    let stores: Vec<_> = columns(&lines)
        .into_iter()
        .filter(|(store, _)| *store != OURS)
        .collect();
    let ratio_of = |line, store| ratio(line, crate::results::Measured::median(line, store)?);
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let of = |(store, _): &(&'static str, _)| Some((*store, ratio_of(line, store)?));
            (
                line.name.as_str(),
                stores.iter().filter_map(of).collect::<Vec<_>>(),
            )
        })
        .filter(|(_, ratios)| !ratios.is_empty())
        .collect();
    if rows.is_empty() {
        return None;
    }
    let height = |bars: usize| BAR * bars as f64 + GAP;
    let bottom = TOP + rows.iter().map(|(_, bars)| height(bars.len())).sum::<f64>();
    let figures = rows
        .iter()
        .flat_map(|(_, bars)| bars.iter().map(|bar| bar.1));
    let axis = LogAxis::new(figures.chain([1.0]), NAMES, WIDTH - 50.0);
    let mut svg = Svg::new(WIDTH, bottom + 20.0);
    let head = "times grainstore's figure (left of 1: less, which is better)";
    svg.text((NAMES, 18.0), 12.0, Anchor::Start, head);
    svg.legend((NAMES, 36.0), &stores);
    for step in axis.steps() {
        let x = axis.place(step);
        let shade = if step == 1.0 { "#222222" } else { "#dddddd" };
        svg.line((x, TOP - 4.0), (x, bottom), shade, 1.0);
        svg.text((x, TOP - 8.0), 10.0, Anchor::Middle, &format!("{step}x"));
    }
    let mut y = TOP;
    for (name, bars) in rows {
        let middle = y + BAR * bars.len() as f64 / 2.0 + 4.0;
        svg.text((NAMES - 8.0, middle), 11.0, Anchor::End, name);
        for (at, (store, ratio)) in bars.iter().enumerate() {
            let (one, end) = (axis.place(1.0), axis.place(*ratio));
            let top = y + BAR * at as f64;
            let size = ((end - one).abs().max(1.0), BAR - 1.0);
            svg.rect(one.min(end), top, size, colour(store));
            let (x, anchor) = match end < one {
                true => (end - 3.0, Anchor::End),
                false => (end + 3.0, Anchor::Start),
            };
            svg.text((x, top + BAR - 1.0), 8.0, anchor, &times(*ratio));
        }
        y += height(bars.len());
    }
    Some(svg.finish())
}

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::sample;
    use super::*;

    #[test]
    fn each_peer_has_a_bar_in_each_line_it_has_a_figure_in() {
        let svg = bars(&sample(), Group::Core).unwrap_or_default();
        let bars_of = |store: &str| svg.matches(&format!("fill=\"{}\"", colour(store))).count();
        assert_eq!(bars_of("heed"), 2 + 1, "two lines and the legend");
        assert_eq!(bars_of("redb"), 1 + 1);
        assert!(bars(&sample(), Group::Ycsb).is_none());
    }
}
