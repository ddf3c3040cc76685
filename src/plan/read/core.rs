//! Cores and layers as a plan names them.

use super::reader::{Reader, SourceText};
use super::tree::{Position, TreeNode, Written};
use crate::diagnostics::{Diagnostics, SourcePlace};
use crate::plan::{CorePlaces, CoreSpec, LayerSpec};
use serde_json::{Map, Value};

/// The deepest stack of layers.
const LAYERS_MAX: usize = 16;

/// Reads a core: `mock`, or `{ core, options, name }`, or `{ layer, over, options, name }`.
///
/// # Errors
/// Everything that is wrong with it; its options are judged by the core itself.
pub fn read_core(node: &TreeNode, source: &SourceText) -> Result<CoreSpec, Diagnostics> {
    let mut reader = Reader::new(source);
    let core = read(&mut reader, "core", node, 0);
    match core {
        Some(core) if reader.faults.is_empty() => Ok(core),
        _ => Err(reader.faults),
    }
}

fn read(reader: &mut Reader<'_>, path: &str, node: &TreeNode, depth: usize) -> Option<CoreSpec> {
    if let Written::Text(core) = &node.value {
        return Some(CoreSpec::plain(core));
    }
    let layered = node.get("layer").is_some();
    let mut fields = reader.fields(path, node)?;
    let kind = if layered { "layer" } else { "core" };
    let expected = "a name such as \"mock\", or a file";
    let there = fields.required(reader, kind, expected);
    let text = |r: &mut Reader<'_>, p: &str, n: &TreeNode| {
        let text = r.text(p, n, expected)?;
        if text.is_empty() {
            r.wrong(p, n, expected);
        }
        (!text.is_empty()).then_some(text)
    };
    let id = fields.read(reader, kind, text, |id| Value::String(id.clone())).filter(|_| there);
    let written = fields.take("options");
    let places = places_of(reader.source, node, written);
    let options = match written {
        Some(options) if options.entries().is_some() => {
            reader.fit(&fields.at("options"), options);
            match options.to_json() {
                Value::Object(map) => map,
                _ => Map::new(),
            }
        }
        Some(options) => {
            reader.wrong(&fields.at("options"), options, "a map");
            Map::new()
        }
        None => Map::new(),
    };
    let name = fields.read(reader, "name", text, |name| Value::String(name.clone()));
    let over = layered.then(|| fields.take("over"));
    let inner_path = fields.at("over");
    fields.finish(reader);
    let Some(over) = over else {
        let core = id?;
        return Some(CoreSpec {
            name: name.unwrap_or_else(|| core.clone()),
            core,
            options,
            layers: Vec::new(),
            places,
        });
    };
    let Some(over) = over else {
        reader.missing(path, node, "over", "the core or layer that it lies over");
        return None;
    };
    if depth >= LAYERS_MAX {
        reader.wrong(&inner_path, over, &format!("at most {LAYERS_MAX} layers"));
        return None;
    }
    let mut core = read(reader, &inner_path, over, depth + 1)?;
    let layer = id?;
    core.name = name.unwrap_or_else(|| format!("{layer} over {}", core.name));
    core.layers.push(LayerSpec { layer, options, places });
    Some(core)
}

fn places_of(source: &SourceText, core: &TreeNode, options: Option<&TreeNode>) -> CorePlaces {
    let mut places = CorePlaces::default();
    note_places(source, core.at, "", None, &mut places);
    if let Some(options) = options {
        note_places(source, None, "", Some(options), &mut places);
    }
    places
}

/// Notes the place of a path, and those of all below it.
fn note_places(
    source: &SourceText,
    at: Option<Position>,
    path: &str,
    node: Option<&TreeNode>,
    places: &mut CorePlaces,
) {
    if let Some(at) = at.filter(|_| !source.file.is_empty()) {
        places
            .0
            .insert(path.to_owned(), SourcePlace::in_text(&source.file, &source.text, at.line, at.column));
    }
    match node.map(|node| &node.value) {
        Some(Written::Map(entries)) => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                note_places(source, entry.at.or(entry.node.at), &path, Some(&entry.node), places);
            }
        }
        Some(Written::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                note_places(source, item.at, &format!("{path}[{index}]"), Some(item), places);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_option_that_cannot_be_handed_on_is_refused() {
        let mut options = TreeNode::new(Written::Map(Vec::new()));
        options.set("latency", TreeNode::new(Written::Other("a range".to_owned())));
        let mut core = TreeNode::new(Written::Map(Vec::new()));
        core.set("core", TreeNode::text("mock"));
        core.set("options", options);
        let faults = read_core(&core, &SourceText::default()).unwrap_err();
        let fault = faults.iter().next().unwrap();
        assert_eq!(
            (fault.title.as_str(), fault.found.as_deref()),
            ("wrong value for `core.options.latency`", Some("a range"))
        );
    }

    #[test]
    fn layers_lie_over_cores() {
        let source = SourceText::default();
        let read = |value: Value| read_core(&TreeNode::from_json(&value), &source);
        assert_eq!(read(json!("mock")).unwrap(), CoreSpec::plain("mock"));
        let stack = json!({ "layer": "chaos", "over": { "core": "mock", "name": "slow" }, "options": { "crash": "1%" } });
        let core = read(stack).unwrap();
        assert_eq!((core.name.as_str(), core.core.as_str()), ("chaos over slow", "mock"));
        assert_eq!(core.layers[0].layer, "chaos");
        for wrong in
            [json!(5), json!({}), json!({ "layer": "chaos" }), json!({ "core": "mock", "optoins": {} })]
        {
            assert!(read(wrong).is_err());
        }
    }
}
