//! The loop that plays a plan against a core: one thread, no printing, no clock but the run's own.

mod alias;
mod arrivals;
mod behaviour;
mod message;
mod observer;
mod queue;
mod timeline;

pub use behaviour::{Behaviour, BehaviourError, Draft, MessageView, NoBehaviour, OutcomeView, Sending};
pub use observer::{MessageRecord, Observer, Progress, Silent, Started};
