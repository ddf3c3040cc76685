//! The options, read for one run.

use crate::credentials::Credentials;
use mqscript_plugin::prelude::*;
use mqscript_plugin::units::{duration_from_seconds, parse_duration, parse_size};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// The shortest time after which a copy may be handed out again: below it, it would come round for ever.
const ACK_WAIT_MIN: Duration = Duration::from_millis(10);

/// What the server does for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Stores and confirms it.
    JetStream,
    /// Passes it on.
    Core,
}

/// The stream to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamChoice {
    /// One of the run's own.
    Own(OwnStream),
    /// One that exists, of this name.
    Existing(String),
}

/// What a stream of the run's own is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnStream {
    /// In memory rather than in a file.
    pub in_memory: bool,
    /// On so many servers.
    pub replicas: usize,
    /// The most messages, if there is a limit.
    pub max_messages: Option<i64>,
    /// The most bytes, if there is a limit.
    pub max_bytes: Option<i64>,
    /// Whether it stays when the run is over.
    pub keep: bool,
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A connection without it is refused.
    pub required: bool,
    /// It begins before the server's greeting.
    pub first: bool,
    /// The authorities to trust.
    pub authorities: Option<PathBuf>,
    /// The client's certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What the options come to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The servers, as written.
    pub url: String,
    /// What the server does for a message.
    pub mode: Mode,
    /// The stream.
    pub stream: StreamChoice,
    /// What subjects begin with, if it was said.
    pub subject: Option<String>,
    /// The most messages accepted and not answered.
    pub window: usize,
    /// After how long a message that was not acknowledged is uncertain.
    pub ack_timeout: Duration,
    /// After how long a copy that was not acknowledged is handed out again.
    pub ack_wait: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// How to log in.
    pub credentials: Credentials,
    /// How the connection is encrypted, if that was said.
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

/// The option's text, where there is one.
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

/// A url with a password would be printed: it is refused, and not repeated.
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
