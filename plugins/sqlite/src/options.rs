//! Reads the options for one run.

use mqscript_plugin::prelude::*;
use mqscript_plugin::units::{duration_from_seconds, parse_duration};
use serde_json::Value;

/// The shortest time after which a copy may be handed out again, in nanoseconds. With a shorter one, it would be handed
/// out for ever.
const VISIBILITY_MIN_NS: u64 = 1_000_000;

/// How safely a message is on the disk when it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Handed to the operating system: the message survives the end of the process.
    Normal,
    /// Flushed to the disk: the message survives a power failure.
    Full,
}

impl Synchronous {
    /// The name in the options and in SQLite's own pragma.
    pub fn name(self) -> &'static str {
        match self {
            Synchronous::Normal => "normal",
            Synchronous::Full => "full",
        }
    }
}

/// The options, checked and converted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The path of the file, if one was named.
    pub path: Option<String>,
    /// Whether the file stays after the run, if that was set.
    pub keep: Option<bool>,
    /// What a confirmed message survives.
    pub synchronous: Synchronous,
    /// The time after which a copy without an acknowledgement is handed out again, in nanoseconds.
    pub visibility_ns: u64,
    /// The most messages that are accepted and not answered.
    pub ring: usize,
}

impl Settings {
    /// Reads the options, which the host has checked against the schema and completed.
    pub fn read(options: &Options) -> Result<Settings, Error> {
        let path = options.get("path").and_then(Value::as_str);
        if path == Some("") {
            return Err(Error::config("`path` is empty: name a file, or leave it out for a temporary one"));
        }
        Ok(Settings {
            path: path.map(str::to_owned),
            keep: options.get("keep").and_then(Value::as_bool),
            synchronous: match options.get("synchronous").and_then(Value::as_str) {
                Some("full") => Synchronous::Full,
                _ => Synchronous::Normal,
            },
            visibility_ns: visibility(options.get("visibility_timeout"))?,
            ring: options.get("ring").and_then(Value::as_f64).unwrap_or(8192.0) as usize,
        })
    }
}

fn visibility(value: Option<&Value>) -> Result<u64, Error> {
    let read = match value.map(|value| (value.as_str(), value.as_f64())) {
        Some((Some(text), _)) => parse_duration(text),
        Some((_, Some(seconds))) => duration_from_seconds(seconds),
        _ => return Ok(30_000_000_000),
    };
    match read {
        Ok(time_ns) if time_ns >= VISIBILITY_MIN_NS => Ok(time_ns),
        Ok(_) => Err(Error::config("`visibility_timeout`: it is below 1ms; write 1ms or more")),
        Err(error) => Err(Error::config(format!("`visibility_timeout`: {error}"))),
    }
}
