//! Bounds of the plugin contract that several files need.

/// The most cores in a chain, the innermost included.
pub const CHAIN_MAX: usize = 8;
