//! The loop that plays a plan against a core: one thread, no printing, no clock but the run's own.
//!
//! [`run()`] is the way in. Inside, `player::Player` owns the state; what happens to a message is told in
//! `arriving` (generated, queued), `processing` (handed over, answered, retried), `receiving` (copies) and
//! `ending` (its one name in the ledger).

mod alias;
mod arrivals;
mod arriving;
mod behaviour;
mod busiest;
mod cast;
mod chunk;
mod clock;
mod content;
mod drain;
mod ending;
mod envelope;
mod generator;
mod lateness;
mod ledger;
mod message;
mod named;
mod names;
mod notices;
mod observer;
mod occupancy;
mod order;
mod outages;
mod overlapping;
mod player;
mod processing;
mod queue;
mod receiving;
mod results;
mod run;
mod silence;
mod so_far;
mod timeline;
mod tokens;
mod verdict;

pub use behaviour::{Behaviour, BehaviourError, Draft, MessageView, NoBehaviour, OutcomeView, Sending};
pub use cast::{Cast, Setting};
pub use ledger::{Class as CopyClass, Copies, Ledger};
pub use names::Parties;
pub use observer::{CopyRecord, MessageRecord, Observer, Progress, Silent, Started};
pub use player::{ROUNDS_MAX, Stop};
pub use results::record_libraries;
pub use run::{Played, RunError, mean_gap_ns, run, run_with};
