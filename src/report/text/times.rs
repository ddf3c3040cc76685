//! How long messages took: by type, by phase, and over the course of the run.

use super::Look;
use super::lines::{label, labelled};
use crate::metrics::comparisons::Course;
use crate::metrics::is_reliable;
use crate::metrics::results::{Figures, Run, Series, Times};
use crate::report::course::drawn;
use crate::report::number::{NOTHING, TimeUnit, count, percent, rate};
use crate::report::table::{Column, Table};

/// Columns that the line of the course needs beside its sparks.
const COURSE_TEXT: usize = 38;

/// Below this share of deliveries the p99 of all messages is never, whatever that of the delivered ones says.
const SUCCESS_MIN: f64 = 0.99;

/// The table by type, the table by phase, the course.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
    let all = &run.figures;
    let Some(typical) = all.total.p50_ns.or(all.gave_up.p50_ns) else { return Vec::new() };
    let unit = TimeUnit::fitting(typical);
    let missing = all
        .success_rate
        .filter(|rate| *rate < SUCCESS_MIN)
        .map(|rate| format!("; p50 to max leave out the {} that were not delivered", percent(1.0 - rate)));
    let caption =
        format!("in {}, from intended arrival to delivery{}", unit.name, missing.unwrap_or_default());
    let mut lines = labelled("times", &caption, look);

    let types: Vec<(&str, &Figures)> =
        run.by_type.iter().map(|(name, figures)| (name.as_str(), figures)).collect();
    let whole = (types.len() != 1).then_some(all);
    lines.extend(table("type", &types, whole, unit, look));
    if !run.phases.is_empty() {
        let phases: Vec<(&str, &Figures)> =
            run.phases.iter().map(|phase| (phase.name.as_str(), &phase.figures)).collect();
        lines.push(String::new());
        lines.extend(table("phase", &phases, None, unit, look));
    }
    lines.extend(course(&run.series, look));
    lines
}

/// One row for each part, and one for all of them.
fn table(
    kind: &str,
    parts: &[(&str, &Figures)],
    whole: Option<&Figures>,
    unit: TimeUnit,
    look: &Look,
) -> Vec<String> {
    let by_phase = kind == "phase";
    let mut table = Table::new(vec![
        Column::names(kind),
        Column::numbers(if by_phase { "offered" } else { "messages" }, 0),
        Column::numbers("delivered", 3),
        Column::numbers("p50", 0),
        Column::numbers("p90", 4),
        Column::numbers("p99", 0),
        Column::numbers("max", 1),
        Column::numbers("queue wait p99", 2),
        Column::numbers("delivery p99", 5),
    ]);
    let rows = parts.iter().copied().take(look.rows_max()).chain(whole.map(|figures| ("all", figures)));
    for (name, figures) in rows {
        let size = match by_phase {
            true => figures.offered_per_s.map_or(NOTHING.to_owned(), rate),
            false => count(figures.counts.generated),
        };
        table.row(vec![
            name.to_owned(),
            size,
            figures.success_rate.map_or(NOTHING.to_owned(), percent),
            percentile(&figures.total, figures.total.p50_ns, 0.5, unit),
            percentile(&figures.total, figures.total.p90_ns, 0.1, unit),
            percentile(&figures.total, figures.total.p99_ns, 0.01, unit),
            figures.total.max_ns.map_or(NOTHING.to_owned(), |ns| unit.show(ns)),
            percentile(&figures.queue_wait, figures.queue_wait.p99_ns, 0.01, unit),
            percentile(&figures.delivery, figures.delivery.p99_ns, 0.01, unit),
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
    let line =
        |heading: &str, sparks: &str, text: String| format!("  {}{sparks}  {text}", label(heading, look));
    vec![
        line("course", &drawn.rates, format!("{} delivered", drawn.rates_text)),
        line("", &drawn.tails, format!("p99 {}", drawn.tails_text)),
    ]
}
