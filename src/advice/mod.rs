//! Advice is played before it is given: each setting that `limits` suggests is laid over the same plan and played on the
//! virtual clock, the whole of it or its beginning, beside the plan as it is. What does not help, or harms anything
//! else, is not told.
//!
//! This room decides what is played and judges what came of it; whoever has the cores plays it.
//!
//! - **Owns** settings that are tried out before they are suggested.
//! - **May import** `compare`, `judgement`, `plan`, `results`.
//! - **Way in** [`tried`].
//! - **A message here** it is generated once more, in a trial that nobody sees.

#![forbid(unsafe_code)]

mod advise;
mod extent;
mod judge;

pub use advise::{AdviceSetup, tried, untried};
