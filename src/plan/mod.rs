//! What to run, as plain validated data. A plan knows nothing of scripts, and the engine nothing else than plans.
//!
//! All times are nanoseconds since the load began, all rates are per second, all shares lie in 0 … 1.
//!
//! - **Owns** what a run is to be: the data, and reading it from any syntax.
//! - **May import** `diagnostics`, `numbers`.
//! - **Way in** [`read_scenario`], which gives a [`Planned`].
//! - **A message here** its type, content, recipients and arrival law are settled here before it exists.

#![forbid(unsafe_code)]

mod agents;
mod arrival;
mod arrivals_expected;
mod chaos_flag;
mod check;
mod consumer;
#[cfg(test)]
mod consumer_tests;
mod core_overrides;
mod core_spec;
pub(crate) mod effect;
#[cfg(test)]
mod effect_tests;
mod end;
mod figure_path;
mod figure_words;
mod injected;
mod message;
mod mocks;
mod names;
mod overrides;
#[allow(clippy::module_inception, reason = "the plan is what the room is about")]
mod plan;
mod processor;
mod read;
#[cfg(test)]
mod reader_tests;
mod replication;
mod template;
pub mod units;

pub use agents::{AGENTS_MAX, Callback, Callbacks, Group, MixEntry};
pub use arrival::{Arrival, Spacing, Stage};
pub use arrivals_expected::{LoadFault, count_out_of_reach, nothing_measured};
pub use check::{Check, Comparator, Figure, Literal, Operand, Scope};
pub use consumer::{Consumer, ConsumerQueue, Lease, SettleWhen};
pub use core_spec::{CorePlaces, CoreSpec, LayerSpec};
pub use end::End;
pub use figure_path::{
    ALL_FIGURES, FIGURES, FigureFault, FigureKind, FigureNames, KnownFigure, SCOPES, STATISTICS, figures_of,
    parse_figure,
};
pub use injected::EXEC;
pub use message::{Content, MessageSettings, MessageType, Priority, Recipient, Sender, TypeId};
pub(crate) use mocks::{MOCK, OF_MOCKS};
pub use mqscript_plugin::distribution;
pub use names::AgentNames;
pub use overrides::{BATCH_CHECKS, Overrides, SEED_VARIABLE, variant};
pub use plan::{ClockKind, DRAIN_NS, LEDGER_MEMORY, MAX_GENERATED, Plan, Receive, SEED_MAX};
pub use processor::{Backoff, Overflow, Processor, Queue, Retry, RetryOn};
pub use read::{
    Between, ComparisonSpec, Functions, Planned, REPEATS_MAX, ReadContext, SourceText, parse_check,
    parse_typed, read_comparison, read_core, read_json, read_scenario, same_place, text, tree,
};
pub(crate) use read::{fields, reader};
pub use template::{Placeholder, Segment, Template, TemplateError};
