//! From what was asked for to cores that are found, loaded, vetted and configured, but not yet made.

use super::chain::Chain;
use super::error::CoreError;
use super::run::RunConfig;
use super::services::HostServices;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// A core or layer that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreRequest {
    /// A name, or a path with `/`.
    pub reference: String,
    /// Its options, as written.
    pub options: Map<String, Value>,
}

/// Where cores are looked for.
#[derive(Debug, Clone)]
pub struct Finder {
    pub(super) folders: Vec<PathBuf>,
}

/// One core or layer, ready to be made.
#[derive(Debug, Clone)]
pub struct ResolvedCore {
    /// Its name.
    pub id: String,
    /// Its library's version.
    pub version: String,
    /// Its library.
    pub path: PathBuf,
    /// What it declares: bits of [`abi`](mqscript_plugin::abi).
    pub capabilities: u64,
    /// Its options, defaults filled in, secrets shown as `***`: to be printed and saved.
    pub options: Map<String, Value>,
}

/// A chain that can be made for a run, as often as wanted.
#[derive(Debug, Clone)]
pub struct ResolvedChain {
    /// Innermost first.
    pub cores: Vec<ResolvedCore>,
}

impl ResolvedChain {
    /// Makes the cores for one run, inner cores first.
    ///
    /// # Errors
    /// The chain does not fit the run, or a core failed or did not return in time.
    pub fn create(&self, run: RunConfig, services: HostServices) -> Result<Chain, CoreError> {
        let _ = (run, services);
        todo!()
    }
}

/// Finds, loads, vets and configures a chain, innermost first. Paths are relative to `base_dir`.
///
/// # Errors
/// The first core that cannot be used, with everything wrong about its options.
pub fn plan_chain(
    finder: &Finder,
    base_dir: &Path,
    requests: &[CoreRequest],
) -> Result<ResolvedChain, CoreError> {
    let _ = (finder, base_dir, requests);
    todo!()
}
