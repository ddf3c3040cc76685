//! mqscript

pub mod cores;
