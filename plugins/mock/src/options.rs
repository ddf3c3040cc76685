//! The options, read for one run.

use crate::fate::{Fate, Fates, cumulated};
use crate::stall::Stalls;
use mqscript_plugin::abi;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::units::{duration_from_seconds, parse_duration};
use mqscript_plugin::written::{read_latency, read_share};
use serde_json::{Map, Value};

/// The settings that the options describe.
pub struct Settings {
    /// What happens to messages of each type.
    pub fates: Fates,
    /// From the start of the load.
    pub stalls: Stalls,
}

impl Settings {
    /// Reads the options. The host has checked them against the schema and filled in the defaults; what is left
    /// to find is names that the run does not know.
    pub fn read(options: &Options, run: &Run, host: &Host) -> Result<Settings, Error> {
        let base = base_fate(options)?;
        Ok(Settings {
            fates: Fates {
                by_recipient: by_recipient(map(options, "recipients"), &base, run)?,
                by_type: by_type(map(options, "types"), &base, run)?,
                reasons: reasons(map(options, "failures"), host)?,
                base: base.into(),
            },
            stalls: stalls(options)?,
        })
    }
}

/// Settings before they become a fate, so that an override can replace one of the two.
struct Plain {
    latency: Distribution,
    success_rate: f64,
}

impl From<Plain> for Fate {
    fn from(plain: Plain) -> Fate {
        Fate::new(plain.latency, plain.success_rate)
    }
}

fn bad(key: &str, why: impl std::fmt::Display) -> Error {
    Error::config(format!("`{key}`: {why}"))
}

fn map<'a>(options: &'a Options, key: &str) -> Option<&'a Map<String, Value>> {
    options.get(key).and_then(Value::as_object).filter(|map| !map.is_empty())
}

fn share(key: &str, value: &Value) -> Result<f64, Error> {
    read_share(value).map_err(|e| bad(key, e))
}

fn duration(key: &str, value: Option<&Value>) -> Result<u64, Error> {
    let read = match value.map(|value| (value.as_str(), value.as_f64())) {
        Some((Some(text), _)) => parse_duration(text),
        Some((_, Some(seconds))) => duration_from_seconds(seconds),
        _ => return Err(bad(key, "it is no duration")),
    };
    read.map_err(|e| bad(key, e))
}

fn latency(key: &str, value: &Value) -> Result<Distribution, Error> {
    read_latency(value).map_err(|e| bad(key, e))
}

fn base_fate(options: &Options) -> Result<Plain, Error> {
    Ok(Plain {
        latency: match options.get("latency") {
            Some(value) => latency("latency", value)?,
            None => Distribution::Uniform { min: 1_000_000, max: 10_000_000 },
        },
        success_rate: match options.get("success_rate") {
            Some(value) => share("success_rate", value)?,
            None => 0.95,
        },
    })
}

fn changed(key: &str, changes: &Value, base: &Plain) -> Result<Fate, Error> {
    let plain = Plain {
        latency: match changes.get("latency") {
            Some(value) => latency(&format!("{key}.latency"), value)?,
            None => base.latency.clone(),
        },
        success_rate: match changes.get("success_rate") {
            Some(value) => share(&format!("{key}.success_rate"), value)?,
            None => base.success_rate,
        },
    };
    Ok(plain.into())
}

fn by_recipient(
    changes: Option<&Map<String, Value>>,
    base: &Plain,
    run: &Run,
) -> Result<Vec<(u32, Fate)>, Error> {
    let Some(changes) = changes else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(changes.len());
    if let Some(all) = changes.get("ALL") {
        found.push((abi::ALL, changed("recipients.ALL", all, base)?));
    }
    for id in 0..run.parties() {
        if found.len() == changes.len() {
            break;
        }
        let name = run.party_name(id);
        if let Some(change) = changes.get(&name) {
            found.push((id, changed(&format!("recipients.{name}"), change, base)?));
        }
    }
    if found.len() < changes.len() {
        let named = |name: &str| name == "ALL" || found.iter().any(|(id, _)| run.party_name(*id) == name);
        let missing = changes.keys().find(|name| !named(name)).map_or("", String::as_str);
        return Err(bad(&format!("recipients.{missing}"), "nobody in this run has that name"));
    }
    found.sort_by_key(|entry| entry.0);
    Ok(found)
}

fn by_type(
    changes: Option<&Map<String, Value>>,
    base: &Plain,
    run: &Run,
) -> Result<Vec<Option<Fate>>, Error> {
    let Some(changes) = changes else { return Ok(Vec::new()) };
    let mut fates: Vec<Option<Fate>> = vec![None; run.types().len()];
    for (name, change) in changes {
        let key = format!("types.{name}");
        let Some(id) = run.types().iter().position(|row| row.name == *name) else {
            let known: Vec<&str> = run.types().iter().map(|row| row.name.as_str()).collect();
            return Err(bad(&key, format!("this run has no such type, but {}", known.join(", "))));
        };
        fates[id] = Some(changed(&key, change, base)?);
    }
    Ok(fates)
}

fn reasons(failures: Option<&Map<String, Value>>, host: &Host) -> Result<Vec<(u64, u32)>, Error> {
    let Some(failures) = failures else { return Ok(vec![(1 << 32, host.intern("connection_reset"))]) };
    let weights: Vec<f64> = failures.values().map(|weight| weight.as_f64().unwrap_or(0.0)).collect();
    if weights.iter().sum::<f64>() <= 0.0 {
        return Err(bad("failures", "the weights sum to zero"));
    }
    let ids = failures.keys().map(|reason| host.intern(reason));
    Ok(cumulated(&weights).into_iter().zip(ids).collect())
}

fn stalls(options: &Options) -> Result<Stalls, Error> {
    let list = options.get("stall").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let span = |stall: &Value| {
        Ok((duration("stall.at", stall.get("at"))?, duration("stall.lasts", stall.get("lasts"))?))
    };
    Ok(Stalls::new(list.iter().map(span).collect::<Result<Vec<_>, Error>>()?))
}
