//! What a process says: one line of JSON each.

use crate::call::{Call, GivenUp};
use crate::repair::repaired_line;
use mqscript_plugin::prelude::*;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// A line longer than this is none: a content of 64 MiB in base64 has room in it.
pub const LINE_BYTES_MAX: usize = 96 << 20;
/// A line that makes no sense is shown up to here.
const SHOWN_MAX: usize = 160;

/// What became of a message, as the process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Delivered {
    #[default]
    NotSaid,
    Known(bool),
    /// `null`: perhaps.
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
    /// Any JSON: what is no text is shown as it stands.
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

/// A process is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready<'a> {
    /// What it serves, if it said so.
    pub mode: Option<Cow<'a, str>>,
    /// It has so many feeders; 0 = it is fed on its standard input.
    pub feeders: usize,
    /// It can say where it is.
    pub tells_where: bool,
}

/// A function of the program that has not returned.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Place {
    /// Its name.
    #[serde(default)]
    pub function: String,
    /// For so long.
    #[serde(default)]
    pub seconds: f64,
    /// Where it is, innermost first.
    #[serde(default)]
    pub stack: Vec<String>,
}

/// The first line on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Join {
    /// The run that the process belongs to.
    pub run: u32,
    /// The process's number.
    #[serde(default)]
    pub process: u32,
    /// It is the connection of this feeder.
    #[serde(default)]
    pub feeder: Option<usize>,
    /// Of this worker, from 1.
    #[serde(default)]
    pub worker: usize,
    /// Of this of its processes.
    #[serde(default)]
    pub life: u64,
}

/// A line that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// It is ready.
    Ready(Ready<'a>),
    /// Where it is.
    Where(Vec<Place>),
    /// What became of a message.
    Outcome {
        /// Its token.
        token: u64,
        /// In the contract's terms.
        result: OutcomeResult,
        /// Why, if it said so.
        reason: Option<String>,
    },
    /// A processor called the injected core.
    Call(Box<Call<'a>>),
    /// A processor never will deliver a message.
    GivenUp(GivenUp<'a>),
    /// A sign of work.
    Working,
    /// A process joins.
    Join(Join),
    /// Something worth counting, with more about it.
    Notice(Cow<'a, str>, Cow<'a, str>),
}

/// Reads a line; if it makes no sense, says why.
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

/// Reads a line that may be only nearly JSON: then `repaired` holds it as it should be.
///
/// # Errors
/// It makes no sense, repaired neither; what is wrong with it as it came.
pub fn read_or_repair<'a>(line: &'a [u8], repaired: &'a mut Vec<u8>) -> Result<Line<'a>, String> {
    read(line).or_else(|why| {
        *repaired = repaired_line(line);
        read(repaired).map_err(|_| why)
    })
}

/// The beginning of a line, fit to be shown.
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
