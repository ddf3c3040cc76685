//! Message types, the mix, and the settings of messages in layers.

use super::fields::Fields;
use super::reader::{Reader, duration_json, note_origins, number_json};
use super::tree::{MapEntry, Origin, TreeNode, Written, join};
use crate::diagnostics::{did_you_mean, one_of_near};
use crate::plan::names::AgentNames;
use crate::plan::{Content, MessageSettings, Placeholder, Priority, Recipient, Sender, Template};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, write_distribution};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A built-in type: its name, its type on the wire, and what else is built in about it.
type BuiltIn = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The message types that need no `wire_type`.
pub(super) const BUILT_IN: [BuiltIn; 7] = [
    ("broadcast", "BROADCAST", &[("recipient", "all")]),
    ("direct", "SYSTEM_TO_AGENT", &[("recipient", "other")]),
    ("hard_onboard", "ONBOARDING", &[]),
    ("soft_onboard", "ONBOARDING", &[]),
    ("system", "SYSTEM", &[]),
    ("text", "TEXT", &[]),
    ("urgent", "URGENT", &[("priority", "urgent")]),
];

const PRIORITIES: [(&str, Priority); 4] = [
    ("low", Priority::Low),
    ("regular", Priority::Regular),
    ("high", Priority::High),
    ("urgent", Priority::Urgent),
];

/// A setting with its canonical form and who said it.
#[derive(Debug, Clone)]
pub(super) struct LayeredSetting<T> {
    pub value: T,
    written: Value,
    pub origin: Origin,
}

/// The settings of messages that one layer gives.
#[derive(Debug, Clone, Default)]
pub(super) struct SettingsLayer {
    pub weight: Option<LayeredSetting<f64>>,
    pub wire_type: Option<LayeredSetting<String>>,
    sender: Option<LayeredSetting<Sender>>,
    pub recipient: Option<LayeredSetting<Recipient>>,
    /// The place of the recipient, and what it is there.
    pub recipient_at: Option<(String, TreeNode)>,
    priority: Option<LayeredSetting<Priority>>,
    content: Option<LayeredSetting<Template>>,
    size: Option<LayeredSetting<Distribution>>,
    tags: Option<LayeredSetting<Vec<String>>>,
    metadata: Option<LayeredSetting<BTreeMap<String, Value>>>,
    time_to_live: Option<LayeredSetting<u64>>,
}

/// What a layer may hold besides the settings of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerKind {
    /// `message`: defaults of all types.
    Message,
    /// An entry of `types`.
    Type,
    /// An entry of a mix.
    Mix,
}

/// The tree of a built-in type.
pub(super) fn built_in_layer(name: &str, names: &AgentNames) -> Option<SettingsLayer> {
    let (_, wire_type, settings) = BUILT_IN.iter().find(|(known, ..)| *known == name)?;
    let source = super::reader::SourceText::default();
    let mut map = TreeNode::new(Written::Map(Vec::new()));
    map.set("wire_type", TreeNode::text(*wire_type));
    for (key, text) in *settings {
        map.set(key, TreeNode::text(*text));
    }
    let mut reader = Reader::new(&source);
    Some(read_layer(&mut reader, "", &map.said_by(&Origin::BuiltIn), LayerKind::Type, names))
}

