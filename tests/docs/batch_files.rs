//! The batch files that come along: nothing is wrong with any of them, and every cell can be played. Those over real
//! cores are played in short, as they stand they take minutes.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{folder, mqscript};

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/batch")
}

#[test]
fn nothing_is_wrong_with_any_of_them() {
    let mut checked = Vec::new();
    for entry in fs::read_dir(files()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let ended = mqscript(&["check", path.to_str().unwrap()]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}: {ended:?}", path.display());
        checked.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    checked.sort();
    assert_eq!(checked, ["nightly.yaml", "quick.yaml", "real_cores.yaml"]);
}

/// Plays a file's cells once each, for two seconds, and gives their labels with what came of each.
fn in_short(file: &str) -> Vec<(String, u64)> {
    let place = folder();
    let shown = |path: &Path| serde_json::to_string(path.to_str().unwrap()).unwrap();
    let text = format!(
        "extends: {}\nscript: {}\nrepeats: 1\noutput: {}\ndefaults: {{ scenario: {{ duration: 2s, warm_up: 200ms }} }}\n",
        shown(&files().join(file)),
        shown(&files().join("any_core.rhai")),
        shown(&place.path().join("results")),
    );
    let short = place.path().join(file);
    fs::write(&short, text).unwrap();
    let ended = mqscript(&["batch", "-q", short.to_str().unwrap()]);
    // A busy machine may not produce the load in time, or deliver it late: such a cell is undecided, or its check on the
    // times fails.
    assert!([0, 7, 9].contains(&ended.code), "{ended:?}");
    let lines = fs::read_to_string(place.path().join("results/latest/results.ndjson")).unwrap();
    let cells = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    cells.map(|cell| (cell["cell"].as_str().unwrap().to_owned(), cell["exit"].as_u64().unwrap())).collect()
}

#[test]
fn the_nightly_one_plays_simulated_and_real_cores() {
    let cells = in_short("nightly.yaml");
    assert_eq!(cells.len(), 13, "{cells:?}");
    assert_eq!(cells.iter().filter(|(name, _)| name.contains("sqlite")).count(), 2, "{cells:?}");
    // Simulated cells know no busy machine.
    let wrong: Vec<_> = cells.iter().filter(|(name, code)| !name.contains("sqlite") && *code != 0).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_one_over_real_cores_plays_each_of_them() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: no python3 here");
        println!("skipped: no python3 here");
        return;
    }
    let mut names: Vec<String> = in_short("real_cores.yaml").into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["any_core · python", "any_core · sqlite", "any_core · synced"]);
}
