//! The batch file: what it says, read with everything that is wrong with it.

use super::axis::{Axis, AxisKind, read_axes, tell_twins};
use super::overlaps::overlaps;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::files::{self, Unreadable, in_words};
use crate::plan::fields::Fields;
use crate::plan::reader::Reader;
use crate::plan::text::{TEXT_MAX_BYTES, parse_text};
use crate::plan::tree::{TreeNode, Written};
use crate::plan::{REPEATS_MAX, SourceText};
use crate::results::comparisons::Within;
use std::path::{Component, Path, PathBuf};

/// Replications of every cell, unless the file says otherwise.
const REPEATS: u64 = 5;
/// Cells of a matrix, unless the file allows for more.
const CELLS_MAX: u64 = 10_000;
/// Files may extend each other so deeply.
const EXTENDS_MAX: usize = 16;

/// A batch file that was read and checked.
#[derive(Debug, Clone)]
pub struct BatchFile {
    /// The file itself, for faults.
    pub source: SourceText,
    /// Every value in the file, with its place.
    pub tree: TreeNode,
    /// Its folder: what it names is relative to it.
    pub folder: PathBuf,
    /// The name of the batch.
    pub name: String,
    /// Replications of every cell.
    pub repeats: u64,
    /// The seed of the first replication.
    pub seed: u64,
    /// Simulated cells at a time; none = as many as there are processors.
    pub parallel: Option<u64>,
    /// How long a cell may take, in nanoseconds of wall time.
    pub timeout_ns: Option<u64>,
    /// The axes of the matrix, scripts first.
    pub axes: Vec<Axis>,
    /// Cells beside those of the matrix.
    pub include: Vec<TreeNode>,
    /// Cells to leave out.
    pub exclude: Vec<TreeNode>,
    /// Checks on every run.
    pub checks: Vec<String>,
    /// What is compared with each other.
    pub compare: Option<AxisComparison>,
    /// Of every cell that the matrix does not set otherwise: parameters and settings of the scenario, as typed.
    pub params: Vec<(String, String)>,
    /// Settings of the scenario by their path.
    pub set: Vec<(String, String)>,
    /// The core of every cell, unless cores are an axis.
    pub core: Option<TreeNode>,
    /// Shell commands before and after all cells.
    pub setup: Vec<String>,
    /// Commands that run after the cells, as `setup` does before.
    pub cleanup: Vec<String>,
    /// The folder of the results.
    pub output: PathBuf,
    /// The largest number of cells.
    pub max_cells: u64,
}

/// A comparison of cells that differ in one axis alone.
#[derive(Debug, Clone)]
pub struct AxisComparison {
    /// The axis; its first value is the baseline.
    pub axis: String,
    /// The difference that is too small to matter.
    pub within: Option<Within>,
    /// The figures with a verdict.
    pub figures: Option<Vec<String>>,
}

/// Reads a batch file, with those that it extends.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_batch(path: &Path) -> Result<BatchFile, Diagnostics> {
    let (source, tree) = load(path, &mut Vec::new())?;
    let mut reader = Reader::new(&source);
    let file = read(&mut reader, &source, path, &tree);
    let faults = reader.faults;
    match file {
        Some(file) if faults.is_empty() => Ok(file),
        _ => Err(faults),
    }
}

