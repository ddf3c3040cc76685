//! What agents do with the messages that they receive: work that takes its time.

use super::TypeId;
use super::distribution::Distribution;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Agents of a group that work on what they receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consumer {
    /// Where their messages wait for them.
    pub queue: ConsumerQueue,
    /// How many executions an agent has at a time.
    pub workers: u32,
    /// How many unsettled copies an agent may hold, those in work included; none = what the medium allows by itself.
    pub prefetch: Option<u32>,
    /// How long the work takes, in nanoseconds.
    pub service: Distribution,
    /// How long the work on messages of these types takes instead.
    pub service_by_type: BTreeMap<TypeId, Distribution>,
    /// When an agent settles a copy.
    pub settle: SettleWhen,
    /// How long the medium waits for a settlement before it hands the copy over again.
    pub lease: Lease,
    /// While it works, an agent asks for more time this often, in nanoseconds.
    pub extend_ns: Option<u64>,
    /// The most hand-overs of a copy; none = what the medium does by itself.
    pub max_deliveries: Option<u32>,
    /// The delays before the second, the third and each later hand-over, in nanoseconds.
    pub redelivery_ns: Vec<u64>,
    /// The share of executions that end without success: their copies are given back.
    pub fails: f64,
    /// The share of messages whose every execution fails.
    pub poison: f64,
    /// The share of executions in which the agent dies, so that nothing is settled.
    pub crash: f64,
    /// How long an agent that died is away, in nanoseconds.
    pub restart_ns: u64,
}

/// Where the messages of a group wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsumerQueue {
    /// In an inbox of each agent.
    Own,
    /// In one queue for all agents of the group: each message goes to one of them.
    Shared,
}

/// When a copy is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettleWhen {
    /// When the work on it is done: it may be done more than once, and is not lost.
    After,
    /// Before the work on it begins: it is done once at most, and a crash loses it.
    Before,
}

/// How long the medium waits for a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lease {
    /// As long as the medium does by itself.
    OfMedium,
    /// It waits for ever.
    Never,
    /// So many nanoseconds, from the hand-over or the last request for more time.
    For(u64),
}

impl Consumer {
    /// The law of the work on a message of a type.
    pub fn service_of(&self, type_id: TypeId) -> &Distribution {
        self.service_by_type.get(&type_id).unwrap_or(&self.service)
    }

    /// Whether the agents of the group have one queue together.
    pub fn is_shared(&self) -> bool {
        self.queue == ConsumerQueue::Shared
    }

    /// How long a copy may stay unsettled, in nanoseconds, if the scenario says a time.
    pub fn lease_ns(&self) -> Option<u64> {
        match self.lease {
            Lease::For(lease_ns) => Some(lease_ns),
            Lease::OfMedium | Lease::Never => None,
        }
    }

    /// Whether the scenario says how long a copy may stay unsettled. One that is settled before the work has no lease.
    pub fn knows_lease(&self) -> bool {
        self.lease != Lease::OfMedium || self.settle == SettleWhen::Before
    }

    /// What of the contract's capabilities this asks for: their names, each with the key that asks.
    pub fn needs(&self) -> Vec<(&'static str, &'static str)> {
        let asks = [
            (self.is_shared(), "SHARES", "queue"),
            (matches!(self.lease, Lease::For(_)), "LEASES", "lease"),
            (self.prefetch.is_some(), "LIMITS", "prefetch"),
            (self.extend_ns.is_some(), "EXTENDS", "extend"),
            (self.max_deliveries.is_some(), "DEAD_LETTERS", "max_deliveries"),
            (!self.redelivery_ns.is_empty(), "SETTLES", "redelivery"),
            (self.fails > 0.0, "SETTLES", "fails"),
            (self.poison > 0.0, "SETTLES", "poison"),
        ];
        asks.into_iter().filter(|(asked, ..)| *asked).map(|(_, capability, key)| (capability, key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wish_names_its_capability() {
        let none = Consumer {
            queue: ConsumerQueue::Own,
            workers: 1,
            prefetch: None,
            service: Distribution::Constant(0),
            service_by_type: BTreeMap::from([(TypeId(2), Distribution::Constant(7))]),
            settle: SettleWhen::After,
            lease: Lease::OfMedium,
            extend_ns: None,
            max_deliveries: None,
            redelivery_ns: Vec::new(),
            fails: 0.0,
            poison: 0.0,
            crash: 0.5,
            restart_ns: 0,
        };
        assert_eq!(none.needs(), []);
        assert_eq!(none.service_of(TypeId(2)), &Distribution::Constant(7));
        assert_eq!(none.service_of(TypeId(1)), &Distribution::Constant(0));
        let all = Consumer { queue: ConsumerQueue::Shared, lease: Lease::For(1), fails: 0.1, ..none.clone() };
        assert_eq!(all.needs(), [("SHARES", "queue"), ("LEASES", "lease"), ("SETTLES", "fails")]);
        assert_eq!(Consumer { lease: Lease::Never, ..none }.needs(), [], "for ever is no wish");
    }
}
