//! `mqscript batch --baseline` and `--save-baseline`: what was measured once is what is compared with.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::batch::Batch;
use support::program::mqscript;

const TWO_CORES: &str =
    "script: script.rhai\nmatrix: { core: [mock, { name: slow, core: mock, options: { latency: 20ms } }] }\n";

/// How each cell stands to the baseline, by `baseline.ndjson`.
fn standings(batch: &Batch) -> BTreeMap<String, Value> {
    let of = |line: &str| {
        let cell: Value = serde_json::from_str(line).unwrap();
        (cell["cell"].as_str().unwrap().to_owned(), cell)
    };
    batch.read("baseline.ndjson").lines().map(of).collect()
}

/// The files of a cell in the baseline `main`.
fn kept(batch: &Batch, cell: &str) -> PathBuf {
    let cells = fs::read_dir(batch.path("results/baselines/main/cells")).unwrap();
    let mut paths = cells.map(|entry| entry.unwrap().path());
    paths.find(|path| path.to_str().unwrap().contains(cell)).unwrap()
}

/// Changes the saved results of a cell.
fn change(results: &Path, change: impl Fn(&mut Value)) {
    let mut report: Value = serde_json::from_slice(&fs::read(results).unwrap()).unwrap();
    report["runs"].as_array_mut().unwrap().iter_mut().for_each(change);
    fs::write(results, report.to_string()).unwrap();
}

#[test]
fn unchanged_code_is_the_same_to_the_byte_and_slower_code_is_a_regression() {
    let batch = Batch::of(TWO_CORES);
    let saved = batch.play(&["--save-baseline", "main"]);
    assert!(saved.code == 0 && saved.stderr.contains("saved as the baseline `main`"), "{saved:?}");
    // The copy needs nothing of the batch that it comes from.
    fs::remove_dir_all(batch.path("results/0001")).unwrap();
    let same = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert!(same.code == 0 && same.stdout.contains("2 cells: 2 the same to the byte"), "{same:?}");
    assert!(standings(&batch).values().all(|cell| cell["standing"] == "identical"));

    batch.write("batch.yaml", &TWO_CORES.replace("20ms", "21ms"));
    let told = batch.play(&["-q", "--baseline", "main"]);
    assert_eq!(told.code, 0, "nobody said that a regression fails: {told:?}");
    assert!(told.stdout.contains("1 the same to the byte, 1 compared"), "{told:?}");
    assert!(told.stdout.contains("! they were not asked to do the same: the core's options"), "{told:?}");
    let failing = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert_eq!(failing.code, 7, "{failing:?}");
    for part in
        ["1 worse than the baseline", "✗ script · slow is worse than the baseline", "total.p50 +5.00 %"]
    {
        assert!(failing.stdout.contains(part), "{part}: {}", failing.stdout);
    }
    assert!(failing.stdout.contains("--only 'script · slow' --baseline main"), "{}", failing.stdout);
    let slow = &standings(&batch)["script · slow"];
    assert!(slow["regressed"].as_array().unwrap().contains(&"total.mean".into()), "{slow}");
    assert_eq!(slow["comparisons"][0]["contenders"][0]["method"], "paired");
    let junit = batch.read("junit.xml");
    assert!(junit.contains("failures=\"1\"") && junit.contains("type=\"regression\""), "{junit}");
    let summary = batch.read("summary.md");
    assert!(
        summary.contains("## Against the baseline main") && summary.contains("| script · slow | ✗ worse in")
    );
    // What is too small to matter, and what is looked at, the file says.
    let lax = "compare: { across: core, within: 10%, figures: [total.mean] }\n";
    batch.write("batch.yaml", &(TWO_CORES.replace("20ms", "21ms") + lax));
    let lax = batch.play(&["-q", "--baseline", "main"]);
    assert!(lax.stdout.contains("equivalent in total.mean"), "{lax:?}");
    assert_eq!(standings(&batch)["script · slow"]["regressed"], serde_json::json!([]));
}

