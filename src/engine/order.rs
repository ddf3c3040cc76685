//! Checks whether copies come in the order of sending.

use mqscript_plugin::random::mix;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The most pairs of sender and recipient whose order is measured, where there is no table of all.
pub const PAIRS_MAX: usize = 1_000_000;
/// The most places of a table of all pairs: 64 MB, of which the system gives what is used.
const PLACES_MAX: usize = 1 << 24;
/// The number of priorities.
pub const PRIORITIES: u8 = 4;

/// The newest message seen for each (sender, recipient, way). A way is a priority; if messages to one agent and
/// messages to all are told apart, each priority has two ways.
#[derive(Debug)]
pub enum Order {
    /// A table with a place for every pair, for few agents: by way, sender, recipient, so that the copies of a broadcast
    /// lie side by side.
    Dense {
        /// The number of agents.
        agents: usize,
        /// The newest sequence seen for each place; 0 = none.
        newest: Vec<u32>,
    },
    /// The pairs that occurred, for many agents.
    Sparse(HashMap<u64, u32, BuildHasherDefault<Mixing>>),
    /// More pairs occurred than are measured: order is unknown.
    GivenUp,
}

impl Order {
    /// A table for this number of agents and ways.
    pub fn new(agents: usize, ways: u8) -> Order {
        let ways = usize::from(ways);
        match agents.checked_mul(agents).and_then(|pairs| pairs.checked_mul(ways)) {
            Some(places) if places <= PLACES_MAX => Order::Dense { agents, newest: vec![0; places] },
            _ => Order::Sparse(HashMap::default()),
        }
    }

    /// Notes the first copy of a message's first attempt; its sequence is below 2³². Returns whether the copy of a newer message of its pair came
    /// before.
    #[inline]
    pub fn is_late(&mut self, sender: u32, recipient: u32, way: u8, sequence: u64) -> bool {
        let newest = match self {
            Order::Dense { agents, newest } => {
                let row = usize::from(way) * *agents + sender as usize;
                &mut newest[row * *agents + recipient as usize]
            }
            Order::Sparse(pairs) => {
                // Agents are numbered below 2³⁰.
                let key = u64::from(sender) << 33 | u64::from(recipient) << 3 | u64::from(way);
                if pairs.len() == PAIRS_MAX && !pairs.contains_key(&key) {
                    *self = Order::GivenUp;
                    return false;
                }
                pairs.entry(key).or_default()
            }
            Order::GivenUp => return false,
        };
        let sequence = sequence as u32;
        let late = sequence < *newest;
        *newest = sequence.max(*newest);
        late
    }

    /// Whether every pair was measured.
    pub fn is_measured(&self) -> bool {
        !matches!(self, Order::GivenUp)
    }
}

/// A fast hash for keys that are numbers.
#[derive(Debug, Default)]
pub struct Mixing(u64);

impl Hasher for Mixing {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = mix(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = mix(key);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_its_own_order() {
        for mut order in [Order::new(3, PRIORITIES), Order::Sparse(HashMap::default())] {
            assert!(!order.is_late(0, 1, 1, 5));
            assert!(order.is_late(0, 1, 1, 4));
            assert!(!order.is_late(0, 1, 2, 4) && !order.is_late(0, 2, 1, 4) && !order.is_late(1, 0, 1, 4));
            assert!(order.is_late(0, 1, 1, 1) && !order.is_late(0, 1, 1, 6));
        }
    }

    #[test]
    fn too_many_pairs_are_not_measured() {
        let mut order = Order::new(2_000_000, PRIORITIES);
        for recipient in 0..PAIRS_MAX as u32 {
            assert!(!order.is_late(0, recipient, 0, 2));
        }
        assert!(order.is_late(0, 7, 0, 1) && order.is_measured());
        order.is_late(1, 0, 0, 1);
        assert!(!order.is_measured() && !order.is_late(0, 7, 0, 1));
    }
}
