//! YAML and JSON as trees, with the line and column of every value.

use super::json::read_json;
use super::tree::{MapEntry, Origin, Position, TreeNode, Written};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use std::fmt;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 64;
/// The most values that a file may hold, aliases counted each time.
const NODES_MAX: usize = 100_000;
/// The largest file that is read, in bytes.
pub const TEXT_MAX_BYTES: usize = 16 << 20;

/// Reads YAML (of which JSON is a part).
///
/// # Errors
/// It is not YAML, or is nested too deeply, or grows too large by its aliases.
pub fn parse_yaml(file: &str, text: &str) -> Result<TreeNode, Diagnostics> {
    if text.len() > TEXT_MAX_BYTES {
        return Err(Diagnostic::new(Exit::Contents, "the file is too large")
            .at(SourcePlace::file(file))
            .found(format!("{} bytes", text.len()))
            .expected(format!("at most {TEXT_MAX_BYTES} bytes"))
            .into());
    }
    let budget = serde_yaml::budget! { max_depth: DEPTH_MAX, max_nodes: NODES_MAX };
    let options = serde_yaml::options! {
        budget: budget,
        strict_booleans: true,
        non_finite_float_policy: serde_yaml::options::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(node_of(raw, &text.lines().collect::<Vec<_>>())),
        Err(error) => {
            let place = match error.location() {
                Some(at) => SourcePlace::in_text(file, text, at.line() as usize, at.column() as usize),
                None => SourcePlace::file(file),
            };
            let (title, help) = in_our_words(&error.to_string());
            Err(Diagnostic::new(Exit::Contents, title).at(place).help_if(help.map(str::to_owned)).into())
        }
    }
}

/// What the YAML reader says, as a title and what to do.
fn in_our_words(said: &str) -> (String, Option<&'static str>) {
    let said = said.split(" at line ").next().unwrap_or(said);
    let unreadable = "this is not YAML that can be read";
    let has = |word: &str| said.to_lowercase().contains(word);
    if let Some(rest) = said.strip_prefix("duplicate mapping key") {
        let key = rest.trim_start_matches(':').split(", set ").next().unwrap_or_default().trim();
        let title = match key {
            "" => "a key is said twice".to_owned(),
            key => format!("the key `{key}` is said twice (a duplicate)"),
        };
        return (title, Some("leave one of them out, or put both values under one key"));
    }
    if has("multiple") || has("second document") {
        let title = format!("{unreadable}: there is more than one document");
        return (title, Some("leave out the lines `---`, and write one map"));
    }
    if has("budget") || has("depth") || has("limit") || has("nodes") {
        return (format!("{unreadable}: it is nested too deeply, or too large"), None);
    }
    if has("anchor") || has("alias") {
        let title = format!("{unreadable}: an alias `*name` that no `&name` comes before");
        return (title, Some("a text that begins with `*` or `&` stands in quotes"));
    }
    if has("tab") {
        return (format!("{unreadable}: it is indented with a tab"), Some("indent with blanks"));
    }
    if has("quot") || has("escape") || has("scalar") {
        return (
            format!("{unreadable}: a text in quotes does not end, or holds what may not stand there"),
            None,
        );
    }
    let help = "look for a bracket or quote that is not closed, an indentation that differs, or a text that begins with \
                `{`, `[`, `%`, `@` or holds `: `: such texts stand in quotes";
    (unreadable.to_owned(), Some(help))
}

/// Reads a text as JSON.
///
/// # Errors
/// It is not JSON, is nested too deeply, or has a key twice in one map.
pub fn parse_json(file: &str, text: &str) -> Result<TreeNode, Diagnostics> {
    let value = read_json(file, text).map_err(|fault| *fault)?;
    // The places come from the YAML reader; what only JSON can say keeps none.
    match parse_yaml(file, text) {
        Ok(node) if node.to_json() == TreeNode::from_json(&value).to_json() => Ok(node),
        _ => Ok(TreeNode::from_json(&value)),
    }
}

/// Reads a file's text by its name: `.json` is JSON, everything else YAML.
///
/// # Errors
/// As [`parse_yaml`] and [`parse_json`].
pub fn parse_text(file: &str, text: &str) -> Result<TreeNode, Diagnostics> {
    if file.ends_with(".json") { parse_json(file, text) } else { parse_yaml(file, text) }
}

fn position(at: Location) -> Option<Position> {
    (at.line() > 0).then(|| Position { line: at.line() as usize, column: at.column() as usize })
}

/// The characters of a number, of true, false or null, as they stand there.
fn typed(lines: &[&str], at: Position) -> Option<String> {
    let rest = lines.get(at.line - 1)?.chars().skip(at.column - 1);
    let word: String = rest.take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}')).collect();
    // An alias, a tag or a quoted text is something else.
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '~'))
        .then_some(word)
}

fn node_of(raw: Spanned<Raw>, lines: &[&str]) -> TreeNode {
    let at = position(raw.referenced);
    let typed = match raw.value {
        Raw::Bool(_) | Raw::Integer(_) | Raw::Float(_) => at.and_then(|at| typed(lines, at)),
        _ => None,
    };
    let value = match raw.value {
        Raw::Null => Written::Null,
        Raw::Bool(truth) => Written::Bool(truth),
        Raw::Integer(whole) => Written::Integer(whole),
        Raw::Float(number) => Written::Float(number),
        Raw::Text(text) => Written::Text(text),
        Raw::List(items) => Written::List(items.into_iter().map(|item| node_of(item, lines)).collect()),
        Raw::Map(entries) => Written::Map(
            entries
                .into_iter()
                .map(|(key, node)| MapEntry {
                    at: position(key.referenced),
                    key: key.value,
                    node: node_of(node, lines),
                })
                .collect(),
        ),
    };
    TreeNode { value, at, origin: Origin::Script, typed }
}

enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(truth))
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(whole))
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Raw, E> {
        Ok(i64::try_from(whole).map_or(Raw::Float(whole as f64), Raw::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let node = parse_yaml("a.yaml", "a: 1\nb:\n  c: [x, 2.5, true, null]\n").unwrap();
        let list = node.get("b").unwrap().get("c").unwrap();
        assert_eq!(list.at, Some(Position { line: 3, column: 6 }));
        assert_eq!(node.entries().unwrap()[1].at, Some(Position { line: 2, column: 1 }));
        assert_eq!(list.to_json(), serde_json::json!(["x", 2.5, true, null]));
    }

    #[test]
    fn what_is_not_yaml_is_refused_quickly() {
        for (text, word) in [
            ("a: [1", "YAML"),
            ("a: 1\na: 2\n", "duplicate"),
            (&"[".repeat(5000), "YAML"),
            (
                "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n",
                "YAML",
            ),
        ] {
            let faults = parse_yaml("a.yaml", text).unwrap_err();
            let fault = faults.iter().next().unwrap();
            assert!(fault.title.contains(word), "{fault:?}");
        }
    }

    #[test]
    fn booleans_are_strict() {
        let node = parse_yaml("a.yaml", "a: yes\nb: on\n").unwrap();
        assert_eq!(node.to_json(), serde_json::json!({ "a": "yes", "b": "on" }));
    }

    #[test]
    fn json_has_places_too() {
        let node = parse_json("a.json", "{\n\t\"a\": {\"b\": 5}\n}").unwrap();
        assert_eq!(node.get("a").unwrap().get("b").unwrap().at.map(|at| at.line), Some(2));
        let faults = parse_json("a.json", "{\"a\": }").unwrap_err();
        assert_eq!(faults.iter().next().unwrap().place.as_ref().unwrap().line, 1);
    }
}
