//! What results mean: whether a run is valid, whether its checks hold, what casts doubt on its numbers, what limits it.
//!
//! [`judge()`] is the way in. It reads results, the plan that was played, and the few [`Facts`] that results do not show; it
//! plays nothing, so that results can be judged again.
//!
//! - **Owns** what results mean: validity, checks, warnings, bottlenecks, the exit code of a run.
//! - **May import** `diagnostics`, `numbers`, `plan`, `results`.
//! - **Way in** [`judge()`].
//! - **A message here** none comes here: only what became of all of them.

#![forbid(unsafe_code)]

mod bands;
mod bottlenecks;
mod checks;
mod exit;
mod judge;
mod validity;
mod warnings;

pub use bands::{Band, band};
pub use checks::evaluate;
pub use exit::{exit_of_checks, exit_of_run};
pub use judge::judge;
pub use warnings::{TooFew, WarningCause, is_reliable, longer, too_few};

#[cfg(doc)]
use crate::results::Facts;
