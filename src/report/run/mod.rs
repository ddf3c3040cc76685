//! A run as a document, from the top down: whether it is valid, the outcomes of its messages, their times, its agents,
//! and what makes the numbers doubtful.

mod agents;
mod consumers;
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
