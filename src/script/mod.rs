//! Scripts: the Rhai host, the script API, parameters and behaviours.
//!
//! A script builds plans and has a [`PlanPlayer`] play them; it never sees the engine. Its top level is evaluated on a
//! thread of its own; callbacks run in a second Rhai engine on the thread that plays.
//!
//! - **Owns** the Rhai host: the script API, parameters, behaviours, limits.
//! - **May import** `advice`, `compare`, `diagnostics`, `engine`, `files`, `judgement`, `numbers`, `plan`,
//!   `report`, `results`.
//! - **Way in** [`execute`], [`check`].
//! - **A message here** callbacks see it: `next` makes it, `on_message` reads it, `on_outcome` learns how it
//!   ended.

#![forbid(unsafe_code)]

mod api_compare;
mod api_maps;
mod api_params;
mod api_run;
mod behaviour;
mod behaviour_me;
mod calls;
mod code;
mod comparison_view;
mod convert;
mod duration;
mod enforce;
mod execution;
mod faults;
mod host;
mod limits;
mod literals;
mod locate;
mod modules;
mod placeholder;
mod play;
mod player;
mod result_view;
mod saved_results;
mod scanner;
mod settings;
mod shown;
mod source;
mod state;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_callbacks;
mod unused_flags;
mod words;

pub use behaviour::behaviour_diagnostics;
pub use execution::{Execution, check, execute};
pub use host::warm_up;
pub use placeholder::{PlaceholderPlayer, placeholder};
pub use player::{BehaviourOf, PlanPlayer};
pub use settings::{Comparing, Param, ParamOrigin, Print, ScriptMode, Settings};
pub use source::{BUNDLED, Source};
pub use state::Compared;
pub use table::{ApiFunction, FUNCTIONS, reference};
