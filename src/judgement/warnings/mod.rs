//! Warnings about the numbers of a run: each is looked for in the results alone, and says what was seen, why it
//! matters, and what to do. A doubtful number may still be right; that a run is not valid is told elsewhere.

mod cause;
mod few_samples;
mod find;
mod growth;
mod sent_late;
mod settling;
mod short_lease;
mod stretches;
mod window_means;

pub use cause::WarningCause;
pub use few_samples::{TooFew, is_reliable, longer, too_few};
pub use find::{LoadExpectation, find_warnings};
