//! What two runs were asked to do differently.

use crate::results::Run;
use serde_json::Value;

/// More paths than these are only counted.
const SHOWN_MAX: usize = 4;

/// The plan of a run without these of its keys.
pub(super) fn plan_without(run: &Run, keys: &[&str]) -> Value {
    let mut plan = run.plan.clone();
    if let Some(plan) = plan.as_object_mut() {
        plan.retain(|key, _| !keys.contains(&key.as_str()));
    }
    plan
}

/// The key paths in which two runs' scenarios or cores differ, seeds apart, as a text; none if they do not.
pub fn different_settings(a: &Run, b: &Run) -> Option<String> {
    let mut paths = Vec::new();
    // Seeds are told by themselves; checks change no message.
    let plan = |run: &Run| plan_without(run, &["seed", "core_seed", "checks"]);
    differing(&plan(a), &plan(b), "", &mut paths);
    for (of, path) in [(a.core.name != b.core.name, "core"), (a.clock != b.clock, "clock")] {
        if of {
            paths.push(path.to_owned());
        }
    }
    let options = |run: &Run| serde_json::to_value((&run.core.options, &run.core.layers)).unwrap_or_default();
    if options(a) != options(b) {
        paths.push("the core's options".to_owned());
    }
    let more = paths.len().saturating_sub(SHOWN_MAX);
    paths.truncate(SHOWN_MAX);
    if more > 0 {
        paths.push(format!("{more} more"));
    }
    (!paths.is_empty()).then(|| paths.join(", "))
}

fn differing(a: &Value, b: &Value, path: &str, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differing(&of(a), &of(b), &path, found);
            }
        }
        _ if a != b => found.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let found = |a: Value, b: Value| {
            let mut found = Vec::new();
            differing(&a, &b, "", &mut found);
            found
        };
        let plan = json!({ "name": "a", "processor": { "workers": 2, "batch": 1 }, "mix": ["x"] });
        assert!(found(plan.clone(), plan.clone()).is_empty());
        let other = json!({ "name": "a", "processor": { "workers": 3, "retry": {} }, "mix": ["y"] });
        assert_eq!(found(plan, other), ["processor.workers", "processor.batch", "processor.retry", "mix"]);
    }
}
