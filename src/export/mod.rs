//! Results in the formats of other tools.
//!
//! - **Owns** results → tidy CSV tables, OpenMetrics text, HdrHistogram interval logs.
//! - **May import** `metrics`, `plan`, `results`.
//! - **Way in** [`tables`], [`openmetrics`], [`interval_log`].
//! - **A message here** it is one in a count, and a value in a distribution.

#![forbid(unsafe_code)]

mod csv_tables;
mod hdr;
mod open_metrics;

pub use csv_tables::{CsvTable, tables};
pub use hdr::interval_log;
pub use open_metrics::openmetrics;
