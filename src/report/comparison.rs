//! A comparison as a document: all alternatives side by side, and of each contender the changes with their intervals and
//! verdicts.

use super::compared::{Shown, change, in_words, interval, tone, verdict};
use super::document::{Document, Element, Heading, Line, Section};
use super::number::{listed, percent};
use super::side_by_side;
use super::table::{Cell, Column, Table};
use crate::compare::shared_seeds;
use crate::plan::units::human_duration;
use crate::results::comparisons::{Alternative, Comparison, Contender, Method};

/// The most characters of an alternative's name in the heading of a column.
const HEADING_MAX: usize = 16;

/// The whole report of a comparison.
pub fn of_comparison(comparison: &Comparison) -> Document {
    let heading = Heading { level: 2, text: heading(comparison), breaks: true, ..Heading::default() };
    let facts = vec![method(comparison), within(comparison)];
    let mut elements = vec![Element::Heading(heading), Element::Facts(facts)];
    if side_by_side::is_wanted(comparison) {
        let overview = Section::of(side_by_side::elements(comparison));
        elements.push(Element::IfItFits {
            wide: std::iter::once(overview).chain(pairs(comparison, false)).collect(),
            narrow: pairs(comparison, true).collect(),
        });
    } else {
        elements.extend(pairs(comparison, true));
    }
    let alternatives = comparison.alternatives.iter();
    let courses = alternatives.map(|of| (of.name.clone(), of.course.clone())).collect();
    elements.extend([
        Section::of(vec![Element::Courses(courses)]),
        Section::of(vec![Element::Notes(comparison.notes.clone())]),
        Section::of(vec![Element::Warnings(comparison.warnings.clone())]),
    ]);
    Document { elements }
}

/// Each contender against the baseline, with both values or without.
fn pairs(comparison: &Comparison, values: bool) -> impl Iterator<Item = Element> {
    let baseline = &comparison.alternatives[0].name;
    comparison.contenders.iter().map(move |contender| {
        let text = format!("{} against {baseline}", contender.name);
        let heading = Heading { level: 3, depth: 1, text, breaks: true, ..Heading::default() };
        Section::of(vec![
            Element::Heading(heading),
            Element::Table(pair(baseline, contender, values)),
            Element::Line(Line::broken(2, in_words(contender))),
        ])
    })
}

fn pair(baseline: &str, contender: &Contender, values: bool) -> Table {
    let value = |name: &str, rank| Column::numbers(name, rank).heading_at_most(HEADING_MAX);
    let values_of_both = [value(baseline, 3), value(&contender.name, 2)].into_iter().filter(|_| values);
    let changes = [Column::numbers("change", 0), Column::numbers("interval", 1), Column::texts("verdict", 0)];
    let columns = std::iter::once(Column::texts("figure", 0)).chain(values_of_both).chain(changes);
    let mut table = Table::new(2, columns.collect());
    table.names_in_full = true;
    for row in &contender.rows {
        let both = [Shown::baseline(row), Shown::contender(row)];
        let values_of_both = both
            .into_iter()
            .filter(|_| values)
            .map(|shown| Cell { best: shown.is_best(row), ..shown.cell() });
        let changes: [Cell; 3] =
            [change(row).into(), interval(row).into(), Cell::from(verdict(row)).toned(tone(row.verdict))];
        table.row(std::iter::once(row.figure.as_str().into()).chain(values_of_both).chain(changes));
    }
    table
}

/// The heading, such as "comparison of mock, surer and crashing".
fn heading(comparison: &Comparison) -> String {
    let names: Vec<String> = comparison.alternatives.iter().map(|a| a.name.clone()).collect();
    format!("comparison of {}", listed(&names))
}

/// How the numbers were obtained, in words.
fn method(comparison: &Comparison) -> String {
    let replications = |alternative: &Alternative| alternative.replications.len();
    let counts: Vec<usize> = comparison.alternatives.iter().map(replications).collect();
    let each = if counts.iter().all(|count| *count == counts[0]) {
        let word = if counts[0] == 1 { "replication" } else { "replications" };
        format!("{} {word} of each", counts[0])
    } else {
        let names = comparison.alternatives.iter().map(|a| &a.name);
        let each = names.zip(&counts).map(|(name, count)| format!("{count} of {name}"));
        format!("replications: {}", each.collect::<Vec<_>>().join(", "))
    };
    let paired = comparison.contenders.iter().filter(|c| c.method == Method::Paired).count();
    let how = match paired {
        0 if shares_seeds(comparison) => "runs with some seeds in common (Welch's t)",
        0 => "independent runs (Welch's t)",
        all if all == comparison.contenders.len() => {
            "the same traffic and luck on every side (Student's t on the differences)"
        }
        _ => "Student's t on the differences where the traffic is the same, else Welch's t",
    };
    format!("{each}; {how}")
}

/// Whether some contender was played with seeds of the baseline.
fn shares_seeds(comparison: &Comparison) -> bool {
    let Some((baseline, others)) = comparison.alternatives.split_first() else { return false };
    others.iter().any(|other| shared_seeds(baseline, other) > 0)
}

/// The meaning of the verdicts, in words.
fn within(comparison: &Comparison) -> String {
    let share = percent(comparison.within.share);
    let within = match comparison.within.time_ns {
        Some(ns) => format!("{} for times, {share} for the rest", human_duration(ns.round() as u64)),
        None => share,
    };
    let confidence = percent(comparison.confidence).replace(".0 %", " %");
    format!("equivalent: within {within}; all {} verdicts together at {confidence}", comparison.verdicts)
}
