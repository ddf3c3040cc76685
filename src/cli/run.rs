//! `run`: plays a script.

use super::arguments::RunFlags;
use super::settings;
use crate::diagnostics::Exit;
use crate::session;

/// Runs a script.
pub fn command(flags: &RunFlags) -> Exit {
    session::run(settings::of_run(flags))
}