/// Reads what one map says about messages.
pub(super) fn read_layer(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    kind: LayerKind,
    names: &AgentNames,
) -> SettingsLayer {
    let mut layer = SettingsLayer::default();
    if kind == LayerKind::Mix && node.entries().is_none() {
        no_weight(reader, path, node);
        return layer;
    }
    let Some(mut fields) = reader.fields(path, node) else { return layer };
    let f = &mut fields;
    if kind == LayerKind::Mix {
        layer.weight = said(reader, f, "weight", read_weight, number_json);
        if layer.weight.is_none() && node.get("weight").is_none() {
            reader.missing(path, node, "weight", "its share of the mix, such as `weight: 10`");
        }
    }
    if kind != LayerKind::Message {
        layer.wire_type = said(reader, f, "wire_type", |r, p, n| name(r, p, n, "TEXT"), |t| json!(t));
    }
    layer.sender = said(
        reader,
        f,
        "sender",
        |r, p, n| name(r, p, n, "SYSTEM").map(Sender::Named),
        |sender| match sender {
            Sender::Named(name) => json!(name),
            Sender::Agent => Value::Null,
        },
    );
    let mut written_recipient = Value::Null;
    let recipient = |r: &mut Reader<'_>, p: &str, n: &TreeNode| {
        written_recipient = n.to_json();
        read_recipient(r, p, n, names)
    };
    layer.recipient = said(reader, f, "recipient", recipient, |_| Value::Null);
    if let Some(recipient) = &mut layer.recipient {
        recipient.written = written_recipient;
        layer.recipient_at = node.get("recipient").map(|node| (join(path, "recipient"), node.clone()));
    }
    layer.priority = said(
        reader,
        f,
        "priority",
        |r, p, n| r.one_of(p, n, &PRIORITIES).map(|(_, p)| p),
        |p| json!(p.name()),
    );
    let mut written_content = Value::Null;
    let content = |r: &mut Reader<'_>, p: &str, n: &TreeNode| {
        written_content = n.to_json();
        read_template(r, p, n)
    };
    layer.content = said(reader, f, "content", content, |_| Value::Null);
    if let Some(content) = &mut layer.content {
        content.written = written_content;
    }
    layer.size = said(
        reader,
        f,
        "size",
        |r, p, n| r.distribution(p, n, Dimension::Size),
        |law| write_distribution(law, Dimension::Size),
    );
    layer.tags = said(
        reader,
        f,
        "tags",
        |r, p, n| r.texts(p, n, "a list of texts, such as [\"SYSTEM\"]"),
        |t| json!(t),
    );
    layer.metadata = said(reader, f, "metadata", read_metadata, |map| json!(map));
    layer.time_to_live = said(reader, f, "time_to_live", |r, p, n| r.duration(p, n), |ns| duration_json(*ns));
    fields.finish_with(reader, |key| {
        (key == "weight" && kind == LayerKind::Type)
            .then(|| "`types` declares types without weight; weights stand in `mix`".to_owned())
    });
    layer
}

/// An entry of a mix that is neither a weight nor a map.
fn no_weight(reader: &mut Reader<'_>, path: &str, node: &TreeNode) {
    let number = match &node.value {
        Written::Text(text) => {
            text.trim().parse::<f64>().ok().filter(|weight| *weight >= 0.0 && weight.is_finite())
        }
        _ => None,
    };
    let help = number.map(|number| format!("write `{number}`, without quotes"));
    reader.wrong_with(path, node, "a weight such as 10, or a map with `weight`", help);
}

