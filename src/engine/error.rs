//! Why a run cannot be started.

use crate::cores::CoreError;

/// A run that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A core could not be found, loaded, configured, made or opened.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The virtual clock was asked for, but a core is not simulated.
    #[error("the core `{core}` is not simulated: it cannot run on the virtual clock")]
    VirtualClockWithLiveCore {
        /// The core's name.
        core: String,
    },
    /// Deliveries were asked for, but the core cannot receive.
    #[error("the core `{core}` cannot receive")]
    CannotReceive {
        /// The core's name.
        core: String,
        /// What asked for it, for people: `on_message`, `receive`, or a layer's option.
        because: String,
    },
    /// The core must touch nothing real, but declares that it does.
    #[error("the core `{core}` is not pure")]
    NotPure {
        /// The core's name.
        core: String,
        /// The capabilities in the way.
        declares: Vec<String>,
    },
}
