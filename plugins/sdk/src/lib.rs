//! The contract between mqscript and a messaging core.

pub mod abi;
pub mod distribution;
pub mod random;
pub mod units;
pub mod written;
