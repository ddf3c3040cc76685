//! What results mean for the exit code.

use crate::compare::{may_regress, regressions};
use crate::diagnostics::Exit;
use crate::judgement::{exit_of_checks, exit_of_run};
use crate::results::comparisons::Comparison;
use crate::script::Execution;

/// The exit code of what a script has played, checked and compared; what went wrong apart. A regression only counts
/// where it was asked for.
pub fn exit(execution: &Execution, fail_on_regression: bool) -> Exit {
    let of_runs = execution.runs.iter().map(exit_of_run).fold(exit_of_checks(&execution.checks), Exit::worst);
    let compared = execution.comparisons.iter().map(|compared| &*compared.comparison);
    compared.filter(|_| fail_on_regression).map(exit_of_comparison).fold(of_runs, Exit::worst)
}

/// The exit code of a comparison that must not show a regression.
pub fn exit_of_comparison(comparison: &Comparison) -> Exit {
    match (regressions(comparison).is_empty(), may_regress(comparison)) {
        (false, _) => Exit::CheckFailed,
        (true, true) => Exit::Undecided,
        (true, false) => Exit::Success,
    }
}
