//! All that a script's runs gave, from its first run to its last comparison.

use super::aggregate;
use super::comparison::of_comparison;
use super::document::{Commands, Document, Element, Section};
use super::run;
use crate::results::comparisons::{Aggregate, Comparison};
use crate::results::{CheckResult, Run};

/// What the user has asked for already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The results are saved.
    pub saved: bool,
    /// The seed was drawn, or there are several: how much is luck can be seen.
    pub luck: bool,
}

/// What is told.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// The runs that speak for themselves.
    pub runs: &'a [&'a Run],
    /// What only the script could check.
    pub checks: &'a [CheckResult],
    /// Figures over several seeds.
    pub aggregates: &'a [Aggregate],
    /// The comparisons that are told.
    pub comparisons: &'a [&'a Comparison],
    /// Whether the script came to its end, with every run played to its own.
    pub whole: bool,
    /// Whether anything was played, or compared, at all.
    pub played: bool,
    /// The command that repeats it all.
    pub repeat: &'a str,
    /// What need not be proposed.
    pub asked: Asked,
}

impl Summary<'_> {
    /// All of it as a document that says nothing if there is nothing to tell; with every row, and more about the runs,
    /// if `full`.
    pub fn document(&self, full: bool) -> Document {
        let runs = run::of_runs(self.runs, self.checks, self.whole, full);
        let aggregates = self.aggregates.iter().map(|aggregate| aggregate::elements(aggregate, full));
        let comparisons = self.comparisons.iter().map(|comparison| of_comparison(comparison).elements);
        let mut elements = Vec::new();
        elements.extend((!runs.is_empty()).then_some(Element::Aligned(Document { elements: runs })));
        elements.extend(aggregates.chain(comparisons).map(Section::of));
        if self.played {
            let only_runs =
                self.checks.is_empty() && self.aggregates.is_empty() && self.comparisons.is_empty();
            let closing = closing(self.asked, self.repeat);
            let apart = if only_runs { 0 } else { 1 };
            elements.push(Element::OnScreen(vec![Element::Section(Section { apart, elements: closing })]));
        }
        Document { elements }
    }
}

/// What stands once below all summaries: the command that repeats the run, and at most two flags to try next that the
/// user has not typed.
pub(super) fn closing(asked: Asked, repeat: &str) -> Vec<Element> {
    let step = |flag: &str, why: &str| (flag.to_owned(), why.to_owned());
    let luck = (!asked.luck).then(|| step("--seed random", "see how much of it is luck"));
    let keep = (!asked.saved).then(|| step("--output results.json", "keep every figure"));
    let repeat = Commands { label: "repeat", commands: vec![step(repeat, "")] };
    let next = Commands { label: "next", commands: luck.into_iter().chain(keep).collect() };
    vec![Element::Commands(repeat), Element::Commands(next)]
}
