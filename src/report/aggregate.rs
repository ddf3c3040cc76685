//! Reports the figures of a run over several seeds.

use super::compared::number;
use super::document::{Element, Heading, Line, Section};
use super::number::count;
use super::table::{Column, Table};
use crate::results::comparisons::{Aggregate, AggregateFigure};

/// The figures that a summary of several seeds shows.
const SHOWN: [&str; 12] = [
    "offered",
    "throughput",
    "success_rate",
    "attempt_success_rate",
    "total.mean",
    "total.p50",
    "total.p99",
    "total_all.p99",
    "delivery.mean",
    "delivery.p99",
    "queue_wait.mean",
    "queue_wait.p99",
];

/// The figures of a run over its seeds; every figure if `full`.
pub(super) fn elements(aggregate: &Aggregate, full: bool) -> Vec<Element> {
    let seeds = &aggregate.seeds;
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    let title = format!("{} on {}", aggregate.scenario, aggregate.core);
    let heading = |text: String| Element::Heading(Heading { level: 2, text, ..Heading::default() });
    let mut table = Table::new(
        1,
        vec![
            Column::texts("figure", 0),
            Column::numbers("mean", 0),
            Column::numbers("95 % interval of the mean", 0),
            Column::numbers("smallest", 1),
            Column::numbers("largest", 1),
        ],
    );
    table.names_in_full = true;
    rows(aggregate, full).into_iter().for_each(|row| table.row(row));
    vec![
        Element::OnScreen(vec![heading(format!("{title} over {} seeds, {first} … {last}", seeds.len()))]),
        Element::InFile(vec![
            heading(title),
            Element::Line(Line::whole(0, format!("{} seeds", seeds.len()))),
        ]),
        Element::Table(table),
        Section::of(vec![Element::Notes(aggregate.notes.clone())]),
    ]
}

/// One row for each figure: its path, mean, interval, smallest and largest value. Every figure if `full`.
fn rows(aggregate: &Aggregate, full: bool) -> Vec<[String; 5]> {
    let all = aggregate.figures.iter().map(|(name, figure)| (name.as_str(), figure));
    let some = SHOWN.iter().filter_map(|name| Some((*name, aggregate.figures.get(*name)?)));
    let chosen: Vec<(&str, &AggregateFigure)> = if full { all.collect() } else { some.collect() };
    let row = |(name, figure): (&str, &AggregateFigure)| {
        let show = |value: f64| number(value, &figure.unit);
        let mean = figure.sample.mean;
        let ends = match figure.sample.margin {
            Some(margin) if margin > 0.0 => format!("{} … {}", show(mean - margin), show(mean + margin)),
            _ => String::new(),
        };
        let ends = match figure.skewed {
            Some(needed) => format!("{ends}, skewed: {} runs or more", count(needed)),
            None => ends,
        };
        [name.to_owned(), show(mean), ends, show(figure.min), show(figure.max)]
    };
    chosen.into_iter().map(row).collect()
}
