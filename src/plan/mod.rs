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
mod core_spec;
pub(crate) mod effect;
#[cfg(test)]
mod effect_tests;
mod end;
mod figure_path;
mod figure_words;
mod injected;
mod json;
mod message;
mod misplaced;
mod mocks;
mod names;
mod overrides;
#[allow(clippy::module_inception, reason = "the plan is what the room is about")]
mod plan;
mod processor;
mod read_agents;
mod read_arrival;
mod read_checks;
mod read_compare;
mod read_core;
mod read_end;
mod read_messages;
mod read_processor;
mod read_recipients;
mod read_scenario;
mod read_types;
pub(crate) mod reader;
#[cfg(test)]
mod reader_tests;
mod replication;
mod set_path;
mod short_forms;
mod syntax;
mod template;
pub mod text;
pub mod tree;
mod typed;
pub mod units;

pub use agents::{AGENTS_MAX, Callback, Callbacks, Group, MixEntry};
pub use arrival::{Arrival, Spacing, Stage};
pub use arrivals_expected::{LoadFault, count_out_of_reach, nothing_measured};
pub use check::{Check, Comparison, Figure, Literal, Operand, Scope};
pub use core_spec::{CorePlaces, CoreSpec, LayerSpec};
pub use end::End;
pub use figure_path::{
    ALL_FIGURES, FIGURES, FigureFault, FigureKind, FigureNames, KnownFigure, SCOPES, STATISTICS, figures_of,
    parse_figure,
};
pub use injected::EXEC;
pub use json::read_json;
pub use message::{Content, MessageSettings, MessageType, Priority, Recipient, Sender};
pub(crate) use mocks::{MOCK, OF_MOCKS};
pub use mqscript_plugin::distribution;
pub use names::Names;
pub use overrides::{BATCH_CHECKS, Overrides, SEED_VARIABLE, variant};
pub use plan::{ClockKind, DRAIN_NS, LEDGER_MEMORY, MAX_GENERATED, Plan, Receive, SEED_MAX};
pub use processor::{Backoff, Overflow, Processor, Queue, Retry, RetryOn};
pub use read_agents::Functions;
pub use read_checks::parse_check;
pub use read_compare::{Between, ComparisonSpec, REPEATS_MAX, read_comparison};
pub use read_core::read_core;
pub use read_scenario::{Planned, ReadContext, read_scenario};
pub use reader::SourceText;
pub use set_path::same_place;
pub use template::{Placeholder, Segment, Template, TemplateError};
pub use typed::parse_typed;
