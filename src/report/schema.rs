//! The JSON Schema of a report, generated from the very types that are written, and a small validator that holds
//! real reports against it. Only tests know this module, so no build carries the generator.

use crate::results::{FORMAT, Report};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Checks that the file in `schemas/` is this schema; `UPDATE_GOLDEN=1` writes it.
pub fn stands(name: &str, generated: &Value) {
    let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(name);
    let text = format!("{}\n", serde_json::to_string_pretty(generated).unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&committed, &text).unwrap();
    }
    let stands = std::fs::read_to_string(&committed).unwrap_or_default();
    assert!(stands == text, "schemas/{name} has drifted: run the tests with UPDATE_GOLDEN=1");
}

/// The schema as it must stand in the tree.
fn generated() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Report)).unwrap();
    schema["title"] = json!("Results of mqscript");
    schema["properties"]["format"]["const"] = json!(FORMAT);
    schema
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    stands("report.schema.json", &generated());
}

#[test]
fn a_report_is_what_its_schema_says() {
    let report = Report::new(vec![super::tests::nine_agents(), super::tests::stages()]);
    let faults = faults(&generated(), &serde_json::to_value(&report).unwrap());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let report = serde_json::to_value(Report::new(vec![super::tests::nine_agents()])).unwrap();
    type Break = (&'static str, fn(&mut Value));
    let breaks: [Break; 5] = [
        ("/format", |report| report["format"] = json!("something else")),
        ("/runs/0", |report| drop(report["runs"][0].as_object_mut().unwrap().remove("seed"))),
        ("/runs/0/seed", |report| report["runs"][0]["seed"] = json!(-1)),
        ("/runs/0/total/p99_ns", |report| report["runs"][0]["total"]["p99_ns"] = json!("5ms")),
        ("/runs/0/checks/0/holds", |report| report["runs"][0]["checks"][0]["holds"] = json!(1)),
    ];
    for (place, break_it) in breaks {
        let mut broken = report.clone();
        break_it(&mut broken);
        let faults = faults(&generated(), &broken);
        assert!(faults.iter().any(|fault| fault.starts_with(&format!("{place}:"))), "{place}: {faults:#?}");
    }
}

/// All differences between `document` and `schema`, each with its JSON pointer.
///
/// Knows the keywords that the generator uses for our types: `$ref`, `type`, `properties`, `required`,
/// `additionalProperties`, `items`, `anyOf`, `const`, `minimum` and `maximum`.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    hold(schema, schema, document, "", &mut faults);
    faults
}

fn hold(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a reference within the schema");
        hold(root, target, value, at, faults);
    }
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        faults.push(format!("{at}: is not {expected}"));
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_of_type(value, name)) {
        faults.push(format!("{at}: {value} is not {types:?}"));
    }
    if let (Some(minimum), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
        && number < minimum
    {
        faults.push(format!("{at}: {number} is less than {minimum}"));
    }
    if let (Some(maximum), Some(number)) = (schema["maximum"].as_f64(), value.as_f64())
        && number > maximum
    {
        faults.push(format!("{at}: {number} is more than {maximum}"));
    }
    if let Some(choices) = schema["anyOf"].as_array()
        && !choices.iter().any(|choice| {
            let mut inner = Vec::new();
            hold(root, choice, value, at, &mut inner);
            inner.is_empty()
        })
    {
        faults.push(format!("{at}: {value} is none of its choices"));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            hold(root, items, value, &format!("{at}/{index}"), faults);
        }
    }
    if let Some(object) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(key) {
                faults.push(format!("{at}: lacks {key}"));
            }
        }
        for (key, value) in object {
            let at = format!("{at}/{key}");
            match (schema["properties"].get(key), schema.get("additionalProperties")) {
                (Some(property), _) => hold(root, property, value, &at, faults),
                (None, Some(Value::Bool(false))) => faults.push(format!("{at}: is not in the schema")),
                (None, Some(additional)) => hold(root, additional, value, &at, faults),
                (None, None) => {}
            }
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema has an unknown type {other}"),
    }
}
