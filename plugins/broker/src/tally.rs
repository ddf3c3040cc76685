//! What is counted, for the report.

use serde_json::{Map, Value};

/// The counts of one session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Hand-overs of copies to agents.
    pub handed_over: u64,
    /// Hand-overs of copies that had been handed over before.
    pub redelivered: u64,
    /// Leases that ended before the copy was settled.
    pub lease_expired: u64,
    /// Copies given up: rejected, or handed over too often.
    pub dead_letters: u64,
    /// Messages refused because their queue was full.
    pub refused_full: u64,
    /// Settlements of copies that were settled already, or were with another agent.
    pub late_settlements: u64,
}

impl Tally {
    /// The counts by their names in the report.
    pub fn figures(&self) -> Map<String, Value> {
        let figures = [
            ("handed_over", self.handed_over),
            ("redelivered", self.redelivered),
            ("lease_expired", self.lease_expired),
            ("dead_letters", self.dead_letters),
            ("refused_full", self.refused_full),
            ("late_settlements", self.late_settlements),
        ];
        figures.into_iter().map(|(name, count)| (name.to_owned(), Value::from(count))).collect()
    }
}
