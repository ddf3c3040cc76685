//! What limits the run, and what helps.

use super::super::look::Look;
use super::lines::{TIGHT, labelled};
use crate::compare::literal;
use crate::plan::{FigureNames, parse_figure};
use crate::report::number::printable;
use crate::results::figures::human;
use crate::results::{Limit, Run, Tried};

/// Each limit with the figure that shows it, and the setting that helps.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, limit) in run.limits.iter().enumerate() {
        let text = format!("{}; {}", limit.seen, advice(limit));
        lines.extend(labelled(if place == 0 { "limits" } else { "" }, &printable(&text), look));
    }
    lines
}

fn advice(limit: &Limit) -> String {
    match (&limit.setting, &limit.tried) {
        (Some(setting), Some(tried)) => {
            format!("try --set{TIGHT}{setting} ({})", in_words(tried))
        }
        (Some(setting), None) => format!("{}: --set{TIGHT}{setting} (not tried)", limit.help),
        (None, _) => limit.help.clone(),
    }
}

/// What came of a setting.
fn in_words(tried: &Tried) -> String {
    let value = |number: f64| match parse_figure(&tried.figure, &FigureNames::default()) {
        Ok(figure) => human(literal(&figure, number)),
        Err(_) => format!("{number}"),
    };
    format!("played: {} {} instead of {}", tried.figure, value(tried.with), value(tried.without))
}
