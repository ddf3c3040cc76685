//! Which cores are this project's.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;

/// The cores of this project: what they do wrong is ours.
pub const OWN_CORES: [&str; 6] = ["mock", "chaos", "broker", "exec", "sqlite", "nats"];

/// Whether a library is none of this project's.
pub fn is_foreign(library: &Path) -> bool {
    let name = library.file_name().unwrap_or_default();
    !OWN_CORES.iter().any(|core| name == format!("{DLL_PREFIX}mqscript_core_{core}{DLL_SUFFIX}").as_str())
}
