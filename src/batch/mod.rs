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
mod asked;
mod axis;
mod bars;
mod baseline;
mod beside;
mod command;
mod file;
mod folder;
mod jobs;
mod junit;
mod markdown;
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
mod told;

pub use asked::BatchInvocation;
pub use axis::{Axis, Kind, Value};
pub use baseline::{Baseline, check_name, save_baseline};
pub use command::{check_batch, play_batch};
pub use file::{Across, BatchFile, read_batch};
pub use folder::{Event, Folder, Header, RESULTS, cannot_write, outcome};
pub use matrix::{Cell, Cells, cells};
pub use outcome::Outcome;
