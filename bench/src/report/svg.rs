//! Pictures as text: the few shapes that the plots need, the colours of the stores, and axes on
//! which each step is ten times as much.

use super::table::STORES;
use std::fmt::{Display, Write};

const COLOURS: &[&str] = &[
    "#1b6ca8", "#c0392b", "#e08e0b", "#2e8b57", "#7d3c98", "#16a0a0", "#7f8c8d",
];

/// A picture that grows shape by shape.
pub struct Svg {
    width: f64,
    height: f64,
    shapes: String,
}

/// Where a text stands to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// An empty picture; sizes are pixels.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            shapes: String::new(),
        }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, x: f64, y: f64, size: (f64, f64), colour: &str) {
        let (width, height) = size;
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{colour}\"/>"
        ));
    }

    /// A line between two points.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
             stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// A dot.
    pub fn dot(&mut self, at: (f64, f64), colour: &str) {
        let (x, y) = at;
        self.add(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#
        ));
    }

    /// A text of so many pixels.
    pub fn text(&mut self, at: (f64, f64), size: f64, anchor: Anchor, text: &str) {
        let (x, y) = at;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    /// The names of stores beside their colours, in a row.
    pub fn legend(&mut self, at: (f64, f64), stores: &[(&'static str, &'static str)]) {
        let (mut x, y) = at;
        for (store, title) in stores {
            self.rect(x, y - 9.0, (10.0, 10.0), colour(store));
            self.text((x + 15.0, y), 12.0, Anchor::Start, title);
            x += 30.0 + 7.0 * title.len() as f64;
        }
    }

    fn add(&mut self, shape: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.shapes, "{shape}");
    }

    /// The file.
    pub fn finish(self) -> String {
        let (width, height) = (self.width, self.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" fill=\"#222\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
            self.shapes
        )
    }
}

/// The colour of a store, the same in all pictures.
pub fn colour(store: &str) -> &'static str {
    let place = STORES.iter().position(|(name, _)| *name == store);
    place.and_then(|at| COLOURS.get(at)).unwrap_or(&"#000000")
}

/// An axis on which each step is ten times as much.
#[derive(Debug, Clone, Copy)]
pub struct LogAxis {
    /// The powers of ten at its ends.
    least: f64,
    most: f64,
    /// The pixels of its ends.
    from: f64,
    to: f64,
}

impl LogAxis {
    /// From `from` to `to`, wide enough for all `figures` above 0 and one step at least.
    pub fn new(figures: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let powers: Vec<_> = figures.filter(|f| *f > 0.0).map(f64::log10).collect();
        let least = powers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = powers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = match powers.is_empty() {
            true => (0.0, 1.0),
            false => (least.floor(), most.ceil()),
        };
        Self {
            least,
            most: most.max(least + 1.0),
            from,
            to,
        }
    }

    /// Where a figure stands; what is not above 0, at the beginning.
    pub fn place(&self, figure: f64) -> f64 {
        let power = if figure > 0.0 {
            figure.log10()
        } else {
            self.least
        };
        let share = (power - self.least) / (self.most - self.least);
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The powers of ten along it.
    pub fn steps(&self) -> impl Iterator<Item = f64> {
        let (least, most) = (self.least as i32, self.most as i32);
        (least..=most).map(|power| 10f64.powi(power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_reaches_over_its_figures_by_whole_steps() {
        let axis = LogAxis::new([0.5, 30.0].into_iter(), 0.0, 300.0);
        assert_eq!(axis.steps().collect::<Vec<_>>(), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(axis.place(1.0), 100.0);
        assert_eq!(axis.place(0.0), 0.0);
        let nothing = LogAxis::new(std::iter::empty(), 0.0, 10.0);
        assert_eq!(nothing.place(10.0), 10.0);
    }

    #[test]
    fn what_is_written_is_escaped_and_stores_differ_in_colour() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text((0.0, 0.0), 9.0, Anchor::Start, "a < b & c");
        assert!(svg.finish().contains("a &lt; b &amp; c"));
        let colours: std::collections::BTreeSet<_> =
            STORES.iter().map(|(store, _)| colour(store)).collect();
        assert_eq!(colours.len(), STORES.len());
    }
}
