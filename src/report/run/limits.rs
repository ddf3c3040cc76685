//! What limits the run, and what helps.

use crate::compare::literal;
use crate::plan::{FigureNames, parse_figure};
use crate::report::document::{Element, Labelled, TIGHT};
use crate::results::figures::human;
use crate::results::{Bottleneck, Run, Tried};

/// Each limit with the figure that shows it, and the setting that helps.
pub(super) fn section(run: &Run) -> Vec<Element> {
    let labels = std::iter::once("limits").chain(std::iter::repeat(""));
    let told = |(limit, label): (&Bottleneck, &str)| {
        Element::Labelled(Labelled::new(label, format!("{}; {}", limit.seen, advice(limit))))
    };
    run.limits.iter().zip(labels).map(told).collect()
}

fn advice(limit: &Bottleneck) -> String {
    match (&limit.setting, &limit.tried) {
        (Some(setting), Some(tried)) => {
            format!("try --set{TIGHT}{setting} ({})", in_words(tried))
        }
        (Some(setting), None) => format!("{}: --set{TIGHT}{setting} (not tried)", limit.help),
        (None, _) => limit.help.clone(),
    }
}

/// The result of a tried setting, in words.
fn in_words(tried: &Tried) -> String {
    let value = |number: f64| match parse_figure(&tried.figure, &FigureNames::default()) {
        Ok(figure) => human(literal(&figure, number)),
        Err(_) => format!("{number}"),
    };
    format!("played: {} {} instead of {}", tried.figure, value(tried.with), value(tried.without))
}
