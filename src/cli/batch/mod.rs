//! `batch`: a matrix of runs, each in a process of its own.

mod across;
mod against;
mod bars;
mod beside;
mod command;
mod jobs;
mod junit;
mod markdown;
mod play;
mod prepared;
mod question;
mod report;
mod scout;
mod table;
mod told;

pub use command::{check, command};
