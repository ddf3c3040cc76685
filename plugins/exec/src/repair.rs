//! Repairs lines that are nearly JSON: many languages write texts that are not valid Unicode, and NaN, without an
//! error.

/// Replaces in a line what JSON does not allow: invalid UTF-8 and halves of surrogate pairs by �; NaN and infinite
/// numbers by null.
pub fn repaired_line(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let mut rest = text.as_ref();
    let mut repaired = String::with_capacity(line.len());
    let mut in_text = false;
    while let Some(next) = rest.chars().next() {
        let (instead, length) = match next {
            '\\' if in_text => escape(rest),
            _ if !in_text => {
                match ["NaN", "Infinity", "-Infinity"].iter().find(|word| rest.starts_with(**word)) {
                    Some(word) => ("null", word.len()),
                    None => (&rest[..next.len_utf8()], next.len_utf8()),
                }
            }
            _ => (&rest[..next.len_utf8()], next.len_utf8()),
        };
        in_text ^= next == '"';
        repaired.push_str(instead);
        rest = &rest[length..];
    }
    repaired.into_bytes()
}

/// The replacement for the escape at the start of `rest`, and the length of the escape in bytes.
fn escape(rest: &str) -> (&str, usize) {
    let unit = |at: usize| {
        let digits = rest.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (&rest[..12], 12),
        (Some(0xd800..=0xdfff), _) => ("\\ufffd", 6),
        (Some(_), _) => (&rest[..6], 6),
        (None, _) => {
            let length = rest.chars().take(2).map(char::len_utf8).sum();
            (&rest[..length], length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::repaired_line;

    #[test]
    fn what_json_does_not_know_is_replaced_and_nothing_else() {
        let cases: [(&[u8], &str); 9] = [
            (b"{\"reason\": \"caf\xe9\"}", "{\"reason\": \"caf\u{fffd}\"}"),
            (br#"{"reason": "caf\udce9!"}"#, r#"{"reason": "caf\ufffd!"}"#),
            (br#"{"reason": "\ud83d\ude00 \ud83d"}"#, r#"{"reason": "\ud83d\ude00 \ufffd"}"#),
            (br#"{"reason": "\\ud83d \" NaN"}"#, r#"{"reason": "\\ud83d \" NaN"}"#),
            (br#"{"took": NaN, "most": [Infinity, -Infinity]}"#, r#"{"took": null, "most": [null, null]}"#),
            (br#"{"reason": "\u12"#, r#"{"reason": "\u12"#),
            (br#""\"#, r#""\"#),
            ("\"\\é\"".as_bytes(), "\"\\é\""),
            (b"", ""),
        ];
        for (line, expected) in cases {
            let seen = repaired_line(line);
            assert_eq!(String::from_utf8(seen).unwrap(), expected, "{}", String::from_utf8_lossy(line));
        }
    }
}
