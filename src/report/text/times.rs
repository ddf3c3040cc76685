//! How long messages took: by type, by phase, and over the course of the run.

use super::super::look::Look;
use super::lines::{label, labelled};
use crate::judgement::is_reliable;
use crate::report::course::{drawn, spark};
use crate::report::number::{NOTHING, TimeUnit, count, percent, rate};
use crate::report::table::{Column, Table};
use crate::results::comparisons::Course;
use crate::results::loaded;
use crate::results::{Figures, Run, Series, Times};

/// Columns that the line of the course needs beside its sparks.
const COURSE_TEXT: usize = 38;

/// Below this share of deliveries the p99 of all messages is never, whatever that of the delivered ones says.
const SUCCESS_MIN: f64 = 0.99;

/// The table by type, the table by phase, the course.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
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
    let mut lines = labelled("times", &caption, look);

    let types: Vec<(&str, &Figures)> =
        run.by_type.iter().map(|(name, figures)| (name.as_str(), figures)).collect();
    let whole = (types.len() != 1).then_some(all);
    lines.extend(table(("type", of_copies), &types, whole, unit, look));
    if !run.phases.is_empty() {
        let phases: Vec<(&str, &Figures)> =
            run.phases.iter().map(|phase| (phase.name.as_str(), &phase.figures)).collect();
        lines.push(String::new());
        lines.extend(table(("phase", of_copies), &phases, None, unit, look));
    }
    lines.extend(course(&run.series, look));
    lines
}

/// One row for each part, and one for all of them.
fn table(
    (kind, of_copies): (&str, bool),
    parts: &[(&str, &Figures)],
    whole: Option<&Figures>,
    unit: TimeUnit,
    look: &Look,
) -> Vec<String> {
    let by_phase = kind == "phase";
    let mut table = Table::new(vec![
        Column::names(kind),
        Column::numbers(if by_phase { "offered" } else { "messages" }, 0),
        Column::numbers(if of_copies { "taken over" } else { "delivered" }, 3),
        Column::numbers("p50", 0),
        Column::numbers("p90", 4),
        Column::numbers("p99", 0),
        Column::numbers("max", 1),
        Column::numbers(if of_copies { "taken over p99" } else { "queue wait p99" }, 2),
        Column::numbers(if of_copies { "to received p99" } else { "delivery p99" }, 5),
    ]);
    let rows = parts.iter().copied().take(look.rows_max()).chain(whole.map(|figures| ("all", figures)));
    for (name, figures) in rows {
        let size = match by_phase {
            true => figures.offered_per_s.map_or(NOTHING.to_owned(), rate),
            false => count(figures.counts.generated),
        };
        let (whole, first, last) = match of_copies {
            true => (&figures.end_to_end, &figures.total, &figures.transit),
            false => (&figures.total, &figures.queue_wait, &figures.delivery),
        };
        table.row(vec![
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
    let mut lines = table.lines(2, look.width, &look.palette);
    let rest = parts.len().saturating_sub(look.rows_max());
    if rest > 0 {
        let rest = format!("  … and {} more", count(rest as u64));
        lines.push(look.palette.faint(&rest));
    }
    lines
}

/// A percentile that too few messages lie beyond is the luck of a handful, and is not shown.
fn percentile(times: &Times, ns: Option<u64>, beyond: f64, unit: TimeUnit) -> String {
    match ns {
        Some(ns) if is_reliable(times.count, beyond) => unit.show(ns),
        _ => NOTHING.to_owned(),
    }
}

/// Deliveries and the p99 of their times while the load lasted.
fn course(series: &Series, look: &Look) -> Vec<String> {
    let room = look.width.saturating_sub(COURSE_TEXT);
    let Some(drawn) = drawn(&Course::of(series), room) else { return Vec::new() };
    let done = if series.of_copies { "received" } else { "delivered" };
    let line =
        |heading: &str, sparks: &str, text: String| format!("  {}{sparks}  {text}", label(heading, look));
    let mut lines = vec![
        line("course", &drawn.rates, format!("{} {done}", drawn.rates_text)),
        line("", &drawn.tails, format!("p99 {}", drawn.tails_text)),
    ];
    lines.extend(backlog(series, room).map(|(sparks, text)| line("", &sparks, text)));
    lines
}

/// How many copies wait or were accepted and not received, while the load lasted, drawn on the stretches of the course; none
/// where there was no backlog, or it is of messages in the queue.
fn backlog(series: &Series, room: usize) -> Option<(String, String)> {
    if !series.of_copies {
        return None;
    }
    let points = &series.points[..loaded(series)];
    let most = points.iter().map(|point| point.queue_max).max().filter(|most| *most > 0)?;
    let each = (series.p99_intervals as usize).max(1);
    let each = each * points.len().div_ceil(each).div_ceil(room.max(1));
    let stretches =
        points.chunks(each).map(|points| points.iter().map(|point| point.queue_max).max().unwrap_or(0));
    let sparks = stretches.map(|value| spark(value as f64, most as f64)).collect();
    Some((sparks, format!("backlog up to {}", count(most))))
}
