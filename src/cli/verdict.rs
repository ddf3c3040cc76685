//! What results mean for the exit code.

use crate::compare::{may_regress, regressions};
use crate::diagnostics::Exit;
use crate::metrics::comparisons::Comparison;
use crate::metrics::results::{CheckResult, Run};
use crate::report::text::GENERATOR_LIMITED;
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

fn exit_of_checks(checks: &[CheckResult]) -> Exit {
    let of_check = |check: &CheckResult| match (&check.undecided, check.holds) {
        (Some(_), _) => Exit::Undecided,
        (None, true) => Exit::Success,
        (None, false) => Exit::CheckFailed,
    };
    checks.iter().map(of_check).fold(Exit::Success, Exit::worst)
}

fn exit_of_run(run: &Run) -> Exit {
    let validity = match run.valid {
        Some(true) => Exit::Success,
        Some(false) => Exit::Invalid,
        None => Exit::Undecided,
    };
    let limited = run.warnings.iter().any(|warning| warning.kind == GENERATOR_LIMITED);
    let generator = if limited { Exit::Undecided } else { Exit::Success };
    validity.worst(exit_of_checks(&run.checks)).worst(generator)
}
