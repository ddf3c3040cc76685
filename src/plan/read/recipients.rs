//! Recipients that mean nobody: a rule that spares the sender, who is alone.

use super::messages::{SettingsLayer, last};
use super::reader::Reader;
use super::tree::{Origin, TreeNode, join};
use super::types::{Common, GroupMix, TypeLayers};
use crate::plan::Group;
use crate::plan::names::AgentNames;
use std::collections::BTreeSet;

/// Tells of each recipient that leaves its sender alone. What nobody said is left as it is: a single agent whose
/// messages are for `other` by default sends them to itself.
pub(super) fn check_recipients(
    reader: &mut Reader<'_>,
    common: &Common<'_>,
    mixes: &[GroupMix<'_>],
    groups: &[&Group],
    layers: &TypeLayers,
    names: &AgentNames,
) {
    let mut told = BTreeSet::new();
    let said = layers.by_name.values().flatten().chain([&layers.message]).chain(layers.mix.values());
    for layer in said.chain(layers.group_mixes.iter().flatten().flat_map(|mix| mix.values())) {
        // Whoever the sender is: a group is looked at below, where it is known who sends to it.
        let said = layer.recipient.as_ref().filter(|said| said.origin != Origin::BuiltIn);
        let alone = said.and_then(|said| names.nobody_else(&said.value, u32::MAX));
        if let Some(why) = alone {
            tell(reader, layer, why, &mut told);
        }
    }
    let mut first = 0;
    for ((group, own), (path, node)) in groups.iter().zip(&layers.group_mixes).zip(mixes) {
        let (mix, path, node) = match own {
            Some(own) => (own, path.as_str(), *node),
            None => (&layers.mix, "mix", common.mix),
        };
        for (name, layer) in mix {
            let mut all: Vec<&SettingsLayer> = layers.of(name);
            all.push(layer);
            let Some(recipient) = last(&all, |layer| &layer.recipient) else { continue };
            let Some(why) = names.nobody_else(&recipient.value, first) else { continue };
            if let Some(layer) = all.iter().rev().find(|layer| layer.recipient.is_some())
                && recipient.origin != Origin::BuiltIn
            {
                tell(reader, layer, why, &mut told);
            } else if recipient.value == crate::plan::Recipient::All {
                let place = join(path, name);
                let entry = node.and_then(|node| node.entries()?.iter().find(|entry| entry.key == *name));
                if let Some(entry) = entry.filter(|_| told.insert(place.clone())) {
                    let node = TreeNode { at: entry.at, ..entry.node.clone() };
                    nobody(reader, &place, &node, format!("`{name}` goes to all other agents"), why);
                }
            }
        }
        first += group.count;
    }
}

fn tell(reader: &mut Reader<'_>, layer: &SettingsLayer, why: &str, told: &mut BTreeSet<String>) {
    if let Some((path, node)) = &layer.recipient_at
        && told.insert(path.clone())
    {
        nobody(reader, path, node, node.describe(), why);
    }
}

fn nobody(reader: &mut Reader<'_>, path: &str, node: &TreeNode, found: String, why: &str) {
    let fault = reader.fault(path, node, format!("nobody is there to receive it: {why}"));
    reader.push(
        fault
            .found(found)
            .expected("another agent to send to")
            .help("add an agent; to let an agent send to itself, name it: `recipient: \"Agent-1\"`"),
    );
}
