//! The loop that plays a plan against a core: one thread, no printing, no clock but the run's own.
//!
//! [`run()`] is the way in. Inside, `player::Player` owns the state; what happens to a message is told in
//! `arriving` (generated, queued), `processing` (handed over, answered, retried), `receiving` (copies) and
//! `ending` (its one name in the ledger).
//!
//! - **Owns** the loop: clock, timeline, generator, queue, processor, receiver, ledger.
//! - **May import** `cores`, `metrics`, `numbers`, `plan`, `results`.
//! - **Way in** [`run()`].
//! - **A message here** it falls due, waits, is handed over, is answered, perhaps tried again, and leaves under
//!   one name; its copies are received.

#![forbid(unsafe_code)]

mod account;
mod alias;
mod arrivals;
mod arriving;
mod behaviour;
mod busiest;
mod calendar;
mod callback_runner;
mod cast;
mod chunk;
mod clock;
mod consumers;
mod consuming;
mod content;
mod copy_class;
mod core_link;
mod drain;
mod due;
mod ending;
mod envelope;
mod error;
mod events;
mod filled_places;
mod generator;
mod lateness;
mod load;
mod message;
mod named;
mod names;
mod notices;
mod observer;
mod occupancy;
mod order;
mod outages;
mod overlapping;
mod oversleep;
mod pace;
mod played;
mod player;
mod processing;
mod processor;
mod queue;
mod receipts;
mod receiver;
mod receiving;
mod results;
mod run;
mod scene;
mod setup;
mod silence;
mod so_far;
mod stop;
mod timeline;
mod tokens;
mod told;
mod under_load;
mod wheel;
mod work;

pub use behaviour::{
    Behaviour, BehaviourError, Draft, MessageAnswer, MessageTexts, MessageView, NoBehaviour, OutcomeView,
    Sending,
};
pub use cast::{Cast, Setting};
pub use copy_class::Class as CopyClass;
pub use error::RunError;
pub use names::Parties;
pub use observer::{CopyRecord, ExecutionRecord, MessageRecord, Observer, Progress, Silent, SoFar, Started};
pub use played::Played;
pub use player::ROUNDS_MAX;
pub use receipts::{ReceiptCounts, Receipts};
pub use results::record_libraries;
pub use run::{run, run_with};
pub use stop::Stop;
