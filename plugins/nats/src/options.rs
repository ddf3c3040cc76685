//! Reads the options for one run.

use crate::credentials::Credentials;
use mqscript_plugin::prelude::*;
use mqscript_plugin::units::{duration_from_seconds, parse_duration, parse_size};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// The shortest time after which a copy may be handed out again. With a shorter one, it would be handed out for ever.
const ACK_WAIT_MIN: Duration = Duration::from_millis(10);

/// How the server treats a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server stores the message and confirms it (JetStream).
    JetStream,
    /// The server passes the message on and does not store it.
    Core,
}

/// The stream that the run uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamChoice {
    /// The run makes a stream of its own.
    Own(OwnStream),
    /// The run uses an existing stream of this name.
    Existing(String),
}

/// The settings of a stream that the run makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnStream {
    /// Whether it is kept in memory instead of a file.
    pub in_memory: bool,
    /// The number of servers that keep it.
    pub replicas: usize,
    /// The most messages, if there is a limit.
    pub max_messages: Option<i64>,
    /// The most bytes, if there is a limit.
    pub max_bytes: Option<i64>,
    /// Whether the stream stays after the run.
    pub keep: bool,
}

/// The encryption of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Whether a connection without encryption is refused.
    pub required: bool,
    /// Whether encryption begins before the server's greeting.
    pub first: bool,
    /// A file with the authorities to trust.
    pub authorities: Option<PathBuf>,
    /// The files with the client's certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// The options, checked and converted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The addresses of the servers, as written.
    pub url: String,
    /// How the server treats a message.
    pub mode: Mode,
    /// The stream that the run uses.
    pub stream: StreamChoice,
    /// The beginning of all subjects, if it was set.
    pub subject: Option<String>,
    /// The most messages that are accepted and not answered.
    pub window: usize,
    /// The time after which a message without an acknowledgement is uncertain.
    pub ack_timeout: Duration,
    /// The time after which a copy without an acknowledgement is handed out again.
    pub ack_wait: Duration,
    /// The longest time for one attempt to connect.
    pub connect_timeout: Duration,
    /// The way to log in.
    pub credentials: Credentials,
    /// The encryption of the connection, if it was set.
    pub tls: Option<Tls>,
}

impl Settings {
    /// Reads the options, which the host has checked against the schema and completed.
    pub fn read(options: &Options) -> Result<Settings, Error> {
        let mode = match text(options, "mode") {
            Some("core") => Mode::Core,
            _ => Mode::JetStream,
        };
        let ack_wait = duration(options, "ack_wait", Duration::from_secs(30))?;
        if ack_wait < ACK_WAIT_MIN {
            return Err(Error::config("`ack_wait`: it is below 10ms; write 10ms or more"));
        }
        Ok(Settings {
            url: url(options)?,
            mode,
            stream: stream(options, mode)?,
            subject: subject(options)?,
            window: number(options, "window").unwrap_or(1024) as usize,
            ack_timeout: duration(options, "ack_timeout", Duration::from_secs(5))?,
            ack_wait,
            connect_timeout: duration(options, "connect_timeout", Duration::from_secs(5))?,
            credentials: Credentials::read(options)?,
            tls: tls(options)?,
        })
    }
}

/// The text of an option, if it is set.
pub fn text<'a>(options: &'a Options, key: &str) -> Option<&'a str> {
    options.get(key).and_then(Value::as_str)
}

fn number(options: &Options, key: &str) -> Option<i64> {
    options.get(key).and_then(Value::as_f64).map(|number| number as i64)
}

fn duration(options: &Options, key: &str, otherwise: Duration) -> Result<Duration, Error> {
    let read = match options.get(key).map(|value| (value.as_str(), value.as_f64())) {
        Some((Some(text), _)) => parse_duration(text),
        Some((_, Some(seconds))) => duration_from_seconds(seconds),
        _ => return Ok(otherwise),
    };
    match read {
        Ok(0) => Err(Error::config(format!("`{key}`: it is 0; write more"))),
        Ok(time_ns) => Ok(Duration::from_nanos(time_ns)),
        Err(error) => Err(Error::config(format!("`{key}`: {error}"))),
    }
}

