//! From axes to cells.

use super::axis::{Axis, AxisKind, Value};
use super::file::BatchFile;
use crate::diagnostics::{Diagnostic, Diagnostics, did_you_mean};
use crate::plan::reader::Reader;
use crate::plan::tree::{MapEntry, TreeNode, join};

/// A cell of the matrix: one run of one script.
#[derive(Debug, Clone)]
pub struct MatrixCell {
    /// Its name, made of the labels of the axes that vary.
    pub name: String,
    /// Its place among all cells, from 0; further ones of `include` come last.
    pub place: usize,
    /// The label on each axis, in the axes' order.
    pub labels: Vec<String>,
    /// The script, as the file names it.
    pub script: String,
    /// The core of the session.
    pub core: Option<TreeNode>,
    /// The parameters, as they were typed.
    pub params: Vec<(String, String)>,
    /// Settings of the scenario, as typed.
    pub set: Vec<(String, String)>,
}

/// The cells of a batch, and those that were left out.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    /// In the order of the axes, the first varying slowest; then those of `include`.
    pub cells: Vec<MatrixCell>,
    /// Names of those left out.
    pub excluded: Vec<String>,
}

/// Expands the matrix into cells.
///
/// # Errors
/// Everything that is wrong with `include` and `exclude`; too many cells; no cell; two of one name.
pub fn cells(file: &BatchFile) -> Result<Cells, Diagnostics> {
    let mut reader = Reader::new(&file.source);
    let all = file.axes.iter().try_fold(1_u64, |all, axis| all.checked_mul(axis.values.len() as u64));
    let all = all.unwrap_or(u64::MAX).saturating_add(file.include.len() as u64);
    if all > file.max_cells {
        let fault = Diagnostic::new(crate::diagnostics::Exit::Contents, "the matrix has too many cells");
        let found = if all == u64::MAX { "more than can be counted".to_owned() } else { all.to_string() };
        return Err(fault
            .at(reader.place(None))
            .found(found)
            .expected(format!("at most {}", file.max_cells))
            .help("leave values out, or say `max_cells`")
            .into());
    }
    let exclude: Vec<Picked<'_>> = picked(&mut reader, file, "exclude", &file.exclude);
    let include: Vec<Picked<'_>> = picked(&mut reader, file, "include", &file.include);
    let mut found = Cells::default();
    let mut places = vec![0; file.axes.len()];
    loop {
        let values: Vec<&Value> =
            file.axes.iter().zip(&places).map(|(axis, place)| &axis.values[*place]).collect();
        let cell = cell(file, &values, &[]);
        match exclude.iter().any(|entry| entry.matches(&values)) {
            true => found.excluded.push(cell.name),
            false => found.cells.push(cell),
        }
        if !next(&mut places, &file.axes) {
            break;
        }
    }
    let mut names = std::collections::HashSet::new();
    if let Some(twin) = found.cells.iter().find(|cell| !names.insert(cell.name.clone())) {
        let title = format!("two cells are called `{}`", twin.name);
        let fault = Diagnostic::new(crate::diagnostics::Exit::Contents, title).at(reader.place(None));
        reader.push(fault.help("give cores names, and values texts, that differ"));
    }
    for entry in &include {
        let values: Vec<&Value> = entry
            .values
            .iter()
            .zip(&file.axes)
            .map(|(value, axis)| value.unwrap_or(&axis.values[0]))
            .collect();
        let cell = cell(file, &values, &entry.own);
        if found.cells.iter().any(|other| other.name == cell.name) {
            let title = format!("two cells are called `{}`", cell.name);
            let fault = reader.fault("include", entry.node, title);
            reader.push(fault.help("leave it out: the matrix has it"));
        }
        found.excluded.retain(|name| *name != cell.name);
        found.cells.push(cell);
    }
    found.cells.iter_mut().enumerate().for_each(|(place, cell)| cell.place = place);
    if found.cells.is_empty() && reader.faults.is_empty() {
        let fault = Diagnostic::new(crate::diagnostics::Exit::Contents, "no cell is left");
        reader.push(fault.at(reader.place(None)).help("`exclude` leaves all of them out"));
    }
    if reader.faults.is_empty() { Ok(found) } else { Err(reader.faults) }
}

