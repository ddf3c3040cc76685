//! What is measured while a run is on: recorders that the engine fills, and the results that come of them.
//!
//! - **Owns** counters, histograms and series while a run is on.
//! - **May import** `results`.
//! - **Way in** [`Recorder`].
//! - **A message here** it is counted under its one name, and its times go into the histograms of its type and
//!   phase.

mod agents;
mod cell;
mod consumption;
mod histogram;
mod histograms;
mod marks;
mod memory;
mod recorder;
mod series;
mod summary;
mod without_lag;

pub use agents::{AgentsRecorder, Kept, PERCENTILES_MAX};
pub use cell::{CellId, CellRecords, Ended, Received};
pub use consumption::{
    AgentConsumption, ConsumerExecution, ConsumptionRecorder, ExecutionEnd, GroupConsumption,
};
pub use histogram::{CoarseHistogram, Exact, Histogram};
pub use histograms::decode as decode_histogram;
pub use memory::{prefetch, roomy, roomy_of};
pub use recorder::{Extras, Recorder};
pub use series::SeriesRecorder;
pub use summary::{AGENTS_LISTED_MAX, Naming};