/// Reads the address. One with a password is refused and not shown, because addresses are printed.
fn url(options: &Options) -> Result<String, Error> {
    let url = text(options, "url").unwrap_or("nats://127.0.0.1:4222");
    if url.contains('@') {
        return Err(Error::config(
            "`url` holds a name or a password before its `@`, which would be printed; write \
             `user: \"NAME\", password: \"${VARIABLE}\"` or `token: \"${VARIABLE}\"`",
        ));
    }
    Ok(url.to_owned())
}

fn stream(options: &Options, mode: Mode) -> Result<StreamChoice, Error> {
    let named = text(options, "stream");
    let limits = ["max_messages", "max_bytes"].into_iter().find(|key| options.contains_key(*key));
    match (named, limits) {
        (Some(_), _) if mode == Mode::Core => {
            Err(Error::config("`stream`: in the mode `core` there is none; leave it out, or the mode"))
        }
        (None, Some(limit)) if mode == Mode::Core => {
            Err(Error::config(format!("`{limit}`: in the mode `core` nothing is stored; leave it out")))
        }
        (Some(_), Some(limit)) => Err(Error::config(format!(
            "`{limit}` is for a stream of the run's own; the stream named by `stream` keeps its limits"
        ))),
        (Some(name), None) if !is_name(name) => Err(Error::config(format!(
            "`stream`: \"{name}\" is no stream's name; it has no spaces, `.`, `*`, `>`, `/`, `\\`"
        ))),
        (Some(name), None) => Ok(StreamChoice::Existing(name.to_owned())),
        (None, _) => Ok(StreamChoice::Own(OwnStream {
            in_memory: text(options, "storage") == Some("memory"),
            replicas: number(options, "replicas").unwrap_or(1) as usize,
            max_messages: number(options, "max_messages"),
            max_bytes: max_bytes(options)?,
            keep: options.get("keep").and_then(Value::as_bool).unwrap_or(false),
        })),
    }
}

fn max_bytes(options: &Options) -> Result<Option<i64>, Error> {
    let bytes = match options.get("max_bytes").map(|value| (value.as_str(), value.as_f64())) {
        Some((Some(text), _)) => {
            parse_size(text).map_err(|error| Error::config(format!("`max_bytes`: {error}")))? as i64
        }
        Some((_, Some(bytes))) => bytes as i64,
        _ => return Ok(None),
    };
    match bytes {
        1.. => Ok(Some(bytes)),
        _ => Err(Error::config("`max_bytes`: it is 0; write more, or leave it out")),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '.' | '*' | '>' | '/' | '\\');
    !name.is_empty() && name.chars().all(plain)
}

fn subject(options: &Options) -> Result<Option<String>, Error> {
    let Some(subject) = text(options, "subject") else { return Ok(None) };
    let plain = |token: &str| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '*' | '>');
        !token.is_empty() && token.chars().all(plain)
    };
    if subject.starts_with('$') || !subject.split('.').all(plain) {
        return Err(Error::config(format!(
            "`subject`: \"{subject}\" is no beginning of a subject; write words with dots between, such as \
             orders.test"
        )));
    }
    Ok(Some(subject.to_owned()))
}

fn tls(options: &Options) -> Result<Option<Tls>, Error> {
    let Some(tls) = options.get("tls").and_then(Value::as_object) else { return Ok(None) };
    let file = |key: &str| text(tls, key).map(PathBuf::from);
    let flag = |key: &str, otherwise| tls.get(key).and_then(Value::as_bool).unwrap_or(otherwise);
    let identity = match (file("certificate"), file("key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            return Err(Error::config("`tls.key` is missing: a certificate needs its key"));
        }
        (None, Some(_)) => {
            return Err(Error::config("`tls.certificate` is missing: a key needs its certificate"));
        }
    };
    let named =
        [file("ca")].into_iter().flatten().chain(identity.iter().flat_map(|(a, b)| [a.clone(), b.clone()]));
    for path in named {
        if let Err(error) = std::fs::File::open(&path) {
            return Err(Error::config(format!("`tls`: {} cannot be read: {error}", path.display())));
        }
    }
    Ok(Some(Tls {
        required: flag("required", true),
        first: flag("first", false),
        authorities: file("ca"),
        identity,
    }))
}
