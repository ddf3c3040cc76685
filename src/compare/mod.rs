//! Comparisons: results × results → changes, intervals, verdicts. It reads results only, and knows no engine.
//!
//! The unit is the replication, never the message: messages follow each other in queues and are not independent, so
//! an interval over messages would be far too short. Every figure, mean or percentile, is one number per replication
//! (Law, *Simulation Modeling and Analysis*, 5th ed., §9.4 and §10.2).
//!
//! - **Owns** results × results → changes, intervals, verdicts.
//! - **May import** `diagnostics`, `files`, `judgement`, `numbers`, `plan`, `results`.
//! - **Way in** [`compare`].
//! - **A message here** none comes here: one number for each replication does.

#![forbid(unsafe_code)]

mod aggregate;
mod figures;
mod groups;
mod interval;
mod judge;
mod moments;
mod needs;
mod question;
mod rules;
mod saved;
mod settings;
mod shortcomings;
mod student;
#[cfg(test)]
mod tests;
mod warnings;

pub use aggregate::aggregate;
pub use figures::{PRIMARY, PRIMARY_OF_COPIES, direction, literal, number, unit};
pub use groups::{groups, names_of, several_groups, unique};
pub use interval::Spread;
pub use judge::{compare, is_regression, judge, may_regress, regressions, shared_seeds};
pub use moments::Moments;
pub use question::{Candidate, Question, WITHIN_DEFAULT, parse_within};
pub use rules::{CONFIDENCE, REPLICATIONS_MIN};
pub use saved::{read_report, read_results};
pub use settings::different_settings;
pub use student::two_sided_quantile;
