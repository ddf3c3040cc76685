//! Whether a core holds the contract: named tests, each in a process of its own, so that a crash or a hang is a result.
//!
//! [`check`] starts this program again for every test of [`TESTS`]; there [`run_one`] loads the core, calls it without a
//! guard ([`cores::raw`](crate::cores::raw)) and leaves a [`TestVerdict`]. Each test looks for breaches of its own
//! [rules](Rule) and overlooks the others, so that a fault of a core fails the test that is about it and no other.
//!
//! - **Owns** the tests of the contract between host and core, and the process that each runs in.
//! - **May import** `cores`, `diagnostics`, `files`.
//! - **Way in** [`check`].
//! - **A message here** test messages are made in `workload`, offered in `player`, and what came of them is judged
//!   in `story`; those that agents work on are offered in `consumers`.

#![forbid(unsafe_code)]

mod answers;
mod bench;
mod child;
mod consumers;
mod ended;
mod judge;
mod list;
mod play;
mod player;
mod rules;
mod story;
mod system;
mod tests_consumers;
mod tests_deliveries;
mod tests_layers;
mod tests_library;
mod tests_life;
mod tests_options;
mod tests_process;
mod tests_session;
mod tests_simulated;
mod trail;
mod verdict;
mod workload;
mod workplace;

pub use bench::CoreUnderTest;
pub use child::run as run_one;
pub use judge::{CheckReport, Start, check, selected};
pub use list::{TESTS, Test};
pub use rules::{Rule, RuleGroup};
pub use verdict::{Description, Done, Refused, TestVerdict};
