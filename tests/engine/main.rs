//! What a run measures, and what is made of it: laws, closed forms, the ledger, doubts, limits, comparisons.

mod chaos;
mod closed_forms;
mod comparisons;
mod doubts;
mod endings;
mod exact;
mod histogram_libraries;
mod laws;
mod ledger;
mod ledger_copies;
mod limits;
mod repeatable;
