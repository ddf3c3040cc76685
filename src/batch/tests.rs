use super::*;
use crate::diagnostics::{Diagnostics, Exit};
use std::path::Path;

fn expand(text: &str) -> Result<Cells, Diagnostics> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.yaml");
    std::fs::write(&path, text).unwrap();
    cells(&read_batch(&path)?)
}

fn names(text: &str) -> Vec<String> {
    expand(text).unwrap().cells.into_iter().map(|cell| cell.name).collect()
}

/// What each fault says: its place, title, and help.
fn faults(text: &str) -> Vec<String> {
    let faults = expand(text).map(|cells| cells.cells.len()).unwrap_err();
    faults.iter().map(|fault| format!("{fault:?}")).collect()
}

const FILE: &str = r#"
name: nightly
scripts: [../nine_agents.rhai, urgent_mix]
matrix:
  core:
    - mock
    - { name: slow mock, core: mock, options: { latency: 2ms..20ms } }
    - { layer: chaos, over: mock, options: { crash: 1% } }
  params:
    rate: [20/s, 200/s]
  scenario:
    processor.workers: [2, 8]
exclude:
  - { core: slow mock, rate: 200/s }
include:
  - { script: urgent_mix, core: mock, rate: 1/s }
"#;

#[test]
fn a_matrix_becomes_cells() {
    let found = expand(FILE).unwrap();
    assert_eq!((found.cells.len(), found.excluded.len()), (2 * 3 * 2 * 2 - 4 + 1, 4));
    let names: Vec<&str> = found.cells.iter().map(|cell| &*cell.name).collect();
    assert_eq!(names[0], "nine_agents · mock · rate=20/s · processor.workers=2");
    assert!(names.contains(&"urgent_mix · chaos over mock · rate=200/s · processor.workers=8"));
    assert_eq!(names[names.len() - 1], "urgent_mix · mock · rate=1/s · processor.workers=2");
    let first = &found.cells[0];
    assert_eq!(first.script, "../nine_agents.rhai");
    assert_eq!(first.params, [("rate".to_owned(), "20/s".to_owned())]);
    assert_eq!(first.set, [("processor.workers".to_owned(), "2".to_owned())]);
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
}