/// The tree of a file over those that it extends. Faults name places of the file itself only.
fn load(path: &Path, above: &mut Vec<PathBuf>) -> Result<(SourceText, TreeNode), Diagnostics> {
    let shown = path.display().to_string();
    let cannot = |found: String| {
        let fault = Diagnostic::new(Exit::Usage, "the batch file cannot be read");
        Diagnostics::from(fault.at(SourcePlace::file(&shown)).found(found))
    };
    let real = path.canonicalize().map_err(|error| cannot(in_words(&error)))?;
    if above.contains(&real) || above.len() >= EXTENDS_MAX {
        return Err(cannot("it extends itself".to_owned()));
    }
    if !std::fs::metadata(&real).map_err(|error| cannot(in_words(&error)))?.is_file() {
        return Err(cannot("no file".to_owned()));
    }
    if real.extension().is_some_and(|ending| ending == "rhai") {
        let fault =
            Diagnostic::new(Exit::Usage, "this is a script, not a batch file").at(SourcePlace::file(&shown));
        let help = format!("type `mqscript run {shown}`; a batch file names it: `script: {shown}`");
        return Err(fault.expected("YAML").help(help).into());
    }
    let text = files::read_text(&real, TEXT_MAX_BYTES as u64).map_err(|wrong| match wrong {
        Unreadable::NoText(..) => {
            let fault =
                Diagnostic::new(Exit::Contents, "the file is not UTF-8").at(SourcePlace::file(&shown));
            fault.found(wrong.found()).help_if(wrong.help()).into()
        }
        _ => cannot(wrong.found()),
    })?;
    let tree = parse_text(&shown, &text)?;
    let source = SourceText { file: shown, text };
    let Some(extended) = tree.get("extends") else { return Ok((source, tree)) };
    let mut reader = Reader::new(&source);
    let Some(name) = reader.text("extends", extended, "the path of a batch file") else {
        return Err(reader.faults);
    };
    above.push(real);
    let base = path.parent().unwrap_or(Path::new("")).join(name);
    let (_, mut whole) = load(&base, above)?;
    whole.remove("extends");
    whole = whole.unplaced();
    whole.merge(&tree);
    Ok((source, whole))
}

fn read(reader: &mut Reader<'_>, source: &SourceText, path: &Path, tree: &TreeNode) -> Option<BatchFile> {
    let mut f = reader.fields("", tree)?;
    f.take("extends");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = texted(&mut f, reader, "name", "a name").unwrap_or(stem);
    let mut axes = scripts(&mut f, reader, tree);
    let mut said = CellDefaults::default();
    said.defaults(&mut f, reader);
    axes.extend(f.take("matrix").map(|node| read_axes(reader, node)).unwrap_or_default());
    overlaps(reader, tree, &axes, &said.set);
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let whole = |r: &mut Reader<'_>, p: &str, n: &TreeNode, max: u64| r.whole(p, n, 1, max);
    let number = |f: &mut Fields<'_>, r: &mut Reader<'_>, key, max| {
        f.read(r, key, |r, p, n| whole(r, p, n, max), |n| (*n).into())
    };
    let file = BatchFile {
        source: source.clone(),
        tree: tree.clone(),
        name,
        repeats: number(&mut f, reader, "repeats", REPEATS_MAX).unwrap_or(REPEATS),
        seed: f
            .read(reader, "seed", |r, p, n| r.whole(p, n, 0, i64::MAX as u64), |n| (*n).into())
            .unwrap_or(1),
        parallel: parallel(&mut f, reader),
        timeout_ns: f.duration(reader, "timeout"),
        include: maps(&mut f, reader, "include"),
        exclude: maps(&mut f, reader, "exclude"),
        checks: listed(&mut f, reader, "checks", "a list of checks such as \"total.p99 < 100ms\""),
        compare: across(&mut f, reader, &axes),
        params: said.params,
        set: said.set,
        core: said.core,
        setup: listed(&mut f, reader, "setup", "a list of shell commands"),
        cleanup: listed(&mut f, reader, "cleanup", "a list of shell commands"),
        output: without_detours(
            &folder
                .join(texted(&mut f, reader, "output", "a folder").unwrap_or_else(|| "results".to_owned())),
        ),
        max_cells: number(&mut f, reader, "max_cells", u64::from(u32::MAX)).unwrap_or(CELLS_MAX),
        folder,
        axes,
    };
    f.finish_in(reader, "a batch file");
    Some(file)
}

/// `scripts/batch/../../results` as `results`, where that is the same folder: where no link stands in between.
fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let named = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if named && !plain.is_symlink() => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// `scripts`, or `script` for one.
fn scripts(f: &mut Fields<'_>, reader: &mut Reader<'_>, tree: &TreeNode) -> Vec<Axis> {
    const EXPECTED: &str = "a script's path, or the name of a bundled one";
    let mut found: Vec<TreeNode> = f.take("script").cloned().into_iter().collect();
    match f.take("scripts") {
        Some(TreeNode { value: Written::List(items), .. }) if !items.is_empty() => {
            found.extend(items.clone())
        }
        Some(other) => reader.wrong("scripts", other, "a list of scripts"),
        None if found.is_empty() => reader.missing("", tree, "scripts", "a list of scripts"),
        None => {}
    }
    for (index, node) in found.iter().enumerate() {
        reader.text(&format!("scripts[{index}]"), node, EXPECTED);
    }
    let axis = Axis::new(AxisKind::Script, "script", found);
    tell_twins(reader, &axis, "scripts");
    vec![axis]
}

