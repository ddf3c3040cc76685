//! When the load ends: `duration`, `messages`, `messages_per_agent`, or `end` with several of them.

use super::fields::Fields;
use super::reader::{Reader, duration_json};
use super::tree::{Origin, TreeNode, join};
use crate::plan::{Arrival, End, Group, Stage};
use serde_json::{Value, json};

const DEFAULT_DURATION_NS: u64 = 60_000_000_000;
const DEFAULT_MESSAGES_PER_AGENT: u64 = 100;

/// The keys by which the end of a load is given.
const BOUNDS: [&str; 3] = ["duration", "messages", "messages_per_agent"];
/// The key under which several of them stand.
pub(super) const FIRST: &str = "end";
/// Every key that says when the load ends: to say one of them in another place unsets the others.
pub(in crate::plan) const ENDS: [&str; 4] = ["duration", "messages", "messages_per_agent", FIRST];
/// How an end by time or by messages, whichever comes first, is written.
pub(super) const FIRST_HELP: &str =
    "to end at whichever comes first, say `end: { duration: 60s, messages: 1000 }` (in a script `#{ … }`)";

/// Takes every word about the end out of a scenario.
pub(in crate::plan) fn unset_end(scenario: &mut TreeNode) {
    for key in ENDS {
        scenario.remove(key);
    }
}

/// Reads the end, with its default written down.
pub(super) fn read_end(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    groups: &[Group],
    stages: &[Stage],
) -> End {
    let scenario = fields.node;
    let node = |key: &str| scenario.get(key);
    let said: Vec<&str> = ENDS.into_iter().filter(|key| node(key).is_some()).collect();
    let at_once = groups.iter().any(|group| group.arrival == Arrival::AllAtOnce);
    let sum_ns = stages.iter().fold(0u64, |sum, stage| sum.saturating_add(stage.duration_ns));
    let same_duration = said == ["duration"] && {
        let ns = node("duration").and_then(|node| Reader::new(reader.source).duration("", node));
        ns == Some(sum_ns)
    };
    let timed =
        |key: &&&str| **key == "duration" || node(key).is_some_and(|end| end.get("duration").is_some());
    if !stages.is_empty() && !said.is_empty() && !same_duration {
        let title = format!("`{}` has no meaning with stages", said[0]);
        let fault = reader.fault(said[0], node(said[0]).unwrap_or(scenario), title);
        let found = format!("stages of {} in all", crate::plan::units::canonical_duration(sum_ns));
        reader.push(fault.found(found).expected("no other end: the stages set the duration"));
    } else if said.len() > 1 {
        let title = format!("the end is said twice: {}", said.join(", "));
        let fault = reader.fault(said[1], node(said[1]).unwrap_or(scenario), title);
        reader.push(fault.expected(format!("one of {}", ENDS.join(", "))).help(FIRST_HELP));
    } else if at_once && let Some(key) = said.iter().find(timed) {
        let title = "`duration` has no meaning with all_at_once";
        let fault = reader.fault(key, node(key).unwrap_or(scenario), title);
        reader.push(fault.expected("how many messages there are: `messages` or `messages_per_agent`"));
    }
    let [duration, messages, per_agent] = read_bounds(reader, fields);
    let first = fields.take(FIRST).and_then(|node| read_first(reader, fields, node));
    if !stages.is_empty() {
        fields.write(reader, "duration", duration_json(sum_ns), Origin::Script);
        return End::Duration(sum_ns);
    }
    if let Some(end) = first {
        return end;
    }
    match (duration, messages, per_agent) {
        (Some(ns), _, _) => End::Duration(ns),
        (_, Some(messages), _) => End::Messages(messages),
        (_, _, Some(messages)) => End::MessagesPerAgent(messages),
        _ if at_once => {
            fields.write(reader, "messages_per_agent", json!(DEFAULT_MESSAGES_PER_AGENT), Origin::Default);
            End::MessagesPerAgent(DEFAULT_MESSAGES_PER_AGENT)
        }
        _ => {
            fields.write(reader, "duration", duration_json(DEFAULT_DURATION_NS), Origin::Default);
            End::Duration(DEFAULT_DURATION_NS)
        }
    }
}

/// What a map says of duration, messages and messages per agent.
fn read_bounds(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> [Option<u64>; 3] {
    let duration = fields.duration(reader, BOUNDS[0]);
    let messages = fields.whole(reader, BOUNDS[1], 1);
    let per_agent = fields.whole(reader, BOUNDS[2], 1);
    if duration == Some(0) {
        let node = fields.node.get(BOUNDS[0]).unwrap_or(fields.node);
        reader.wrong(&fields.at(BOUNDS[0]), node, "a duration above zero");
    }
    [duration, messages, per_agent]
}

/// `end: { duration, messages }`: whichever comes first.
fn read_first(reader: &mut Reader<'_>, fields: &mut Fields<'_>, node: &TreeNode) -> Option<End> {
    let mut inner = reader.fields(&join(&fields.path, FIRST), node)?;
    let bounds = read_bounds(reader, &mut inner);
    let said = BOUNDS.iter().any(|key| node.get(key).is_some());
    let written = inner.finish(reader);
    if !said {
        reader.wrong(FIRST, node, &format!("a map with one or several of {}", BOUNDS.join(", ")));
    }
    fields.written.insert(FIRST.to_owned(), Value::Object(written));
    match bounds {
        [None, None, None] => None,
        [Some(ns), None, None] => Some(End::Duration(ns)),
        [None, Some(messages), None] => Some(End::Messages(messages)),
        [None, None, Some(messages)] => Some(End::MessagesPerAgent(messages)),
        [duration_ns, messages, messages_per_agent] => {
            Some(End::First { duration_ns, messages, messages_per_agent })
        }
    }
}
