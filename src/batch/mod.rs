//! Batches: a YAML file × its matrix → cells, each of which is one run of a script in a process of its own.

mod axis;
mod file;
mod matrix;
#[cfg(test)]
mod tests;

pub use axis::{Axis, Kind, Value};
pub use file::{Across, BatchFile, read_batch};
pub use matrix::{Cell, Cells, cells};
