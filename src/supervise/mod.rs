//! What stands between a core and everything else: the confinement of pure runs.

pub mod confine;
