//! The numbers of a chart, as rows for a table.

use super::kinds::{Body, Chart, Intervals, Plot, Shares};
use super::plot::along;
use crate::numbers::{NOTHING, count, percent};

/// The numbers of a chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartRows {
    /// The heading of each column.
    pub columns: Vec<String>,
    /// The rows: where each lies in the drawing from the left, if it lies anywhere, and one text for each column.
    pub rows: Vec<(Option<f64>, Vec<String>)>,
}

/// The numbers of a chart, to be shown as a table.
pub fn rows(chart: &Chart) -> ChartRows {
    match &chart.body {
        Body::Plot(plot) => of_plot(plot),
        Body::Shares(shares) => of_shares(shares),
        Body::Intervals(intervals) => of_intervals(intervals),
    }
}

fn of_plot(plot: &Plot) -> ChartRows {
    let lines =
        || plot.panels.iter().flat_map(|panel| panel.curves.iter().map(move |line| (panel.y.unit, line)));
    let columns = std::iter::once(plot.x.label.clone()).chain(lines().map(|(_, line)| line.name.clone()));
    let row = |(place, x): (usize, &f64)| {
        let value = |(unit, line): (super::AxisUnit, &super::Curve)| {
            line.values.get(place).copied().flatten().map_or(NOTHING.to_owned(), |value| unit.shown(value))
        };
        let texts = std::iter::once(plot.x.unit.shown(*x)).chain(lines().map(value));
        (Some(along(&plot.x, *x)), texts.collect())
    };
    ChartRows { columns: columns.collect(), rows: plot.xs.iter().enumerate().map(row).collect() }
}

fn of_shares(shares: &Shares) -> ChartRows {
    let all: u128 = shares.parts.iter().map(|part| u128::from(part.value)).sum();
    let row = |part: &super::Share| {
        let share = if all > 0 { percent(part.value as f64 / all as f64) } else { NOTHING.to_owned() };
        (None, vec![part.name.clone(), count(part.value), share])
    };
    let columns = ["", "messages", "share"].map(str::to_owned).to_vec();
    ChartRows { columns, rows: shares.parts.iter().map(row).collect() }
}

fn of_intervals(intervals: &Intervals) -> ChartRows {
    let unit = intervals.x.unit;
    let end = |value: Option<f64>| value.map_or("without bound".to_owned(), |value| unit.shown(value));
    let row = |row: &super::Estimate| {
        let texts =
            [row.name.clone(), unit.shown(row.estimate), end(row.low), end(row.high), row.text.clone()];
        (None, texts.to_vec())
    };
    let columns = ["figure", "estimate", "from", "to", "verdict"].map(str::to_owned).to_vec();
    ChartRows { columns, rows: intervals.rows.iter().map(row).collect() }
}
