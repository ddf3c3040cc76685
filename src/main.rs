//! The command line.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mqscript::cli::guarded(mqscript::cli::main).code())
}
