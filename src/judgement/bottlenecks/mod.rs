//! What limits a run: where messages spend their time, by Little's law, what holds them there, and what may help. The
//! settings named here are guesses: `crate::advice` plays them before anybody is told.

mod consumers;
mod find;
mod machinery;
mod processor;

pub(crate) use consumers::longer_lease_ns;
pub use find::find_bottlenecks;
pub use machinery::Machinery;