#[test]
fn a_folder_or_latest_is_a_baseline_too() {
    let batch = Batch::of(TWO_CORES);
    assert_eq!(batch.play(&["-q"]).code, 0);
    batch.write("batch.yaml", &TWO_CORES.replace("20ms", "22ms"));
    // `latest` is the one before this one.
    let latest = batch.play(&["-q", "--baseline", "latest", "--fail-on-regression"]);
    assert!(latest.code == 7 && latest.stdout.contains("against the baseline 0001"), "{latest:?}");
    assert!(latest.stdout.contains("/results/0001\n"), "the command to repeat names the folder: {latest:?}");
    for said in ["1", &batch.path("results/0001")] {
        let ended = batch.play(&["-q", "--baseline", said, "--fail-on-regression"]);
        assert_eq!(ended.code, 7, "{said}: {ended:?}");
    }
    let same = batch.play(&["-q", "--baseline", &batch.path("results/latest")]);
    assert!(same.stdout.contains("2 the same to the byte"), "{same:?}");
    let elsewhere = support::program::folder();
    fs::rename(batch.path("results/0001"), elsewhere.path().join("kept")).unwrap();
    let kept = elsewhere.path().join("kept").display().to_string();
    let carried = batch.play(&["-q", "--baseline", &kept, "--only", "script · slow", "--fail-on-regression"]);
    assert!(
        carried.code == 7 && carried.stdout.contains("only in the baseline: script · mock"),
        "{carried:?}"
    );
    let own = batch.play(&["-q", "--changed", "--baseline", "latest"]);
    assert!(own.code == 2 && own.stderr.contains("its own baseline"), "{own:?}");
}

#[test]
fn a_name_is_replaced_on_purpose_only_and_never_by_something_worse() {
    let batch = Batch::of(TWO_CORES);
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code, 0);
    let before = fs::read(kept(&batch, "slow").join("results.json")).unwrap();
    batch.write("batch.yaml", &TWO_CORES.replace("20ms", "22ms"));
    let refused = batch.play(&["-q", "--save-baseline", "main"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("there is a baseline `main` already"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("--force"), "{refused:?}");
    assert!(!Path::new(&batch.path("results/0002")).exists(), "refused before anything was played");
    let ratchet = ["-q", "--baseline", "main", "--save-baseline", "main", "--force", "--fail-on-regression"];
    let worse = batch.play(&ratchet);
    assert!(worse.code == 7 && worse.stderr.contains("the baseline `main` is not saved"), "{worse:?}");
    assert_eq!(fs::read(kept(&batch, "slow").join("results.json")).unwrap(), before);
    batch.write("batch.yaml", &TWO_CORES.replace("20ms", "18ms"));
    let better = batch.play(&ratchet);
    assert!(better.code == 0 && better.stdout.contains("better in"), "{better:?}");
    assert_ne!(fs::read(kept(&batch, "slow").join("results.json")).unwrap(), before);
    let left: Vec<_> = fs::read_dir(batch.path("results/baselines")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_has_no_counterpart_is_said_and_fails_nothing() {
    let batch = Batch::of(TWO_CORES);
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code, 0);
    batch.write("batch.yaml", &TWO_CORES.replace("name: slow", "name: fast").replace("20ms", "1ms"));
    let ended = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["· script · fast: no counterpart in the baseline", "only in the baseline: script · slow"]
    {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    assert_eq!(standings(&batch)["script · fast"]["standing"], "no_counterpart");
    assert!(batch.read("summary.md").contains("| script · slow | only in the baseline |"));
}

#[test]
fn other_seeds_and_fewer_replications_are_compared_as_far_as_they_go() {
    let batch = Batch::of(TWO_CORES);
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code, 0);
    batch.write("batch.yaml", &format!("{}seed: 100\n", TWO_CORES.replace("20ms", "30ms")));
    let seeds = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert_eq!(seeds.code, 7, "{seeds:?}");
    assert_eq!(standings(&batch)["script · slow"]["comparisons"][0]["contenders"][0]["method"], "welch");
    let few = batch.play(&["-q", "--repeats", "2", "--baseline", "main", "--fail-on-regression"]);
    assert_eq!(few.code, 0, "{few:?}");
    assert!(few.stdout.contains("no verdict: 2 replications: a verdict takes at least 5"), "{few:?}");
}

#[test]
fn every_run_of_a_script_is_compared_with_its_own() {
    let twice = |second: &str| {
        let run = |name: &str, latency: &str| {
            format!(
                "run(scenario(#{{ name: \"{name}\", arrival: \"20/s\", mix: [\"direct\"], duration: \"5s\" }}), \
                 core(\"mock\", #{{ latency: \"{latency}\" }}));\n"
            )
        };
        run("first", "5ms") + &*run("second", second)
    };
    let batch = Batch::of("script: script.rhai\n");
    batch.write("script.rhai", &twice("5ms"));
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code, 0);
    batch.write("script.rhai", &twice("9ms"));
    let ended = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(
        ended.stdout.contains("✗ script (second)") && ended.stdout.contains("· script (first)"),
        "{ended:?}"
    );
}

#[test]
fn other_versions_and_machines_cast_doubt() {
    let batch = Batch::of(
        "script: script.rhai\nmatrix: { scenario: { clock: [virtual, wall] } }\n\
         defaults: { scenario: { duration: 100ms } }\n",
    );
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code % 9, 0, "all well, or late");
    for cell in ["virtual", "wall"] {
        change(&kept(&batch, cell).join("results.json"), |run| {
            run["environment"]["version"] = "0.0.9".into();
            run["environment"]["host"] = "another machine".into();
            run["digest"] = "other".into();
        });
    }
    let ended = batch.play(&["-q", "--baseline", "main"]);
    assert!(
        ended.stdout.contains("0.0.9") && ended.stdout.contains("in 2 cells, the first being"),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("another machine"), "{ended:?}");
    let kinds = |cell: &str| standings(&batch)[cell]["comparisons"][0]["warnings"].to_string();
    assert!(kinds("script · clock=wall").contains("different_hosts"));
    assert!(!kinds("script · clock=virtual").contains("different_hosts"), "simulated runs know no machine");
    assert!(kinds("script · clock=virtual").contains("different_versions"));
}

