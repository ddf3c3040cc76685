//! Short hashes of the fields that a message was sent with. They travel with its stamp, so that a copy can be compared
//! with what was sent, in any programming language and without memory for sent messages.

use crate::call::Call;
use mqscript_plugin::crc32c;
use serde_json::Value;
use std::borrow::Cow;

/// The names of the fields that are compared.
pub const FIELDS: [&str; 5] = ["sender", "type", "priority", "tags", "metadata"];
/// The key in the metadata under which the adapter passes on a message's identity.
pub const STAMP_KEY: &str = mqscript_plugin::STAMP_NAME;
/// The number of hexadecimal digits for each field.
const DIGITS: usize = 4;

/// One hash for each of [`FIELDS`]. The order of tags and of metadata does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u16; FIELDS.len()]);

fn short(bytes: &[u8]) -> u16 {
    let sum = crc32c(bytes);
    (sum >> 16) as u16 ^ sum as u16
}

/// The hash of a list; the length of each item is hashed with it.
fn of_list<'a, T: Into<Cow<'a, str>>>(items: impl IntoIterator<Item = T>) -> u16 {
    let mut items: Vec<Cow<'a, str>> = items.into_iter().map(Into::into).collect();
    items.sort_unstable();
    let mut bytes = Vec::with_capacity(64);
    for item in &items {
        bytes.extend_from_slice(&(item.len() as u64).to_le_bytes());
        bytes.extend_from_slice(item.as_bytes());
    }
    short(&bytes)
}

fn pair<'a>(key: &str, value: &str) -> Cow<'a, str> {
    Cow::Owned(format!("{}:{key}{value}", key.len()))
}

/// A JSON value as text; a string stands without quotes.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

impl Fingerprint {
    /// The hashes of a message as it is sent.
    pub fn of<'a>(
        sender: &str,
        message_type: &str,
        priority: &str,
        tags: impl IntoIterator<Item = &'a str>,
        metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Fingerprint {
        let pairs = metadata.into_iter().map(|(key, value)| pair(key, value));
        Fingerprint([
            short(sender.as_bytes()),
            short(message_type.as_bytes()),
            short(priority.as_bytes()),
            of_list(tags),
            of_list(pairs),
        ])
    }

    /// Which fields of a copy differ from what was sent. A field that the program does not report is not compared.
    pub fn altered_in(&self, call: &Call<'_>) -> [bool; FIELDS.len()] {
        let tags = call.tags.as_ref().map(|tags| match tags {
            Value::Array(list) => of_list(list.iter().map(text)),
            other => of_list([text(other)]),
        });
        let metadata = call.metadata.as_ref().map(|metadata| match metadata {
            Value::Object(map) => {
                let own = map.iter().filter(|(key, _)| *key != STAMP_KEY);
                of_list(own.map(|(key, value)| pair(key, &text(value))))
            }
            other => of_list([text(other)]),
        });
        let priority = call.priority.as_ref().map(|priority| short(text(priority).as_bytes()));
        let seen = [
            Some(short(call.sender.as_bytes())),
            Some(short(call.message_type.as_bytes())),
            priority,
            tags,
            metadata,
        ];
        std::array::from_fn(|field| seen[field].is_some_and(|seen| seen != self.0[field]))
    }

    /// Appends the hashes as hexadecimal text.
    pub fn write(&self, to: &mut Vec<u8>) {
        for field in self.0 {
            to.extend(
                (0..DIGITS).rev().map(|digit| b"0123456789abcdef"[usize::from(field >> (4 * digit) & 15)]),
            );
        }
    }

    /// Reads the hexadecimal text; `None` if it is wrong.
    pub fn read(text: &str) -> Option<Fingerprint> {
        let mut fields = [0; FIELDS.len()];
        if text.len() != DIGITS * FIELDS.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (field, digits) in fields.iter_mut().zip(text.as_bytes().chunks(DIGITS)) {
            *field = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Fingerprint(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn altered(change: impl Fn(&mut Value)) -> Vec<&'static str> {
        let sent = Fingerprint::of("Agent-1", "TEXT", "low", ["a", "b"], [("k", "v"), ("l", "w")]);
        let mut call = json!({
            "recipient": "Agent-2", "sender": "Agent-1", "message_type": "TEXT", "priority": "low",
            "tags": ["b", "a"], "metadata": { "l": "w", "k": "v", STAMP_KEY: "x" }
        });
        change(&mut call);
        let line = call.to_string();
        let seen = sent.altered_in(&serde_json::from_str(&line).unwrap());
        FIELDS.into_iter().zip(seen).filter(|(_, altered)| *altered).map(|(field, _)| field).collect()
    }

    #[test]
    fn each_field_that_differs_is_named_and_no_other() {
        assert_eq!(altered(|_| {}), [""; 0]);
        assert_eq!(altered(|call| call["sender"] = "SYSTEM".into()), ["sender"]);
        assert_eq!(altered(|call| call["message_type"] = "OTHER".into()), ["type"]);
        assert_eq!(altered(|call| call["priority"] = "regular".into()), ["priority"]);
        for tags in [json!(["a"]), json!([]), json!(["ab"]), json!(["a", "b", "b"]), json!("a"), json!(null)]
        {
            let seen = altered(|call| call["tags"] = tags.clone());
            assert_eq!(seen.is_empty(), tags.is_null(), "{tags}");
        }
        for metadata in
            [json!({ "k": "v" }), json!({ "k": "w", "l": "v" }), json!({ "kv": "", "l": "w" }), json!(3)]
        {
            assert_eq!(altered(|call| call["metadata"] = metadata.clone()), ["metadata"], "{metadata}");
        }
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        let sent = Fingerprint::of("a", "b", "c", ["d"], [("e", "f")]);
        let mut text = Vec::new();
        sent.write(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!((text.len(), Fingerprint::read(&text)), (20, Some(sent)));
        assert_eq!(Fingerprint::read(&text[1..]), None);
        assert_eq!(Fingerprint::read(&text.replace(&text[..1], "+")), None);
    }
}
