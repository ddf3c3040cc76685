//! What a run is about.

use crate::cores::ResolvedChain;
use crate::plan::{ClockKind, Plan};
use crate::results::{Environment, Stopwatch};

/// What the results say of a run beside what was measured.
pub struct Scene<'a> {
    /// What is played.
    pub plan: &'a Plan,
    /// On which clock.
    pub clock: ClockKind,
    /// On which cores.
    pub resolved: &'a ResolvedChain,
    /// What they can do.
    pub capabilities: u64,
    /// How far the kernel confines the process.
    pub confined: Option<&'a str>,
    /// Whether the results are kept.
    pub kept: bool,
    /// When the load began, on the calendar.
    pub started_at: String,
    /// What it costs.
    pub stopwatch: Stopwatch,
    /// What it has cost, once the load is over and the last message has its name.
    pub over: Option<Environment>,
}
