//! What came of a batch as a document.

use super::batch_results::BatchResults;
use super::beside::{beside_on_screen, one_by_one};
use super::closing::{closing, failures};
use super::table::{cells, pivot};
use crate::report::{Document, Element, Heading, Line, Section, of_comparison};

/// The cells, the failures, the comparisons, and how all stands to the baseline.
pub(super) fn document(told: &BatchResults<'_>) -> Document {
    let heading =
        |level, text: &str| Element::Heading(Heading { level, text: text.to_owned(), ..Heading::default() });
    let mut elements = vec![
        Element::InFile(vec![heading(1, &told.prepared.file.name)]),
        Element::Table(cells(told)),
        Element::InFile(failures(told)),
    ];
    if let Some(pivoted) = pivot(told) {
        let caption = Element::Line(Line::whole(1, "p99 of all messages"));
        elements.push(Element::OnScreen(vec![Section::of(vec![caption, Element::Table(pivoted)])]));
    }
    for (name, comparison) in &told.across {
        let compared = of_comparison(comparison).elements;
        elements.push(Section::of(std::iter::once(heading(2, name)).chain(compared).collect()));
    }
    if let Some(against) = &told.against {
        elements.push(Element::OnScreen(vec![Section::of(beside_on_screen(against))]));
        elements.push(Element::InFile(one_by_one(against)));
    }
    elements.push(Element::OnScreen(closing(told)));
    Document { elements }
}
