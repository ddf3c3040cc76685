//! The secrets that cores were given: no text of theirs that goes on shows one.

use serde_json::Value;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// The text that stands in the place of a secret.
pub const HIDDEN: &str = "***";

/// A shorter secret would be found in any text by chance.
const SHORTEST: usize = 4;
/// The most that are remembered, of any length.
const SECRETS_MAX: usize = 256;

static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());
static ANY: AtomicBool = AtomicBool::new(false);

/// Remembers a value that is hidden from people, and the texts in it.
pub(super) fn remember(value: &Value) {
    match value {
        Value::String(text) if text.len() >= SHORTEST => {
            let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() < SECRETS_MAX && !known.contains(text) {
                known.push(text.clone());
                // One that contains another goes first.
                known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
            }
            ANY.store(true, Ordering::Release);
        }
        Value::Array(items) => items.iter().for_each(remember),
        Value::Object(items) => items.values().for_each(remember),
        _ => {}
    }
}

/// The text with `***` wherever a secret stood.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    if !ANY.load(Ordering::Acquire) {
        return Cow::Borrowed(text);
    }
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.iter().fold(Cow::Borrowed(text), |text, secret| match text.contains(secret.as_str()) {
        true => Cow::Owned(text.replace(secret.as_str(), HIDDEN)),
        false => text,
    })
}

/// The value with `***` wherever a secret stood in a text of it.
pub(super) fn value_without_secrets(value: Value) -> Value {
    match value {
        _ if !ANY.load(Ordering::Acquire) => value,
        Value::String(text) => Value::String(without_secrets(&text).into_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(value_without_secrets).collect()),
        Value::Object(items) => {
            let hidden = |(key, value): (String, Value)| {
                (without_secrets(&key).into_owned(), value_without_secrets(value))
            };
            Value::Object(items.into_iter().map(hidden).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_secret_is_found_in_any_text() {
        remember(&json!(["open-sesame", { "key": "open-sesame-twice" }, 7, "abc"]));
        assert_eq!(without_secrets("say open-sesame, abc"), "say ***, abc");
        assert_eq!(without_secrets("open-sesame-twice"), "***");
        let stats = value_without_secrets(json!({ "url": "a://open-sesame@b", "n": 7 }));
        assert_eq!(stats, json!({ "url": "a://***@b", "n": 7 }));
    }
}
