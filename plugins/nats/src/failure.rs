//! Texts for failures of the server, as the contract asks: where, what was found, what to do.

use crate::exchange::Wire;
use crate::link::is_about_permission;
use crate::options::Settings;
use async_nats::{ConnectError, ConnectErrorKind};
use mqscript_plugin::live::{Exchange, whole_chain};
use mqscript_plugin::prelude::*;

/// The error for a connection that could not be made.
pub fn of_connecting(error: &ConnectError, settings: &Settings) -> Error {
    let url = &settings.url;
    let reason = settings.credentials.hide(&whole_chain(error));
    let with = settings.credentials.name();
    // The client reports a failed TLS handshake as an error of input or output.
    let kind = match error.kind() {
        ConnectErrorKind::Io if settings.tls.is_some() && !is_refused(error) => ConnectErrorKind::Tls,
        kind => kind,
    };
    match kind {
        ConnectErrorKind::ServerParse => Error::config(format!(
            "`url`: {url} is no address of a server ({reason}); write nats://HOST:PORT or tls://HOST:PORT"
        )),
        ConnectErrorKind::AuthorizationViolation => Error::new(
            Status::AUTH,
            format!(
                "the server at {url} does not let in a client with {with}; it is told who may by `user` and \
                 `password`, `token`, `nkey` or `credentials`"
            ),
        ),
        ConnectErrorKind::Authentication => Error::new(
            Status::AUTH,
            format!(
                "{with} cannot sign what the server at {url} asks to be signed; is it a user's seed (SU…)?"
            ),
        ),
        ConnectErrorKind::Tls => Error::new(
            Status::CONNECT,
            format!(
                "no encrypted connection to {url}: {reason}; `tls: #{{ ca: \"FILE.pem\" }}` names the authority to \
                 trust, `certificate` and `key` the client's own"
            ),
        ),
        _ => Error::new(
            Status::CONNECT,
            format!(
                "no NATS server answers at {url}: {reason}; start one (`nats-server -js`), or say by `url` where \
                 it is"
            ),
        ),
    }
}

/// Whether the connection was refused because no program listens there.
fn is_refused(error: &ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// The error for a request to JetStream that failed; `doing` names the request.
pub fn of_jetstream(error: &dyn std::error::Error, doing: &str, settings: &Settings) -> Error {
    let reason = settings.credentials.hide(&whole_chain(error));
    Error::new(Status::IO, format!("{doing} on the server at {}: {reason}", settings.url))
}

/// The error for a server without JetStream.
pub fn no_jetstream(reason: &str, settings: &Settings) -> Error {
    let reason = settings.credentials.hide(reason);
    Error::config(format!(
        "the server at {} has no JetStream for this account ({reason}); start it with `-js`, or choose \
         `mode: \"core\"`, which confirms nothing",
        settings.url
    ))
}

/// The error for a user who may not subscribe to the agents' subjects.
pub fn may_not_subscribe(complaint: &str, subjects: &str, settings: &Settings) -> Error {
    let with = settings.credentials.name();
    Error::new(
        Status::AUTH,
        format!(
            "the server at {} says: {complaint}; let {with} subscribe to {subjects}, choose other subjects by \
             `subject`, or receive nothing (`receive: false` in the scenario)",
            settings.url
        ),
    )
}

/// Adds to an error what the server has complained of so far: a request that is not permitted gets no answer.
pub fn with_complaints(error: Error, exchange: &Exchange<Wire>) -> Error {
    let complaints = exchange.lock().medium.complaints.clone();
    let refused: Vec<&str> =
        complaints.iter().map(String::as_str).filter(|text| is_about_permission(text)).collect();
    match refused.is_empty() {
        true => error,
        false => {
            let text = error.to_string();
            let text = text.split_once(": ").map_or(&*text, |(_, text)| text);
            Error::new(Status::AUTH, format!("{text}; the server says: {}", refused.join("; ")))
        }
    }
}
