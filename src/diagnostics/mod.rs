//! Everything that goes wrong for a user: where, what was found, what was expected and what to do, as values;
//! they become text in one place ([`Diagnostics::render`]) and an exit code in one table ([`Exit`]).
//!
//! - **Owns** every fault that a user can meet, as a value, and how it is rendered; the table of exit codes.
//! - **May import** nothing.
//! - **Way in** [`Diagnostic`] to make one, [`Diagnostics::render`] to show them.
//! - **A message here** none comes here: faults of scripts, files and cores do.

#![forbid(unsafe_code)]

mod diagnostic;
mod exit;
mod printable;
mod render;
mod suggest;

pub use diagnostic::{CalledFrom, Diagnostic, Diagnostics, FAULTS_MAX, SourcePlace};
pub use exit::{Exit, PANIC};
pub use printable::{printable, printable_lines};
pub use suggest::{did_you_mean, nearest, one_of, one_of_near};
