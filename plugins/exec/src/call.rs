//! What a processor under test reports about the injected core: a call of it, or that a message is given up.

use crate::fingerprint::Fingerprint;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mqscript_plugin::STAMP_TEXT_LEN;
use mqscript_plugin::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A call of `send_message`, as the adapter reports it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call<'a> {
    /// The number of this call among the calls for its message, from 1; 0 = unknown.
    #[serde(default)]
    pub n: u32,
    #[serde(borrow, default)]
    stamp: Option<Cow<'a, str>>,
    /// The recipient, as the processor named it.
    #[serde(borrow)]
    pub recipient: Cow<'a, str>,
    /// The sender, as the processor named it.
    #[serde(borrow, default)]
    pub sender: Cow<'a, str>,
    /// The wire type, as the processor named it.
    #[serde(borrow, default)]
    pub message_type: Cow<'a, str>,
    /// The other fields of the message; none where the processor gave no value.
    #[serde(default)]
    pub priority: Option<Value>,
    #[serde(default)]
    pub tags: Option<Value>,
    #[serde(default)]
    pub metadata: Option<Value>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content_base64: Option<Cow<'a, str>>,
    /// Why the call failed; none if it succeeded.
    #[serde(borrow, default)]
    pub failed: Option<Cow<'a, str>>,
    /// Whether it failed by an exception.
    #[serde(default)]
    pub raised: bool,
}

/// A message that the processor has given up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GivenUp<'a> {
    #[serde(borrow, default)]
    stamp: Option<Cow<'a, str>>,
    /// The reason, as the processor gave it.
    #[serde(borrow, default)]
    pub reason: Option<Cow<'a, str>>,
}

/// A message's identity, as text inside a program: 43 characters, and in mode `processor` also hashes of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The stamp; [`Stamp::NONE`] if there is none.
    pub stamp: Stamp,
    /// Hashes of the fields as they were sent, and the message's counter; none if only the stamp came back.
    pub sent: Option<(Fingerprint, u32)>,
}

impl Identity {
    /// An identity without a stamp.
    const NONE: Identity = Identity { stamp: Stamp::NONE, sent: None };

    /// Reads the text that [`Identity::write`] wrote, or a bare stamp.
    pub fn read(text: &str) -> Identity {
        let Some((stamp, rest)) = text.as_bytes().split_at_checked(STAMP_TEXT_LEN) else {
            return Identity::NONE;
        };
        let Some(stamp) = Stamp::decode(stamp) else { return Identity::NONE };
        let read = |rest: &[u8]| {
            let rest = std::str::from_utf8(rest.strip_prefix(b".")?).ok()?;
            let (fields, slot) = rest.split_once('.')?;
            Some((Fingerprint::read(fields)?, slot.parse().ok()?))
        };
        match (rest, read(rest)) {
            ([], _) => Identity { stamp, sent: None },
            (_, Some(sent)) => Identity { stamp, sent: Some(sent) },
            (_, None) => Identity::NONE,
        }
    }

    /// Appends the identity as text.
    pub fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.stamp.encode());
        if let Some((fields, slot)) = &self.sent {
            to.push(b'.');
            fields.write(to);
            to.push(b'.');
            to.extend_from_slice(slot.to_string().as_bytes());
        }
    }
}

impl Call<'_> {
    /// The identity of the call's message.
    pub fn identity(&self) -> Identity {
        self.stamp.as_deref().map_or(Identity::NONE, Identity::read)
    }

    /// The content of the message; `None` if it is not valid base64.
    pub fn content(&self) -> Option<Cow<'_, [u8]>> {
        match (&self.content, &self.content_base64) {
            (Some(text), _) => Some(Cow::Borrowed(text.as_bytes())),
            (None, Some(text)) => STANDARD.decode(text.as_bytes()).ok().map(Cow::Owned),
            (None, None) => Some(Cow::Borrowed(&[])),
        }
    }
}

impl GivenUp<'_> {
    /// The identity of the message that is given up.
    pub fn identity(&self) -> Identity {
        self.stamp.as_deref().map_or(Identity::NONE, Identity::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Line, read};

    #[test]
    fn an_identity_comes_back_as_it_was_written_or_not_at_all() {
        let stamp = Stamp { run: 7, sequence: 9, ..Stamp::NONE };
        let fields = Fingerprint::of("Agent-1", "TEXT", "low", ["a"], [("k", "v")]);
        for identity in [Identity { stamp, sent: None }, Identity { stamp, sent: Some((fields, 1234)) }] {
            let mut text = Vec::new();
            identity.write(&mut text);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(Identity::read(&text), identity);
            for wrong in [
                &text[..text.len() - 30.min(text.len())],
                "",
                "x",
                &text.replace('.', "é"),
                &format!("{text}x"),
            ] {
                assert!(wrong == text || Identity::read(wrong) == Identity::NONE, "{wrong}");
            }
        }
    }

    #[test]
    fn deliveries_bear_their_stamp() {
        let stamp = Stamp { run: 7, sequence: 9, ..Stamp::NONE };
        let text = String::from_utf8(stamp.encode().to_vec()).unwrap();
        let line = format!(r#"{{"delivery":{{"stamp":"{text}","recipient":"A","content_base64":"/w=="}}}}"#);
        let Ok(Line::Call(call)) = read(line.as_bytes()) else { panic!("{line}") };
        assert_eq!((call.identity().stamp, call.content().as_deref()), (stamp, Some(&[0xff][..])));
        let Ok(Line::Call(bare)) = read(br#"{"delivery":{"recipient":"A","stamp":"x"}}"#) else { panic!() };
        assert_eq!((bare.identity().stamp, bare.content().as_deref()), (Stamp::NONE, Some(&[][..])));
    }
}