/// The defaults that hold for every cell.
#[derive(Default)]
struct CellDefaults {
    params: Vec<(String, String)>,
    set: Vec<(String, String)>,
    core: Option<TreeNode>,
}

impl CellDefaults {
    fn defaults(&mut self, f: &mut Fields<'_>, reader: &mut Reader<'_>) {
        let Some(node) = f.take("defaults") else { return };
        let Some(mut inner) = reader.fields("defaults", node) else { return };
        self.core = inner.take("core").cloned();
        self.params = pairs(inner.take("params"), "defaults.params", reader);
        self.set = pairs(inner.take("scenario"), "defaults.scenario", reader);
        inner.finish(reader);
    }
}

/// A map as typed texts.
fn pairs(node: Option<&TreeNode>, path: &str, reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    match node.entries() {
        Some(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.node.to_typed())).collect(),
        None => {
            reader.wrong(path, node, "a map");
            Vec::new()
        }
    }
}

fn parallel(f: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    let node = f.take("parallel")?;
    match &node.value {
        Written::Text(text) if text == "auto" => None,
        Written::Integer(whole @ 1..=1024) => Some(*whole as u64),
        _ => {
            reader.wrong("parallel", node, "auto, or a whole number from 1 to 1024");
            None
        }
    }
}

fn texted(f: &mut Fields<'_>, reader: &mut Reader<'_>, key: &'static str, expected: &str) -> Option<String> {
    let node = f.take(key)?;
    let text = reader.text(key, node, expected)?;
    if text.is_empty() {
        reader.wrong(key, node, expected);
        return None;
    }
    Some(text)
}

fn listed(f: &mut Fields<'_>, reader: &mut Reader<'_>, key: &'static str, expected: &str) -> Vec<String> {
    f.take(key).and_then(|node| reader.texts(key, node, expected)).unwrap_or_default()
}

fn maps(f: &mut Fields<'_>, reader: &mut Reader<'_>, key: &'static str) -> Vec<TreeNode> {
    const EXPECTED: &str = "a list of maps from axis to value";
    let Some(node) = f.take(key) else { return Vec::new() };
    match &node.value {
        Written::List(items) if items.iter().all(|item| item.entries().is_some()) => items.clone(),
        _ => {
            reader.wrong(key, node, EXPECTED);
            Vec::new()
        }
    }
}

fn across(f: &mut Fields<'_>, reader: &mut Reader<'_>, axes: &[Axis]) -> Option<AxisComparison> {
    let node = f.take("compare")?;
    let mut inner = reader.fields("compare", node)?;
    if !inner.required(reader, "across", "the name of an axis") {
        return None;
    }
    let said = inner.take("across")?;
    let axis = reader.text("compare.across", said, "the name of an axis")?;
    let known: Vec<&str> = axes.iter().filter(|axis| axis.values.len() > 1).map(|axis| &*axis.name).collect();
    if !known.contains(&axis.as_str()) {
        let help = crate::diagnostics::did_you_mean(&axis, known.iter().copied());
        reader.wrong_with("compare.across", said, &format!("one of {}", known.join(", ")), help);
    }
    let within = inner.take("within").and_then(|node| {
        let parsed = crate::compare::parse_within(&node.to_typed());
        if parsed.is_err() {
            reader.wrong("compare.within", node, "a share such as \"2%\", or a time such as \"0.1ms\"");
        }
        parsed.ok()
    });
    let figures = inner
        .take("figures")
        .and_then(|node| reader.texts("compare.figures", node, "a list of figures such as \"total.p99\""));
    inner.finish(reader);
    Some(AxisComparison { axis, within, figures })
}
