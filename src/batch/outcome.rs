//! What came of a cell, in a few lines: the whole stands in its own results.

use crate::diagnostics::Exit;
use crate::session::CellSummary;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of a cell, as it is kept beside its results and in `results.ndjson`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CellOutcome {
    /// The name of the cell.
    pub cell: String,
    /// The label on each axis.
    pub labels: BTreeMap<String, String>,
    /// What it was made of: equal for equal scripts, cores and settings.
    pub fingerprint: String,
    /// The exit code, as of `mqscript run`.
    pub exit: u8,
    /// Wall time in seconds.
    pub wall_s: f64,
    /// Whether it was ended for having taken too long.
    pub timed_out: bool,
    /// A summary of what was measured, and of what is wrong.
    pub summary: CellSummary,
}

impl CellOutcome {
    /// The exit code as such.
    pub fn exit(&self) -> Exit {
        Exit::from_code(self.exit).unwrap_or(Exit::Bug)
    }
}