/// The next combination; the last axis varies fastest. False after the last.
fn next(places: &mut [usize], axes: &[Axis]) -> bool {
    for (place, axis) in places.iter_mut().zip(axes).rev() {
        *place += 1;
        if *place < axis.values.len() {
            return true;
        }
        *place = 0;
    }
    false
}

/// An entry of `include` or `exclude`.
struct Picked<'f> {
    node: &'f TreeNode,
    /// For each axis, the value that is meant, if one is.
    values: Vec<Option<&'f Value>>,
    /// Values of its own, by the axis' place: only `include` has them.
    own: Vec<(usize, Value)>,
}

impl Picked<'_> {
    fn matches(&self, values: &[&Value]) -> bool {
        self.values.iter().zip(values).all(|(own, value)| own.is_none_or(|own| own.label == value.label))
    }
}

fn picked<'f>(
    reader: &mut Reader<'_>,
    file: &'f BatchFile,
    key: &'static str,
    nodes: &'f [TreeNode],
) -> Vec<Picked<'f>> {
    let mut found = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let mut entry = Picked { node, values: vec![None; file.axes.len()], own: Vec::new() };
        for said in node.entries().unwrap_or_default() {
            let path = join(&format!("{key}[{index}]"), &said.key);
            pick(reader, file, key, &path, said, &mut entry);
        }
        found.push(entry);
    }
    found
}

fn pick<'f>(
    reader: &mut Reader<'_>,
    file: &'f BatchFile,
    key: &str,
    path: &str,
    said: &'f MapEntry,
    entry: &mut Picked<'f>,
) {
    let names: Vec<&str> = file.axes.iter().map(|axis| &*axis.name).collect();
    let Some(place) = names.iter().position(|name| *name == said.key) else {
        let node = TreeNode { at: said.at.or(said.node.at), ..said.node.clone() };
        let fault = reader.fault(path, &node, format!("there is no axis `{}`", said.key));
        let help = did_you_mean(&said.key, names.iter().copied());
        reader.push(fault.expected(format!("one of {}", names.join(", "))).help_if(help));
        return;
    };
    let axis = &file.axes[place];
    let own = Axis::new(axis.kind, &axis.name, vec![said.node.clone()]).values.remove(0);
    match axis.meant(&said.node) {
        Some(value) => entry.values[place] = Some(value),
        None if key == "include" => entry.own.push((place, own)),
        None => {
            let labels: Vec<&str> = axis.values.iter().map(|value| &*value.label).collect();
            let help = did_you_mean(&own.label, labels.iter().copied());
            reader.wrong_with(path, &said.node, &format!("one of {}", labels.join(", ")), help);
        }
    }
}

/// The cell with these values, one for each axis; `own` has those that are not the axis' by its place.
fn cell(file: &BatchFile, values: &[&Value], own: &[(usize, Value)]) -> MatrixCell {
    let value =
        |place: usize| own.iter().find(|(at, _)| *at == place).map_or(values[place], |(_, value)| value);
    let mut cell = MatrixCell {
        name: String::new(),
        place: 0,
        labels: (0..values.len()).map(|place| value(place).label.clone()).collect(),
        script: String::new(),
        core: file.core.clone(),
        params: file.params.clone(),
        set: file.set.clone(),
    };
    let mut parts = Vec::new();
    for (place, axis) in file.axes.iter().enumerate() {
        let Value { label, node } = value(place);
        match axis.kind {
            AxisKind::Script => cell.script = node.to_typed(),
            AxisKind::Core => cell.core = Some(node.clone()),
            AxisKind::Param => put(&mut cell.params, &axis.name, node.to_typed()),
            AxisKind::Scenario => put(&mut cell.set, &axis.name, node.to_typed()),
        }
        let varies = axis.values.len() > 1 || own.iter().any(|(at, _)| *at == place);
        match axis.kind {
            AxisKind::Script => parts.push(label.clone()),
            AxisKind::Core if varies => parts.push(label.clone()),
            AxisKind::Param | AxisKind::Scenario if varies => parts.push(format!("{}={label}", axis.name)),
            _ => {}
        }
    }
    cell.name = parts.join(" · ");
    cell
}

fn put(pairs: &mut Vec<(String, String)>, key: &str, value: String) {
    pairs.retain(|(name, _)| name != key);
    pairs.push((key.to_owned(), value));
}