#[test]
fn what_does_not_vary_is_no_part_of_a_name() {
    assert_eq!(names("script: nine_agents"), ["nine_agents"]);
    assert_eq!(
        names("script: nine_agents\nmatrix: { core: [mock], params: { rate: [20/s] } }"),
        ["nine_agents"]
    );
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let told = faults(
        r#"
scirpts: [nine_agents]
repeats: 0
parallel: many
matrix: { core: [mock, mock], parms: { rate: [1] }, scenario: { workers: 8 } }
compare: { across: croe }
"#,
    );
    let whole = told.join("\n");
    for part in [
        "unknown key `scirpts` in a batch file",
        "`scripts` is missing",
        "`repeats`",
        "`parallel`",
        "two values of `core` are called `mock`",
        "unknown key `parms` in `matrix`",
        "`matrix.scenario.workers`",
        "`compare.across`",
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
}

#[test]
fn entries_must_mean_something() {
    let with =
        |more: &str| faults(&format!("script: nine_agents\nmatrix: {{ core: [mock, sqlite] }}\n{more}"));
    assert!(with("exclude: [{ core: sqlte }]")[0].contains("sqlite"));
    assert!(with("exclude: [{ croe: sqlite }]")[0].contains("there is no axis `croe`"));
    assert!(with("include: [{ core: mock }]")[0].contains("two cells are called `nine_agents · mock`"));
    assert!(with("exclude: [{ core: mock }, { core: sqlite }]")[0].contains("no cell is left"));
    let double = "exclude: [{ core: mock }, { core: mock, script: nine_agents }]";
    assert!(expand(&format!("script: nine_agents\nmatrix: {{ core: [mock, sqlite] }}\n{double}")).is_ok());
    let apart = r#"
script: nine_agents
matrix: { core: [mock, sqlite], params: { rate: [1, 2] } }
exclude: [{ core: mock, rate: 1 }, { core: mock, rate: 3 }]"#;
    assert!(faults(apart)[0].contains("exclude[1].rate"), "{:?}", faults(apart));
}

#[test]
fn axes_that_touch_the_same_place_are_refused() {
    let with = |more: &str| faults(&format!("script: nine_agents\n{more}"));
    for more in [
        "matrix: { scenario: { processor.workers: [1, 2], processor: [{ workers: 3 }] } }",
        "matrix: { scenario: { arrival: [1/s, 2/s], arrival.poisson.rate: [3/s] } }",
        "matrix: { scenario: { arrival.poisson.rate: [1/s], arrival.constant.rate: [3/s] } }",
        "matrix: { scenario: { agents: [1, 2], \"agents[0].count\": [3] } }",
        "matrix: { scenario: { duration: [1s, 2s], messages: [3] } }",
        "matrix: { scenario: { end: [{ messages: 5 }], duration: [3s] } }",
        "matrix: { scenario: { types.direct.tags: [[a]], 'types[\"direct\"]': [{ priority: low }] } }",
        "matrix: { scenario: { checks: [[failed == 0]] } }\nchecks: [failed == 1]",
        "defaults: { scenario: { checks: [failed == 0] } }\nchecks: [failed == 1]",
    ] {
        let told = with(more);
        assert!(told.len() == 1 && told[0].contains("touch the same place"), "{more}: {told:?}");
    }
    assert!(
        with("matrix: { params: { seed: [1] }, scenario: { seed: [2] } }")[0].contains("two axes are called")
    );
    for more in [
        "matrix: { scenario: { processor.workers: [1, 2], processor.retry.attempts: [3] } }",
        "matrix: { scenario: { end.duration: [1s, 2s], end.messages: [3] } }",
        "matrix: { scenario: { \"agents[0].count\": [1, 2], \"agents[1].count\": [3] } }",
        "matrix: { scenario: { processor.workers: [1, 2] } }\nchecks: [failed == 1]",
    ] {
        assert!(expand(&format!("script: nine_agents\n{more}")).is_ok(), "{more}");
    }
}

#[test]
fn scripts_of_one_name_are_told_apart_or_refused() {
    let two = "scripts: [d1/s.rhai, d2/s.rhai, other.rhai]";
    assert_eq!(names(two), ["d1/s", "d2/s", "other"]);
    let one =
        format!("{two}\nmatrix: {{ core: [mock, sqlite] }}\nexclude: [{{ script: d2/s.rhai, core: mock }}]");
    assert_eq!(expand(&one).unwrap().excluded, ["d2/s · mock"]);
    assert!(faults("scripts: [s.rhai, s.rhai]")[0].contains("two values of `script` are called `s`"));
    assert!(faults("scripts: [a/s.rhai, a/s]")[0].contains("two values of `script` are called `a/s`"));
}

#[test]
fn values_of_texts_stay_as_they_are_written() {
    let text =
        "script: a\nmatrix:\n  params:\n    country: [1.10, 010, 1e3, no, 0x10, 2024-01-01, \"yes\", +5]\n";
    let labels: Vec<String> =
        expand(text).unwrap().cells.into_iter().map(|cell| cell.params[0].1.clone()).collect();
    assert_eq!(labels, ["1.10", "010", "1e3", "no", "0x10", "2024-01-01", "yes", "+5"]);
    let nested = "script: a\ndefaults: { scenario: { message: { content: 1.10, tags: [010, a b] } } }";
    assert_eq!(expand(nested).unwrap().cells[0].set[0].1, "{\"content\":1.10,\"tags\":[010,\"a b\"]}");
}

#[test]
fn a_folder_is_named_without_detours() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("scripts/batch")).unwrap();
    let path = folder.path().join("scripts/batch/b.yaml");
    std::fs::write(&path, "script: a\noutput: ../../results/x\n").unwrap();
    assert_eq!(read_batch(&path).unwrap().output, folder.path().join("results/x"));
}

#[test]
fn a_million_cells_are_refused_before_they_are_made() {
    let values: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let axis = values.join(", ");
    let text =
        format!("script: nine_agents\nmatrix: {{ params: {{ a: [{axis}], b: [{axis}], c: [{axis}] }} }}");
    let started = std::time::Instant::now();
    assert!(faults(&text)[0].contains("1000000"), "{}", faults(&text)[0]);
    assert!(started.elapsed().as_secs() < 5);
    let few = "script: nine_agents\nmax_cells: 2\nmatrix: { params: { a: [1, 2, 3] } }";
    assert!(faults(few)[0].contains("at most 2"));
}

#[test]
fn a_file_lies_over_the_one_that_it_extends() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("base.yaml", "script: nine_agents\nrepeats: 3\nmatrix: { core: [mock] }\ntimeout: 5s\n");
    write("over.yaml", "extends: base.yaml\nrepeats: 4\nmatrix: { params: { rate: [1, 2] } }\n");
    write("loop.yaml", "extends: loop.yaml\n");
    let read = |name: &str| read_batch(&folder.path().join(name));
    let file = read("over.yaml").unwrap();
    assert_eq!((file.repeats, file.timeout_ns, &*file.name), (4, Some(5_000_000_000), "over"));
    assert_eq!(cells(&file).unwrap().cells.len(), 2);
    let looped = read("loop.yaml").unwrap_err();
    assert!(format!("{looped:?}").contains("it extends itself"));
    let missing = read_batch(Path::new("/nowhere/batch.yaml")).unwrap_err();
    assert_eq!(missing.exit(), Exit::Usage);
}

#[test]
fn what_would_take_for_ever_is_refused_at_once() {
    let nested = format!("script: {}", "[".repeat(100_000));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
                c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n\
                e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e, *e, *e]\nscript: x\n";
    let started = std::time::Instant::now();
    for text in [nested.as_str(), bomb, "script: x\nscript: y\n", "script:\n\t- x\n"] {
        assert!(expand(text).is_err(), "{}", &text[..40.min(text.len())]);
    }
    assert!(started.elapsed().as_secs() < 5);
}
