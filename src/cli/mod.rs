//! The command line: flags in, library calls, text out. One file for each command.
//!
//! stdout carries the result, stderr progress and diagnostics; the exit codes are [`Exit`](mqscript::diagnostics::Exit)'s.
//!
//! - **Owns** the command line: one file for each command.
//! - **May import** every room.
//! - **Way in** [`main`].
//! - **A message here** none comes here.

#![forbid(unsafe_code)]

pub mod arguments;
mod batch;
mod check;
mod compare;
mod completions;
mod core;
pub mod core_arguments;
mod core_check;
mod core_new;
mod fit;
mod list;
mod main;
mod man;
mod new;
mod parameters;
mod plan_arguments;
mod program;
mod report;
mod report_arguments;
mod run;
mod scaffold;
mod schema;
mod settings;
mod usage;
mod values;

pub use main::main;
