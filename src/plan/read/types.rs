//! Message types and mixes: what each layer says about each type.

use super::messages::{
    BUILT_IN, LayerKind, SettingsLayer, built_in_layer, read_layer, settings, write_settings,
};
use super::reader::Reader;
use super::tree::{MapEntry, Origin, TreeNode, Written, join};
use crate::diagnostics::did_you_mean;
use crate::plan::names::AgentNames;
use crate::plan::{MessageType, MixEntry, TypeId};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The keys of the scenario that hold for all groups.
pub(super) struct Common<'n> {
    pub arrival: Option<&'n TreeNode>,
    pub mix: Option<&'n TreeNode>,
    pub types: Option<&'n TreeNode>,
    pub message: Option<&'n TreeNode>,
}

/// The mix of one group: where it stands, and what is written there if it has its own.
pub(super) type GroupMix<'n> = (String, Option<&'n TreeNode>);

/// The settings of each type, in layers.
pub(super) struct TypeLayers {
    pub message: SettingsLayer,
    /// By name: built in, `types`, `mix`.
    pub by_name: BTreeMap<String, Vec<SettingsLayer>>,
    /// Entries of the scenario's mix.
    pub mix: BTreeMap<String, SettingsLayer>,
    /// Entries of each group's mix.
    pub group_mixes: Vec<Option<BTreeMap<String, SettingsLayer>>>,
}

fn entries_of<'n>(
    reader: &mut Reader<'_>,
    path: &str,
    node: Option<&'n TreeNode>,
    expected: &str,
) -> &'n [MapEntry] {
    match node.map(|node| (node, node.entries())) {
        Some((_, Some(entries))) => entries,
        Some((node, None)) => {
            reader.wrong(path, node, expected);
            &[]
        }
        None => &[],
    }
}

fn read_mix_layers(
    reader: &mut Reader<'_>,
    path: &str,
    node: Option<&TreeNode>,
    names: &AgentNames,
) -> BTreeMap<String, SettingsLayer> {
    const EXPECTED: &str = "a list of different message types, or a map from type to weight";
    let mut layers = BTreeMap::new();
    if let Some(TreeNode { value: Written::List(items), .. }) = node
        && !items.is_empty()
    {
        no_types(reader, path, items);
        return layers;
    }
    for entry in entries_of(reader, path, node, EXPECTED) {
        // Nothing in a script is as if it were not there; behind a flag a value has been forgotten.
        if entry.is_nothing() && !matches!(entry.node.origin, Origin::Flag(_)) {
            continue;
        }
        let layer = read_layer(reader, &join(path, &entry.key), &entry.node, LayerKind::Mix, names);
        layers.insert(entry.key.clone(), layer);
    }
    layers
}

/// What is wrong with a list of types, which is no short form of a mix.
fn no_types(reader: &mut Reader<'_>, path: &str, items: &[TreeNode]) {
    let mut met = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("{path}[{index}]");
        match &item.value {
            Written::Text(name) if met.insert(name) => {}
            Written::Text(name) => {
                let twice =
                    items.iter().filter(|item| matches!(&item.value, Written::Text(other) if other == name));
                let weights = json!({ name: twice.count() });
                let map = reader.syntax(item).entry(path.rsplit('.').next().unwrap_or(path), &weights);
                let fault = reader.fault(&place, item, format!("`{name}` stands twice in `{path}`"));
                reader.push(
                    fault
                        .expected("each type once")
                        .help(format!("for a type that comes more often: `{map}`")),
                );
            }
            _ => reader.wrong(&place, item, "the name of a message type, such as \"direct\""),
        }
    }
}

