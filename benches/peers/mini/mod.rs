//! The yardstick: the least program that does for this model what the engine must.
//!
//! Nine Poisson agents, a queue, 64 workers at 95 %, uniform 1–10 ms, success 0.95. It has the same draws as the engine and
//! its mock core, one call across a C border for each hand-over, two events a message, and the same kinds of records: three
//! histograms, one an agent, one an interval, counters by agent and recipient, occupancies. It has nothing else: no other
//! law, no retry, no limit, no fault. What the engine takes longer is the price of what it can do beside.
//!
//! The same seed gives the same messages with the same fates as the engine has them, so that both count the same.

mod model;
mod records;
mod wheel;

pub use model::play;
pub use records::Figures;
