//! mqscript
