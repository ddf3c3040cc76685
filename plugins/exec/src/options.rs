//! Reads the options for one run.

use crate::faults::Faults;
use crate::mock::Mock;
use mqscript_plugin::prelude::*;
use mqscript_plugin::units::{duration_from_seconds, parse_duration};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

/// The longest `start_timeout`. The host gives a control call one minute, and a failed start must be reported within
/// it.
const START_TIMEOUT_MAX: Duration = Duration::from_secs(45);
/// The longest `grace`; the same minute limits the end.
const GRACE_MAX: Duration = Duration::from_secs(30);

/// The most feeders of one process.
pub const FEEDERS_MAX: usize = 32;

/// The kind of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The program delivers messages itself.
    Send,
    /// The program is a processor under test.
    Processor,
}

impl Mode {
    /// Its name in options and in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Send => "send",
            Mode::Processor => "processor",
        }
    }
}

/// The options, checked and converted.
#[derive(Debug)]
pub struct Settings {
    /// The program and its arguments: at least one word.
    pub command: Vec<String>,
    /// What the program is.
    pub mode: Mode,
    /// The number of processes.
    pub workers: usize,
    /// The most messages without an answer at each process.
    pub window: usize,
    /// The number of threads in each process that feed a processor.
    pub feeders: usize,
    /// The working folder of the program, if one was set.
    pub folder: Option<PathBuf>,
    /// Additional environment variables for the program.
    pub env: Vec<(String, String)>,
    /// Whether the program reports that it is ready.
    pub handshake: bool,
    /// The longest time until the program is ready.
    pub start_timeout: Duration,
    /// The time without progress after which a process counts as hanging.
    pub timeout: Duration,
    /// The number of restarts that each process may have.
    pub restarts: u32,
    /// The pause before the first restart.
    pub backoff: Duration,
    /// The time that a process has to end after the end of its input.
    pub grace: Duration,
    /// Whether the program's standard error is shown.
    pub show_output: bool,
    /// Keyword arguments of the `process` function.
    pub arguments: Map<String, Value>,
    /// The settings of the simulated core through which a processor sends.
    pub mock: Mock,
    /// The faults on purpose for the processes.
    pub faults: Faults,
    /// Whether one message is sent through the processor before the load.
    pub probe: bool,
    /// Whether the processor keeps the order of messages.
    pub ordered: bool,
    /// Whether the processor delivers each message at most once.
    pub exactly_once: bool,
    /// Whether the processor leaves messages unchanged.
    pub unaltered: bool,
}

fn duration(options: &Options, key: &str) -> Result<Duration, Error> {
    let read = match options.get(key).map(|value| (value.as_str(), value.as_f64())) {
        Some((Some(text), _)) => parse_duration(text),
        Some((_, Some(seconds))) => duration_from_seconds(seconds),
        _ => return Err(Error::config(format!("`{key}`: it is no duration"))),
    };
    match read {
        Ok(0) => Err(Error::config(format!("`{key}` is 0; write 1ms or more"))),
        Ok(time_ns) => Ok(Duration::from_nanos(time_ns)),
        Err(error) => Err(Error::config(format!("`{key}`: {error}"))),
    }
}

fn at_most(key: &str, value: Duration, limit: Duration) -> Result<Duration, Error> {
    match value <= limit {
        true => Ok(value),
        false => Err(Error::config(format!("`{key}` is {value:?}; write {limit:?} or less"))),
    }
}

fn whole(options: &Options, key: &str) -> usize {
    options.get(key).and_then(Value::as_f64).unwrap_or_default() as usize
}

/// Reads the words of the command. They may be secret, so no error shows them.
fn command(value: Option<&Value>) -> Result<Vec<String>, Error> {
    let words = match value {
        Some(Value::String(text)) => shlex::split(text).ok_or_else(|| {
            Error::config("`command`: a quote is not closed; close it, or write a list of words")
        })?,
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    match words.first().map(String::as_str) {
        None | Some("") => Err(Error::config(
            "`command` names no program; write, for example, command: [\"python3\", \"my_send.py\"]",
        )),
        Some(_) if words.iter().any(|word| word.contains('\0')) => {
            Err(Error::config("`command`: a NUL character cannot be handed to a program"))
        }
        Some(_) => Ok(words),
    }
}

fn env(options: &Options) -> Result<Vec<(String, String)>, Error> {
    let none = Map::new();
    let map = options.get("env").and_then(Value::as_object).unwrap_or(&none);
    let read = |(name, value): (&String, &Value)| {
        let value = value.as_str().unwrap_or_default();
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(Error::config(format!("`env.{name}`: no environment variable can be like that")));
        }
        Ok((name.clone(), value.to_owned()))
    };
    map.iter().map(read).collect()
}

impl Settings {
    /// Reads the options for a run with `agents` agents. The host has checked them against the schema and completed
    /// them.
    pub fn read(options: &Options, agents: u32) -> Result<Settings, Error> {
        let flag = |key: &str| options.get(key).and_then(Value::as_bool).unwrap_or_default();
        let promises = options.get("promises").and_then(Value::as_array);
        let promised = |name: &str| promises.is_some_and(|list| list.iter().any(|promise| promise == name));
        let mode = match options.get("mode").and_then(Value::as_str) {
            Some("processor") => Mode::Processor,
            _ => Mode::Send,
        };
        if mode == Mode::Processor && !flag("handshake") {
            return Err(Error::config("`handshake: false` leaves a processor without its settings; drop it"));
        }
        let workers = whole(options, "workers").max(1);
        let feeders = match whole(options, "feeders") {
            0 => (agents as usize).div_ceil(workers),
            _ if mode == Mode::Send => {
                return Err(Error::config(
                    "`feeders` is for mode: \"processor\"; drop it, or look at `workers`",
                ));
            }
            feeders => feeders,
        };
        Ok(Settings {
            feeders: feeders.clamp(1, FEEDERS_MAX),
            command: command(options.get("command"))?,
            mode,
            workers,
            window: whole(options, "window").max(1),
            folder: options.get("folder").and_then(Value::as_str).map(PathBuf::from),
            env: env(options)?,
            handshake: flag("handshake"),
            start_timeout: at_most("start_timeout", duration(options, "start_timeout")?, START_TIMEOUT_MAX)?,
            timeout: duration(options, "timeout")?,
            restarts: whole(options, "restarts") as u32,
            backoff: duration(options, "backoff")?,
            grace: at_most("grace", duration(options, "grace")?, GRACE_MAX)?,
            show_output: flag("show_output"),
            arguments: options.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default(),
            mock: Mock::read(options.get("mock"))?,
            faults: match options.get("faults") {
                Some(_) if mode == Mode::Send => {
                    return Err(Error::config("`faults` is for mode: \"processor\"; drop it"));
                }
                faults => Faults::read(faults)?,
            },
            probe: mode == Mode::Processor && flag("probe"),
            ordered: promised("ordered"),
            exactly_once: promised("exactly_once"),
            unaltered: promised("unaltered"),
        })
    }

    /// The program's name as written. Nothing else of the command is ever shown.
    pub fn program(&self) -> &str {
        &self.command[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_is_a_list_or_a_text_of_words() {
        let read = |value: Value| command(Some(&value));
        assert_eq!(read(json!("python3 'my send.py' -v")).unwrap(), ["python3", "my send.py", "-v"]);
        assert_eq!(read(json!(["a b", "c"])).unwrap(), ["a b", "c"]);
        for wrong in [json!(""), json!("  "), json!([""]), json!("python3 'my"), json!(["a\0"])] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
