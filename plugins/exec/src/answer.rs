//! Reads what a process writes: JSON Lines, one value for each line.

use crate::call::{Call, GivenUp};
use crate::repair::repaired_line;
use mqscript_plugin::prelude::*;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// The longest line that is accepted, in bytes. A content of 64 MiB in base64 fits.
pub const LINE_BYTES_MAX: usize = 96 << 20;
/// The most characters that are shown of a line that cannot be read.
const SHOWN_MAX: usize = 160;

/// The outcome of a message, as the process reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Delivered {
    #[default]
    NotSaid,
    Known(bool),
    /// The process wrote `null`: the message may be delivered or not.
    Unknown,
}

impl<'de> Deserialize<'de> for Delivered {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Delivered, D::Error> {
        Ok(Option::<bool>::deserialize(from)?.map_or(Delivered::Unknown, Delivered::Known))
    }
}

#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    delivered: Delivered,
    /// Any JSON value; a value that is not a text is shown as JSON.
    #[serde(default)]
    reason: Option<Value>,
    #[serde(default)]
    retry: Option<bool>,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    feeders: usize,
    #[serde(default)]
    tells_where: bool,
    #[serde(default, rename = "where")]
    places: Option<Vec<Place>>,
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delivery: Option<Call<'a>>,
    #[serde(borrow, default)]
    call: Option<Call<'a>>,
    #[serde(borrow, default)]
    given_up: Option<GivenUp<'a>>,
    #[serde(default)]
    working: bool,
    #[serde(default)]
    join: Option<Join>,
    #[serde(borrow, default)]
    notice: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
}

/// The report of a process that it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready<'a> {
    /// The mode that the process serves, if it said so.
    pub mode: Option<Cow<'a, str>>,
    /// The number of connections on which it takes messages; 0 = it takes them on its standard input.
    pub feeders: usize,
    /// Whether it can report the position of a function that does not return.
    pub tells_where: bool,
}

/// A function of the program that has not returned.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Place {
    /// The name of the function.
    #[serde(default)]
    pub function: String,
    /// How long it has been running, in seconds.
    #[serde(default)]
    pub seconds: f64,
    /// The lines of its stack, innermost first.
    #[serde(default)]
    pub stack: Vec<String>,
}

/// The first line on a connection: who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Join {
    /// The run that the process belongs to.
    pub run: u32,
    /// The process's number in the system.
    #[serde(default)]
    pub process: u32,
    /// Which feeder the connection belongs to; none if it is for calls.
    #[serde(default)]
    pub feeder: Option<usize>,
    /// The worker whose process it is, from 1.
    #[serde(default)]
    pub worker: usize,
    /// The start count of the worker's process: tells it from the worker's earlier processes.
    #[serde(default)]
    pub life: u64,
}

