//! What can be drawn.

use super::axis::ChartAxis;

/// The number of colours that lines may have.
pub const COLOURS: usize = 8;

/// A chart: what it shows, in words and as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// A few words that name the chart.
    pub title: String,
    /// One sentence that says what is to be seen, for readers who do not see it.
    pub about: String,
    /// What is drawn in the chart.
    pub body: Body,
}

/// What is drawn in a chart.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Lines over one axis, in one panel or several.
    Plot(Plot),
    /// The parts of a whole, as one bar.
    Shares(Shares),
    /// Estimates with their intervals, one in each row.
    Intervals(Intervals),
}

/// Lines over one axis, in panels one below the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The axis that all panels share.
    pub x: ChartAxis,
    /// The places on it that the lines have values for, ascending.
    pub xs: Vec<f64>,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// Stretches of the axis that are shaded in every panel.
    pub shades: Vec<Shade>,
    /// Moments that are marked in every panel.
    pub marks: Vec<Mark>,
}

/// Lines that share a vertical axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The vertical axis of the panel.
    pub y: ChartAxis,
    /// The lines of the panel, the first on top.
    pub curves: Vec<Curve>,
}

/// One line of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name in the legend.
    pub name: String,
    /// How its values are joined.
    pub kind: CurveKind,
    /// Its colour, as a number in the style sheet, below [`COLOURS`].
    pub colour: usize,
    /// A value for each of the plot's `xs`; none where there is nothing to draw.
    pub values: Vec<Option<f64>>,
}

/// How the values of a line are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveKind {
    /// From one value straight to the next.
    Straight,
    /// Each value lasts until the next.
    Steps,
    /// As steps, filled down to the axis.
    Filled,
}

/// A stretch of the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Shade {
    /// Where the stretch begins on the axis.
    pub from: f64,
    /// Where the stretch ends on the axis.
    pub to: f64,
    /// The text that names it.
    pub label: String,
    /// What kind of stretch it is.
    pub kind: ShadeKind,
}

/// Why a stretch is shaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadeKind {
    /// A part of the load that has a name.
    Phase,
    /// A time in which something was out of order.
    Outage,
}

/// A moment on the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it lies on the axis.
    pub at: f64,
    /// What happened at that moment.
    pub label: String,
}

/// The parts of a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// The parts, from the left; those of 0 are left out of the bar.
    pub parts: Vec<Share>,
}

/// A part of a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The name of the part.
    pub name: String,
    /// How much of the whole it is.
    pub value: u64,
    /// Its colour, as a class of the style sheet.
    pub class: &'static str,
    /// What it is made of, for a reader who points at it; may be empty.
    pub about: String,
}

/// Estimates with their intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// The axis that all rows share.
    pub x: ChartAxis,
    /// The rows, from the top.
    pub rows: Vec<Estimate>,
}

/// An estimate, its interval, and the margin that does not matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// What is estimated in this row.
    pub name: String,
    /// The estimate in words, with its verdict.
    pub text: String,
    /// The estimate itself, in the unit of the axis.
    pub estimate: f64,
    /// The lower end; none if nothing bounds it.
    pub low: Option<f64>,
    /// The upper end; none if nothing bounds it.
    pub high: Option<f64>,
    /// The largest difference, in both directions, that is too small to matter.
    pub within: f64,
    /// Its colour, as a class of the style sheet.
    pub class: &'static str,
}
