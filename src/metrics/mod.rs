//! What is measured while a run is on: recorders that the engine fills, and the results that come of them.

mod agents;
mod cell;
mod histogram;
mod histograms;
mod prefetch;
mod recorder;
mod series;
mod summary;
mod without_lag;

pub use agents::{ALL, AgentsRecorder, Kept, PERCENTILES_MAX};
pub use cell::{Cell, Ended, Received};
pub use histogram::{CoarseHistogram, Exact, Histogram};
pub use histograms::decode as decode_histogram;
pub use prefetch::prefetch;
pub use recorder::{Extras, Recorder};
pub use series::SeriesRecorder;
pub use summary::Naming;
