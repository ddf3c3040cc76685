//! What a comparison is asked.

use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::plan::units::{parse_duration, parse_share};
use crate::plan::{Figure, FigureNames, parse_figure};
use crate::results::Run;
use crate::results::comparisons::Within;

/// What is too small to matter unless something else is said.
pub const WITHIN_DEFAULT: Within = Within { share: 0.02, time_ns: None };

/// What is asked: which figures, and what is too small to matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The figures that get a verdict, each as written and as read.
    pub figures: Vec<(String, Figure)>,
    /// Whether nobody named them.
    pub by_default: bool,
    /// The difference that is too small to matter.
    pub within: Within,
}

/// One of the alternatives that are compared.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The name of the alternative.
    pub name: String,
    /// Its replications, in order.
    pub runs: Vec<&'a Run>,
}

impl Question {
    /// Reads the figures that get a verdict, [`PRIMARY`](super::PRIMARY) unless others are named, against the names that
    /// a plan has. Without `within`, [`WITHIN_DEFAULT`] is too small to matter.
    ///
    /// # Errors
    /// Each figure that is none, with what would have been right; each leads to `exit`.
    pub fn read(
        named: Option<&[String]>,
        within: Option<Within>,
        names: &FigureNames<'_>,
        exit: Exit,
    ) -> Result<Question, Diagnostics> {
        let primary = super::PRIMARY.map(str::to_owned);
        let (mut figures, mut wrong) = (Vec::new(), Diagnostics::new());
        for text in named.unwrap_or(&primary) {
            match parse_figure(text, names) {
                Ok(figure) if figures.iter().all(|(_, known)| *known != figure) => {
                    figures.push((text.trim().to_owned(), figure));
                }
                Ok(_) => {}
                Err(fault) => wrong
                    .push(Diagnostic::new(exit, fault.title).expected(fault.expected).help_if(fault.help)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Question { figures, by_default: named.is_none(), within: within.unwrap_or(WITHIN_DEFAULT) })
    }

    /// The figures that get a verdict among these candidates: unless somebody named them, those of what was received where
    /// one of the cores only takes messages over. Throughput is among them where all sides count copies.
    pub fn figures_for(&self, candidates: &[Candidate<'_>]) -> Vec<(String, Figure)> {
        let runs = || candidates.iter().flat_map(|candidate| &candidate.runs);
        let (some, all) = (runs().any(|run| run.is_of_copies()), runs().all(|run| run.is_of_copies()));
        if !self.by_default || !some {
            return self.figures.clone();
        }
        let read = |text: &str| {
            let figure = parse_figure(text, &FigureNames::default()).expect("a figure of every run");
            (text.to_owned(), figure)
        };
        // Saved apart, one side's throughput may be of messages and another's of copies: no verdict is about both.
        let figures = super::PRIMARY_OF_COPIES.into_iter().filter(|text| all || *text != "throughput");
        figures.map(read).collect()
    }
}

/// Reads what is too small to matter: a share ("2%") for every figure, or a time ("0.1ms") for figures that are times,
/// while 2 % stays for the others.
///
/// # Errors
/// What would have been right.
pub fn parse_within(text: &str) -> Result<Within, String> {
    let expected = || "a share such as \"2%\", or a time such as \"0.1ms\"".to_owned();
    if let Ok(ns) = parse_duration(text) {
        return Ok(Within { time_ns: Some(ns as f64), ..WITHIN_DEFAULT });
    }
    match parse_share(text) {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(Within { share, time_ns: None }),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_is_a_share_or_a_time() {
        assert_eq!(parse_within("2%"), Ok(Within { share: 0.02, time_ns: None }));
        assert_eq!(parse_within("0.005"), Ok(Within { share: 0.005, time_ns: None }));
        assert_eq!(parse_within("0.1ms"), Ok(Within { share: 0.02, time_ns: Some(100_000.0) }));
        for wrong in ["2", "-1%", "100%", "2/s", "", "much"] {
            assert!(parse_within(wrong).is_err(), "{wrong}");
        }
    }
}
