//! The command line: flags in, library calls, text out. One file for each command.
//!
//! stdout carries the result, stderr progress and diagnostics; the exit codes are [`Exit`]'s.

pub mod arguments;
mod bundled;
mod core;
mod faults;
mod interrupt;
mod outputs;
mod panic;
mod repeat;
mod run;
mod terminal;
mod values;
mod verdict;

pub use panic::guarded;

use crate::diagnostics::{Diagnostic, Exit};
use arguments::{Arguments, Command};
use clap::Parser;

/// Does what the command line says.
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads to its end (`| head -1`) is no error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    match arguments.command {
        Command::Core(command) => core::command(&command),
        Command::Run(_) | Command::Check(_) => {
            terminal::complain(&Diagnostic::new(Exit::Bug, "the script host is not there yet").into());
            Exit::Bug
        }
    }
}
