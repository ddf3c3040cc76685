//! The life of one process: what is written to it, what is read from it, and when it is over.

mod fault;
mod hang;
mod living;
mod plan;
mod said;
mod streams;

pub use living::{Ended, Life};
pub use plan::Plan;
