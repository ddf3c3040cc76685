//! What was written, whatever the syntax: a neutral tree of values, each with its place and its origin.
//!
//! Rhai maps, YAML and JSON all become this tree; one reader turns it into a [`crate::plan::Plan`].

use crate::plan::Callback;
use serde_json::{Map, Number, Value};

/// A line and a column, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// The value is a default that nobody wrote.
    #[default]
    Default,
    /// It belongs to a message type that is built in.
    BuiltIn,
    /// The scenario says so.
    Script,
    /// A flag or a variant says so: `--rate`.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Origin::Default => "default",
            Origin::BuiltIn => "built in",
            Origin::Script => "script",
            Origin::Flag(name) => name,
        })
    }
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// Nothing: `()` or null.
    Null,
    /// Either true or false.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// Any other number, NaN among them.
    Float(f64),
    /// A value in quotes.
    Text(String),
    /// A function of the script.
    Function(Callback),
    /// A list of values.
    List(Vec<TreeNode>),
    /// A map; its keys in the order written.
    Map(Vec<MapEntry>),
    /// Something that has no place in a scenario, in words: "a range".
    Other(String),
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct MapEntry {
    /// The key of the entry.
    pub key: String,
    /// The place of the key.
    pub at: Option<Position>,
    /// The value of the key.
    pub node: TreeNode,
}

/// A value with its place and origin.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeNode {
    /// The value of the node.
    pub value: Written,
    /// The place of the value, if it is known.
    pub at: Option<Position>,
    /// The origin of the value.
    pub origin: Origin,
    /// Of a number, true, false or null in YAML, the very characters: where a text is expected, they are it.
    pub typed: Option<String>,
}

impl TreeNode {
    /// A value that a script or file holds, without a place.
    pub fn new(value: Written) -> TreeNode {
        TreeNode { value, at: None, origin: Origin::Script, typed: None }
    }

