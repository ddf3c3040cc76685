//! One number that tells two results apart.

use super::results::Run;
use sha2::{Digest, Sha256};

/// Sets a run's digest: SHA-256 of its JSON without `digest` and `environment`. To be called when all else stands.
pub fn seal(run: &mut Run) {
    let environment = std::mem::take(&mut run.environment);
    run.digest.clear();
    let json = serde_json::to_vec(&run).expect("results are plain data");
    run.digest = Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect();
    run.environment = environment;
}
