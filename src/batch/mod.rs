//! Batches: a YAML file × its matrix → cells, each of which is one run of a script in a process of its own.
//!
//! - **Owns** the batch file, its matrix, playing its cells, the folder and journal of a batch, baselines, its reports.
//! - **May import** `compare`, `cores`, `diagnostics`, `engine`, `files`, `numbers`, `plan`, `progress`, `report`,
//!   `results`, `script`, `session`, `supervise`.
//! - **Way in** [`play_batch`], [`check_batch`].
//! - **A message here** none comes here: outcomes of whole cells do.

#![forbid(unsafe_code)]

mod across;
mod against;
mod axis;
mod bars;
mod baseline;
mod batch_results;
mod beside;
mod closing;
mod command;
mod document;
mod file;
mod folder;
mod invocation;
mod jobs;
mod junit;
mod matrix;
mod outcome;
mod overlaps;
mod play;
mod prepared;
mod question;
mod report;
#[cfg(test)]
mod schema;
mod scout;
mod table;
#[cfg(test)]
mod tests;

pub use axis::{Axis, AxisKind, Value};
pub use baseline::{Baseline, check_name, save_baseline};
pub use command::{check_batch, play_batch};
pub use file::{AxisComparison, BatchFile, read_batch};
pub use folder::{Folder, Header, JournalEvent, RESULTS, cannot_write, outcome};
pub use invocation::BatchInvocation;
pub use matrix::{Cells, MatrixCell, cells};
pub use outcome::CellOutcome;
