//! What a run's results mean for the exit code.

use crate::diagnostics::Exit;
use crate::metrics::results::Run;
use crate::report::text::GENERATOR_LIMITED;

/// The exit code of one run that was played to its end, or as far as it got.
pub fn exit(run: &Run) -> Exit {
    let validity = match run.valid {
        Some(true) => Exit::Success,
        Some(false) => Exit::Invalid,
        None => Exit::Undecided,
    };
    let checks = if run.checks.iter().all(|check| check.holds) { Exit::Success } else { Exit::CheckFailed };
    let limited = run.warnings.iter().any(|warning| warning.kind == GENERATOR_LIMITED);
    let generator = if limited { Exit::Undecided } else { Exit::Success };
    validity.worst(checks).worst(generator)
}

/// The worst of several runs.
pub fn exit_of_all(runs: &[Run]) -> Exit {
    runs.iter().map(exit).fold(Exit::Success, Exit::worst)
}
