//! What stands between a core and everything else: the confinement of pure runs.

#[cfg(target_os = "linux")]
pub mod confine;
