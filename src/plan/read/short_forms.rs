//! Short forms written out: `agents: 9`, `arrival: "20/s"`, `mix: ["direct"]` become the canonical maps.
//!
//! Nothing is judged here. What is no short form stays as it is, and the strict reader says what is wrong with it.

use super::tree::{MapEntry, TreeNode, Written};

/// The name of the agents where only their number is said.
pub(super) const AGENT: &str = "Agent";

/// Writes out every short form of a scenario.
pub(in crate::plan) fn write_out(scenario: &mut TreeNode) {
    replace(scenario, "agents", agents);
    replace(scenario, "arrival", arrival);
    replace(scenario, "mix", mix);
    if let Some(TreeNode { value: Written::List(groups), .. }) = scenario.get_mut("agents") {
        for group in groups {
            replace(group, "arrival", arrival);
            replace(group, "mix", mix);
        }
    }
}

fn replace(map: &mut TreeNode, key: &str, long: fn(TreeNode) -> TreeNode) {
    if let Some(node) = map.get_mut(key) {
        let short = std::mem::replace(node, TreeNode::new(Written::Null));
        *node = long(short);
    }
}

fn map_of(like: &TreeNode, entries: Vec<(&str, TreeNode)>) -> TreeNode {
    let entries =
        entries.into_iter().map(|(key, node)| MapEntry { key: key.to_owned(), at: node.at, node }).collect();
    like.with(Written::Map(entries))
}

fn agents(node: TreeNode) -> TreeNode {
    match node.value {
        Written::Integer(_) | Written::Float(_) => {
            let name = node.with(Written::Text(AGENT.to_owned()));
            let group = map_of(&node, vec![("name", name), ("count", node.clone())]);
            node.with(Written::List(vec![group]))
        }
        _ => node,
    }
}

fn arrival(node: TreeNode) -> TreeNode {
    let name = match &node.value {
        Written::Text(text) if matches!(text.as_str(), "all_at_once" | "on_demand") => text.clone(),
        Written::Text(_) | Written::Integer(_) | Written::Float(_) => {
            return node.under("rate").under("poisson");
        }
        _ => return node,
    };
    let empty = node.with(Written::Map(Vec::new()));
    map_of(&node, vec![(name.as_str(), empty)])
}

fn mix(node: TreeNode) -> TreeNode {
    match &node.value {
        Written::List(items) => {
            let mut entries: Vec<MapEntry> = Vec::with_capacity(items.len());
            for item in items {
                match &item.value {
                    Written::Text(name) if entries.iter().all(|entry| entry.key != *name) => {
                        let weight = item.with(Written::Integer(1)).under("weight");
                        entries.push(MapEntry { key: name.clone(), at: item.at, node: weight });
                    }
                    _ => return node,
                }
            }
            node.with(Written::Map(entries))
        }
        Written::Map(entries) => {
            let long = |entry: &MapEntry| match entry.node.value {
                Written::Integer(_) | Written::Float(_) => {
                    MapEntry { node: entry.node.clone().under("weight"), ..entry.clone() }
                }
                _ => entry.clone(),
            };
            node.with(Written::Map(entries.iter().map(long).collect()))
        }
        _ => node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_forms_become_maps() {
        let mut node = TreeNode::from_json(&json!({
            "agents": 9,
            "arrival": "20/s",
            "mix": ["direct", "text"],
        }));
        write_out(&mut node);
        let long = json!({
            "agents": [{ "name": "Agent", "count": 9 }],
            "arrival": { "poisson": { "rate": "20/s" } },
            "mix": { "direct": { "weight": 1 }, "text": { "weight": 1 } },
        });
        assert_eq!(node.to_json(), TreeNode::from_json(&long).to_json());
        let mut again = node.clone();
        write_out(&mut again);
        assert_eq!(again, node);
    }
}
