//! How long messages took: by type, by phase, and over the course of the run.

use super::Look;
use super::lines::{label, labelled};
use crate::metrics::is_reliable;
use crate::metrics::results::{Figures, Run, SeriesPoint, Times};
use crate::plan::units::human_duration;
use crate::report::number::{NOTHING, TimeUnit, amount, count, percent};
use crate::report::table::{Column, Table};

const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SPARKS_MAX: usize = 48;
/// Columns that the line of the course needs beside its sparks.
const COURSE_TEXT: usize = 38;

/// The table by type, the table by phase, the course.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
    let all = &run.figures;
    let Some(typical) = all.total.p50_ns.or(all.gave_up.p50_ns) else { return Vec::new() };
    let unit = TimeUnit::fitting(typical);
    let caption = format!("in {}, from intended arrival to delivery", unit.name);
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
    lines.extend(course(&run.series.points, look));
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
        Column::numbers(if by_phase { "offered/s" } else { "messages" }, 0),
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
        let size = if by_phase { amount(figures.offered_per_s) } else { count(figures.counts.generated) };
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

/// The mean total time over the course of the run, where it changed at least twofold from one eighth of the run to
/// another: finer differences are noise.
fn course(points: &[SeriesPoint], look: &Look) -> Option<String> {
    let eighths = means(points, 8);
    if eighths.len() < 6 || highest(&eighths) < 2.0 * lowest(&eighths) {
        return None;
    }
    let means = means(points, SPARKS_MAX.min(look.width - COURSE_TEXT));
    let (low, high) = (lowest(&means), highest(&means));
    let steps = (SPARKS.len() - 1) as f64;
    let sparks: String =
        means.iter().map(|mean| SPARKS[((mean - low) / (high - low) * steps).round() as usize]).collect();
    let range = format!("mean {} … {}", human_duration(low as u64), human_duration(high as u64));
    Some(format!("  {}{sparks}  {range}", label("course", look)))
}

/// The mean total times of at most `most` stretches of equal length.
fn means(points: &[SeriesPoint], most: usize) -> Vec<f64> {
    points
        .chunks(points.len().div_ceil(most).max(1))
        .map(|chunk| {
            let delivered: u64 = chunk.iter().map(|point| point.delivered).sum();
            let of_point = |point: &SeriesPoint| point.total_mean_ns.unwrap_or(0.0) * point.delivered as f64;
            (delivered, chunk.iter().map(of_point).sum::<f64>())
        })
        // Few deliveries, as in the last stretch of a drain, would draw a spike of mere chance.
        .filter(|(delivered, _)| *delivered >= 20)
        .map(|(delivered, sum)| sum / delivered as f64)
        .collect()
}

fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
