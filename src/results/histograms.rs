//! Whole distributions among the results.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Distributions of times in nanoseconds over the measured window: HdrHistogram's compressed V2 encoding, in Base64,
/// three significant digits. Those without a value are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Histograms {
    /// By the name of the figure: `queue_wait`, `delivery`, `total`, `gave_up`, `end_to_end`, `transit`; of consumers `held`,
    /// `service`, `completion`.
    pub all: BTreeMap<String, String>,
    /// `delivery` by message type.
    pub delivery_by_type: BTreeMap<String, String>,
    /// `transit` by message type, where there is any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub transit_by_type: BTreeMap<String, String>,
}
