//! What varies in a batch.

use crate::plan::reader::Reader;
use crate::plan::tree::{TreeNode, Written, join};

/// The part of an invocation that an axis sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisKind {
    /// The axis sets the script.
    Script,
    /// The axis sets the core of the session.
    Core,
    /// A parameter of the script.
    Param,
    /// A place of the scenario.
    Scenario,
}

/// A value on an axis, with its label.
#[derive(Debug, Clone)]
pub struct Value {
    /// What it is called: in names of cells, tables, `include` and `exclude`.
    pub label: String,
    /// The value, as it was written.
    pub node: TreeNode,
}

/// An axis, with its values in the order written.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What the axis sets.
    pub kind: AxisKind,
    /// `script`, `core`, the parameter's name, or the scenario's path.
    pub name: String,
    /// The values of the axis.
    pub values: Vec<Value>,
}

impl Axis {
    /// An axis of these values.
    pub fn new(kind: AxisKind, name: &str, nodes: Vec<TreeNode>) -> Axis {
        let value = |node: TreeNode| Value { label: label(kind, &node), node };
        let mut values: Vec<Value> = nodes.into_iter().map(value).collect();
        if kind == AxisKind::Script {
            tell_apart(&mut values);
        }
        Axis { kind, name: name.to_owned(), values }
    }

    /// The value that is meant by one written in `include` or `exclude`, if the axis has it.
    pub fn meant(&self, node: &TreeNode) -> Option<&Value> {
        let own = label(self.kind, node);
        let written = node.to_typed();
        let by_label = |value: &&Value| value.label == own || value.label == written;
        self.values
            .iter()
            .find(|value| value.node.to_typed() == written)
            .or_else(|| self.values.iter().find(by_label))
    }
}

/// Scripts of the same base name are called by their paths.
fn tell_apart(values: &mut [Value]) {
    let labels: Vec<String> = values.iter().map(|value| value.label.clone()).collect();
    for value in values {
        if labels.iter().filter(|label| **label == value.label).count() > 1 {
            let path = value.node.to_typed();
            value.label = path.strip_suffix(".rhai").unwrap_or(&path).to_owned();
        }
    }
}

/// The label of a value.
fn label(kind: AxisKind, node: &TreeNode) -> String {
    match kind {
        AxisKind::Script => {
            let path = node.to_typed();
            let stem =
                std::path::Path::new(&path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            stem.unwrap_or(path)
        }
        AxisKind::Core => core_label(node),
        AxisKind::Param | AxisKind::Scenario => node.to_typed(),
    }
}

/// The name that a core is given, or the one that it has by itself.
fn core_label(node: &TreeNode) -> String {
    let of = |key: &str| node.get(key).map(TreeNode::to_typed);
    match (&node.value, of("name"), of("layer")) {
        (Written::Map(_), Some(name), _) => name,
        (Written::Map(_), None, Some(layer)) => {
            let inner = node.get("over").map(core_label).unwrap_or_default();
            format!("{layer} over {inner}")
        }
        (Written::Map(_), None, None) => of("core").unwrap_or_default(),
        _ => node.to_typed(),
    }
}

/// Reads the map `matrix` of a batch file.
pub(super) fn read_axes(reader: &mut Reader<'_>, node: &TreeNode) -> Vec<Axis> {
    let mut axes = Vec::new();
    let Some(mut f) = reader.fields("matrix", node) else { return axes };
    if let Some(cores) = f.take("core") {
        axes.extend(read_axis(reader, AxisKind::Core, "core", "matrix.core", cores));
    }
    for (key, kind) in [("params", AxisKind::Param), ("scenario", AxisKind::Scenario)] {
        let Some(map) = f.take(key) else { continue };
        let path = format!("matrix.{key}");
        match map.entries() {
            Some(entries) => {
                for entry in entries {
                    axes.extend(read_axis(reader, kind, &entry.key, &join(&path, &entry.key), &entry.node));
                }
            }
            None => reader.wrong(&path, map, "a map from a name to a list of values"),
        }
    }
    f.finish(reader);
    axes
}

/// Refuses values of one axis that could not be told apart.
pub(super) fn tell_twins(reader: &mut Reader<'_>, axis: &Axis, path: &str) {
    for (index, value) in axis.values.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if axis.values[..index].iter().any(|other| other.label == value.label) {
            let title = format!("two values of `{}` are called `{}`", axis.name, value.label);
            let fault = reader.fault(&path, &value.node, title);
            let help = match axis.kind {
                AxisKind::Core => "give one of them a `name` of its own",
                _ => "leave one of them out",
            };
            reader.push(fault.help(help));
        }
    }
}

fn read_axis(
    reader: &mut Reader<'_>,
    kind: AxisKind,
    name: &str,
    path: &str,
    node: &TreeNode,
) -> Option<Axis> {
    let items = match &node.value {
        Written::List(items) if !items.is_empty() => items.clone(),
        _ => {
            reader.wrong(path, node, "a list of values");
            return None;
        }
    };
    let axis = Axis::new(kind, name, items);
    tell_twins(reader, &axis, path);
    Some(axis)
}
