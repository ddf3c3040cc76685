//! A core's options against its JSON Schema: checked, completed, secrets kept apart.
//!
//! Of JSON Schema it knows `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`, `minimum`,
//! `maximum`, `minProperties`, `maxProperties`, `minItems`, `maxItems`, `default`, `writeOnly` and our formats:
//! `duration`, `duration-distribution`, `size`, `size-distribution`, `share`, `rate`. An option's `needs` lists
//! capabilities that the chain must have for it: "RECEIVES" makes a run receive; its `lacks` lists, by value, those that
//! the core has not under it. Other keywords are for people and
//! other tools. An object with `properties` takes no others unless the schema says so.

use super::error::OptionFault;
use super::find::nearest;
use super::secrets::HIDDEN;
use mqscript_plugin::units::{
    UnitError, duration_from_seconds, parse_duration, parse_rate, parse_share, parse_size, share_from_number,
};
use mqscript_plugin::written::{Dimension, read_distribution};
use serde_json::{Map, Value};

/// Options as the core gets them, and as people see them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolved {
    pub full: Map<String, Value>,
    pub shown: Map<String, Value>,
}

/// Checks options and fills in the defaults. `variable` reads the environment, for `${NAME}` in texts.
pub(super) fn resolve(
    schema: &Value,
    written: &Map<String, Value>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Vec<OptionFault>> {
    let mut reader = OptionReader { variable, faults: Vec::new() };
    let (full, shown) = reader.object("", schema, written);
    if reader.faults.is_empty() { Ok(Resolved { full, shown }) } else { Err(reader.faults) }
}

struct OptionReader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<OptionFault>,
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl OptionReader<'_> {
    fn fault(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
        help: Option<String>,
    ) {
        let (key_path, found, expected) = (path.to_owned(), found.into(), expected.into());
        self.faults.push(OptionFault { key_path, found, expected, help });
    }

    /// An object: (full, shown).
    fn object(
        &mut self,
        path: &str,
        schema: &Value,
        written: &Map<String, Value>,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let others = schema.get("additionalProperties");
        let (mut full, mut shown) = (Map::new(), Map::new());
        for (key, value) in written {
            let at = join(path, key);
            let rule = match (properties.get(key), others) {
                (Some(rule), _) => rule,
                (None, Some(rule @ Value::Object(_))) => rule,
                (None, Some(Value::Bool(true))) => &Value::Null,
                (None, None) if properties.is_empty() && !path.is_empty() => &Value::Null,
                _ => {
                    let near = nearest(key, properties.keys().map(String::as_str));
                    let help = near.first().map(|near| format!("did you mean `{near}`?"));
                    let names = properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    let expected = if names.is_empty() { "empty".into() } else { format!("one of {names}") };
                    self.fault(&at, format!("the key `{key}`"), expected, help);
                    continue;
                }
            };
            let (value, for_people) = self.value(&at, rule, value);
            if for_people == HIDDEN {
                super::secrets::remember(&value);
            }
            full.insert(key.clone(), value);
            shown.insert(key.clone(), for_people);
        }
        self.complete(path, schema, properties, &mut full, &mut shown);
        for (keyword, wrong) in [
            ("minProperties", full.len() < bound(schema, "minProperties", 0)),
            ("maxProperties", full.len() > bound(schema, "maxProperties", usize::MAX)),
        ] {
            if wrong {
                let limit = &schema[keyword];
                self.fault(
                    path,
                    format!("a map of {}", full.len()),
                    format!("one with {keyword} {limit}"),
                    None,
                );
            }
        }
        (full, shown)
    }

    /// Fills in defaults, and asks for what must be said. The order is the schema's, so that equal options
    /// print alike however they were written.
    fn complete(
        &mut self,
        path: &str,
        schema: &Value,
        properties: &Map<String, Value>,
        full: &mut Map<String, Value>,
        shown: &mut Map<String, Value>,
    ) {
        let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for key in required.iter().filter_map(Value::as_str) {
            if !full.contains_key(key) && properties.get(key).and_then(|rule| rule.get("default")).is_none() {
                let about = properties.get(key).and_then(|rule| rule["description"].as_str());
                let expected = about.map_or("a value", |_| "a value: it has no default");
                self.fault(&join(path, key), "nothing", expected, about.map(str::to_owned));
            }
        }
        let (mut all, mut all_shown) = (Map::new(), Map::new());
        for (key, rule) in properties {
            if let (Some(value), Some(for_people)) = (full.remove(key), shown.remove(key)) {
                all.insert(key.clone(), value);
                all_shown.insert(key.clone(), for_people);
            } else if let Some(default) = rule.get("default") {
                // Through the same reader, so that a default of an object gets the defaults within.
                let (value, for_people) = self.value(&join(path, key), rule, default);
                all.insert(key.clone(), value);
                all_shown.insert(key.clone(), for_people);
            }
        }
        all.append(full);
        all_shown.append(shown);
        (*full, *shown) = (all, all_shown);
    }

    /// One value: (full, shown).
    fn value(&mut self, path: &str, rule: &Value, written: &Value) -> (Value, Value) {
        let secret = rule.get("writeOnly") == Some(&Value::Bool(true));
        let (value, shown) = match written {
            Value::String(text) => (Value::String(self.expand(path, text)), written.clone()),
            _ => (written.clone(), written.clone()),
        };
        if secret {
            if !self.check(path, rule, &value) {
                // What stands there must not be told.
                self.faults.iter_mut().rev().take(1).for_each(|fault| fault.found = HIDDEN.to_owned());
            }
            return (value, Value::from(HIDDEN));
        }
        if !self.check(path, rule, &value) {
            return (value, shown);
        }
        match &value {
            Value::Object(map) => {
                let (full, shown) = self.object(path, rule, map);
                (Value::Object(full), Value::Object(shown))
            }
            Value::Array(items) => {
                let rule = rule.get("items").unwrap_or(&Value::Null);
                let items = items.iter().enumerate();
                let (full, shown) =
                    items.map(|(i, item)| self.value(&format!("{path}[{i}]"), rule, item)).unzip();
                (Value::Array(full), Value::Array(shown))
            }
            _ => (value, shown),
        }
    }

    /// Puts the environment's value in the place of each `${NAME}`.
    fn expand(&mut self, path: &str, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            whole.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                whole.push_str("${");
                rest = after;
                continue;
            };
            match (self.variable)(name) {
                Some(value) => whole.push_str(&value),
                None => {
                    let help = Some(format!("set the environment variable `{name}`"));
                    self.fault(path, format!("`${{{name}}}`"), "set in the environment", help);
                }
            }
            rest = after;
        }
        whole.push_str(rest);
        whole
    }

    /// Whether a value fits its rule, looked at from outside; tells the first fault.
    fn check(&mut self, path: &str, rule: &Value, value: &Value) -> bool {
        let before = self.faults.len();
        if let Some(types) = rule.get("type") {
            let any: Vec<&str> = match types {
                Value::String(one) => vec![one],
                Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            if !any.is_empty() && !any.iter().any(|name| has_type(value, name)) {
                self.fault(path, format!("`{value}`"), in_words(&any), None);
                return false;
            }
        }
        if let Some(Value::Array(choices)) = rule.get("enum")
            && !choices.contains(value)
        {
            let texts: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
            let near = value.as_str().map(|text| nearest(text, texts.iter().copied())).unwrap_or_default();
            let help = near.first().map(|near| format!("did you mean `{near}`?"));
            let all = choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            self.fault(path, format!("`{value}`"), format!("one of {all}"), help);
            return false;
        }
        if let Some(number) = value.as_f64() {
            for (keyword, word, wrong) in [
                ("minimum", "at least", rule["minimum"].as_f64().is_some_and(|limit| number < limit)),
                ("maximum", "at most", rule["maximum"].as_f64().is_some_and(|limit| number > limit)),
            ] {
                if wrong {
                    self.fault(path, format!("`{value}`"), format!("{word} {}", rule[keyword]), None);
                    return false;
                }
            }
        }
        if let Some(items) = value.as_array() {
            let (least, most) = (bound(rule, "minItems", 0), bound(rule, "maxItems", usize::MAX));
            if items.len() < least || items.len() > most {
                let expected = format!("one of {least} to {most}");
                self.fault(path, format!("a list of {}", items.len()), expected, None);
                return false;
            }
        }
        // A format is that of the short form, where there is a long one.
        let long_form = value.is_object() && rule.get("properties").is_some();
        if let Some(format) = rule.get("format").and_then(Value::as_str).filter(|_| !long_form) {
            self.format(path, format, value);
        }
        self.faults.len() == before
    }

    fn format(&mut self, path: &str, format: &str, value: &Value) {
        let dimension = match format {
            "duration-distribution" => Some(Dimension::Duration),
            "size-distribution" => Some(Dimension::Size),
            _ => None,
        };
        if let Some(dimension) = dimension {
            if let Err(error) = read_distribution(value, dimension) {
                let at = if error.path.is_empty() { path.to_owned() } else { join(path, &error.path) };
                self.fault(&at, error.found, error.expected, error.help);
            }
            return;
        }
        let read: Result<(), UnitError> = match (format, value.as_str(), value.as_f64()) {
            ("duration", Some(text), _) => parse_duration(text).map(drop),
            ("duration", _, Some(seconds)) => duration_from_seconds(seconds).map(drop),
            ("size", Some(text), _) => parse_size(text).map(drop),
            ("size", _, Some(bytes)) => parse_size(&format!("{bytes}B")).map(drop),
            ("share", Some(text), _) => parse_share(text).map(drop),
            ("share", _, Some(number)) => share_from_number(number).map(drop),
            ("rate", Some(text), _) => parse_rate(text).map(drop),
            ("duration" | "size" | "share" | "rate", _, None) | ("rate", _, _) => {
                self.fault(path, format!("`{value}`"), format!("a {format}"), None);
                return;
            }
            _ => return,
        };
        if let Err(error) = read {
            self.fault(path, format!("`{}`", error.found), error.expected, error.help);
        }
    }
}

