//! Results as a page: the runs of a script, its checks, figures over seeds, comparisons.

use super::aggregate;
use super::comparison::of_comparison;
use super::comparison_charts;
use super::document::{Commands, ContentsEntry, Document, Element, Heading, Section, Tone};
use super::number::counted;
use super::run::{self, folded};
use crate::results::comparisons::{Aggregate, Comparison};
use crate::results::{CheckResult, Report, Run};
use std::collections::HashSet;

/// What a page of results shows.
#[derive(Debug, Clone, Default)]
pub struct ResultsPage<'a> {
    /// The title, if there is more than one run or comparison.
    pub title: &'a str,
    /// All runs, also those that are only told of together.
    pub runs: &'a [Run],
    /// Of each run, whether it has a part of its own.
    pub alone: Vec<bool>,
    /// The checks that belong to no single run.
    pub checks: &'a [CheckResult],
    /// The figures over several seeds.
    pub aggregates: &'a [Aggregate],
    /// The comparisons, in order.
    pub comparisons: Vec<&'a Comparison>,
    /// Whether the script came to its end.
    pub whole: bool,
    /// The script and what it imported: each name and text.
    pub sources: &'a [(String, String)],
    /// The command that repeats everything; empty if unknown.
    pub repeat: &'a str,
}

impl<'a> ResultsPage<'a> {
    /// The page of saved results. Runs that a comparison or an aggregate tells of have no part of their own.
    pub fn of(title: &'a str, report: &'a Report) -> ResultsPage<'a> {
        let replications = report.comparisons.iter().flat_map(|comparison| &comparison.alternatives);
        let told: HashSet<&str> =
            replications.flat_map(|of| &of.replications).map(|run| run.digest.as_str()).collect();
        let is_seed = |run: &Run| {
            let of =
                |aggregate: &&Aggregate| aggregate.scenario == run.name && aggregate.core == run.core.name;
            report.aggregates.iter().filter(of).any(|aggregate| aggregate.seeds.contains(&run.seed))
        };
        let is_alone = |run: &Run| !told.contains(run.digest.as_str()) && !is_seed(run);
        ResultsPage {
            title,
            runs: &report.runs,
            alone: report.runs.iter().map(is_alone).collect(),
            aggregates: &report.aggregates,
            comparisons: report.comparisons.iter().collect(),
            whole: report.runs.iter().all(|run| run.partial.is_none()),
            ..ResultsPage::default()
        }
    }

    /// The page as a document, with every row.
    pub fn document(&self) -> Document {
        let shown: Vec<&Run> =
            self.runs.iter().zip(&self.alone).filter(|(_, alone)| **alone).map(|(run, _)| run).collect();
        let mut elements = Vec::new();
        if let ([only], true) = (shown.as_slice(), self.aggregates.is_empty() && self.comparisons.is_empty())
        {
            elements.extend(run::of_page(only, 1, ""));
            elements.extend(self.of_script());
        } else {
            elements.push(heading(1, self.title, String::new()));
            elements.extend(self.of_script());
            let contents = self.contents(&shown);
            elements.extend((contents.len() > 1).then_some(Element::Contents(contents)));
            for (place, run) in shown.iter().enumerate() {
                elements.extend(run::of_page(run, 2, &format!("run-{}", place + 1)));
            }
            for (place, aggregate) in self.aggregates.iter().enumerate() {
                elements.push(anchored(aggregate::elements(aggregate, true), format!("seeds-{}", place + 1)));
            }
            for (place, comparison) in self.comparisons.iter().enumerate() {
                let mut told = of_comparison(comparison).elements;
                let charts = comparison_charts::of(comparison, self.runs);
                // The charts stand after what says how to read the numbers.
                let at = told.len().min(2);
                told.splice(at..at, charts);
                elements.push(anchored(told, format!("comparison-{}", place + 1)));
            }
        }
        elements.extend(self.origin());
        Document { elements }
    }

    fn of_script(&self) -> Vec<Element> {
        if self.checks.is_empty() { Vec::new() } else { run::of_script(self.checks, self.whole) }
    }

    fn contents(&self, shown: &[&Run]) -> Vec<ContentsEntry> {
        let of_run = |(place, run): (usize, &&Run)| {
            let (tone, about) = run::verdict(run);
            ContentsEntry { id: format!("run-{}", place + 1), text: run.name.clone(), about, tone }
        };
        let of_aggregate = |(place, aggregate): (usize, &Aggregate)| ContentsEntry {
            id: format!("seeds-{}", place + 1),
            text: format!("{} on {}", aggregate.scenario, aggregate.core),
            about: counted(aggregate.seeds.len() as u64, "seed"),
            tone: Tone::Plain,
        };
        let of_comparison = |(place, comparison): (usize, &&Comparison)| ContentsEntry {
            id: format!("comparison-{}", place + 1),
            text: comparison_charts::title(comparison),
            about: comparison_charts::in_short(comparison),
            tone: Tone::Plain,
        };
        let runs = shown.iter().enumerate().map(of_run);
        let aggregates = self.aggregates.iter().enumerate().map(of_aggregate);
        runs.chain(aggregates).chain(self.comparisons.iter().enumerate().map(of_comparison)).collect()
    }

    /// What made the page: the command and the script.
    fn origin(&self) -> Vec<Element> {
        let mut elements = Vec::new();
        if !self.repeat.is_empty() {
            let commands = vec![(self.repeat.to_owned(), String::new())];
            elements.push(Element::Commands(Commands { label: "repeat", commands }));
        }
        elements.extend(self.sources.iter().map(|(name, text)| folded(name, text.clone())));
        if !elements.is_empty() {
            elements.insert(0, heading(2, "How to repeat it", String::new()));
        }
        elements
    }
}

fn heading(level: usize, text: &str, id: String) -> Element {
    Element::Heading(Heading { level, text: text.to_owned(), id, ..Heading::default() })
}

/// The elements as a section whose first heading can be linked to.
fn anchored(mut elements: Vec<Element>, id: String) -> Element {
    if let Some(heading) = first_heading(&mut elements) {
        heading.id = id;
    }
    Section::of(elements)
}

fn first_heading(elements: &mut [Element]) -> Option<&mut Heading> {
    elements.iter_mut().find_map(|element| match element {
        Element::Heading(heading) => Some(heading),
        Element::InFile(inner) => first_heading(inner),
        _ => None,
    })
}
