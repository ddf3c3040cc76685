//! A chart as SVG.

use super::drawing::{Drawing, WIDTH};
use super::kinds::{Body, Chart};
use super::{intervals, plot, shares};

/// The chart as an SVG element, without a title of its own: `attributes` are those by which the page names it.
pub fn svg(chart: &Chart, attributes: &str) -> String {
    let mut drawing = Drawing::default();
    let height = match &chart.body {
        Body::Plot(what) => plot::draw(what, &mut drawing),
        Body::Shares(what) => shares::draw(what, &mut drawing),
        Body::Intervals(what) => intervals::draw(what, &mut drawing),
    };
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" {attributes}>{}</svg>", drawing.text)
}
