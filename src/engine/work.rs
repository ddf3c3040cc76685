//! What the agents of a group do with what they receive, ready to be drawn from.

use crate::plan::distribution::Distribution;
use crate::plan::{Consumer, SettleWhen, TypeId};

/// What the agents of a group do with what they receive.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub workers: u32,
    /// How long the work takes, by type.
    pub service: Vec<Distribution>,
    pub settles_before: bool,
    pub lease_ns: u64,
    pub extend_ns: Option<u64>,
    pub fails: f64,
    pub poison: f64,
    pub crash: f64,
    pub restart_ns: u64,
}

impl Work {
    /// The work of a consumer, in a plan with so many types.
    pub fn new(consumer: &Consumer, types: usize) -> Work {
        Work {
            workers: consumer.workers,
            service: (0..types).map(|id| consumer.service_of(TypeId(id as u16)).clone()).collect(),
            settles_before: consumer.settle == SettleWhen::Before,
            lease_ns: consumer.lease_ns().unwrap_or(u64::MAX),
            extend_ns: consumer.extend_ns,
            fails: consumer.fails,
            poison: consumer.poison,
            crash: consumer.crash,
            restart_ns: consumer.restart_ns,
        }
    }
}
