//! What a process says: one line of JSON each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mqscript_plugin::prelude::*;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// A line longer than this is no answer.
pub const LINE_BYTES_MAX: usize = 16 << 20;
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
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delivery: Option<Sent<'a>>,
    #[serde(borrow, default)]
    notice: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
}

/// A call of `send_message` by a processor under test.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sent<'a> {
    #[serde(borrow, default)]
    stamp: Option<Cow<'a, str>>,
    /// To whom, as the processor said.
    #[serde(borrow)]
    pub recipient: Cow<'a, str>,
    /// From whom, as the processor said.
    #[serde(borrow, default)]
    pub sender: Cow<'a, str>,
    /// The wire type, as the processor said.
    #[serde(borrow, default)]
    pub message_type: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content_base64: Option<Cow<'a, str>>,
}

impl Sent<'_> {
    /// The identity that it bears; [`Stamp::NONE`] if none.
    pub fn stamp(&self) -> Stamp {
        self.stamp.as_deref().and_then(|text| Stamp::decode(text.as_bytes())).unwrap_or(Stamp::NONE)
    }

    /// Its content; `None` if it is no base64.
    pub fn content(&self) -> Option<Vec<u8>> {
        match (&self.content, &self.content_base64) {
            (Some(text), _) => Some(text.as_bytes().to_vec()),
            (None, Some(text)) => STANDARD.decode(text.as_bytes()).ok(),
            (None, None) => Some(Vec::new()),
        }
    }
}

/// A line that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// It is ready, and serves this, if it said so.
    Ready(Option<Cow<'a, str>>),
    /// What became of a message.
    Outcome {
        /// Its token.
        token: u64,
        /// In the contract's terms.
        result: OutcomeResult,
        /// Why, if it said so.
        reason: Option<String>,
    },
    /// A processor sent something.
    Sent(Sent<'a>),
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
    if let Some(sent) = said.delivery {
        return Ok(Line::Sent(sent));
    }
    if let Some(notice) = said.notice {
        return Ok(Line::Notice(notice, said.text.unwrap_or_default()));
    }
    if said.ready {
        return Ok(Line::Ready(said.mode));
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

    #[test]
    fn deliveries_bear_their_stamp() {
        let stamp = Stamp { run: 7, sequence: 9, ..Stamp::NONE };
        let text = String::from_utf8(stamp.encode().to_vec()).unwrap();
        let line = format!(r#"{{"delivery":{{"stamp":"{text}","recipient":"A","content_base64":"/w=="}}}}"#);
        let Ok(Line::Sent(sent)) = read(line.as_bytes()) else { panic!("{line}") };
        assert_eq!((sent.stamp(), sent.content()), (stamp, Some(vec![0xff])));
        let Ok(Line::Sent(bare)) = read(br#"{"delivery":{"recipient":"A","stamp":"x"}}"#) else { panic!() };
        assert_eq!((bare.stamp(), bare.content()), (Stamp::NONE, Some(vec![])));
    }
}
