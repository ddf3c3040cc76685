//! The options' schema.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::rules::Rule;
use super::system::SystemState;
use super::tests_library::loads_but_for;
use serde_json::{Map, Value, json};

fn properties(schema: &Value) -> Map<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

pub fn described(bench: &Bench, _: &SystemState) -> Judged {
    for (key, rule) in properties(&bench.subject()?.info().schema) {
        let described =
            rule.get("description").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
        ensure(described, Rule::Described, || format!("the option `{key}` has no description"))?;
    }
    Ok(())
}

pub fn defaults(bench: &Bench, _: &SystemState) -> Judged {
    loads_but_for(bench, Rule::Defaults)?;
    let subject = bench.subject()?;
    for (key, rule) in properties(&subject.info().schema) {
        let Some(default) = rule.get("default") else { continue };
        let mut with = subject.options().clone();
        with.insert(key.clone(), default.clone());
        if let Err(faults) = subject.completed(&with) {
            let told: Vec<String> = faults
                .iter()
                .map(|fault| format!("`{}` is {}, not {}", fault.key_path, fault.found, fault.expected))
                .collect();
            return Err(TestStop::Broken(
                Rule::Defaults,
                format!("the default of `{key}` is refused: {}", told.join("; ")),
            ));
        }
    }
    Ok(())
}

pub fn unknown_key(bench: &Bench, _: &SystemState) -> Judged {
    const KEY: &str = "no_core_has_such_an_option";
    let subject = bench.subject()?;
    let mut with = subject.options().clone();
    with.insert(KEY.to_owned(), json!(1));
    ensure(subject.completed(&with).is_err(), Rule::Unknown, || format!("the key `{KEY}` is accepted"))
}

pub fn wrong_type(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    for key in properties(&subject.info().schema).keys() {
        // No option can mean all of these.
        let wrong = [json!(true), json!(-1.5), json!("\u{1}"), json!([[[]]]), json!({ "\u{1}": [[]] })];
        let accepted = wrong.iter().filter(|value| {
            let mut with = subject.options().clone();
            with.insert(key.clone(), (*value).clone());
            subject.completed(&with).is_ok()
        });
        ensure(accepted.count() < wrong.len(), Rule::Typed, || {
            format!("the option `{key}` may be anything at all")
        })?;
    }
    Ok(())
}
