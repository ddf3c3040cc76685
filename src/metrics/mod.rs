//! What is measured: recorders filled by the engine, and results read by everybody else.

mod agents;
mod histogram;
mod recorder;
pub mod results;
mod series;

pub use agents::{ALL, AgentsRecorder, PERCENTILES_MAX};
pub use histogram::{CoarseHistogram, Exact, Histogram};
pub use recorder::{Cell, Ended, Extras, FinalOutcome, Recorder};
pub use series::SeriesRecorder;
