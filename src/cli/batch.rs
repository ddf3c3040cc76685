//! `batch`: plays a batch file.

use super::arguments::BatchFlags;
use super::parameters;
use mqscript::batch::{self, BatchInvocation};
use mqscript::diagnostics::Exit;

/// Plays a batch file.
pub fn command(flags: &BatchFlags) -> Exit {
    batch::play_batch(&BatchInvocation {
        file: flags.file.clone(),
        resume: flags.resume,
        changed: flags.changed,
        only: flags.only.clone(),
        output: flags.output.clone(),
        repeats: flags.repeats,
        baseline: flags.baseline.clone(),
        save_baseline: flags.save_baseline.clone(),
        force: flags.force,
        fail_on_regression: flags.fail_on_regression,
        core_path: flags.core_path.clone(),
        hang_timeout: flags.hang_timeout,
        quiet: flags.quiet,
        known_flags: parameters::flags_of("run"),
    })
}
