//! What a run was played with.

use crate::plan::{Group, Plan};

/// The settings that can limit a run.
#[derive(Debug, Clone)]
pub struct Machinery {
    /// The setting `processor.workers` of the plan.
    pub workers: u32,
    /// The setting `processor.batch_size` of the plan.
    pub batch_size: u32,
    /// `processor.batch_interval`, in nanoseconds; 0 without cycles.
    pub batch_interval_ns: u64,
    /// The setting `processor.retry.attempts` of the plan.
    pub attempts: u8,
    /// The setting `processor.retry.backoff` of the plan, in nanoseconds.
    pub backoff_ns: u64,
    /// The setting `processor.max_messages` of the plan.
    pub max_messages: Option<u64>,
    /// The setting `queue.capacity` of the plan.
    pub capacity: u64,
    /// Whether the load was meant to be the same all the time.
    pub steady: bool,
    /// Of a load in which all agents wait for their outcomes, each group; else empty.
    pub closed: Vec<Closed>,
    /// The groups whose agents work on what they receive.
    pub consumers: Vec<Consuming>,
}

impl Machinery {
    /// Reads the settings of a plan.
    pub fn of(plan: &Plan) -> Machinery {
        let closed = |group: &Group| {
            let (think, in_flight) = group.arrival.closed()?;
            Some(Closed { agents: group.count, think_ns: think.mean(), in_flight })
        };
        let all_closed: Option<Vec<Closed>> = plan.groups.iter().map(closed).collect();
        Machinery {
            workers: plan.processor.workers,
            batch_size: plan.processor.batch_size,
            batch_interval_ns: plan.processor.batch_interval_ns,
            attempts: plan.processor.retry.attempts,
            backoff_ns: plan.processor.retry.backoff.first_ns,
            max_messages: plan.processor.max_messages,
            capacity: plan.queue.capacity,
            steady: plan.has_steady_load(),
            closed: all_closed.unwrap_or_default(),
            consumers: plan.groups.iter().enumerate().filter_map(Consuming::of).collect(),
        }
    }
}

/// A group whose agents work on what they receive.
#[derive(Debug, Clone)]
pub struct Consuming {
    /// The number of the group in the scenario, from 0.
    pub number: usize,
    /// The name of the group.
    pub name: String,
    /// The number of agents in the group.
    pub agents: u32,
    /// The setting `consumer.workers` of the group.
    pub workers: u32,
    /// Whether its agents have one queue together.
    pub shares: bool,
    /// The setting `consumer.lease`, in nanoseconds, if it is a time and never extended.
    pub lease_ns: Option<u64>,
}

impl Consuming {
    fn of((number, group): (usize, &Group)) -> Option<Consuming> {
        let consumer = group.consumer.as_ref()?;
        Some(Consuming {
            number,
            name: group.name.clone(),
            agents: group.count,
            workers: consumer.workers,
            shares: consumer.is_shared(),
            lease_ns: consumer.lease_ns().filter(|_| consumer.extend_ns.is_none()),
        })
    }
}

/// A group of agents that wait for their own outcomes.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    /// The number of agents in the group.
    pub agents: u32,
    /// The mean time to think, in nanoseconds.
    pub think_ns: f64,
    /// Messages of one agent under way at once.
    pub in_flight: u32,
}
