//! Results: what a run comes to, as plain data that reports, comparisons and batches read, and the form in which it is saved.
//!
//! Everything here can be written as JSON and read back. `figures` looks a figure up by its path; `seal` gives a run its
//! digest.
//!
//! - **Owns** what a run comes to, as data that can be saved and read back.
//! - **May import** `numbers`, `plan`.
//! - **Way in** [`Run`], and [`figures::lookup`] for a figure by its path.
//! - **A message here** it is one in a count, and a value in a distribution.

#![forbid(unsafe_code)]

mod agents;
mod balance;
mod bottleneck;
mod coarse_series;
pub mod comparisons;
mod consumption;
mod copies;
mod digest;
mod environment;
mod facts;
pub mod figures;
mod histograms;
mod notes;
mod outcome;
mod report;
mod run;
mod series;
mod times;
mod validity;

pub use agents::{AgentFigures, RecipientFigures};
pub use balance::Counts;
pub use bottleneck::{Bottleneck, Tried};
pub use coarse_series::loaded;
pub use consumption::{AgentWork, ConsumerFigures, Consumption};
pub use copies::{Copies, LostBy, NamedCopies, NamedCopy, Waited};
pub use digest::seal;
pub use environment::{Environment, Stopwatch, in_utc, max_rss_bytes};
pub use facts::{Facts, Shortfall, Stopped, Unknown};
pub use histograms::Histograms;
pub use notes::{CheckResult, Notice, NoticeSample, Outage, Warning};
pub use outcome::FinalOutcome;
pub use report::{FORMAT, Report};
pub use run::{Core, Cycles, Layer, Ledger, Occupancy, Phase, Run};
pub use series::{Series, SeriesPoint};
pub use times::{Figures, LaglessFigures, Times, TimesOfAll};
pub use validity::{CheckOutcome, GENERATOR_LIMITED, Validity};
