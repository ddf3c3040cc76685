//! The summary of a script's runs, checks, figures over seeds, and comparisons.

use super::aggregate;
use super::comparison::of_comparison;
use super::document::{Commands, Document, Element, Section};
use super::run;
use crate::results::comparisons::{Aggregate, Comparison};
use crate::results::{CheckResult, Run};

/// What the user has already asked for, so that it is not proposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether the results are saved.
    pub saved: bool,
    /// Whether the user can see how much is chance: the seed was drawn, or there are several.
    pub luck: bool,
}

/// Everything that a script's summary tells.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// The runs that are shown one by one.
    pub runs: &'a [&'a Run],
    /// The checks that belong to no single run.
    pub checks: &'a [CheckResult],
    /// The figures over several seeds.
    pub aggregates: &'a [Aggregate],
    /// The comparisons that are shown.
    pub comparisons: &'a [&'a Comparison],
    /// Whether the script came to its end, with every run played to its own.
    pub whole: bool,
    /// Whether any run was played or compared.
    pub played: bool,
    /// The command that repeats everything.
    pub repeat: &'a str,
    /// What the user has already asked for, so that it is not proposed.
    pub asked: Asked,
}

impl Summary<'_> {
    /// The summary as a document, empty if there is nothing to tell; with every row and with the origin of runs if
    /// `full`.
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

/// The last part of a summary: the command that repeats it, and at most two further flags that the user has not typed.
pub(super) fn closing(asked: Asked, repeat: &str) -> Vec<Element> {
    let step = |flag: &str, why: &str| (flag.to_owned(), why.to_owned());
    let luck = (!asked.luck).then(|| step("--seed random", "see how much of it is luck"));
    let keep = (!asked.saved).then(|| step("--output results.json", "keep every figure"));
    let repeat = Commands { label: "repeat", commands: vec![step(repeat, "")] };
    let next = Commands { label: "next", commands: luck.into_iter().chain(keep).collect() };
    vec![Element::Commands(repeat), Element::Commands(next)]
}
