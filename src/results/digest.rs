//! One number that tells two results apart.
//!
//! *Rationale*: warnings and limits are words about figures that are digested themselves; other words, or a setting that
//! is suggested otherwise, are no other results.

use super::Run;
use sha2::{Digest, Sha256};

/// Sets a run's digest: SHA-256 of its JSON without `digest`, `environment`, `warnings` and `limits`. To be called when
/// all else stands.
pub fn seal(run: &mut Run) {
    let environment = std::mem::take(&mut run.environment);
    let (warnings, limits) = (std::mem::take(&mut run.warnings), std::mem::take(&mut run.limits));
    run.digest.clear();
    let json = serde_json::to_vec(&run).expect("results are plain data");
    run.digest = format!("{:x}", Sha256::digest(json));
    run.environment = environment;
    (run.warnings, run.limits) = (warnings, limits);
}
