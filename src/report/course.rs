//! The course of deliveries and of the p99 of their times, drawn as one line of characters each. All is drawn from zero,
//! so that noise looks like noise.

use super::look::Look;
use super::number::{printable, rate};
use super::table::{Column, Table, shortened};
use crate::plan::units::human_duration;
use crate::results::comparisons::{Comparison, Course};

const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Fewer stretches than this have no course.
const STRETCHES_MIN: usize = 8;
/// Columns that a row of a comparison's courses needs beside its name and its sparks.
const ROW_TEXT: usize = 40;
/// How wide the name of an alternative may be.
const NAME_MAX: usize = 16;

/// A course as text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    /// A spark for the deliveries of each stretch.
    pub rates: String,
    /// "171 … 185/s"
    pub rates_text: String,
    /// A spark for the p99 of each stretch; a space where nothing was delivered.
    pub tails: String,
    /// "11.2 ms … 13.1 ms"
    pub tails_text: String,
}

/// The largest values that are drawn.
#[derive(Debug, Clone, Copy, Default)]
struct Scale {
    rate: f64,
    tail_ns: f64,
}

impl Scale {
    fn of(course: &Course) -> Scale {
        let (rate, tail_ns) = (largest(rates(course)), largest(tails(course)));
        Scale { rate, tail_ns }
    }

    fn and(self, other: Scale) -> Scale {
        Scale { rate: self.rate.max(other.rate), tail_ns: self.tail_ns.max(other.tail_ns) }
    }
}

/// A course in at most `room` characters, of which several stretches may have to share one; none of a course that is
/// too short, or in which nothing was delivered.
pub(super) fn drawn(course: &Course, room: usize) -> Option<Drawn> {
    let course = is_long_enough(course).then(|| fitting(course, room))?;
    let scale = Scale::of(&course);
    (scale.tail_ns > 0.0).then(|| draw(&course, scale))
}

/// The courses of all alternatives on one scale: name, what is drawn, sparks and range, two rows each. Empty if no
/// alternative has one.
pub(super) fn of_alternatives(comparison: &Comparison, room: usize) -> Vec<[String; 4]> {
    let known = comparison.alternatives.iter().filter(|alternative| is_long_enough(&alternative.course));
    let courses: Vec<(&str, Course)> =
        known.map(|alternative| (alternative.name.as_str(), fitting(&alternative.course, room))).collect();
    // What lasted longer is drawn longer.
    let stretch_ns = courses.iter().map(|(_, course)| course.stretch_ns).max().unwrap_or(0);
    let courses: Vec<(&str, Course)> =
        courses.into_iter().map(|(name, course)| (name, course.coarser(stretch_ns))).collect();
    let scale = courses.iter().fold(Scale::default(), |scale, (_, course)| scale.and(Scale::of(course)));
    let rows = courses.iter().flat_map(|(name, course)| {
        let drawn = draw(course, scale);
        [
            [printable(name), "delivered".to_owned(), drawn.rates, drawn.rates_text],
            [String::new(), "total.p99".to_owned(), drawn.tails, drawn.tails_text],
        ]
    });
    if scale.tail_ns > 0.0 { rows.collect() } else { Vec::new() }
}

/// The courses of all alternatives as a table; without lines if no alternative has one.
pub(super) fn lines(comparison: &Comparison, look: &Look) -> Vec<String> {
    let room = look.width.saturating_sub(ROW_TEXT + NAME_MAX).max(STRETCHES_MIN);
    let rows = of_alternatives(comparison, room);
    if rows.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(vec![
        Column::names("course"),
        Column::texts("", 0),
        Column::texts("on one scale", 0),
        Column::texts("least … most", 1),
    ]);
    for [name, what, sparks, range] in rows {
        table.row(vec![shortened(&name, NAME_MAX), what, sparks, range]);
    }
    table.lines(2, look.width, &look.palette)
}

fn is_long_enough(course: &Course) -> bool {
    course.delivered_per_s.len().min(course.total_p99_ns.len()) >= STRETCHES_MIN
}

fn fitting(course: &Course, room: usize) -> Course {
    let shared = course.delivered_per_s.len().div_ceil(room.max(1)) as u64;
    course.coarser(course.stretch_ns.saturating_mul(shared))
}

fn rates(course: &Course) -> impl Iterator<Item = f64> {
    course.delivered_per_s.iter().copied()
}

fn tails(course: &Course) -> impl Iterator<Item = f64> {
    course.total_p99_ns.iter().copied().flatten()
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(f64::min).unwrap_or(0.0)
}

fn draw(course: &Course, scale: Scale) -> Drawn {
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

/// "171 … 185/s", "30/m … 2/s", "0 … 11.7/h".
fn range(least: &str, most: &str) -> String {
    let unit = most.find('/').map_or("", |at| &most[at..]);
    // Nought has no unit of its own.
    let least = least.strip_suffix(unit).unwrap_or(least);
    format!("{} … {most}", if least == "0/s" { "0" } else { least })
}

/// One character, in proportion to the largest value.
pub(super) fn spark(value: f64, most: f64) -> char {
    let steps = SPARKS.len() as f64;
    SPARKS[((value / most * steps).ceil() as usize).clamp(1, SPARKS.len()) - 1]
}
