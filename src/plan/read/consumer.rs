//! What agents do with what they receive: the key `consumer` of a group.

use super::fields::Fields;
use super::reader::{Reader, WHOLE_MAX, duration_json, json, number_json};
use super::tree::{Origin, TreeNode, Written, join};
use crate::diagnostics::did_you_mean;
use crate::plan::consumer::{Consumer, ConsumerQueue, Lease, SettleWhen};
use crate::plan::{Group, MessageType, Recipient, TypeId};
use mqscript_plugin::abi::AHEAD_MAX_NS;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, write_distribution};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const QUEUES: [(&str, ConsumerQueue); 2] = [("own", ConsumerQueue::Own), ("shared", ConsumerQueue::Shared)];
const SETTLES: [(&str, SettleWhen); 2] = [("after", SettleWhen::After), ("before", SettleWhen::Before)];
/// The most executions, and unsettled copies, of one agent at a time.
const WORKERS_MAX: u64 = 1_000_000;
/// The shortest lease, in nanoseconds: no medium counts it finer.
const LEASE_MIN_NS: u64 = 1_000_000;
/// The most delays before hand-overs.
const DELAYS_MAX: usize = 100;

/// Reads a consumer, with its canonical form. `types` are the message types of the scenario.
pub(super) fn read_consumer(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    types: &[MessageType],
) -> Option<(Consumer, Value)> {
    let mut fields = reader.fields(path, node)?;
    let f = &mut fields;
    let share = |f: &mut Fields<'_>, reader: &mut Reader<'_>, key: &'static str| {
        f.read_or(reader, key, 0.0, |r, p, n| r.share(p, n), number_json)
    };
    let queue = f.one_of_or(reader, "queue", QUEUES[0], &QUEUES);
    let workers = f.whole_or(reader, "workers", 1, 1, WORKERS_MAX) as u32;
    let whole = |f: &mut Fields<'_>, reader: &mut Reader<'_>, key: &'static str, max: u64| {
        f.read(reader, key, |r, p, n| r.whole(p, n, 1, max), |n| json(*n)).map(|n| n as u32)
    };
    let prefetch = whole(f, reader, "prefetch", WORKERS_MAX);
    let service = f.distribution(reader, "service", Dimension::Duration);
    if let Some(law) = &service {
        within_reach(reader, &f.at("service"), f.node.get("service"), law);
    }
    let consumer = Consumer {
        queue,
        workers,
        prefetch,
        service: service.unwrap_or(Distribution::Constant(0)),
        service_by_type: read_types(reader, f, types),
        settle: f.one_of_or(reader, "settle", SETTLES[0], &SETTLES),
        lease: read_lease(reader, f),
        extend_ns: f.duration(reader, "extend"),
        max_deliveries: whole(f, reader, "max_deliveries", WHOLE_MAX.min(u64::from(u32::MAX) - 1)),
        redelivery_ns: read_delays(reader, f),
        fails: share(f, reader, "fails"),
        poison: share(f, reader, "poison"),
        crash: share(f, reader, "crash"),
        restart_ns: f.duration_or(reader, "restart", 0),
    };
    judge(reader, f, &consumer);
    let written = fields.finish(reader);
    Some((consumer, Value::Object(written)))
}

