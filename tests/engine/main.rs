//! What a run measures, and what is made of it: laws, closed forms, the ledger, warnings, bottlenecks, comparisons.

mod bottlenecks;
mod chaos;
mod closed_forms;
mod comparisons;
mod consumers;
mod endings;
mod exact;
mod histogram_libraries;
mod laws;
mod ledger;
mod ledger_copies;
mod repeatable;
mod warnings;
mod yardstick;
