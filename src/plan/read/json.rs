//! JSON as its grammar has it, but for one thing: a key that stands twice in a map is refused, where others silently keep
//! the last one.

use crate::diagnostics::{Diagnostic, Exit, SourcePlace};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// What a fault of ours begins with on its way through the parser.
const TWICE: &str = "duplicate key ";

/// Reads JSON; `file` is named in faults.
///
/// # Errors
/// It is not JSON, ends too early, is nested too deeply, or has a key twice in one map.
pub fn read_json(file: &str, text: &str) -> Result<Value, Box<Diagnostic>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| fault(file, text, &error).into())
}

fn fault(file: &str, text: &str, error: &serde_json::Error) -> Diagnostic {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    // The parser counts bytes, from 1, up to the last one that it has read.
    let read = line.get(..error.column().min(line.len())).unwrap_or(line);
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    if let Some(key) = said.strip_prefix(TWICE) {
        let quoted = Value::from(key).to_string();
        let column = read.rfind(&quoted).map_or(1, |at| read[..at].chars().count() + 1);
        return Diagnostic::new(Exit::Contents, format!("the key `{key}` stands twice in one map"))
            .at(SourcePlace::in_text(file, text, error.line(), column))
            .expected("each key once");
    }
    let place = SourcePlace::in_text(file, text, error.line(), read.chars().count().max(1));
    let title = if error.is_eof() { "the file ends too early" } else { "this is not JSON" };
    let fault = Diagnostic::new(Exit::Contents, title).at(place);
    match said {
        _ if error.is_eof() => fault.expected("a closing bracket or quote for every one that is open"),
        "recursion limit exceeded" => fault.found("maps or lists more than 128 deep"),
        said if said.contains("invalid number") || said.contains("out of range") => {
            fault.found("a number that JSON does not know")
        }
        said if said.contains("escape") || said.contains("surrogate") => {
            fault.found("a text with an escape that JSON does not know")
        }
        said if said.contains("control character") => fault
            .found("a line break or another control character inside a text")
            .expected(r"\n for a line break"),
        "trailing comma" => fault.found("a comma before the closing bracket"),
        "trailing characters" => fault.found("more text after the end of the document"),
        "key must be a string" => fault.found("a key without double quotes").expected("\"key\": value"),
        said if said.starts_with("expected ") => {
            fault.expected(said.trim_start_matches("expected ").to_owned())
        }
        said => fault.found(said.to_owned()),
    }
}

/// Reads any JSON value.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Value, E> {
        Ok(whole.into())
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Value, E> {
        Ok(whole.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("{TWICE}{key}")));
            }
            let value = entries.next_value_seed(Strict)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_is_read_as_everywhere() {
        for text in [
            "null",
            "[]",
            "{}",
            r#"{"a": [1, -2, 2.5, 1e3, true, "ü\n", {"b": null}]}"#,
            "18446744073709551615",
        ] {
            assert_eq!(read_json("a.json", text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_its_place() {
        let at = |text: &str| {
            let fault = read_json("a.json", text).unwrap_err();
            assert!(fault.title.contains("stands twice"), "{fault:?}");
            let place = fault.place.unwrap();
            (place.line, place.column)
        };
        assert_eq!(at(r#"{"a":1,"a":2}"#), (1, 8));
        assert_eq!(at("{\n  \"b\": {\"ä\": 1,\n     \"ä\" : 2}}"), (3, 6));
        assert_eq!(at(r#"[{"x": 1}, {"x": 1, "y": {}, "x": {}}]"#), (1, 30));
    }

    #[test]
    fn what_is_no_json_says_where_in_plain_words() {
        for (text, title, column) in [
            ("{\"a\": }", "this is not JSON", 7),
            ("{\"a\": 1", "the file ends too early", 7),
            ("{a: 1}", "this is not JSON", 2),
            ("{\"a\": 1,}", "this is not JSON", 9),
            ("{} x", "this is not JSON", 4),
            ("\"a\nb\"", "this is not JSON", 1),
        ] {
            let fault = read_json("a.json", text).unwrap_err();
            assert_eq!(fault.title, title, "{text}");
            let place = fault.place.as_ref().unwrap();
            assert_eq!(place.column, column, "{text}: {fault:?}");
            let told = format!("{:?}{:?}", fault.found, fault.expected);
            assert!(!told.contains("at line") && !told.contains("EOF"), "{told}");
        }
    }
}