fn bound(rule: &Value, keyword: &str, otherwise: usize) -> usize {
    rule.get(keyword).and_then(Value::as_u64).map_or(otherwise, |limit| limit as usize)
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        // As JSON Schema has it, 2.0 is an integer.
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

fn in_words(types: &[&str]) -> String {
    let word = |name: &&str| match *name {
        "object" => "a map",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        "null" => "nothing",
        _ => "another type",
    };
    types.iter().map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": { "type": "string", "description": "Where the broker listens" },
                "password": { "type": "string", "writeOnly": true },
                "latency": { "format": "duration-distribution", "default": "1ms..10ms" },
                "tries": { "type": "integer", "minimum": 1, "maximum": 9, "default": 3 },
                "mode": { "enum": ["fast", "safe"], "default": "safe" },
                "limits": {
                    "type": "object",
                    "properties": { "rate": { "format": "rate" }, "size": { "format": "size", "default": "1KiB" } }
                },
                "weights": { "type": "object", "additionalProperties": { "type": "number", "minimum": 0 } }
            }
        })
    }

    fn read(written: Value) -> Result<Resolved, Vec<OptionFault>> {
        let variable = |name: &str| (name == "SECRET").then(|| "tiger".to_owned());
        resolve(&schema(), written.as_object().unwrap(), &variable)
    }

    #[test]
    fn defaults_are_filled_in_and_secrets_hidden() {
        let read = read(json!({ "password": "${SECRET}", "limits": {}, "url": "x://${SECRET}@h" })).unwrap();
        let full = json!({
            "url": "x://tiger@h", "password": "tiger", "latency": "1ms..10ms", "tries": 3, "mode": "safe",
            "limits": { "size": "1KiB" }
        });
        let shown = json!({
            "url": "x://${SECRET}@h", "password": "***", "latency": "1ms..10ms", "tries": 3, "mode": "safe",
            "limits": { "size": "1KiB" }
        });
        assert_eq!(Value::Object(read.full), full);
        assert_eq!(Value::Object(read.shown).to_string(), shown.to_string());
    }

    #[test]
    fn every_fault_is_told_with_its_path() {
        let faults = read(json!({
            "latncy": "5ms",
            "latency": { "uniform": { "min": "9ms", "max": "1" } },
            "tries": 0,
            "mode": "saef",
            "password": 7,
            "limits": { "rate": "fast", "size": true },
            "weights": { "a": -1 },
        }))
        .unwrap_err();
        let told: Vec<(&str, &str)> = faults
            .iter()
            .map(|fault| (fault.key_path.as_str(), fault.help.as_deref().unwrap_or("")))
            .collect();
        let paths: Vec<&str> = told.iter().map(|fault| fault.0).collect();
        let expected = [
            "latncy",
            "latency.uniform.max",
            "tries",
            "mode",
            "password",
            "limits.rate",
            "limits.size",
            "weights.a",
            "url",
        ];
        assert_eq!(paths, expected);
        assert_eq!((told[0].1, told[3].1), ("did you mean `latency`?", "did you mean `safe`?"));
        assert_eq!(faults[4].found, "***");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let faults = read(json!({ "url": "${NOWHERE}" })).unwrap_err();
        assert_eq!(faults[0].found, "`${NOWHERE}`");
    }
}
