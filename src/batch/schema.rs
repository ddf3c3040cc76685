//! The JSON Schema of a batch file, generated from types that say what its reader reads; the tests hold the one against
//! the other. Only tests know this module, so no build carries the generator.

use super::read_batch;
use crate::plan::text::parse_text;
use crate::report::schema::{faults, stands};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Which scripts are run on which cores with which settings: `mqscript batch FILE.yaml`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct BatchFile {
    /// Another batch file, relative to this one, over which this one is laid: maps are merged, all else replaces.
    extends: Option<String>,
    /// What the batch is called; without it, as the file is.
    name: Option<String>,
    /// One script: a path relative to this file, or the name of a bundled one.
    script: Option<String>,
    /// Several scripts: paths relative to this file, or names of bundled ones.
    scripts: Option<Vec<String>>,
    /// Replications of every cell, with seeds one after the other: 5 by default. A verdict takes at least five.
    #[schemars(extend("minimum" = 1, "maximum" = crate::plan::REPEATS_MAX))]
    repeats: Option<u64>,
    /// The first seed: 1 by default. The order of the cells depends on it, too.
    seed: Option<u64>,
    /// What holds for every cell that the matrix does not set otherwise.
    defaults: Option<Defaults>,
    /// What varies: every combination of the values is a cell.
    matrix: Option<Matrix>,
    /// Cells beside those of the matrix, each a map from axis to value; what is not said is the axis' first value.
    include: Option<Vec<BTreeMap<String, Value>>>,
    /// Cells to leave out, each a map from axis to value: all that have these values.
    exclude: Option<Vec<BTreeMap<String, Value>>>,
    /// Checks on every run of every script: `success_rate >= 90%`, `total.p99 < 100ms`.
    checks: Option<Vec<String>>,
    /// Compare cells that differ in one axis alone.
    compare: Option<Compare>,
    /// How long a cell may take: `5m`; a bare number is seconds.
    timeout: Option<Quantity>,
    /// Simulated cells at a time: `auto` for as many as there are processors, or a number. Live ones are always alone.
    parallel: Option<Parallel>,
    /// Shell commands before all cells, in this file's folder; if one fails, nothing is played.
    setup: Option<Vec<String>>,
    /// Shell commands after all cells, in this file's folder.
    cleanup: Option<Vec<String>>,
    /// The folder of the results, relative to this file: `results` by default. Every batch has a numbered folder in it.
    output: Option<String>,
    /// A larger matrix is refused before it begins: 10,000 by default.
    #[schemars(extend("minimum" = 1))]
    max_cells: Option<u64>,
}

/// What holds for every cell that the matrix does not set otherwise.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Defaults {
    /// The core that `run(scenario)` delivers through.
    core: Option<Core>,
    /// Parameters that the scripts declare, by name.
    params: Option<BTreeMap<String, Value>>,
    /// Places of the scenario by their path, as with `--set`: `processor.workers: 8`.
    scenario: Option<BTreeMap<String, Value>>,
}

/// What varies, by what it sets.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Matrix {
    /// Cores that `run(scenario)` delivers through.
    #[schemars(extend("minItems" = 1))]
    core: Option<Vec<Core>>,
    /// Parameters that the scripts declare: for each name, its values.
    params: Option<BTreeMap<String, Vec<Value>>>,
    /// Places of the scenario by their path, as with `--set`: for each, its values.
    scenario: Option<BTreeMap<String, Vec<Value>>>,
}

/// A comparison of cells that differ in one axis alone; verdicts are as everywhere.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Compare {
    /// The axis: `core`, `script`, a parameter's name or a scenario's path. Its first value is the baseline.
    across: String,
    /// What is too small to matter: a share such as `2%` (the default), or a time such as `0.1ms`.
    within: Option<Quantity>,
    /// The figures that get a verdict: `total.p99`, `success_rate`. With `--baseline` they count, too.
    figures: Option<Vec<String>>,
}

/// A name such as `mock`, a file with a `/`, or a map with options.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Core {
    /// A name such as `mock`, or a file with a `/`, relative to this file.
    Name(String),
    Plain(PlainCore),
    Layered(LayeredCore),
}

/// A core with options.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct PlainCore {
    /// A name such as `mock`, or a file with a `/`, relative to this file.
    core: String,
    /// What it is called in names of cells and in tables.
    name: Option<String>,
    /// Its options: `mqscript core info NAME` lists them.
    options: Option<Map<String, Value>>,
}

/// A layer over a core.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct LayeredCore {
    /// The layer: `chaos`, or a file with a `/`.
    layer: String,
    /// The core below it.
    over: Box<Core>,
    /// What both together are called in names of cells and in tables.
    name: Option<String>,
    /// The layer's options: `mqscript core info chaos` lists them.
    options: Option<Map<String, Value>>,
}

/// A number with its unit, or without.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Quantity {
    Text(String),
    Number(f64),
}

/// `auto`, or a number.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Parallel {
    Auto(#[schemars(extend("const" = "auto"))] String),
    Number(#[schemars(extend("minimum" = 1, "maximum" = 1024))] u64),
}

/// The schema as it must stand in the tree.
fn generated() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(BatchFile)).unwrap();
    schema["title"] = json!("Batch file of mqscript");
    schema["anyOf"] =
        ["script", "scripts", "extends"].map(|key| json!({ "required": [key] })).to_vec().into();
    schema
}

