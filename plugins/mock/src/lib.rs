//! The mock core.
