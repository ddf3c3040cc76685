//! The times of messages: by type, by phase, and over the course of the run.

use crate::judgement::is_reliable;
use crate::report::document::{Backlog, Element, Labelled, RunCourse, Section};
use crate::report::number::{NOTHING, TimeUnit, count, percent, rate};
use crate::report::table::{Column, RowKind, Table, rows_max};
use crate::results::comparisons::CoarseSeries;
use crate::results::loaded;
use crate::results::{Figures, Run, Series, Times};

/// If a smaller share than this is delivered, the p99 of all messages is "never", whatever the p99 of the delivered
/// ones is.
const SUCCESS_MIN: f64 = 0.99;

/// The table by type, the table by phase, and the course.
pub(super) fn section(run: &Run, full: bool) -> Vec<Element> {
    let mut elements = tables(run, full);
    if !elements.is_empty() {
        elements.push(course(&run.series));
    }
    elements
}

/// The table by type and the table by phase; empty if nothing was timed.
pub(super) fn tables(run: &Run, full: bool) -> Vec<Element> {
    let all = &run.figures;
    let of_copies = run.is_of_copies();
    let headline = if of_copies { all.end_to_end } else { all.total };
    let Some(typical) = headline.p50_ns.or(all.gave_up.p50_ns) else { return Vec::new() };
    let unit = TimeUnit::fitting(typical);
    let missing = all
        .success_rate
        .filter(|rate| *rate < SUCCESS_MIN)
        .map(|rate| format!("; p50 to max leave out the {} that were not delivered", percent(1.0 - rate)));
    let caption = match of_copies {
        true => format!("in {}, from intended arrival to reception, of copies received", unit.name),
        false => {
            format!("in {}, from intended arrival to delivery{}", unit.name, missing.unwrap_or_default())
        }
    };
    let mut elements = vec![Element::Labelled(Labelled::new("times", caption))];

    let types: Vec<(&str, &Figures)> =
        run.by_type.iter().map(|(name, figures)| (name.as_str(), figures)).collect();
    let whole = (types.len() != 1).then_some(all);
    elements.push(table(("type", of_copies), &types, whole, unit, full));
    if !run.phases.is_empty() {
        let phases: Vec<(&str, &Figures)> =
            run.phases.iter().map(|phase| (phase.name.as_str(), &phase.figures)).collect();
        elements.push(Section::of(vec![table(("phase", of_copies), &phases, None, unit, full)]));
    }
    elements
}

/// One row for each part, and one for all of them.
fn table(
    (kind, of_copies): (&str, bool),
    parts: &[(&str, &Figures)],
    whole: Option<&Figures>,
    unit: TimeUnit,
    full: bool,
) -> Element {
    let by_phase = kind == "phase";
    let mut table = Table::new(
        1,
        vec![
            Column::texts(kind, 0),
            Column::numbers(if by_phase { "offered" } else { "messages" }, 0),
            Column::numbers(if of_copies { "taken over" } else { "delivered" }, 3),
            Column::numbers("p50", 0),
            Column::numbers("p90", 4),
            Column::numbers("p99", 0),
            Column::numbers("max", 1),
            Column::numbers(if of_copies { "taken over p99" } else { "queue wait p99" }, 2),
            Column::numbers(if of_copies { "to received p99" } else { "delivery p99" }, 5),
        ],
    );
    let rows = parts.iter().copied().take(rows_max(full)).chain(whole.map(|figures| ("all", figures)));
    for (name, figures) in rows {
        let size = match by_phase {
            true => figures.offered_per_s.map_or(NOTHING.to_owned(), rate),
            false => count(figures.counts.generated),
        };
        let (whole, first, last) = match of_copies {
            true => (&figures.end_to_end, &figures.total, &figures.transit),
            false => (&figures.total, &figures.queue_wait, &figures.delivery),
        };
        table.row([
            name.to_owned(),
            size,
            figures.success_rate.map_or(NOTHING.to_owned(), percent),
            percentile(whole, whole.p50_ns, 0.5, unit),
            percentile(whole, whole.p90_ns, 0.1, unit),
            percentile(whole, whole.p99_ns, 0.01, unit),
            whole.max_ns.map_or(NOTHING.to_owned(), |ns| unit.show(ns)),
            percentile(first, first.p99_ns, 0.01, unit),
            percentile(last, last.p99_ns, 0.01, unit),
        ]);
    }
    if whole.is_some() {
        table.last_is(RowKind::Whole);
    }
    table.more = parts.len().saturating_sub(rows_max(full)) as u64;
    Element::Table(table)
}

/// A percentile as text; left out if too few messages lie beyond it, because then it is mostly chance.
fn percentile(times: &Times, ns: Option<u64>, beyond: f64, unit: TimeUnit) -> String {
    match ns {
        Some(ns) if is_reliable(times.count, beyond) => unit.show(ns),
        _ => NOTHING.to_owned(),
    }
}

/// Deliveries and the p99 of their times while the load lasted.
fn course(series: &Series) -> Element {
    let backlog = series.of_copies.then(|| Backlog {
        most: series.points[..loaded(series)].iter().map(|point| point.queue_max).collect(),
        intervals: series.p99_intervals as usize,
    });
    let done = if series.of_copies { "received" } else { "delivered" };
    Element::Course(RunCourse { course: CoarseSeries::of(series), done, backlog })
}
