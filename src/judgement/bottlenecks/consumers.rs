//! What limits agents that work on what they receive: too few workers, or leases that end before the work.

use super::machinery::{Consuming, Machinery};
use crate::numbers::{amount, count, percent};
use crate::plan::units::{canonical_duration, human_duration};
use crate::results::{Bottleneck, ConsumerFigures, Run};

/// From this share of the workers' time on, the drain after the load included, there is hardly a worker to spare.
const BUSY_MIN: f64 = 0.8;
/// With suggested workers, so much of their time is work.
const BUSY_AIM: f64 = 0.5;
/// Below this share of the work, what was wasted is not worth a word.
const WASTED_MIN: f64 = 0.01;

/// What limits the consumers of a run, most important first.
pub(super) fn of_consumers(run: &Run, machinery: &Machinery) -> Vec<Bottleneck> {
    let Some(consumers) = &run.consumers else { return Vec::new() };
    let mut found = Vec::new();
    for group in &machinery.consumers {
        let Some(figures) = consumers.by_group.get(&group.name) else { continue };
        found.extend(leases(group, figures));
        found.extend(workers(group, figures));
    }
    found
}

/// Leases that end before the work, so that it is done again.
fn leases(group: &Consuming, figures: &ConsumerFigures) -> Option<Bottleneck> {
    let (lease_ns, p99_ns) = (group.lease_ns?, figures.service.p99_ns?);
    let (expired, wasted) = (figures.lease_expired?, figures.wasted_service?);
    if expired == 0 || wasted < WASTED_MIN {
        return None;
    }
    let longer_ns = longer_lease_ns(p99_ns.max(lease_ns));
    Some(Bottleneck {
        kind: "leases".to_owned(),
        seen: format!(
            "the leases of {}: {} against work of p99 {}; {} of {} executions outlive them, and {} of the work counts for \
             nothing",
            group.name,
            human_duration(lease_ns),
            human_duration(p99_ns),
            count(expired),
            count(figures.executions),
            percent(wasted)
        ),
        help: "a longer lease, or `consumer.extend`: asking for more time while working".to_owned(),
        setting: Some(format!("agents[{}].consumer.lease={}", group.number, canonical_duration(longer_ns))),
        tried: None,
    })
}

/// The next of 1, 2, 5, 10, … that leaves half as much again above the longest work.
pub(crate) fn longer_lease_ns(work_ns: u64) -> u64 {
    let wanted = work_ns.saturating_mul(3) / 2;
    let decades = std::iter::successors(Some(1_u64), |decade| decade.checked_mul(10));
    decades
        .flat_map(|decade| [1, 2, 5].map(|step| decade.saturating_mul(step)))
        .find(|ns| *ns >= wanted)
        .unwrap_or(u64::MAX)
}

/// Workers that are busy nearly all the time, so that messages wait for them.
fn workers(group: &Consuming, figures: &ConsumerFigures) -> Option<Bottleneck> {
    let (completion_ns, service_ns) = (figures.completion.mean_ns?, figures.service.mean_ns?);
    if figures.busy < BUSY_MIN || completion_ns < 1.3 * service_ns {
        return None;
    }
    let all = f64::from(group.agents) * f64::from(group.workers);
    // Where agents have one queue together, more of them is what one would add.
    let each = if group.shares { group.agents } else { group.workers };
    let more = ((f64::from(each) * figures.busy / BUSY_AIM).ceil() as u32).max(each + 1);
    let key = if group.shares { "count" } else { "consumer.workers" };
    let mean = |ns: f64| human_duration(ns.round() as u64);
    Some(Bottleneck {
        kind: "consumers".to_owned(),
        seen: format!(
            "the consumers: {} of {} workers of {} are busy on average; a message is completed after {}, of which {} are \
             work",
            amount(figures.busy * all),
            amount(all),
            group.name,
            mean(completion_ns),
            mean(service_ns)
        ),
        help: "more agents, or more `consumer.workers` each".to_owned(),
        setting: Some(format!("agents[{}].{key}={more}", group.number)),
        tried: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_lease_is_a_round_number_above_the_work() {
        let cases = [
            (0, 1),
            (1, 1),
            (3, 5),
            (74_000_000_000, 200_000_000_000),
            (u64::MAX / 2, 10_000_000_000_000_000_000),
        ];
        for (work_ns, lease_ns) in cases {
            assert_eq!(longer_lease_ns(work_ns), lease_ns, "{work_ns}");
        }
    }
}
