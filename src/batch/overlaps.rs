//! Axes, defaults and checks that touch the same place of a scenario: one of them would be played in silence.

use super::axis::{Axis, AxisKind};
use crate::plan::reader::Reader;
use crate::plan::same_place;
use crate::plan::tree::{TreeNode, join};

/// Refuses axes of one name, axes that touch the same place, and checks said in two places.
pub(super) fn overlaps(
    reader: &mut Reader<'_>,
    tree: &TreeNode,
    axes: &[Axis],
    defaults: &[(String, String)],
) {
    for (index, axis) in axes.iter().enumerate() {
        for other in &axes[..index] {
            if axis.name == other.name {
                let title = format!("two axes are called `{}`", axis.name);
                let fault = reader.fault(&path_of(axis), node_of(tree, axis), title);
                let help = "`include`, `exclude` and `compare` could not tell them apart: leave one out, or rename the parameter";
                reader.push(fault.found(format!("`{}` and `{}`", path_of(other), path_of(axis))).help(help));
            } else if (axis.kind, other.kind) == (AxisKind::Scenario, AxisKind::Scenario)
                && same_place(&axis.name, &other.name)
            {
                let title = format!("`{}` and `{}` touch the same place", other.name, axis.name);
                let fault = reader.fault(&path_of(axis), node_of(tree, axis), title);
                reader.push(
                    fault
                        .found("one would be laid over the other")
                        .help("vary one of them, with whole values"),
                );
            }
        }
    }
    let scenario =
        axes.iter().filter(|axis| axis.kind == AxisKind::Scenario).map(|axis| (path_of(axis), &axis.name));
    let defaults = defaults.iter().map(|(path, _)| (join("defaults.scenario", path), path));
    let said = tree.get("checks");
    for (path, _) in scenario.chain(defaults).filter(|(_, name)| said.is_some() && same_place(name, "checks"))
    {
        let fault = reader.fault(
            "checks",
            said.unwrap_or(tree),
            format!("`checks` and `{path}` touch the same place"),
        );
        reader.push(fault.found("one would be laid over the other").help("say all checks in one of them"));
    }
}

fn path_of(axis: &Axis) -> String {
    match axis.kind {
        AxisKind::Script => "scripts".to_owned(),
        AxisKind::Core => "matrix.core".to_owned(),
        AxisKind::Param => join("matrix.params", &axis.name),
        AxisKind::Scenario => join("matrix.scenario", &axis.name),
    }
}

fn node_of<'n>(tree: &'n TreeNode, axis: &Axis) -> &'n TreeNode {
    let key = if axis.kind == AxisKind::Param { "params" } else { "scenario" };
    let found = tree.get("matrix").and_then(|matrix| matrix.get(key)?.get(&axis.name));
    found.unwrap_or(tree)
}
