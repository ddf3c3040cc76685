//! The reasons why a run cannot be started.

use crate::cores::CoreError;

/// The error of a run that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A core could not be found, loaded, configured, made or opened.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The virtual clock was asked for, but a core is live.
    #[error("the core `{core}` is not simulated: it cannot run on the virtual clock")]
    VirtualClockWithLiveCore {
        /// The name of the core.
        core: String,
    },
    /// Deliveries were asked for, but the core cannot receive.
    #[error("the core `{core}` cannot receive")]
    CannotReceive {
        /// The name of the core.
        core: String,
        /// What asked for deliveries, for people: `on_message`, `receive`, or a layer's option.
        because: String,
    },
    /// A consumer asks for what a core cannot do.
    #[error("the core `{core}` lacks {capability}, which `consumer.{key}` of `{group}` asks for")]
    CannotConsume {
        /// The name of the core.
        core: String,
        /// The name of the group.
        group: String,
        /// The key of `consumer` that asks.
        key: &'static str,
        /// The capability that the core lacks.
        capability: &'static str,
        /// The shipped cores that have it.
        others: Vec<&'static str>,
    },
    /// Agents work on what they receive, and `receive` is false.
    #[error("the agents of `{group}` work on what they receive, and receive nothing")]
    ConsumesNothing {
        /// The name of the group.
        group: String,
    },
    /// The run is pure, but the core declares that it touches something outside the process.
    #[error("the core `{core}` is not pure")]
    NotPure {
        /// The name of the core.
        core: String,
        /// The declared capabilities that a pure run does not allow.
        declares: Vec<String>,
    },
}
