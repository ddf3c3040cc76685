//! What live cores share. Nothing here is part of the contract; a core can do without.
//!
//! A live core does its work beside the engine's thread, and its session never waits. An [`Exchange`] holds what the
//! two pass to each other. The core implements [`Medium`], which takes messages and wakes the core's threads.
//! [`LiveSession`] is the complete session: it accepts messages within the medium's [`Window`], tells the host their
//! outcomes, hands out copies as far as there is room, reports a failure after the last answer, and waits for the
//! threads at the end.

mod answers;
mod arrivals;
mod error_text;
mod exchange;
mod in_flight;
mod medium;
mod session;
mod waiting;
mod window;

pub use answers::{Answer, Answers};
pub use arrivals::{Arrival, Arrivals};
pub use error_text::whole_chain;
pub use exchange::{COPIES_MAX, COPY_BYTES_MAX, Exchange, State};
pub use in_flight::InFlight;
pub use medium::{Medium, News, Sending};
pub use session::LiveSession;
pub use waiting::{Accepted, Waiting};
pub use window::Window;
