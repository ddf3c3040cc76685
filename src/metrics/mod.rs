//! What is measured: recorders filled by the engine, and results read by everybody else.

mod agents;
mod bands;
pub mod comparisons;
mod copies;
mod course;
mod digest;
mod environment;
pub mod figures;
mod histogram;
mod histograms;
mod limits;
mod prefetch;
mod recorder;
pub mod results;
mod series;
mod summary;
mod warnings;
mod without_lag;

pub use agents::{ALL, AgentsRecorder, Kept, PERCENTILES_MAX};
pub use bands::{Band, band};
pub use course::loaded;
pub use digest::seal;
pub use environment::{Stopwatch, in_utc, max_rss_bytes};
pub use histogram::{CoarseHistogram, Exact, Histogram};
pub use histograms::{Histograms, decode as decode_histogram};
pub use limits::{Closed, Machinery, limits};
pub use prefetch::prefetch;
pub use recorder::{Cell, Ended, Extras, FinalOutcome, Received, Recorder};
pub use series::SeriesRecorder;
pub use summary::Naming;
pub use warnings::{Asked, Doubt, Shortfall, TooFew, doubts, is_reliable, longer, too_few};
