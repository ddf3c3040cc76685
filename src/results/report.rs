//! A file of results.

use super::comparisons::{Aggregate, Comparison};
use super::run::Run;
use serde::{Deserialize, Serialize};

/// The name of the file format, with its version.
pub const FORMAT: &str = "mqscript.report/1";

/// A file of results.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The format of the file: [`FORMAT`].
    pub format: String,
    /// The results of each run, in order.
    pub runs: Vec<Run>,
    /// The comparisons between the runs.
    pub comparisons: Vec<Comparison>,
    /// Figures over several runs.
    pub aggregates: Vec<Aggregate>,
}

impl Report {
    /// A report of these runs.
    pub fn new(runs: Vec<Run>) -> Report {
        Report { format: FORMAT.to_owned(), runs, comparisons: Vec::new(), aggregates: Vec::new() }
    }
}
