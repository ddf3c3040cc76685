//! `completions`: what makes a shell complete commands and flags.

use super::arguments::{Arguments, CompletionsFlags};
use clap::CommandFactory;
use mqscript::diagnostics::Exit;
use mqscript::session::terminal;

/// Prints the completions for a shell.
pub fn command(flags: &CompletionsFlags) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Arguments::command(), "mqscript", &mut script);
    let wrong = terminal::print(&String::from_utf8_lossy(&script)).err().unwrap_or_default();
    terminal::complain(&wrong);
    wrong.exit()
}
