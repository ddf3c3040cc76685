//! One line of JSON, an object, written field by field: an events file may have hundreds of millions.

use serde::Serialize;

/// A line that is being written. The same one serves for many, so that its room is made once.
#[derive(Debug, Default)]
pub(super) struct JsonLine {
    bytes: Vec<u8>,
}

impl JsonLine {
    /// Begins a new line.
    pub fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.push(b'{');
    }

    /// Ends the line. Returns it, with its newline.
    pub fn end(&mut self) -> &[u8] {
        self.bytes.extend_from_slice(b"}\n");
        &self.bytes
    }

    /// Writes a key, which must be a plain word.
    #[inline(always)]
    fn key(&mut self, key: &'static str) {
        self.bytes.extend_from_slice(if self.bytes.len() == 1 { b"\"" } else { b",\"" });
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// Writes a field that is a text.
    #[inline(always)]
    pub fn text(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.quoted(text);
    }

    /// Writes a field that is a number.
    #[inline(always)]
    pub fn number(&mut self, key: &'static str, number: u64) {
        self.key(key);
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Writes true or false.
    pub fn flag(&mut self, key: &'static str, flag: bool) {
        self.key(key);
        self.bytes.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// Writes a text, or null.
    #[inline(always)]
    pub fn text_or_null(&mut self, key: &'static str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    /// Writes a number, or null.
    #[inline(always)]
    pub fn number_or_null(&mut self, key: &'static str, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.null(key),
        }
    }

    #[inline(always)]
    fn null(&mut self, key: &'static str) {
        self.key(key);
        self.bytes.extend_from_slice(b"null");
    }

    /// Writes a list of texts.
    pub fn texts(&mut self, key: &'static str, texts: &[String]) {
        self.key(key);
        self.bytes.push(b'[');
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                self.bytes.push(b',');
            }
            self.quoted(text);
        }
        self.bytes.push(b']');
    }

    /// Writes any value, by way of serde.
    ///
    /// # Errors
    /// The value has no form in JSON.
    pub fn value(&mut self, key: &'static str, value: &impl Serialize) -> serde_json::Result<()> {
        self.key(key);
        serde_json::to_writer(&mut self.bytes, value)
    }

    #[inline]
    fn quoted(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(b'"');
        } else {
            self.escaped(text);
        }
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        self.bytes.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &[u8]) -> bool {
    let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    let (chunks, rest) = text.as_chunks::<16>();
    // Without an early end within a chunk, the compiler looks at all its bytes at once.
    chunks.iter().all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
        && rest.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// What is written is what serde writes of the same fields.
        #[test]
        fn a_line_is_what_serde_writes(
            text in any::<String>(),
            texts in prop::collection::vec("[ -~\u{0}-\u{2f}é]{0,40}", 0..4),
            number in any::<u64>(),
            absent in any::<bool>(),
        ) {
            #[derive(Serialize)]
            struct Line<'a> {
                text: &'a str,
                number: u64,
                flag: bool,
                text_or_null: Option<&'a str>,
                number_or_null: Option<u64>,
                texts: &'a [String],
                value: &'a BTreeMap<String, u64>,
            }
            let value = BTreeMap::from([(text.clone(), number)]);
            let (text_or_null, number_or_null) = ((!absent).then_some(&text[..]), (!absent).then_some(number));
            let expected = Line {
                text: &text, number, flag: absent, text_or_null, number_or_null, texts: &texts, value: &value,
            };
            let mut line = JsonLine::default();
            for _ in 0..2 {
                line.begin();
                line.text("text", &text);
                line.number("number", number);
                line.flag("flag", absent);
                line.text_or_null("text_or_null", text_or_null);
                line.number_or_null("number_or_null", number_or_null);
                line.texts("texts", &texts);
                line.value("value", &value).unwrap();
                let written = std::str::from_utf8(line.end()).unwrap();
                prop_assert_eq!(written, format!("{}\n", serde_json::to_string(&expected).unwrap()));
            }
        }
    }
}
