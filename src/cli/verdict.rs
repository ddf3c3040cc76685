//! What results mean for the exit code.

use crate::diagnostics::Exit;
use crate::metrics::results::{CheckResult, Run};
use crate::report::text::GENERATOR_LIMITED;
use crate::script::Execution;

/// The exit code of what a script has played and checked; what went wrong apart.
pub fn exit(execution: &Execution) -> Exit {
    execution.runs.iter().map(exit_of_run).fold(exit_of_checks(&execution.checks), Exit::worst)
}

fn exit_of_checks(checks: &[CheckResult]) -> Exit {
    if checks.iter().all(|check| check.holds) { Exit::Success } else { Exit::CheckFailed }
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
