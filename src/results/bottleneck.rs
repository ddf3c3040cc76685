//! What limits a run, and what was tried.

use serde::{Deserialize, Serialize};

/// Something that limits a run: a bottleneck.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Bottleneck {
    /// `generator`, `queue`, `processor`, `retries`, `core` or `failures`.
    pub kind: String,
    /// The bottleneck, with the figure that shows it.
    pub seen: String,
    /// The change that would help.
    pub help: String,
    /// A setting that helps, as `--set` takes it; null where none is known to.
    pub setting: Option<String>,
    /// What came of the setting when it was played; null where it could not be.
    #[serde(default)]
    pub tried: Option<Tried>,
}

/// What a setting did to the figure that it is meant for, in a run of the same plan, or of its beginning, on the virtual
/// clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tried {
    /// The figure, as checks name it.
    pub figure: String,
    /// Its value without the setting; in nanoseconds, per second, or a share.
    pub without: f64,
    /// Its value with the setting.
    pub with: f64,
}
