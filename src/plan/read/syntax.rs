//! How a value is written in the file that a fault stands in, so that what a fault proposes can be pasted there.

use super::tree::{Origin, TreeNode};
use serde_json::Value;

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// A script: `#{ workers: 8 }`.
    Script,
    /// YAML, also behind flags: `{ workers: 8 }`.
    Yaml,
    /// JSON: `{ "workers": 8 }`.
    Json,
}

/// Words that cannot be keys of a script without quotes.
const RESERVED: [&str; 24] = [
    "async",
    "await",
    "case",
    "default",
    "exit",
    "go",
    "goto",
    "is",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "protected",
    "public",
    "shared",
    "spawn",
    "static",
    "super",
    "sync",
    "thread",
    "use",
    "var",
];

impl Syntax {
    /// That of a value in a file of this name.
    pub fn of(file: &str, node: &TreeNode) -> Syntax {
        match &node.origin {
            Origin::Flag(_) => Syntax::Yaml,
            _ if file.ends_with(".json") => Syntax::Json,
            _ if file.ends_with(".yaml") || file.ends_with(".yml") => Syntax::Yaml,
            _ => Syntax::Script,
        }
    }

    /// Writes a value in this syntax.
    pub fn write(self, value: &Value) -> String {
        match value {
            Value::Object(map) if map.is_empty() => {
                if self == Syntax::Script { "#{}" } else { "{}" }.to_owned()
            }
            Value::Object(map) => {
                let entries: Vec<String> = map.iter().map(|(key, value)| self.entry(key, value)).collect();
                let open = if self == Syntax::Script { "#{" } else { "{" };
                format!("{open} {} }}", entries.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.write(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Null if self == Syntax::Script => "()".to_owned(),
            other => other.to_string(),
        }
    }

    /// A key with its value.
    pub fn entry(self, key: &str, value: &Value) -> String {
        let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let bare = match self {
            Syntax::Script => plain && !RESERVED.contains(&key),
            Syntax::Yaml => plain,
            Syntax::Json => false,
        };
        let key = if bare { key.to_owned() } else { Value::from(key).to_string() };
        format!("{key}: {}", self.write(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_written_in_the_language_of_its_file() {
        let value = json!({ "retry": { "attempts": 3 }, "a-b": ["x", null] });
        assert_eq!(Syntax::Script.write(&value), r#"#{ retry: #{ attempts: 3 }, "a-b": ["x", ()] }"#);
        assert_eq!(Syntax::Yaml.write(&value), r#"{ retry: { attempts: 3 }, "a-b": ["x", null] }"#);
        assert_eq!(Syntax::Json.write(&value), r#"{ "retry": { "attempts": 3 }, "a-b": ["x", null] }"#);
        assert_eq!(Syntax::Script.entry("default", &json!({})), r#""default": #{}"#);
        let file = |name: &str| Syntax::of(name, &TreeNode::text("x"));
        assert_eq!(
            [file("a.rhai"), file("b.yaml"), file("c.json")],
            [Syntax::Script, Syntax::Yaml, Syntax::Json]
        );
    }
}
