//! The limits of scripts, all of them explicit: Rhai's own differ between debug and release builds.

use std::time::Duration;

/// Operations of a whole script, callbacks apart.
pub(super) const OPERATIONS_MAX: u64 = 50_000_000;
/// Operations of one callback.
pub(super) const CALLBACK_OPERATIONS_MAX: u64 = 5_000_000;
/// Processor time of a whole script, its runs and their callbacks apart. Operations alone do not bound it: one that
/// changes a large list takes as long as the list is large.
pub(super) const SCRIPT_TIME_MAX: Duration = Duration::from_secs(10);
/// Processor time of one callback.
pub(super) const CALLBACK_TIME_MAX: Duration = Duration::from_secs(5);
/// Calls inside each other.
pub(super) const CALL_LEVELS_MAX: usize = 64;
/// Bytes of one text.
pub(super) const TEXT_MAX_BYTES: usize = 1 << 20;
/// Values in one list or map.
pub(super) const VALUES_MAX: usize = 100_000;
/// Variables at a time.
pub(super) const VARIABLES_MAX: usize = 1_000;
/// Files that one script may import.
pub(super) const MODULES_MAX: usize = 100;
/// Runs that `mqscript check` follows.
pub(super) const CHECK_RUNS_MAX: usize = 1_000;
/// Stack of the thread that evaluates a script: enough for all call levels at all expression depths.
pub(super) const STACK_BYTES: usize = 64 << 20;