#[test]
fn a_batch_that_is_not_whole_becomes_no_baseline() {
    let batch =
        Batch::of("script: script.rhai\ntimeout: 1s\nmatrix: { scenario: { duration: [5s, 900000s] } }\n");
    let ended = batch.play(&["-q", "--save-baseline", "main"]);
    assert!(ended.code == 143 && ended.stderr.contains("the baseline `main` is not saved"), "{ended:?}");
    assert!(ended.stderr.contains("the first being `script · duration=900000s`"), "{ended:?}");
    assert!(!Path::new(&batch.path("results/baselines/main")).exists());
}

#[test]
fn what_is_no_baseline_is_refused_before_anything_is_played() {
    let batch = Batch::of(TWO_CORES);
    let none = batch.play(&["-q", "--baseline", "main"]);
    assert!(none.code == 2 && none.stderr.contains("there is none"), "{none:?}");
    assert_eq!(batch.play(&["-q", "--save-baseline", "main"]).code, 0);
    let results = kept(&batch, "slow").join("results.json");
    let refused = |arguments: &[&str], code: i32, parts: &[&str]| {
        let ended = batch.play(&[&["-q"], arguments].concat());
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        for part in parts {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
        assert!(!Path::new(&batch.path("results/0002")).exists(), "{arguments:?}");
    };
    refused(
        &["--baseline", "mian"],
        2,
        &["there is no baseline `mian`", "one of main", "did you mean `main`?"],
    );
    refused(&["--baseline", "7"], 2, &["results/0007", "cannot be a baseline"]);
    refused(&["--baseline", "/nowhere/at/all"], 2, &["cannot be a baseline", "there is no such folder"]);
    refused(&["--baseline", &batch.path("")], 2, &["a folder that is no batch's", "journal.ndjson"]);
    let output = batch.path("results");
    refused(&["--baseline", &output], 2, &["a folder that is no batch's", "did you mean", "results/latest"]);
    refused(&["--baseline", "docs"], 2, &["a folder needs a `/`: `--baseline ./docs`"]);
    for name in ["a/b", "latest", "12", "", ".hidden", "new\nline"] {
        refused(&["--save-baseline", name], 2, &["is no name for a baseline"]);
    }
    refused(&["--save-baseline", "x", "--only", "script · mock"], 2, &["cannot be used with"]);
    refused(&["--force"], 2, &["--save-baseline"]);
    let whole = fs::read(&results).unwrap();
    fs::write(&results, &whole[..whole.len() / 2]).unwrap();
    refused(&["--baseline", "main"], 3, &["the file ends too early", "results.json"]);
    fs::write(&results, "{\"format\": \"mqscript.report/9\"}").unwrap();
    refused(&["--baseline", "main"], 3, &["another version of the format"]);
    // A cell that has left nothing is no reason to refuse all others.
    fs::remove_file(&results).unwrap();
    let without = batch.play(&["-q", "--baseline", "main", "--fail-on-regression"]);
    assert!(
        without.code == 0 && without.stdout.contains("script · slow: no results in the baseline"),
        "{without:?}"
    );
    fs::remove_dir_all(batch.path("results/baselines/main/cells")).unwrap();
    let empty = batch.play(&["-q", "--baseline", "main"]);
    assert!(empty.code == 2 && empty.stderr.contains("no cell of it is over"), "{empty:?}");
    assert_eq!(mqscript(&["compare", results.to_str().unwrap()]).code, 2, "what is gone is gone");
}
