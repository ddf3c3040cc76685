//! The program: its command line.

#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mqscript::session::panic::guarded(cli::main).code())
}
