//! The facts of a run that are not measured.

use crate::cores::ResolvedChain;
use crate::plan::{ClockKind, Plan};
use crate::results::{Environment, Stopwatch};

/// What the results say about a run besides what was measured.
pub struct Scene<'a> {
    /// The plan that is played.
    pub plan: &'a Plan,
    /// The clock on which it is played.
    pub clock: ClockKind,
    /// The cores on which it is played.
    pub resolved: &'a ResolvedChain,
    /// The capabilities of the cores, as bits.
    pub capabilities: u64,
    /// How far the kernel confines the process.
    pub confined: Option<&'a str>,
    /// Whether the results will be kept.
    pub kept: bool,
    /// The date and time at which the load began.
    pub started_at: String,
    /// Measures the wall time and processor time that the run costs.
    pub stopwatch: Stopwatch,
    /// The cost of the run, once the load is over and every message has ended.
    pub over: Option<Environment>,
}
