//! What live cores share: the ways of messages and copies between the engine's thread and a core's own, and the
//! text of an error. Nothing here is part of the contract; a core can do without.

mod arrivals;
mod error_text;
mod waiting;

pub use arrivals::{Arrival, Arrivals};
pub use error_text::whole_chain;
pub use waiting::{Accepted, Waiting};
