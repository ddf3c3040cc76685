//! Reading plans: from any syntax to a tree of values with their places, and from the tree to plans, with every fault of
//! the whole told at once.
//!
//! `text` and `json` make the tree; [`reader`] takes it apart, fills in defaults and notes who said what; the other files read
//! one part of a scenario each.

pub(super) mod agents;
pub(super) mod arrival;
pub(super) mod checks;
pub(super) mod compare;
mod consumer;
pub(super) mod core;
pub(super) mod end;
pub(crate) mod fields;
pub(super) mod json;
pub(super) mod messages;
pub(super) mod misplaced;
pub(super) mod processor;
pub(crate) mod reader;
pub(super) mod recipients;
pub(super) mod scenario;
pub(super) mod set_path;
pub(super) mod short_forms;
pub(super) mod syntax;
pub mod text;
pub mod tree;
pub(super) mod typed;
pub(super) mod types;

pub use agents::Functions;
pub use checks::parse_check;
pub use compare::{Between, ComparisonSpec, REPEATS_MAX, read_comparison};
pub use core::read_core;
pub use json::read_json;
pub use reader::SourceText;
pub use scenario::{Planned, ReadContext, read_scenario};
pub use set_path::same_place;
pub use typed::parse_typed;
