//! What the core keeps for the copies of an agent: its group's own word, else that of the core.

use mqscript_plugin::{Group, abi};

/// What holds for the copies of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The most unsettled copies of an agent; `u32::MAX` = no bound.
    pub prefetch: u32,
    /// How long a copy may be unsettled, in nanoseconds; none for ever.
    pub lease_ns: Option<u64>,
    /// The most hand-overs of a copy; `u32::MAX` = no bound.
    pub max_deliveries: u32,
    /// The delays before the second, the third and each later hand-over, in nanoseconds.
    redelivery_ns: Vec<u64>,
}

impl Terms {
    /// What holds where no group says otherwise: a lease, and no bounds.
    pub fn of_core(visibility_ns: u64) -> Terms {
        Terms {
            prefetch: u32::MAX,
            lease_ns: Some(visibility_ns),
            max_deliveries: u32::MAX,
            redelivery_ns: Vec::new(),
        }
    }

    /// What holds for the agents of a group.
    pub fn of_group(&self, group: &Group) -> Terms {
        Terms {
            prefetch: group.prefetch.unwrap_or(self.prefetch),
            lease_ns: group.lease_ns.map_or(self.lease_ns, |lease| (lease != abi::NEVER).then_some(lease)),
            max_deliveries: group.max_deliveries.unwrap_or(self.max_deliveries),
            redelivery_ns: group.redelivery_ns.clone(),
        }
    }

    /// The delay before the hand-over after the first `handed_over` ones, in nanoseconds.
    pub fn redelivery_after_ns(&self, handed_over: u32) -> u64 {
        let last = self.redelivery_ns.len().saturating_sub(1);
        let place = (handed_over.saturating_sub(1) as usize).min(last);
        self.redelivery_ns.get(place).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_says_more_than_the_core() {
        let core = Terms::of_core(30);
        let silent = Group {
            name: "Worker".into(),
            agents: 0..3,
            queue: None,
            prefetch: None,
            lease_ns: None,
            max_deliveries: None,
            redelivery_ns: Vec::new(),
        };
        assert_eq!(core.of_group(&silent), core);
        let said = Group {
            prefetch: Some(2),
            lease_ns: Some(abi::NEVER),
            max_deliveries: Some(5),
            redelivery_ns: vec![1, 30],
            ..silent
        };
        let terms = core.of_group(&said);
        assert_eq!((terms.prefetch, terms.lease_ns, terms.max_deliveries), (2, None, 5));
        assert_eq!([0, 1, 2, 3, 9].map(|n| terms.redelivery_after_ns(n)), [1, 1, 30, 30, 30]);
    }
}
