//! The faults of `--chaos`, as typed in a shell.

use super::read::typed::parse_typed;
use super::tree::{TreeNode, Written};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use serde_json::{Map, Value};

const FLAG: &str = "--chaos";

/// Reads `crash=2%,spike.by=10ms..20ms` (a dot leads into a map) or a whole map `{crash: 2%}`; nothing = no option,
/// which the layer takes for its defaults.
///
/// # Errors
/// It is neither. What the options mean is judged by the layer itself.
pub fn read(text: &str) -> Result<Map<String, Value>, Diagnostics> {
    let text = text.trim();
    if text.starts_with('{') {
        let node = parse_typed(FLAG, text)?;
        return match node.to_json() {
            Value::Object(map) => Ok(map),
            _ => Err(malformed(text).into()),
        };
    }
    let mut options = Map::new();
    let pairs = split(text);
    for (index, pair) in pairs.iter().copied().enumerate() {
        if pair.trim().is_empty() {
            return Err(missing(index, pairs.len()).into());
        }
        let Some((path, value)) = pair.split_once('=') else { return Err(malformed(pair).into()) };
        let value = parse_typed(FLAG, value.trim())?;
        set(&mut options, path.trim(), value).ok_or_else(|| malformed(pair))?;
    }
    Ok(options)
}

fn malformed(found: &str) -> Diagnostic {
    Diagnostic::new(Exit::Usage, "wrong value for `--chaos`")
        .found(format!("`{found}`"))
        .expected("faults such as crash=2%,spike=5%, or a map such as {crash: 2%}")
        .help("`mqscript core info chaos` shows all faults")
}

/// A comma without a fault on one of its sides.
fn missing(index: usize, pairs: usize) -> Diagnostic {
    let found = match index {
        0 => "nothing before the first `,`",
        last if last + 1 == pairs => "nothing after the last `,`",
        _ => "nothing between two `,`",
    };
    Diagnostic { found: Some(found.to_owned()), ..malformed("") }
}

/// The parts between commas that stand in no bracket.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

/// Sets a value at `spike` or `spike.by`; where a short form stands already it becomes the map's `rate`.
fn set(options: &mut Map<String, Value>, path: &str, value: TreeNode) -> Option<()> {
    let value = match value.value {
        Written::Null => return None,
        _ => value.to_json(),
    };
    let (key, inner) = path.split_once('.').map_or((path, None), |(key, inner)| (key, Some(inner)));
    if key.is_empty() || inner.is_some_and(|inner| inner.is_empty() || inner.contains('.')) {
        return None;
    }
    let Some(inner) = inner else {
        match options.get_mut(key) {
            Some(Value::Object(map)) if !value.is_object() => map.insert("rate".to_owned(), value),
            _ => options.insert(key.to_owned(), value),
        };
        return Some(());
    };
    let slot = options.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        let short = std::mem::take(slot);
        *slot = Value::Object(Map::from_iter([("rate".to_owned(), short)]));
    }
    slot.as_object_mut()?.insert(inner.to_owned(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_json(text: &str) -> Value {
        Value::Object(read(text).unwrap())
    }

    #[test]
    fn faults_are_pairs_or_a_map() {
        assert_eq!(read_json(""), json!({}));
        assert_eq!(read_json("crash=2%,spike=5%"), json!({ "crash": "2%", "spike": "5%" }));
        assert_eq!(read_json("crash=0.02, drop=0"), json!({ "crash": 0.02, "drop": 0 }));
        let spike = json!({ "spike": { "rate": "5%", "by": "10ms..20ms" } });
        assert_eq!(read_json("spike=5%,spike.by=10ms..20ms"), spike);
        assert_eq!(read_json("spike.by=10ms..20ms,spike=5%"), spike);
        assert_eq!(read_json("{spike: {rate: 5%, by: 10ms..20ms}}"), spike);
        let outage = json!({ "outage": { "at": "10s", "lasts": "2s" }, "crash": "1%" });
        assert_eq!(read_json("outage={at: 10s, lasts: 2s},crash=1%"), outage);
        let types = json!({ "crash": { "rate": "1%", "types": ["a", "b"] } });
        assert_eq!(read_json("crash=1%,crash.types=[a, b]"), types);
    }

    #[test]
    fn a_comma_too_many_is_told() {
        let found = |text: &str| read(text).unwrap_err().iter().next().unwrap().found.clone().unwrap();
        assert_eq!(found("crash=2%,"), "nothing after the last `,`");
        assert_eq!(found("crash=2%, ,spike=5%"), "nothing between two `,`");
        assert_eq!(found(",crash=2%"), "nothing before the first `,`");
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in ["crash", "crash=", "=2%", "crash=1%,", "a.b.c=1", "crash.=1", "{crash"] {
            let faults = read(wrong).unwrap_err();
            assert_eq!(faults.exit(), Exit::Usage, "{wrong}");
        }
    }
}