fn map(text: &str) -> Value {
    parse_text("batch.yaml", text).unwrap().to_json()
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    stands("batch.schema.json", &generated());
}

/// What the reader says that it knows, where a key is unknown: by the map's path.
fn keys_of_the_reader() -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.yaml");
    let text = "script: a\nzzz: 1\ndefaults: { zzz: 1 }\nmatrix: { core: [a, b], zzz: 1 }\n\
                compare: { across: core, zzz: 1 }\n";
    std::fs::write(&path, text).unwrap();
    let faults = read_batch(&path).unwrap_err();
    let of = |fault: &crate::diagnostics::Diagnostic| {
        let path = fault.path.as_deref()?.strip_suffix("zzz")?.trim_end_matches('.').to_owned();
        let known = fault.expected.as_deref()?.strip_prefix("one of ")?;
        let mut known: Vec<String> = known.split(", ").map(str::to_owned).collect();
        known.sort();
        known.dedup();
        Some((path, known))
    };
    faults.iter().filter_map(of).collect()
}

#[test]
fn the_reader_and_the_schema_know_the_same_keys() {
    let schema = generated();
    let keys = |properties: &Value| {
        let mut keys: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let read = keys_of_the_reader();
    assert_eq!(read.len(), 4, "{read:?}");
    for (path, known) in read {
        let properties = match path.as_str() {
            "" => &schema["properties"],
            "defaults" => &schema["$defs"]["Defaults"]["properties"],
            "matrix" => &schema["$defs"]["Matrix"]["properties"],
            "compare" => &schema["$defs"]["Compare"]["properties"],
            other => panic!("{other}"),
        };
        assert_eq!(keys(properties), known, "`{path}`");
    }
}

#[test]
fn every_key_is_described() {
    fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if !property["description"].is_string() {
                found.push(format!("{path}.{key}"));
            }
        }
        for (name, inner) in schema["$defs"].as_object().into_iter().flatten() {
            undescribed(inner, name, found);
        }
    }
    let mut found = Vec::new();
    undescribed(&generated(), "", &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_batch_files_that_come_along_are_what_the_schema_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/batch");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema="), "{}", path.display());
        let faults = faults(&generated(), &map(&text));
        assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn what_the_reader_refuses_the_schema_refuses() {
    let whole = "script: a\nrepeats: 5\nseed: 0\nparallel: auto\ntimeout: 5m\nmax_cells: 9\noutput: x\n\
                 defaults: { core: mock, params: { rate: 20/s }, scenario: { processor.workers: 2 } }\n\
                 matrix: { core: [mock, { core: mock, name: slow, options: { latency: 2ms } }, \
                 { layer: chaos, over: { core: mock }, options: { crash: 1% } }], params: { rate: [1, 2] } }\n\
                 include: [{ core: mock, rate: 3 }]\nexclude: [{ rate: 1, core: slow }]\n\
                 checks: [\"success_rate >= 90%\"]\nsetup: [\"true\"]\ncleanup: [\"true\"]\n\
                 compare: { across: core, within: 0.02, figures: [total.p99] }\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.yaml");
    let both = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let read = read_batch(&path).map(drop);
        (read.is_ok(), faults(&generated(), &map(text)), read)
    };
    let (read, faults, why) = both(whole);
    assert!(read && faults.is_empty(), "{why:?} {faults:#?}");
    for (from, to) in [
        ("script: a\n", ""),
        ("script: a", "script: 7"),
        ("repeats: 5", "repeats: 0"),
        ("repeats: 5", "repeats: 10001"),
        ("seed: 0", "seed: -1"),
        ("seed: 0", "sede: 0"),
        ("parallel: auto", "parallel: many"),
        ("parallel: auto", "parallel: 0"),
        ("timeout: 5m", "timeout: [5m]"),
        ("max_cells: 9", "max_cells: 0"),
        ("output: x", "output: 7"),
        ("defaults: { core", "defaults: { cores"),
        ("params: { rate: 20/s }", "params: 20/s"),
        ("params: { rate: [1, 2] }", "params: { rate: 1 }"),
        ("params: { rate: [1, 2] }", "parms: { rate: [1, 2] }"),
        ("include: [{ core: mock, rate: 3 }]", "include: { core: mock }"),
        ("checks: [\"success_rate >= 90%\"]", "checks: success_rate >= 90%"),
        ("setup: [\"true\"]", "setup: [true]"),
        ("across: core, ", ""),
        ("across: core, ", "across: core, inside: 1%, "),
        ("figures: [total.p99]", "figures: total.p99"),
    ] {
        assert!(whole.contains(from), "{from}");
        let (read, faults, _) = both(&whole.replacen(from, to, 1));
        assert!(!read && !faults.is_empty(), "{from} → {to}: {faults:?}");
    }
    // A core is only read with its cell; the schema knows its keys, too.
    for (from, to) in [("name: slow", "nmae: slow"), ("over: { core: mock }, ", ""), ("layer: chaos, ", "")] {
        let text = whole.replacen(from, to, 1);
        assert!(text != whole && !both(&text).1.is_empty(), "{from}");
    }
}
