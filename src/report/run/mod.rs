//! A run as a document, from the top down: does it hold, what became of the messages, how long did they take, who sent
//! them, what casts doubt on the numbers.

mod agents;
mod copies;
mod limits;
mod notices;
mod summary;
mod times;
mod traffic;
mod verdict;

#[cfg(test)]
pub(super) use summary::of_run;
pub(super) use summary::of_runs;
