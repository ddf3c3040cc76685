//! The queue and the processor.

use super::arrival::read_number_or;
use super::fields::Fields;
use super::reader::{Reader, WHOLE_MAX};
use super::tree::{Origin, TreeNode, Written};
use crate::plan::{Backoff, Overflow, Processor, Queue, Retry, RetryOn};
use serde_json::{Map, Value};

const OVERFLOWS: [(&str, Overflow); 3] =
    [("reject", Overflow::Reject), ("drop_oldest", Overflow::DropOldest), ("block", Overflow::Block)];
const RETRY_KINDS: [(&str, usize); 3] = [("refused", 0), ("timeout", 1), ("uncertain", 2)];
/// The largest number of workers, and of messages in one batch.
const WORKERS_MAX: u64 = 1_000_000;

fn empty_map() -> TreeNode {
    TreeNode { origin: Origin::Default, ..TreeNode::new(Written::Map(Vec::new())) }
}

/// Reads the map at a key, which may be missing: then all its keys have their defaults.
pub(super) fn section<T: Default>(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: impl FnOnce(&mut Reader<'_>, &mut Fields<'_>) -> T,
) -> T {
    let empty = empty_map();
    let path = fields.at(key);
    let node = fields.take(key);
    let Some(mut inner) = reader.fields(&path, node.unwrap_or(&empty)) else { return T::default() };
    let value = read(reader, &mut inner);
    let written: Map<String, Value> = inner.finish(reader);
    fields.write(reader, key, Value::Object(written), Origin::Default);
    value
}

pub(super) fn read_queue(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Queue {
    let default = Queue::default();
    Queue {
        capacity: fields.whole_or(reader, "capacity", default.capacity, 1, WHOLE_MAX),
        overflow: fields.one_of_or(reader, "overflow", OVERFLOWS[0], &OVERFLOWS),
    }
}

pub(super) fn read_processor(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Processor {
    let default = Processor::default();
    let workers = fields.whole_or(reader, "workers", u64::from(default.workers), 1, WORKERS_MAX) as u32;
    let batch_size =
        fields.whole_or(reader, "batch_size", u64::from(default.batch_size), 1, WORKERS_MAX) as u32;
    let batch_interval_ns = fields.duration_or(reader, "batch_interval", default.batch_interval_ns);
    let retry = section(reader, fields, "retry", read_retry);
    let timeout_ns = fields.duration(reader, "timeout");
    if timeout_ns == Some(0) {
        let node = fields.node.get("timeout").unwrap_or(fields.node);
        reader.wrong(&fields.at("timeout"), node, "a duration above zero");
    }
    Processor {
        workers,
        batch_size,
        batch_interval_ns,
        retry,
        timeout_ns,
        time_to_live_ns: fields.duration(reader, "time_to_live"),
        max_messages: fields.whole(reader, "max_messages", 0),
        dead_letter: fields.read_or(
            reader,
            "dead_letter",
            false,
            |r, p, n| r.truth(p, n),
            |truth| Value::Bool(*truth),
        ),
        at_once: false,
    }
}

fn read_retry(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Retry {
    let default = Backoff::default();
    let attempts = fields.whole_or(reader, "attempts", 1, 1, 255) as u8;
    let backoff = Backoff {
        first_ns: fields.duration_or(reader, "backoff", default.first_ns),
        factor: read_number_or(reader, fields, "factor", default.factor, "a number of at least 1", |n| {
            n >= 1.0
        }),
        jitter: fields.read_or(
            reader,
            "jitter",
            default.jitter,
            |r, p, n| r.share(p, n),
            super::reader::number_json,
        ),
        max_ns: fields.duration_or(reader, "max_backoff", default.max_ns),
    };
    let names = |on: &[bool; 3]| {
        let kept = RETRY_KINDS.iter().filter(|(_, index)| on[*index]);
        Value::Array(kept.map(|(name, _)| Value::String((*name).to_owned())).collect())
    };
    let on = fields.read_or(reader, "on", [true; 3], read_retry_on, names);
    Retry { attempts, backoff, on: RetryOn { refused: on[0], timeout: on[1], uncertain: on[2] } }
}

fn read_retry_on(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<[bool; 3]> {
    let Written::List(items) = &node.value else {
        reader.wrong(path, node, "a list of some of refused, timeout, uncertain");
        return None;
    };
    let mut on = [false; 3];
    for (index, item) in items.iter().enumerate() {
        let (_, kind) = reader.one_of(&format!("{path}[{index}]"), item, &RETRY_KINDS)?;
        on[kind] = true;
    }
    Some(on)
}
