//! The loop that plays a plan against a core: one thread, no printing, no clock but the run's own.

mod behaviour;
mod observer;
mod timeline;

pub use behaviour::{Behaviour, BehaviourError, Draft, MessageView, NoBehaviour, OutcomeView, Sending};
pub use observer::{FinalOutcome, MessageRecord, Observer, Progress, Silent, Started};
