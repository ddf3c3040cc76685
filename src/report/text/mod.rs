//! The summary of a run for people, from the top down: does it hold, what became of the messages, how long did
//! they take, who sent them, what casts doubt on the numbers.

mod agents;
mod copies;
mod doubts;
mod limits;
mod lines;
mod run;
mod times;
mod traffic;
mod verdict;

pub use doubts::{Asked, warnings};
pub use lines::wrapped;
pub use run::{closing, summaries, summary};
