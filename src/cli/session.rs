//! The runs of one script: each plan that the script plays passes through here to the engine.

use super::faults;
use crate::cores::{CoreRequest, Finder, ResolvedChain, abi, plan_chain};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::plan::CoreSpec;
use std::path::Path;

/// Finds and vets the cores of a plan, before anything is played.
///
/// # Errors
/// A core that cannot be used, or a live one where only simulated ones are allowed.
pub fn resolve(
    finder: &Finder,
    base_dir: &Path,
    core: &CoreSpec,
    pure: bool,
) -> Result<ResolvedChain, Diagnostics> {
    let inner = CoreRequest { reference: core.core.clone(), options: core.options.clone() };
    let layers = core
        .layers
        .iter()
        .map(|layer| CoreRequest { reference: layer.layer.clone(), options: layer.options.clone() });
    let requests: Vec<CoreRequest> = std::iter::once(inner).chain(layers).collect();
    let chain = plan_chain(finder, base_dir, &requests).map_err(|error| faults::of_core(&error))?;
    match chain.cores.iter().find(|core| core.capabilities & abi::SIMULATED == 0) {
        Some(live) if pure => {
            let title = format!("core `{}` is live, and `--pure` allows simulated cores only", live.id);
            Err(Diagnostic::new(Exit::Core, title)
                .help("`mqscript core list` shows which are simulated")
                .into())
        }
        _ => Ok(chain),
    }
}
