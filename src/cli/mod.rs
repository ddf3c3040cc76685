//! The command line: flags in, library calls, text out. One file for each command.
//!
//! stdout carries the result, stderr progress and diagnostics; the exit codes are [`Exit`]'s.

pub mod arguments;
mod bundled;
mod interrupt;
mod outputs;
mod panic;
mod repeat;
mod terminal;
mod values;

pub use panic::guarded;
