//! A run as a document, from the top down: whether it is valid, the outcomes of its messages, their times, its agents,
//! and what makes the numbers doubtful.

mod agents;
mod charts;
mod consumers;
mod copies;
mod limits;
mod notices;
mod page;
mod summary;
mod times;
mod traffic;
mod verdict;

pub(super) use charts::{course, ledger, of_histograms as chart_of_histograms, percentiles};
pub(super) use page::{folded, of_page};
#[cfg(test)]
pub(super) use summary::of_run;
pub(super) use summary::of_runs;
pub(super) use verdict::{of_script, verdict};