fn said<T>(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: impl FnOnce(&mut Reader<'_>, &str, &TreeNode) -> Option<T>,
    write: impl FnOnce(&T) -> Value,
) -> Option<LayeredSetting<T>> {
    let node = fields.take(key)?;
    let value = read(reader, &fields.at(key), node)?;
    Some(LayeredSetting { written: write(&value), value, origin: node.origin.clone() })
}

fn read_weight(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<f64> {
    let expected = "a weight: a number of at least 0";
    let weight = reader.number(path, node, expected)?;
    if weight < 0.0 {
        reader.wrong(path, node, expected);
        return None;
    }
    Some(weight)
}

fn name(reader: &mut Reader<'_>, path: &str, node: &TreeNode, example: &str) -> Option<String> {
    let expected = format!("a name such as \"{example}\"");
    let text = reader.text(path, node, &expected)?;
    if text.is_empty() {
        reader.wrong(path, node, &expected);
        return None;
    }
    Some(text)
}

fn read_recipient(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    names: &AgentNames,
) -> Option<Recipient> {
    let said = match &node.value {
        Written::Text(text) => text.as_str(),
        _ => "",
    };
    let agent = names.numbered_group().map(|group| format!(", or an agent such as {group}-1"));
    let expected = one_of_near(said, names.all(), "") + agent.unwrap_or_default().as_str();
    let text = reader.text(path, node, &expected)?;
    let found = names.recipient(&text);
    // Somebody whose name could not be read may be meant.
    if found.is_none() && !names.unread {
        reader.wrong_with(path, node, &expected, did_you_mean(&text, names.all()));
    }
    found
}

fn read_template(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<Template> {
    let text = reader.text(path, node, "a text, with placeholders such as {recipient}")?;
    match Template::parse(&text) {
        Ok(template) => Some(template),
        Err(error) => {
            let words = Placeholder::ALL.map(|(word, _)| word);
            let fault = reader
                .fault(path, node, format!("unknown placeholder `{{{}}}`", error.word))
                .found(node.describe())
                .expected(format!("one of {}", words.map(|word| format!("{{{word}}}")).join(", ")))
                .help_if(did_you_mean(&error.word, words))
                .help(format!("for the brace itself write `{{{{{}}}`", error.word));
            reader.push(fault);
            None
        }
    }
}

fn read_metadata(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<BTreeMap<String, Value>> {
    let Some(entries) = node.entries() else {
        reader.wrong(path, node, "a map");
        return None;
    };
    for MapEntry { key, node, .. } in entries {
        check_metadata(reader, &join(path, key), node);
    }
    Some(entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect())
}

/// Texts in metadata are templates; numbers must be such as JSON can say.
fn check_metadata(reader: &mut Reader<'_>, path: &str, node: &TreeNode) {
    match &node.value {
        Written::Text(_) => {
            read_template(reader, path, node);
        }
        Written::Float(number) if !number.is_finite() => reader.wrong(path, node, "a finite number"),
        Written::Function(_) | Written::Other(_) => reader.wrong(path, node, "a value that JSON can say"),
        Written::List(items) => {
            for (index, item) in items.iter().enumerate() {
                check_metadata(reader, &format!("{path}[{index}]"), item);
            }
        }
        Written::Map(entries) => {
            for entry in entries {
                check_metadata(reader, &join(path, &entry.key), &entry.node);
            }
        }
        Written::Null | Written::Bool(_) | Written::Integer(_) | Written::Float(_) => {}
    }
}

/// The last layer's word on one setting.
pub(super) fn last<'l, T>(
    layers: &[&'l SettingsLayer],
    pick: impl Fn(&'l SettingsLayer) -> &'l Option<LayeredSetting<T>>,
) -> Option<&'l LayeredSetting<T>> {
    layers.iter().rev().find_map(|layer| pick(layer).as_ref())
}

/// The settings that these layers make together, the last one's word going before.
pub(super) fn settings(layers: &[&SettingsLayer]) -> MessageSettings {
    let default = MessageSettings::default();
    MessageSettings {
        sender: last(layers, |l| &l.sender).map_or(default.sender, |said| said.value.clone()),
        recipient: last(layers, |l| &l.recipient).map_or(default.recipient, |said| said.value.clone()),
        priority: last(layers, |l| &l.priority).map_or(default.priority, |said| said.value),
        content: Content {
            template: last(layers, |l| &l.content)
                .map_or(default.content.template, |said| said.value.clone()),
            size: last(layers, |l| &l.size).map(|said| said.value.clone()),
        },
        tags: last(layers, |l| &l.tags).map_or(default.tags, |said| said.value.clone()),
        metadata: last(layers, |l| &l.metadata).map_or(default.metadata, |said| said.value.clone()),
        time_to_live_ns: last(layers, |l| &l.time_to_live).map(|said| said.value),
    }
}

/// Writes down what these layers make together; with the general defaults, if `whole`.
pub(super) fn write_settings(
    reader: &mut Reader<'_>,
    path: &str,
    layers: &[&SettingsLayer],
    whole: bool,
) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, said: Option<(&Value, &Origin)>, default: Option<Value>| {
        let (value, origin) = match (said, default.filter(|_| whole)) {
            (Some((value, origin)), _) => (value.clone(), origin.clone()),
            (None, Some(default)) => (default, Origin::Default),
            (None, None) => return,
        };
        note_origins(reader, &join(path, key), &value, origin);
        map.insert(key.to_owned(), value);
    };
    macro_rules! put {
        ($key:ident, $default:expr) => {
            put(stringify!($key), last(layers, |l| &l.$key).map(|s| (&s.written, &s.origin)), $default)
        };
    }
    put!(weight, None);
    put!(wire_type, None);
    put!(sender, None);
    put!(recipient, Some(json!("other")));
    put!(priority, Some(json!("regular")));
    put!(content, Some(json!("Test message {number}")));
    put!(size, None);
    put!(tags, Some(json!(["SYSTEM"])));
    put!(metadata, Some(json!({})));
    put!(time_to_live, None);
    Value::Object(map)
}

impl SettingsLayer {
    /// A layer that says nothing but the type on the wire.
    pub fn of_wire_type(wire_type: Option<LayeredSetting<String>>) -> SettingsLayer {
        SettingsLayer { wire_type, ..SettingsLayer::default() }
    }

    /// The layer's weight alone.
    pub fn only_weight(&self) -> SettingsLayer {
        SettingsLayer { weight: self.weight.clone(), ..SettingsLayer::default() }
    }

    /// The layer without what does not belong into `types`.
    pub fn without_weight(&self) -> SettingsLayer {
        SettingsLayer { weight: None, ..self.clone() }
    }

    /// The layer without what is the same for the type everywhere.
    pub fn without_wire_type(&self) -> SettingsLayer {
        SettingsLayer { wire_type: None, ..self.clone() }
    }
}
