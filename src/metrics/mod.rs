//! What is measured: recorders filled by the engine, and results read by everybody else.

pub mod figures;
pub mod results;
