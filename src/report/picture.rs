//! One chart of a run as a file of its own.

use super::run;
use crate::chart::{escaped, svg};
use crate::results::Run;

/// What the charts of a page get from its style sheet.
const STYLE: &str = include_str!("html/chart.css");

/// The charts of a run that can stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartOfRun {
    /// Rates, what waits and times, over time.
    Course,
    /// Times by their percentiles.
    Percentiles,
    /// Messages by their end.
    Ledger,
}

/// The chart as an SVG file; none if the run has nothing to draw in it.
pub fn picture(run: &Run, chart: ChartOfRun) -> Option<String> {
    let chart = match chart {
        ChartOfRun::Course => run::course(run),
        ChartOfRun::Percentiles => run::percentiles(run),
        ChartOfRun::Ledger => run::ledger(run),
    }?;
    let drawn = svg(&chart, "xmlns=\"http://www.w3.org/2000/svg\" class=\"alone\"");
    let at = drawn.find('>')? + 1;
    let (title, about) = (escaped(&chart.title), escaped(&chart.about));
    Some(format!(
        "{}<title>{title}</title><desc>{about}</desc><style>{STYLE}</style>{}\n",
        &drawn[..at],
        &drawn[at..]
    ))
}
