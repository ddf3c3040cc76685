//! `run`: plays a script.

use super::arguments::RunFlags;
use super::settings;
use mqscript::diagnostics::Exit;
use mqscript::session;

/// Runs a script and returns the exit code.
pub fn command(flags: &RunFlags) -> Exit {
    session::run(settings::of_run(flags))
}