    /// The text that it is, or that was written for it where YAML reads a number.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Written::Text(text) => Some(text),
            _ => self.typed.as_deref(),
        }
    }

    /// As it would be typed after a flag: a text as it stands, all else as YAML on one line.
    pub fn to_typed(&self) -> String {
        match self.as_text() {
            Some(text) => text.to_owned(),
            None => self.to_flow(),
        }
    }

    /// As YAML on one line: texts in quotes, numbers as they were written.
    fn to_flow(&self) -> String {
        let quoted = |text: &str| Value::String(text.to_owned()).to_string();
        match &self.value {
            Written::List(items) => {
                format!("[{}]", items.iter().map(TreeNode::to_flow).collect::<Vec<_>>().join(","))
            }
            Written::Map(entries) => {
                let entry = |entry: &MapEntry| format!("{}:{}", quoted(&entry.key), entry.node.to_flow());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
            }
            _ => self.typed.clone().unwrap_or_else(|| self.to_json().to_string()),
        }
    }

    /// Makes a node that holds a text.
    pub fn text(text: impl Into<String>) -> TreeNode {
        TreeNode::new(Written::Text(text.into()))
    }

    /// The tree of a JSON value.
    pub fn from_json(value: &Value) -> TreeNode {
        TreeNode::new(match value {
            Value::Null => Written::Null,
            Value::Bool(truth) => Written::Bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Written::Integer(whole),
                None => Written::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Written::Text(text.clone()),
            Value::Array(items) => Written::List(items.iter().map(TreeNode::from_json).collect()),
            Value::Object(map) => Written::Map(map.iter().map(MapEntry::from_json).collect()),
        })
    }

    /// The tree as a JSON value with the keys of every map sorted, so that it does not depend on the syntax.
    pub fn to_json(&self) -> Value {
        match &self.value {
            Written::Null => Value::Null,
            Written::Bool(truth) => Value::Bool(*truth),
            Written::Integer(whole) => Value::from(*whole),
            Written::Float(number) => json_number(*number),
            Written::Text(text) => Value::String(text.clone()),
            Written::Function(callback) => callback_json(callback),
            Written::List(items) => Value::Array(items.iter().map(TreeNode::to_json).collect()),
            Written::Map(entries) => {
                let mut sorted: Vec<&MapEntry> = entries.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                Value::Object(sorted.iter().map(|e| (e.key.clone(), e.node.to_json())).collect())
            }
            Written::Other(kind) => Value::String(format!("<{kind}>")),
        }
    }

    /// The same tree with another origin in all of it.
    #[must_use]
    pub fn said_by(mut self, origin: &Origin) -> TreeNode {
        self.origin = origin.clone();
        match &mut self.value {
            Written::List(items) => {
                for item in items {
                    *item = std::mem::replace(item, TreeNode::new(Written::Null)).said_by(origin);
                }
            }
            Written::Map(entries) => {
                for entry in entries {
                    let node = std::mem::replace(&mut entry.node, TreeNode::new(Written::Null));
                    entry.node = node.said_by(origin);
                }
            }
            _ => {}
        }
        self
    }

    /// The same without places, where they are of no use: those of a flag's text, or of another file.
    #[must_use]
    pub fn unplaced(mut self) -> TreeNode {
        self.at = None;
        self.value = match self.value {
            Written::List(items) => Written::List(items.into_iter().map(TreeNode::unplaced).collect()),
            Written::Map(entries) => Written::Map(
                entries
                    .into_iter()
                    .map(|entry| MapEntry { at: None, node: entry.node.unplaced(), ..entry })
                    .collect(),
            ),
            other => other,
        };
        self
    }

    /// A map with one key whose value this is; place and origin stay.
    #[must_use]
    pub fn under(self, key: &str) -> TreeNode {
        let (at, origin) = (self.at, self.origin.clone());
        let entry = MapEntry { key: key.to_owned(), at, node: self };
        TreeNode { value: Written::Map(vec![entry]), at, origin, typed: None }
    }

    /// The same place and origin with another value.
    pub fn with(&self, value: Written) -> TreeNode {
        TreeNode { value, at: self.at, origin: self.origin.clone(), typed: None }
    }

    /// The entries, if it is a map.
    pub fn entries(&self) -> Option<&[MapEntry]> {
        match &self.value {
            Written::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value at a key, if it is a map that has it; nothing, `()`, is as if the key were not there.
    pub fn get(&self, key: &str) -> Option<&TreeNode> {
        let entry = self.entries()?.iter().find(|entry| entry.key == key)?;
        (!entry.is_nothing()).then_some(&entry.node)
    }

    /// The value at a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut TreeNode> {
        match &mut self.value {
            Written::Map(entries) => {
                entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
            }
            _ => None,
        }
    }

    /// Sets a key of a map; what is not a map becomes one.
    pub fn set(&mut self, key: &str, node: TreeNode) {
        if !matches!(self.value, Written::Map(_)) {
            self.value = Written::Map(Vec::new());
        }
        if let Some(there) = self.get_mut(key) {
            *there = node;
        } else if let Written::Map(entries) = &mut self.value {
            entries.push(MapEntry { key: key.to_owned(), at: node.at, node });
        }
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) -> Option<TreeNode> {
        match &mut self.value {
            Written::Map(entries) => {
                let index = entries.iter().position(|entry| entry.key == key)?;
                Some(entries.remove(index).node)
            }
            _ => None,
        }
    }

    /// Lays `over` over this tree: maps are merged key by key, everything else is replaced.
    pub fn merge(&mut self, over: &TreeNode) {
        match (&mut self.value, &over.value) {
            (Written::Map(_), Written::Map(entries)) => {
                for entry in entries {
                    match self.get_mut(&entry.key) {
                        Some(there) => there.merge(&entry.node),
                        None => self.set(&entry.key, entry.node.clone()),
                    }
                }
            }
            _ => *self = over.clone(),
        }
    }

    /// What it is, as a fault says it: "the text \"5\"", "a map".
    pub fn describe(&self) -> String {
        match &self.value {
            Written::Null => "nothing".to_owned(),
            Written::Bool(truth) => format!("`{truth}`"),
            Written::Integer(whole) => format!("the number {whole}"),
            Written::Float(number) => format!("the number {number:?}"),
            Written::Text(text) if text.chars().count() > 80 => {
                format!("the text \"{}…\"", text.chars().take(77).collect::<String>())
            }
            Written::Text(text) => format!("the text \"{text}\""),
            Written::Function(_) => "a function".to_owned(),
            Written::List(items) => format!("a list of {}", items.len()),
            Written::Map(_) => format!("the map {}", shortened(&self.to_json())),
            Written::Other(kind) => kind.clone(),
        }
    }
}

impl MapEntry {
    /// Whether the key is there for nothing: `()`, or null.
    pub fn is_nothing(&self) -> bool {
        self.node.value == Written::Null
    }

    fn from_json((key, value): (&String, &Value)) -> MapEntry {
        MapEntry { key: key.clone(), at: None, node: TreeNode::from_json(value) }
    }
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// A number as JSON writes it: whole ones without a point, so that 2 and 2.0 are the same in every syntax.
pub(super) fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// A callback as it is saved.
pub(super) fn callback_json(callback: &Callback) -> Value {
    match callback {
        Callback::Named(name) => Value::String(name.clone()),
        Callback::Closure { place, .. } => {
            let mut map = Map::new();
            map.insert("closure".to_owned(), Value::String(place.clone()));
            Value::Object(map)
        }
    }
}

/// The path of a key under another path; names that are no identifiers are quoted in brackets.
pub fn join(path: &str, key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[\"{key}\"]"),
    }
}
