//! Replications: the same plan with other seeds.

use super::{Plan, SEED_MAX};
use serde_json::json;

impl Plan {
    /// The plan as its replication of this number plays it: with a seed so much further on, and likewise the seed of
    /// its cores if it has one of its own. Replication 0 is the plan itself.
    #[must_use]
    pub fn replication(&self, number: u64) -> Plan {
        let further = |seed: u64| (seed + number) % (SEED_MAX + 1);
        let mut plan = self.clone();
        plan.seed = further(self.seed);
        plan.core_seed = self.core_seed.map(further);
        if let Some(written) = plan.written.as_object_mut() {
            written.insert("seed".to_owned(), json!(plan.seed));
            if let Some(seed) = plan.core_seed {
                written.insert("core_seed".to_owned(), json!(seed));
            }
        }
        plan
    }
}
