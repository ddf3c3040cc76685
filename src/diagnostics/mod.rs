//! Everything that goes wrong for a user: where, what was found, what was expected and what to do, as values;
//! they become text in one place ([`Diagnostics::render`]) and an exit code in one table ([`Exit`]).

#![forbid(unsafe_code)]

mod diagnostic;
mod exit;
mod printable;
mod render;
mod suggest;

pub use diagnostic::{CalledFrom, Diagnostic, Diagnostics, FAULTS_MAX, Place};
pub use exit::{Exit, PANIC};
pub use printable::{printable, printable_lines};
pub use suggest::{did_you_mean, nearest, one_of, one_of_near};
