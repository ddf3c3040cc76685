//! The limits of scripts, all of them explicit: Rhai's own differ between debug and release builds.

use rhai::{Dynamic, Engine};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Operations of a whole script, callbacks apart.
pub(super) const OPERATIONS_MAX: u64 = 50_000_000;
/// Operations of one callback.
pub(super) const CALLBACK_OPERATIONS_MAX: u64 = 5_000_000;
/// Calls inside each other.
pub(super) const CALL_LEVELS_MAX: usize = 64;
/// Bytes of one text.
pub(super) const TEXT_MAX_BYTES: usize = 1 << 20;
/// Values in one list or map.
pub(super) const VALUES_MAX: usize = 100_000;
/// Runs that `mqscript check` follows.
pub(super) const CHECK_RUNS_MAX: usize = 1_000;
/// Stack of the thread that evaluates a script: enough for all call levels at all expression depths.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// How many operations pass between two looks at the flag.
const LOOK_EVERY: u64 = 1_024;

/// Sets all limits, and ends evaluation soon after the flag is raised.
pub(super) fn set(engine: &mut Engine, operations: u64, interrupted: &Arc<AtomicBool>) {
    engine.set_max_operations(operations);
    engine.set_max_call_levels(CALL_LEVELS_MAX);
    engine.set_max_expr_depths(128, 64);
    engine.set_max_string_size(TEXT_MAX_BYTES);
    engine.set_max_array_size(VALUES_MAX);
    engine.set_max_map_size(VALUES_MAX);
    engine.set_max_variables(1_000);
    engine.set_max_functions(1_000);
    engine.set_max_modules(100);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(false);
    engine.disable_symbol("eval");
    let interrupted = Arc::clone(interrupted);
    engine.on_progress(move |operations| {
        let look = operations.is_multiple_of(LOOK_EVERY);
        (look && interrupted.load(Ordering::Relaxed)).then(|| Dynamic::from(super::faults::Stop::Interrupted))
    });
}
