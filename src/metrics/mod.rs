//! What is measured: recorders filled by the engine, and results read by everybody else.

mod histogram;
pub mod results;
mod series;

pub use histogram::{CoarseHistogram, Exact, Histogram};
pub use series::SeriesRecorder;