/// One line that could be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// The process is ready for messages.
    Ready(Ready<'a>),
    /// The functions that have not returned.
    Where(Vec<Place>),
    /// The outcome of one message.
    Outcome {
        /// The token of the message.
        token: u64,
        /// The outcome in the contract's terms.
        result: OutcomeResult,
        /// The reason, if the process gave one.
        reason: Option<String>,
    },
    /// A processor called the injected core.
    Call(Box<Call<'a>>),
    /// A processor gives a message up: it will not deliver it.
    GivenUp(GivenUp<'a>),
    /// A sign that the processor works.
    Working,
    /// A process joins with a new connection.
    Join(Join),
    /// Something to be counted: its kind, and details.
    Notice(Cow<'a, str>, Cow<'a, str>),
}

/// Reads one line. The error says what is wrong with it.
pub fn read(line: &[u8]) -> Result<Line<'_>, String> {
    let wrong = |why: String| Err(format!("{why}: {}", shown(line)));
    let said: Said<'_> = match serde_json::from_slice(line) {
        Ok(said) => said,
        Err(error) if error.is_data() => return wrong(format!("is no answer ({error})")),
        Err(_) => return wrong("is not JSON".to_owned()),
    };
    if let Some(call) = said.call.or(said.delivery) {
        return Ok(Line::Call(Box::new(call)));
    }
    if let Some(given_up) = said.given_up {
        return Ok(Line::GivenUp(given_up));
    }
    if let Some(join) = said.join {
        return Ok(Line::Join(join));
    }
    if let Some(places) = said.places {
        return Ok(Line::Where(places));
    }
    if said.working {
        return Ok(Line::Working);
    }
    if let Some(notice) = said.notice {
        return Ok(Line::Notice(notice, said.text.unwrap_or_default()));
    }
    if said.ready {
        let (mode, feeders, tells_where) = (said.mode, said.feeders, said.tells_where);
        return Ok(Line::Ready(Ready { mode, feeders, tells_where }));
    }
    let Some(id) = said.id else { return wrong("has no `id`".to_owned()) };
    let Ok(token) = id.parse() else { return wrong("has an `id` that is no number".to_owned()) };
    let result = match (said.delivered, said.retry) {
        (Delivered::NotSaid, _) => return wrong("does not say `delivered`".to_owned()),
        (Delivered::Known(true), _) => OutcomeResult::Delivered,
        (Delivered::Known(false), Some(false)) => OutcomeResult::Rejected,
        (Delivered::Known(false), _) => OutcomeResult::Refused,
        (Delivered::Unknown, _) => OutcomeResult::Uncertain,
    };
    let reason = said.reason.map(|reason| match reason {
        Value::String(text) => text,
        other => other.to_string(),
    });
    Ok(Line::Outcome { token, result, reason })
}

/// Reads a line. If it is nearly JSON, it is first repaired into `repaired`.
///
/// # Errors
/// The line cannot be read, repaired or not. The text says what is wrong with the original.
pub fn read_or_repair<'a>(line: &'a [u8], repaired: &'a mut Vec<u8>) -> Result<Line<'a>, String> {
    read(line).or_else(|why| {
        *repaired = repaired_line(line);
        read(repaired).map_err(|_| why)
    })
}

/// The beginning of a line, printable, for messages.
pub fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN_MAX * 4)]);
    let mut shown: String = text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if text.chars().count() > SHOWN_MAX {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(line: &str) -> (u64, OutcomeResult, Option<String>) {
        match read(line.as_bytes()) {
            Ok(Line::Outcome { token, result, reason }) => (token, result, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_four_outcomes() {
        use OutcomeResult::*;
        assert_eq!(outcome(r#"{"id": "7", "delivered": true}"#), (7, Delivered, None));
        let full = r#"{"delivered": false, "reason": "a \"b\"", "id": "18446744073709551615", "more": []}"#;
        assert_eq!(outcome(full), (u64::MAX, Refused, Some("a \"b\"".to_owned())));
        assert_eq!(outcome(r#"{"id":"7","delivered":false,"retry":false}"#).1, Rejected);
        assert_eq!(outcome(r#"{"id":"7","delivered":false,"retry":true}"#).1, Refused);
        assert_eq!(outcome(r#"{"id":"7","delivered":null}"#).1, Uncertain);
        assert_eq!(outcome(r#"{"id":"7","delivered":false,"reason":404}"#).2, Some("404".to_owned()));
        assert_eq!(outcome(r#"{"id":"7","delivered":false,"reason":null}"#).2, None);
    }

    #[test]
    fn what_is_no_answer_says_why() {
        for (line, why) in [
            ("hello", "is not JSON: `hello`"),
            ("", "is not JSON: ``"),
            ("[1]", "is no answer"),
            (r#"{"delivered": true}"#, "has no `id`"),
            (r#"{"id": 7, "delivered": true}"#, "is no answer (invalid type: integer `7`"),
            (r#"{"id": "-7", "delivered": true}"#, "has an `id` that is no number"),
            (r#"{"id": "7"}"#, "does not say `delivered`"),
            (r#"{"id": "7", "delivered": "yes"}"#, "is no answer"),
            (r#"{"id": "7", "delivered": false, "reason": NaN}"#, "is not JSON"),
        ] {
            let told = read(line.as_bytes()).unwrap_err();
            assert!(told.contains(why), "{line}: {told}");
        }
        assert!(shown(&[b'x'; 5000]).chars().count() < 170);
    }
}
