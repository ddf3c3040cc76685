//! What results mean for the exit code of the program.

use crate::diagnostics::Exit;
use crate::results::{CheckOutcome, CheckResult, Run, Validity};

/// The exit code of these checks: the worst of them.
pub fn exit_of_checks(checks: &[CheckResult]) -> Exit {
    let of_check = |check: &CheckResult| match check.outcome() {
        CheckOutcome::Undecided => Exit::Undecided,
        CheckOutcome::Holds => Exit::Success,
        CheckOutcome::Fails => Exit::CheckFailed,
    };
    checks.iter().map(of_check).fold(Exit::Success, Exit::worst)
}

/// The exit code of a run: the worst of its validity, its checks, and whether its generator kept up.
pub fn exit_of_run(run: &Run) -> Exit {
    let validity = match run.validity() {
        Validity::Valid | Validity::Tolerated => Exit::Success,
        Validity::GeneratorLimited | Validity::Undecided => Exit::Undecided,
        Validity::Invalid => Exit::Invalid,
    };
    let limited = if run.generator_limited().is_some() { Exit::Undecided } else { Exit::Success };
    validity.worst(limited).worst(exit_of_checks(&run.checks))
}
