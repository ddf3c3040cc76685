//! The options, and what holds for each agent: its group's own word, else that of the medium which is imitated.

use mqscript_plugin::abi;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::random::unit_from;
use mqscript_plugin::written::{read_latency, read_share};
use mqscript_plugin::{Group, Run};
use serde_json::Value;

/// The settings that the options describe.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time from acceptance to the answer.
    pub latency: Distribution,
    /// The share of attempts that are taken.
    pub success_rate: f64,
    /// Time from the queue to the agent.
    pub handover: Distribution,
    /// The most messages that wait in a queue.
    pub capacity: Option<u64>,
    /// What holds where consumers do not say otherwise.
    pub defaults: Terms,
    /// The number of partitions of a shared queue, where it is split; 0 = as many as its group has agents.
    pub partitions: Option<u32>,
    /// Whether a settlement counts although somebody else has got the copy since.
    pub takes_late: bool,
}

/// What the medium keeps for the copies of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The most unsettled copies of an agent; `u32::MAX` = no bound.
    pub prefetch: u32,
    /// How long a copy may be unsettled, in nanoseconds; none for ever.
    pub lease_ns: Option<u64>,
    /// The most hand-overs of a copy; `u32::MAX` = no bound.
    pub max_deliveries: u32,
    /// The delays before the second, the third and each later hand-over, in nanoseconds.
    pub redelivery_ns: Vec<u64>,
}

const SECOND_NS: u64 = 1_000_000_000;
const NO_BOUND: u32 = u32::MAX;
/// The most partitions of a queue.
const PARTITIONS_MAX: u32 = 10_000;

impl Terms {
    /// The documented defaults of a medium; their sources stand in the schema.
    fn of_medium(like: &str) -> Terms {
        let terms = |prefetch, lease_s: Option<u64>, max_deliveries| Terms {
            prefetch,
            lease_ns: lease_s.map(|seconds| seconds * SECOND_NS),
            max_deliveries,
            redelivery_ns: Vec::new(),
        };
        match like {
            "jetstream" => terms(1_000, Some(30), NO_BOUND),
            "rabbitmq" => terms(NO_BOUND, Some(30 * 60), 20),
            "sqs" => terms(10, Some(30), NO_BOUND),
            "celery_redis" => terms(4, Some(3_600), NO_BOUND),
            "kafka_group" => terms(500, Some(5 * 60), NO_BOUND),
            // Of these two, `redis_streams` hands nothing over again by itself.
            _ => terms(NO_BOUND, None, NO_BOUND),
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

fn bad(key: &str, why: impl std::fmt::Display) -> Error {
    Error::config(format!("`{key}`: {why}"))
}

fn needed<'o>(options: &'o Options, key: &str) -> Result<&'o Value, Error> {
    options.get(key).ok_or_else(|| bad(key, "it is missing"))
}

fn law(options: &Options, key: &str) -> Result<Distribution, Error> {
    read_latency(needed(options, key)?).map_err(|e| bad(key, e))
}

impl Settings {
    /// Reads the options, which the host has checked against the schema and filled up with the defaults.
    pub fn read(options: &Options, run: &Run) -> Result<Settings, Error> {
        let like = options.get("like").and_then(Value::as_str).unwrap_or("plain");
        let settings = Settings {
            latency: law(options, "latency")?,
            success_rate: read_share(needed(options, "success_rate")?).map_err(|e| bad("success_rate", e))?,
            handover: law(options, "handover")?,
            capacity: options.get("capacity").and_then(Value::as_u64).filter(|capacity| *capacity > 0),
            defaults: Terms::of_medium(like),
            partitions: (like == "kafka_group").then(|| {
                options.get("partitions").and_then(Value::as_u64).unwrap_or(0).min(u64::from(PARTITIONS_MAX))
                    as u32
            }),
            takes_late: match options.get("late_settlements").and_then(Value::as_str) {
                Some("taken") => true,
                Some("ignored") => false,
                // Both forget the message by its number, whoever asks for it.
                _ => matches!(like, "jetstream" | "redis_streams"),
            },
        };
        for group in run.groups() {
            let inside = group.agents.end <= run.agents();
            let queue = group.queue.is_none_or(|queue| queue >= run.agents() && queue < run.parties());
            if !inside || !queue {
                return Err(Error::new(
                    Status::INVALID,
                    format!("the group `{}` is not of this run", group.name),
                ));
            }
        }
        Ok(settings)
    }

    /// The number of partitions into which the queue of a group of so many agents is split; none if it is not.
    pub fn partitions_of(&self, agents: u32) -> Option<u32> {
        self.partitions
            .map(|partitions| if partitions == 0 { agents.clamp(1, PARTITIONS_MAX) } else { partitions })
    }

    /// Whether the attempt whose draw is `bits` is taken.
    pub fn succeeds(&self, bits: u64) -> bool {
        unit_from(bits) < self.success_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_says_more_than_the_medium() {
        let medium = Terms::of_medium("jetstream");
        let silent = Group {
            name: "Worker".into(),
            agents: 0..3,
            queue: None,
            prefetch: None,
            lease_ns: None,
            max_deliveries: None,
            redelivery_ns: Vec::new(),
        };
        assert_eq!(medium.of_group(&silent), medium);
        let said = Group {
            prefetch: Some(2),
            lease_ns: Some(abi::NEVER),
            max_deliveries: Some(5),
            redelivery_ns: vec![1, 30],
            ..silent
        };
        let terms = medium.of_group(&said);
        assert_eq!((terms.prefetch, terms.lease_ns, terms.max_deliveries), (2, None, 5));
        assert_eq!([0, 1, 2, 3, 9].map(|n| terms.redelivery_after_ns(n)), [1, 1, 30, 30, 30]);
    }
}