/// What fits each by itself and not together.
fn judge(reader: &mut Reader<'_>, f: &Fields<'_>, consumer: &Consumer) {
    let mut wrong = |key: &str, title: &str, expected: &str, help: &str| {
        let node = f.node.get(key).unwrap_or(f.node);
        let fault = reader.fault(&f.at(key), node, title).found(node.describe());
        reader.push(fault.expected(expected).help(help.to_owned()));
    };
    if consumer.prefetch.is_some_and(|prefetch| prefetch < consumer.workers) {
        wrong(
            "prefetch",
            "an agent cannot work on more copies than it may hold",
            &format!("at least as many as `workers`: {}", consumer.workers),
            "`prefetch` counts the copies in work as well as those that wait for it",
        );
    }
    if consumer.settle == SettleWhen::Before {
        if consumer.lease != Lease::OfMedium {
            wrong(
                "lease",
                "no copy is leased that is settled before the work on it begins",
                "`settle: \"after\"`, or no lease",
                "with `settle: \"before\"` the medium has forgotten the copy when the work begins",
            );
        }
        if consumer.extend_ns.is_some() {
            wrong(
                "extend",
                "there is no lease to extend when a copy is settled before the work on it begins",
                "`settle: \"after\"`, or no `extend`",
                "with `settle: \"before\"` the medium has forgotten the copy when the work begins",
            );
        }
    }
    if let (Lease::For(lease_ns), Some(extend_ns)) = (consumer.lease, consumer.extend_ns)
        && extend_ns >= lease_ns
    {
        wrong(
            "extend",
            "the lease would end before it is extended",
            "less than `lease`",
            "a third of the lease is usual",
        );
    }
    if consumer.extend_ns == Some(0) {
        wrong("extend", "wrong value for `extend`", "a duration above zero", "a third of the lease is usual");
    }
    if matches!(consumer.lease, Lease::For(lease_ns) if lease_ns < LEASE_MIN_NS) {
        wrong(
            "lease",
            "wrong value for `lease`",
            "a duration of 1 ms at least, or \"none\"",
            "30 s is usual",
        );
    }
    if consumer.crash >= 1.0 && consumer.restart_ns == 0 {
        wrong(
            "crash",
            "every execution would crash, and the agent be back at once: the work would never end",
            "a share below 1, or a `restart` above zero",
            "say how long an agent is away: `restart: \"5s\"`",
        );
    }
}

/// Work that ends later than a run can last.
fn within_reach(reader: &mut Reader<'_>, path: &str, node: Option<&TreeNode>, law: &Distribution) {
    let p999_ns = law.sample((u128::from(u64::MAX) * 999 / 1_000) as u64);
    if let Some(node) = node.filter(|_| p999_ns > AHEAD_MAX_NS) {
        let title = "one in a thousand of these times is longer than 366 days";
        let fault = reader.fault(path, node, title).found(node.describe());
        reader.push(fault.expected("work that takes less than 366 days"));
    }
}

fn read_lease(reader: &mut Reader<'_>, f: &mut Fields<'_>) -> Lease {
    let read = |r: &mut Reader<'_>, p: &str, n: &TreeNode| match n.as_text() {
        Some("none") => Some(Lease::Never),
        _ => r.duration(p, n).map(Lease::For),
    };
    let write = |lease: &Lease| match lease {
        Lease::For(ns) => duration_json(*ns),
        _ => Value::from("none"),
    };
    f.read(reader, "lease", read, write).unwrap_or(Lease::OfMedium)
}

fn read_delays(reader: &mut Reader<'_>, f: &mut Fields<'_>) -> Vec<u64> {
    const EXPECTED: &str = "a list of up to 100 durations such as [\"1s\", \"30s\"]";
    let read = |r: &mut Reader<'_>, p: &str, n: &TreeNode| {
        let Written::List(items) = &n.value else {
            r.wrong(p, n, EXPECTED);
            return None;
        };
        if items.len() > DELAYS_MAX {
            r.wrong(p, n, EXPECTED);
            return None;
        }
        items.iter().enumerate().map(|(index, item)| r.duration(&format!("{p}[{index}]"), item)).collect()
    };
    f.read(reader, "redelivery", read, |list: &Vec<u64>| list.iter().map(|ns| duration_json(*ns)).collect())
        .unwrap_or_default()
}

