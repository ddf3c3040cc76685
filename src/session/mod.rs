//! The application: what is to be played is played in a process that is watched, shown, judged, printed and saved.
//!
//! [`Invocation`] says what is to be played and what becomes of it. A command of the command line makes one of its flags, a
//! batch makes one for each cell; [`run()`] does the rest.
//!
//! - **Owns** what is asked for, the process that does it and the one that watches, what is printed and saved, the
//!   exit code.
//! - **May import** `advice`, `compare`, `cores`, `diagnostics`, `engine`, `export`, `files`, `judgement`, `numbers`,
//!   `plan`, `progress`, `report`, `results`, `script`, `supervise`.
//! - **Way in** [`run()`], with an [`Invocation`].
//! - **A message here** none comes here: runs do.

#![forbid(unsafe_code)]

pub mod apart;
mod cell_summary;
mod conclude;
mod exports;
pub mod faults;
mod interrupt;
mod invocation;
pub mod outputs;
pub mod panic;
pub mod pure;
mod rehearsal;
pub mod repeat;
mod run;
mod run_outputs;
pub mod side_by_side;
mod source;
mod stage;
pub mod terminal;
mod verdict;

pub use cell_summary::CellSummary;
pub use conclude::save;
pub use exports::{ExportPaths, Exports, save_text};
pub use interrupt::Interrupt;
pub use invocation::{Format, Invocation, OutputPaths};
pub use rehearsal::Rehearsed;
pub use run::{report_cell_death, run, run_cell};
pub use source::find_script;
pub use verdict::exit_of_comparison;
