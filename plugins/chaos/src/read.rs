//! Single values of the options.

use crate::scope::Scope;
use mqscript_plugin::abi;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::units::{duration_from_seconds, parse_duration};
use mqscript_plugin::written::{Dimension, read_distribution, read_share};
use mqscript_plugin::{Error, Run};
use serde_json::Value;

/// A value that makes no sense: where, and why.
pub fn bad(path: &str, why: impl std::fmt::Display) -> Error {
    Error::config(format!("`{path}`: {why}"))
}

/// What stands under `key`, or the value itself where that is its short form.
pub fn by_either<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(value)
}

/// A share from 0 to 1.
pub fn share(path: &str, value: &Value) -> Result<f64, Error> {
    read_share(value).map_err(|e| bad(path, e))
}

/// A duration, in nanoseconds.
pub fn duration(path: &str, value: &Value) -> Result<u64, Error> {
    let read = match (value.as_str(), value.as_f64()) {
        (Some(text), _) => parse_duration(text),
        (_, Some(seconds)) => duration_from_seconds(seconds),
        _ => return Err(bad(path, format!("`{value}` is no duration such as \"5ms\""))),
    };
    read.map_err(|e| bad(path, e))
}

/// A distribution of durations.
pub fn distribution(path: &str, value: &Value) -> Result<Distribution, Error> {
    read_distribution(value, Dimension::Duration).map_err(|e| bad(path, e))
}

/// `types`, `recipients`, `from` and `to` of a fault that is written as a map.
pub fn scope(path: &str, value: &Value, run: &Run) -> Result<Scope, Error> {
    let time = |key: &str, otherwise| match value.get(key) {
        Some(value) => duration(&format!("{path}.{key}"), value),
        None => Ok(otherwise),
    };
    let (from_ns, to_ns) = (time("from", 0)?, time("to", abi::NEVER)?);
    if from_ns >= to_ns {
        return Err(bad(path, "`from` is not before `to`"));
    }
    let types = names(path, value, "types")?.map(|names| types(path, &names, run)).transpose()?;
    let recipients =
        names(path, value, "recipients")?.map(|names| recipients(path, &names, run)).transpose()?;
    Ok(Scope { types, recipients, from_ns, to_ns })
}

fn names<'a>(path: &str, value: &'a Value, key: &str) -> Result<Option<Vec<&'a str>>, Error> {
    let Some(value) = value.get(key) else { return Ok(None) };
    let list = match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    let names: Option<Vec<&str>> = list.into_iter().map(Value::as_str).collect();
    match names {
        Some(names) if !names.is_empty() => Ok(Some(names)),
        _ => Err(bad(&format!("{path}.{key}"), format!("`{value}` is no list of names"))),
    }
}

fn types(path: &str, names: &[&str], run: &Run) -> Result<Vec<bool>, Error> {
    let known = run.types();
    if let Some(missing) = names.iter().find(|name| known.iter().all(|row| row.name != **name)) {
        let known: Vec<&str> = known.iter().map(|row| row.name.as_str()).collect();
        let why = format!("this run has no type `{missing}`, but {}", known.join(", "));
        return Err(bad(&format!("{path}.types"), why));
    }
    Ok(known.iter().map(|row| names.contains(&row.name.as_str())).collect())
}

fn recipients(path: &str, names: &[&str], run: &Run) -> Result<Vec<u32>, Error> {
    let mut missing = names.to_vec();
    let mut found = Vec::with_capacity(names.len());
    let mut take = |name: &str, id: u32| {
        if missing.contains(&name) {
            missing.retain(|other| *other != name);
            found.push(id);
        }
        missing.is_empty()
    };
    if !take("ALL", abi::ALL) {
        // Names come one by one: with a million agents the search ends with the last one asked for.
        (0..run.parties()).any(|id| take(&run.party_name(id), id));
    }
    if let Some(name) = missing.first() {
        return Err(bad(&format!("{path}.recipients"), format!("nobody in this run is named `{name}`")));
    }
    found.sort_unstable();
    Ok(found)
}