/// Tells who sends to agents that have one queue together without naming their group, and which queue nobody sends to.
/// `mixes` are the places of the groups' mixes.
pub(super) fn check_shared_queues(
    reader: &mut Reader<'_>,
    groups: &[&Group],
    mixes: &[(String, &TreeNode)],
    consumers: &[Option<(String, &TreeNode)>],
) {
    let firsts: Vec<u32> =
        groups.iter().scan(0, |next, group| Some(std::mem::replace(next, *next + group.count))).collect();
    let is_shared = |group: &Group| group.consumer.as_ref().is_some_and(Consumer::is_shared);
    let shared: Vec<usize> = (0..groups.len()).filter(|number| is_shared(groups[*number])).collect();
    let Some(any) = shared.first() else { return };
    let mut told = BTreeSet::new();
    let mut addressed = BTreeSet::new();
    for (sender, (path, node)) in groups.iter().zip(mixes) {
        for entry in &sender.mix {
            let hit = match entry.settings.recipient {
                Recipient::Group(number) => {
                    addressed.insert(number);
                    continue;
                }
                Recipient::Agent(agent) => {
                    let group = firsts.partition_point(|first| *first <= agent) - 1;
                    shared.contains(&group).then_some(group)
                }
                Recipient::Other | Recipient::Any | Recipient::All => Some(*any),
            };
            if let Some(group) = hit.filter(|_| told.insert(entry.type_id)) {
                let name = &groups[group].name;
                let title = format!("the agents of `{name}` have one queue together, and no inbox each");
                let fault = reader.fault(path, node, title).found(node.describe());
                let help = format!("say in `types` whom each type is for: `recipient: \"{name}\"`");
                reader
                    .push(fault.expected(format!("a recipient for each type, such as `{name}`")).help(help));
            }
        }
    }
    let calls = groups.iter().any(|group| group.callbacks.any());
    for number in shared.into_iter().filter(|number| !addressed.contains(number)) {
        if let Some((path, node)) = &consumers[number]
            && !calls
            && told.is_empty()
        {
            let title = format!("nobody sends to the queue of `{}`", groups[number].name);
            let fault = reader.fault(path, node, title);
            let help = format!("say in `types` whom a type is for: `recipient: \"{}\"`", groups[number].name);
            reader.push(fault.expected("a type whose `recipient` is this group").help(help));
        }
    }
}

/// Other work for some types: `types: #{ task: #{ service: … } }`.
fn read_types(
    reader: &mut Reader<'_>,
    f: &mut Fields<'_>,
    types: &[MessageType],
) -> BTreeMap<TypeId, Distribution> {
    let (mut laws, mut written) = (BTreeMap::new(), Map::new());
    let path = f.at("types");
    let Some(node) = f.take("types") else { return laws };
    let Some(entries) = node.entries() else {
        reader.wrong(&path, node, "a map of types, such as { task: { service: \"8s\" } }");
        return laws;
    };
    for entry in entries.iter().filter(|entry| !entry.is_nothing()) {
        let inner = join(&path, &entry.key);
        let Some(place) = types.iter().position(|kind| kind.name == entry.key) else {
            let known = types.iter().map(|kind| kind.name.as_str());
            let at = TreeNode { at: entry.at, ..entry.node.clone() };
            let fault = reader.fault(&inner, &at, format!("there is no message type `{}`", entry.key));
            let names: Vec<&str> = known.clone().collect();
            let help = did_you_mean(&entry.key, known);
            reader.push(fault.expected(format!("one of {}", names.join(", "))).help_if(help));
            continue;
        };
        let Some(mut fields) = reader.fields(&inner, &entry.node) else { continue };
        if fields.required(reader, "service", "how long the work takes, such as \"8s\"")
            && let Some(law) = fields.distribution(reader, "service", Dimension::Duration)
        {
            within_reach(reader, &fields.at("service"), fields.node.get("service"), &law);
            let law_written = write_distribution(&law, Dimension::Duration);
            written.insert(entry.key.clone(), Map::from_iter([("service".to_owned(), law_written)]).into());
            laws.insert(TypeId(place as u16), law);
        }
        fields.finish(reader);
    }
    f.write(reader, "types", Value::Object(written), Origin::Default);
    laws
}
