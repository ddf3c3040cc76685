//! From the results of a real core to options with which the mock behaves like it.
//!
//! What the mock knows of a delivery are its time, its success and the reason of a failure, drawn for each attempt on its
//! own. So that is what is fitted: the distribution of `delivery` as measured, as a table of its quantiles, and shares.
//! How times follow each other is not: a core that is slow for a while, or under more load, is not slow for a while here.
//!
//! - **Owns** options of the mock core, and laws of consumers' work, that reproduce results.
//! - **May import** `metrics`, `plan`, `results`.
//! - **Way in** [`fit()`], [`fit_service()`].
//! - **A message here** none comes here: distributions of times and shares of outcomes do.

#![forbid(unsafe_code)]

mod censored;
#[allow(clippy::module_inception, reason = "to fit is what the room is for")]
mod fit;
mod quantiles;
mod service;
#[cfg(test)]
mod tests;
mod types;

pub use fit::{FitError, Fitted, fit};
pub use service::{FittedService, fit_service};
