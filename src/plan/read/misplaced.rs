//! Keys that stand in the wrong place of a scenario, or have another name in other tools: where they belong.

use super::syntax::Syntax;
use super::tree::TreeNode;
use serde_json::{Map, Value, json};

/// Every key below the top of a scenario whose place is one only: the map it stands in, and a value for it.
const HOMES: [(&str, &str, &str); 20] = [
    ("workers", "processor", "8"),
    ("batch_size", "processor", "10"),
    ("batch_interval", "processor", "\"100ms\""),
    ("retry", "processor", "{\"attempts\": 3}"),
    ("timeout", "processor", "\"5s\""),
    ("max_messages", "processor", "1000"),
    ("dead_letter", "processor", "true"),
    ("attempts", "processor.retry", "3"),
    ("backoff", "processor.retry", "\"10ms\""),
    ("factor", "processor.retry", "2"),
    ("jitter", "processor.retry", "0.1"),
    ("max_backoff", "processor.retry", "\"1s\""),
    ("capacity", "queue", "500"),
    ("overflow", "queue", "\"reject\""),
    ("sender", "message", "\"SYSTEM\""),
    ("recipient", "message", "\"any\""),
    ("priority", "message", "\"high\""),
    ("content", "message", "\"hello\""),
    ("size", "message", "\"1KiB\""),
    ("metadata", "message", "{\"test\": true}"),
];

/// Names that other tools give to keys of ours, with the path of ours.
const SYNONYMS: [(&str, &str); 38] = [
    ("retries", "processor.retry.attempts"),
    ("max_retries", "processor.retry.attempts"),
    ("retry_count", "processor.retry.attempts"),
    ("max_attempts", "processor.retry.attempts"),
    ("concurrency", "processor.workers"),
    ("parallelism", "processor.workers"),
    ("threads", "processor.workers"),
    ("consumers", "processor.workers"),
    ("max_in_flight", "processor.workers"),
    ("retry_delay", "processor.retry.backoff"),
    ("delivery_timeout", "processor.timeout"),
    ("ttl", "processor.time_to_live"),
    ("dlq", "processor.dead_letter"),
    ("dead_letter_queue", "processor.dead_letter"),
    ("queue_size", "queue.capacity"),
    ("max_size", "queue.capacity"),
    ("limit", "queue.capacity"),
    ("users", "agents"),
    ("vus", "agents"),
    ("clients", "agents"),
    ("producers", "agents"),
    ("senders", "agents"),
    ("iterations", "messages"),
    ("requests", "messages"),
    ("total_messages", "messages"),
    ("run_time", "duration"),
    ("runtime", "duration"),
    ("ramp_up", "warm_up"),
    ("rampup", "warm_up"),
    ("thresholds", "checks"),
    ("assertions", "checks"),
    ("asserts", "checks"),
    ("rate", "arrival"),
    ("rps", "arrival"),
    ("arrivals", "arrival"),
    ("arrival_rate", "arrival"),
    ("message_types", "mix"),
    ("payload", "message.content"),
];

/// Options of cores, which are no keys of a scenario.
const OF_THE_CORE: [&str; 4] = ["latency", "success_rate", "failures", "stall"];

/// What to write for a key that is not known at `path`, the key path of the map that it stands in.
pub(super) fn help(path: &str, key: &str, value: &TreeNode, syntax: Syntax) -> Option<String> {
    if OF_THE_CORE.contains(&key) {
        let example = if key == "success_rate" { json!("95%") } else { json!("5ms") };
        return match syntax {
            Syntax::Script if key == "failures" || key == "stall" => Some(format!(
                "`{key}` is an option of a core: `mqscript core info mock` shows how it is written"
            )),
            Syntax::Script => {
                let options = syntax.write(&Value::Object(Map::from_iter([(key.to_owned(), example)])));
                Some(format!("`{key}` is an option of a core: `default_core(\"mock\", {options})`"))
            }
            _ => Some(format!("`{key}` is an option of a core: `--core-option {key}=VALUE`")),
        };
    }
    let synonym = SYNONYMS.iter().find(|(known, _)| *known == key).map(|(_, place)| *place);
    let home = || HOMES.iter().find(|(known, ..)| *known == key);
    let place = match synonym {
        Some(place) => place.to_owned(),
        None => format!("{}.{key}", home()?.1),
    };
    let last = place.rsplit('.').next().unwrap_or_default();
    // A group, a type and the like have keys of their own.
    let within = if path.is_empty() { Some(place.as_str()) } else { place.strip_prefix(&format!("{path}.")) };
    if !matches!(path, "" | "processor" | "processor.retry" | "queue") {
        return None;
    }
    let said = value.to_json();
    let fits = matches!(said, Value::Number(_) | Value::Bool(_) | Value::String(_));
    let example = HOMES.iter().find(|(known, ..)| *known == last);
    let example = example.map(|(.., example)| serde_json::from_str(example).unwrap_or(Value::Null));
    let value = match (fits, example) {
        (true, _) if last != "retry" => said,
        (false, None) if matches!(last, "checks" | "mix" | "agents") && said.is_array() => said,
        (_, Some(example)) => example,
        _ => return None,
    };
    let mut keys: Vec<&str> = within.unwrap_or(&place).split('.').collect();
    let outer = keys.remove(0);
    let value = keys
        .iter()
        .rev()
        .fold(value, |value, key| Value::Object(Map::from_iter([((*key).to_owned(), value)])));
    let written = syntax.entry(outer, &value);
    Some(match within {
        Some(_) => format!("write `{written}`"),
        None => format!("at the top of the scenario write `{written}`"),
    })
}

/// What to write where a map is expected and something else stands.
pub(super) fn map_help(path: &str, value: &TreeNode, syntax: Syntax) -> Option<String> {
    let (key, inner) = match path {
        "processor" => ("processor", "workers"),
        "processor.retry" => ("retry", "attempts"),
        "queue" => ("queue", "capacity"),
        _ => return None,
    };
    let said = value.to_json();
    let number = if said.is_u64() { said } else { json!(3) };
    let map = Value::Object(Map::from_iter([(inner.to_owned(), number)]));
    Some(format!("write `{}`", syntax.entry(key, &map)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tree::Written;

    #[test]
    fn a_key_in_the_wrong_place_says_where_it_belongs() {
        let number = TreeNode::new(Written::Integer(3));
        let told = |path: &str, key: &str| help(path, key, &number, Syntax::Script);
        let write = |text: &str| Some(format!("write `{text}`"));
        assert_eq!(told("processor", "retries"), write("retry: #{ attempts: 3 }"));
        assert_eq!(told("", "retries"), write("processor: #{ retry: #{ attempts: 3 } }"));
        assert_eq!(told("", "workers"), write("processor: #{ workers: 3 }"));
        assert_eq!(told("", "retry"), write("processor: #{ retry: #{ attempts: 3 } }"));
        assert_eq!(told("", "rate"), write("arrival: 3"));
        let elsewhere = Some("at the top of the scenario write `queue: #{ capacity: 3 }`".to_owned());
        assert_eq!(told("processor", "capacity"), elsewhere);
        assert_eq!(told("", "colour"), None);
        assert_eq!(told("mix.direct", "workers"), None);
        let yaml = help("processor", "retries", &number, Syntax::Yaml);
        assert_eq!(yaml, write("retry: { attempts: 3 }"));
        assert_eq!(map_help("processor.retry", &number, Syntax::Script), write("retry: #{ attempts: 3 }"));
        assert!(told("", "latency").unwrap().contains("default_core(\"mock\", #{ latency: \"5ms\" })"));
    }
}
