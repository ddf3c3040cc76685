//! The engine's news as people see it while a run is on: a bar on a terminal, plain lines elsewhere; and the record
//! of every message, where one was asked for.
//!
//! - **Owns** the engine's news as a bar, as plain lines, and as lines of an events file.
//! - **May import** `cores`, `diagnostics`, `engine`, `files`, `judgement`, `numbers`, `plan`, `report`,
//!   `supervise`.
//! - **Way in** [`Watcher`].
//! - **A message here** it is a line of the events file, where there is one.

#![forbid(unsafe_code)]

mod display;
mod events;
mod json_line;
mod watcher;

pub use display::{Display, DisplayMode};
pub use watcher::{Watcher, write_down};
