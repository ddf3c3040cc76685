//! Draws the deliveries of a run, and the p99 of their times, as one line of characters each. All is drawn from zero,
//! so that random noise looks small.

use super::document::Backlog;
use super::number::{count, printable, rate};
use super::table::{Column, Table};
use super::text::shortened;
use crate::plan::units::human_duration;
use crate::results::comparisons::CoarseSeries;

const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A run with fewer stretches than this is not drawn.
pub(super) const STRETCHES_MIN: usize = 8;

/// A course drawn as text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    /// One character for the deliveries of each stretch.
    pub rates: String,
    /// The range of the rates, such as "171 … 185/s".
    pub rates_text: String,
    /// One character for the p99 of each stretch; a space if nothing was delivered.
    pub tails: String,
    /// The range of the p99, such as "11.2 ms … 13.1 ms".
    pub tails_text: String,
}

/// The largest values, which are drawn highest.
#[derive(Debug, Clone, Copy, Default)]
struct Scale {
    rate: f64,
    tail_ns: f64,
}

impl Scale {
    fn of(course: &CoarseSeries) -> Scale {
        let (rate, tail_ns) = (largest(rates(course)), largest(tails(course)));
        Scale { rate, tail_ns }
    }

    fn and(self, other: Scale) -> Scale {
        Scale { rate: self.rate.max(other.rate), tail_ns: self.tail_ns.max(other.tail_ns) }
    }
}

/// Draws a course in at most `room` characters; several stretches share one if need be. None if the course is too short
/// or nothing was delivered.
pub(super) fn drawn(course: &CoarseSeries, room: usize) -> Option<Drawn> {
    let course = is_long_enough(course).then(|| fitting(course, room))?;
    let scale = Scale::of(&course);
    (scale.tail_ns > 0.0).then(|| draw(&course, scale))
}

/// Draws the courses of all alternatives as a table on one scale: two rows for each, with a name of at most `name_max`
/// characters. None if no alternative has a course.
pub(super) fn table(alternatives: &[(String, CoarseSeries)], room: usize, name_max: usize) -> Option<Table> {
    let known = alternatives.iter().filter(|(_, course)| is_long_enough(course));
    let courses: Vec<(&str, CoarseSeries)> =
        known.map(|(name, course)| (name.as_str(), fitting(course, room))).collect();
    // All stretches get the same length, so that a longer run is drawn longer.
    let stretch_ns = courses.iter().map(|(_, course)| course.stretch_ns).max().unwrap_or(0);
    let courses: Vec<(&str, CoarseSeries)> =
        courses.into_iter().map(|(name, course)| (name, course.coarser(stretch_ns))).collect();
    let scale = courses.iter().fold(Scale::default(), |scale, (_, course)| scale.and(Scale::of(course)));
    if scale.tail_ns <= 0.0 {
        return None;
    }
    let mut table = Table::new(
        1,
        vec![
            Column::texts("course", 0),
            Column::texts("", 0),
            Column::texts("on one scale", 0),
            Column::texts("least … most", 1),
        ],
    );
    for (name, course) in &courses {
        let drawn = draw(course, scale);
        table.row([
            shortened(&printable(name), name_max),
            "delivered".to_owned(),
            drawn.rates,
            drawn.rates_text,
        ]);
        table.row([String::new(), "total.p99".to_owned(), drawn.tails, drawn.tails_text]);
    }
    Some(table)
}

/// Draws the backlog on the stretches of its course, and gives its maximum in words. None if there was no backlog.
pub(super) fn backlog(backlog: &Backlog, room: usize) -> Option<(String, String)> {
    let most = backlog.most.iter().copied().max().filter(|most| *most > 0)?;
    let each = backlog.intervals.max(1);
    let each = each * backlog.most.len().div_ceil(each).div_ceil(room.max(1));
    let stretches = backlog.most.chunks(each).map(|of| of.iter().copied().max().unwrap_or(0));
    let sparks = stretches.map(|value| spark(value as f64, most as f64)).collect();
    Some((sparks, format!("backlog up to {}", count(most))))
}

fn is_long_enough(course: &CoarseSeries) -> bool {
    course.delivered_per_s.len().min(course.total_p99_ns.len()) >= STRETCHES_MIN
}

fn fitting(course: &CoarseSeries, room: usize) -> CoarseSeries {
    let shared = course.delivered_per_s.len().div_ceil(room.max(1)) as u64;
    course.coarser(course.stretch_ns.saturating_mul(shared))
}

fn rates(course: &CoarseSeries) -> impl Iterator<Item = f64> {
    course.delivered_per_s.iter().copied()
}

fn tails(course: &CoarseSeries) -> impl Iterator<Item = f64> {
    course.total_p99_ns.iter().copied().flatten()
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(f64::min).unwrap_or(0.0)
}

fn draw(course: &CoarseSeries, scale: Scale) -> Drawn {
    let own = Scale::of(course);
    let duration = |ns: f64| human_duration(ns as u64);
    Drawn {
        rates: rates(course).map(|rate| spark(rate, scale.rate)).collect(),
        rates_text: range(&rate(smallest(rates(course))), &rate(own.rate)),
        tails: course
            .total_p99_ns
            .iter()
            .map(|tail| tail.map_or(' ', |tail| spark(tail, scale.tail_ns)))
            .collect(),
        tails_text: format!("{} … {}", duration(smallest(tails(course))), duration(own.tail_ns)),
    }
}

/// A range of values, such as "171 … 185/s", "30/m … 2/s", "0 … 11.7/h".
fn range(least: &str, most: &str) -> String {
    let unit = most.find('/').map_or("", |at| &most[at..]);
    // Zero is shown without a unit.
    let least = least.strip_suffix(unit).unwrap_or(least);
    format!("{} … {most}", if least == "0/s" { "0" } else { least })
}

/// A character whose height is proportional to the largest value.
fn spark(value: f64, most: f64) -> char {
    let steps = SPARKS.len() as f64;
    SPARKS[((value / most * steps).ceil() as usize).clamp(1, SPARKS.len()) - 1]
}
