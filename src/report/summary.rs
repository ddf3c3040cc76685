//! All that a script's runs gave, from its first run to its last comparison.

use super::comparison::{aggregate_rows, aggregate_text, comparison_text};
use super::comparison_markdown::{aggregate_markdown, comparison_markdown};
use super::look::Look;
use super::text::{self, Asked};
use crate::results::comparisons::{Aggregate, Comparison};
use crate::results::{CheckResult, Run};

/// What is told.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// The runs that speak for themselves.
    pub runs: &'a [&'a Run],
    /// What only the script could check.
    pub checks: &'a [CheckResult],
    /// Figures over several seeds.
    pub aggregates: &'a [Aggregate],
    /// The comparisons.
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
    /// The summary for people, or in Markdown; empty if there is nothing to tell.
    pub fn text(&self, look: &Look, markdown: bool) -> String {
        let runs = text::summaries(self.runs, self.checks, self.whole, look);
        let mut parts = Vec::new();
        if markdown {
            parts.extend((!runs.is_empty()).then(|| format!("```text\n{runs}```\n")));
            parts
                .extend(self.aggregates.iter().map(|a| aggregate_markdown(a, &aggregate_rows(a, look.full))));
            parts.extend(self.comparisons.iter().map(|comparison| comparison_markdown(comparison)));
            return parts.join("\n");
        }
        parts.extend((!runs.is_empty()).then_some(runs));
        parts.extend(self.aggregates.iter().map(|aggregate| aggregate_text(aggregate, look)));
        parts.extend(self.comparisons.iter().map(|comparison| comparison_text(comparison, look)));
        let mut text = parts.join("\n");
        if self.played {
            let only_runs =
                self.checks.is_empty() && self.aggregates.is_empty() && self.comparisons.is_empty();
            text.push_str(if only_runs { "" } else { "\n" });
            text.push_str(&text::closing(self.asked, self.repeat, look));
        }
        text
    }
}
