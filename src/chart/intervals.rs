//! Estimates with their intervals, one in each row, beside the line at which nothing differs.

use super::axis::STEPS_ALONG;
use super::drawing::{Anchor, Drawing, WIDTH};
use super::kinds::Intervals;

const ROW: f64 = 50.0;
const BELOW: f64 = 56.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = WIDTH - 40.0;

/// Draws the rows; their height.
pub(super) fn draw(intervals: &Intervals, drawing: &mut Drawing) -> f64 {
    let along = |value: f64| LEFT + intervals.x.place(value) * (RIGHT - LEFT);
    let bottom = intervals.rows.len() as f64 * ROW;
    for (place, tick) in intervals.x.ticks(STEPS_ALONG).into_iter().enumerate() {
        let x = along(tick.value);
        drawing.line(if tick.value == 0.0 { "grid axis" } else { "grid" }, (x, 0.0), (x, bottom));
        let class = if (place % 2 == 0) == (intervals.x.place(0.0) == 0.0) { "tick" } else { "tick odd" };
        let class = if tick.value == 0.0 { "tick" } else { class };
        drawing.text(class, (x, bottom + 20.0), Anchor::Middle, &tick.label);
    }
    for (place, row) in intervals.rows.iter().enumerate() {
        let top = place as f64 * ROW;
        let middle = top + 36.0;
        let (low, high) = (row.low.map_or(LEFT - 20.0, &along), row.high.map_or(RIGHT + 20.0, &along));
        let margin = (along(-row.within), along(row.within));
        drawing.rect("margin", (margin.0, middle - 8.0), (margin.1 - margin.0, 16.0), "");
        drawing.line(&format!("span {}", row.class), (low, middle), (high, middle));
        drawing.disc(&format!("dot {}", row.class), (along(row.estimate), middle), 5.0);
        drawing.text("name", (0.0, top + 16.0), Anchor::Start, &row.name);
        drawing.text("value", (WIDTH, top + 16.0), Anchor::End, &row.text);
    }
    drawing.text("name", (WIDTH, bottom + BELOW - 12.0), Anchor::End, &intervals.x.label);
    bottom + BELOW
}
