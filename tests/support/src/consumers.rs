//! Plans with agents that work on what they receive.

use crate::engine::plan;
use mqscript::plan::distribution::Distribution;
use mqscript::plan::{Arrival, Consumer, ConsumerQueue, CoreSpec, Lease, Plan, Recipient, SettleWhen};
use serde_json::json;
use std::collections::BTreeMap;

/// A consumer with one queue for its group, one worker and a prefetch of one, whose work is exponential.
pub fn consumer(mean_service_ns: u64) -> Consumer {
    Consumer {
        queue: ConsumerQueue::Shared,
        workers: 1,
        prefetch: Some(1),
        service: exponential(mean_service_ns),
        service_by_type: BTreeMap::new(),
        settle: SettleWhen::After,
        lease: Lease::Never,
        extend_ns: None,
        max_deliveries: None,
        redelivery_ns: Vec::new(),
        fails: 0.0,
        poison: 0.0,
        crash: 0.0,
        restart_ns: 0,
    }
}

fn exponential(mean_ns: u64) -> Distribution {
    Distribution::Exponential { mean: mean_ns as f64 }
}

/// Nine senders that offer `rate_per_s` together, to so many agents with this consumer, over the broker core.
pub fn pool(rate_per_s: f64, duration_ns: u64, workers: u32, consumer: Consumer) -> Plan {
    let mut plan = plan(rate_per_s / 9.0, duration_ns, json!({}));
    let mut group = plan.groups[0].clone();
    plan.groups[0].mix[0].settings.recipient = Recipient::Group(1);
    plan.types[0].settings.recipient = Recipient::Group(1);
    (group.name, group.count, group.mix) = ("Worker".to_owned(), workers, Vec::new());
    group.arrival = Arrival::OnDemand;
    group.consumer = Some(consumer);
    plan.groups.push(group);
    plan.processor.workers = 1_000;
    let options = json!({ "latency": "1ms" });
    plan.core = CoreSpec { options: options.as_object().unwrap().clone(), ..CoreSpec::plain("broker") };
    plan
}
