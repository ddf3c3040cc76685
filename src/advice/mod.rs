//! Advice is played before it is given: each setting that `limits` suggests is laid over the same plan and played on the
//! virtual clock, the whole of it or its beginning, beside the plan as it is. What does not help, or harms anything
//! else, is not told.
//!
//! This room decides what is played and judges what came of it; whoever has the cores plays it.

#![forbid(unsafe_code)]

mod advise;
mod extent;
mod judge;

pub use advise::{Stage, tried, untried};