/// Reads all that is said about message types.
pub(super) fn read_types(
    reader: &mut Reader<'_>,
    common: &Common<'_>,
    mixes: &[GroupMix<'_>],
    names: &AgentNames,
) -> TypeLayers {
    let message = match common.message {
        Some(node) => read_layer(reader, "message", node, LayerKind::Message, names),
        None => SettingsLayer::default(),
    };
    let mut declared = BTreeMap::new();
    let types = entries_of(reader, "types", common.types, "a map from type to its settings");
    for entry in types.iter().filter(|entry| !entry.is_nothing()) {
        let layer = read_layer(reader, &join("types", &entry.key), &entry.node, LayerKind::Type, names);
        declared.insert(entry.key.clone(), layer);
    }
    let mix = read_mix_layers(reader, "mix", common.mix, names);
    let group_mixes: Vec<Option<BTreeMap<String, SettingsLayer>>> = mixes
        .iter()
        .map(|(path, node)| node.map(|node| read_mix_layers(reader, path, Some(node), names)))
        .collect();
    let in_groups = group_mixes.iter().flatten().flat_map(BTreeMap::keys);
    let all: BTreeSet<&String> = declared.keys().chain(mix.keys()).chain(in_groups).collect();
    let mut said_in_groups: BTreeMap<&String, &SettingsLayer> = BTreeMap::new();
    for (name, layer) in group_mixes.iter().flatten().flatten().filter(|(_, layer)| layer.wire_type.is_some())
    {
        said_in_groups.entry(name).or_insert(layer);
    }
    let mut by_name = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for name in all {
        let mut layers: Vec<SettingsLayer> = built_in_layer(name, names).into_iter().collect();
        layers.extend(declared.get(name).cloned());
        layers.extend(mix.get(name).map(SettingsLayer::without_weight));
        if layers.iter().all(|layer| layer.wire_type.is_none()) {
            match said_in_groups.get(name) {
                Some(layer) => layers.push(SettingsLayer::of_wire_type(layer.wire_type.clone())),
                None => {
                    unknown.insert(name.as_str());
                }
            }
        }
        by_name.insert(name.clone(), layers);
    }
    no_wire_types(reader, common, mixes, unknown);
    TypeLayers { message, by_name, mix, group_mixes }
}

/// Tells which types are neither built in nor say what they are on the wire, each at the first place that names it.
fn no_wire_types(
    reader: &mut Reader<'_>,
    common: &Common<'_>,
    mixes: &[GroupMix<'_>],
    mut unknown: BTreeSet<&str>,
) {
    let common = [("types", common.types), ("mix", common.mix)];
    let places = common.into_iter().chain(mixes.iter().map(|(path, node)| (path.as_str(), *node)));
    for (path, node) in places.filter_map(|(path, node)| Some((path, node?))) {
        for entry in node.entries().unwrap_or_default() {
            if unknown.remove(entry.key.as_str()) {
                no_wire_type(reader, &join(path, &entry.key), entry);
            }
        }
    }
}

fn no_wire_type(reader: &mut Reader<'_>, path: &str, entry: &MapEntry) {
    let name = entry.key.as_str();
    let node = TreeNode { at: entry.at, ..entry.node.clone() };
    let built_in = BUILT_IN.map(|(known, ..)| known);
    let types = reader.syntax(&node).entry("types", &json!({ name: { "wire_type": "TEXT" } }));
    let fault = reader
        .fault(path, &node, format!("the message type `{name}` has no `wire_type`"))
        .expected(format!("one of {}, or a type that says its wire_type", built_in.join(", ")))
        .help_if(did_you_mean(name, built_in))
        .help(format!("for a type of your own write `{types}` beside `mix`"));
    reader.push(fault);
}

impl TypeLayers {
    /// Layers of a type without any group's.
    pub fn of(&self, name: &str) -> Vec<&SettingsLayer> {
        let own = self.by_name.get(name).into_iter().flatten();
        std::iter::once(&self.message).chain(own).collect()
    }

    fn id(&self, name: &str) -> Option<TypeId> {
        self.by_name.keys().position(|known| known == name).map(|index| TypeId(index as u16))
    }

    /// The types, with their canonical form under `types`.
    pub fn types(&self, reader: &mut Reader<'_>, written: &mut Map<String, Value>) -> Vec<MessageType> {
        let mut types = Vec::new();
        let mut map = Map::new();
        for (name, layers) in &self.by_name {
            let all = self.of(name);
            let wire_type = layers.iter().rev().find_map(|layer| layer.wire_type.as_ref());
            types.push(MessageType {
                name: name.clone(),
                wire_type: wire_type.map(|said| said.value.clone()).unwrap_or_default(),
                settings: settings(&all),
            });
            map.insert(name.clone(), write_settings(reader, &join("types", name), &all, true));
        }
        written.insert("types".to_owned(), Value::Object(map));
        types
    }

    /// The entries of a mix that have weight, by type id, with the canonical form of what the mix itself says.
    pub fn mix(
        &self,
        reader: &mut Reader<'_>,
        path: &str,
        node: &TreeNode,
        layers: &BTreeMap<String, SettingsLayer>,
        own: bool,
    ) -> (Vec<MixEntry>, Value) {
        let mut entries = Vec::new();
        let mut map = Map::new();
        for (name, layer) in layers {
            let mut all = self.of(name);
            let plain = layer.without_wire_type();
            all.push(&plain);
            let weight = layer.weight.as_ref().map_or(0.0, |said| said.value);
            let only_weight = layer.only_weight();
            let said = if own { &plain } else { &only_weight };
            map.insert(name.clone(), write_settings(reader, &join(path, name), &[said], false));
            if weight > 0.0 {
                let type_id = self.id(name).unwrap_or_default();
                entries.push(MixEntry { type_id, weight, settings: settings(&all) });
            }
        }
        let sum = entries.iter().fold(0.0, |sum, entry| sum + entry.weight);
        let unread = layers.values().any(|layer| layer.weight.is_none());
        if !unread && (sum <= 0.0 || !sum.is_finite()) && node.entries().is_some() {
            let fault = reader.fault(path, node, format!("the weights of `{path}` sum to {sum}"));
            reader.push(fault.expected("at least one type with a weight above zero"));
        }
        (entries, Value::Object(map))
    }
}
