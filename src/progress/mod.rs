//! The engine's news as people see it while a run is on: a bar on a terminal, plain lines elsewhere; and the record
//! of every message, where one was asked for.

#![forbid(unsafe_code)]

mod display;
mod events;
mod watcher;

pub use display::{Display, Mode};
pub use watcher::Watcher;
