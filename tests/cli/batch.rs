//! `mqscript batch`: a matrix of runs that can be trusted overnight.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::batch::{Batch, SCRIPT};
use support::program::{Ended, mqscript};

#[test]
fn a_matrix_is_played_and_told() {
    let batch = Batch::of(
        "script: script.rhai\nrepeats: 2\nmatrix: { core: [mock, { name: bad, core: mock, options: { success_rate: 50% } }], \
         params: { rate: [10/s, 20/s] } }\nchecks: [\"success_rate >= 90%\"]\n",
    );
    let ended = batch.play(&[]);
    assert_eq!(ended.code, 7, "{ended:?}");
    let names = ["bad · rate=10/s", "bad · rate=20/s", "mock · rate=10/s", "mock · rate=20/s"];
    let outcomes = batch.outcomes();
    assert_eq!(
        outcomes.keys().collect::<Vec<_>>(),
        names.map(|name| format!("script · {name}")).iter().collect::<Vec<_>>()
    );
    for (name, outcome) in &outcomes {
        assert_eq!(outcome["exit"], if name.contains("bad") { 7 } else { 0 }, "{outcome}");
        assert_eq!(outcome["summary"]["runs"], 2);
    }
    // Failures first, and again at the very end, with the command that plays that cell alone.
    let rows: Vec<usize> =
        names.iter().map(|name| ended.stdout.find(&format!("script · {name}")).unwrap()).collect();
    assert!(rows[..2].iter().max() < rows[2..].iter().min(), "{}", ended.stdout);
    let again = "--only 'script · bad · rate=20/s'";
    assert!(ended.stdout.contains(again), "{}", ended.stdout);
    assert!(ended.stdout.contains("success_rate >= 90%"), "{}", ended.stdout);
    assert!(
        !format!("{}{}", ended.stdout, ended.stderr).contains('\x1b'),
        "no control characters without a terminal"
    );
    let junit = batch.read("junit.xml");
    assert!(
        junit.contains("tests=\"4\"") && junit.contains("failures=\"2\"") && junit.contains("errors=\"0\""),
        "{junit}"
    );
    assert!(
        batch.read("summary.md").contains("| script · mock · rate=10/s | ✓ |"),
        "{}",
        batch.read("summary.md")
    );
    let results: Value =
        serde_json::from_slice(&fs::read(batch.cell("0001").join("results.json")).unwrap()).unwrap();
    assert_eq!((&results["runs"][0]["seed"], &results["runs"][1]["seed"]), (&1.into(), &2.into()));
    // Alone, in a folder of its own: what was there is not overwritten.
    let alone = batch.play(&["--only", "script · mock · rate=20/s"]);
    assert_eq!(alone.code, 0, "{alone:?}");
    assert!(batch.outcomes().len() == 1 && batch.0.path().join("results/0001/results.ndjson").exists());
    let checked = mqscript(&["check", &batch.path("batch.yaml")]);
    assert!(checked.code == 0 && checked.stdout.contains("4 cells, 8 runs"), "{checked:?}");
}

#[test]
fn a_core_that_dies_or_hangs_costs_its_cell() {
    let deadly = support::compile("deadly.c", &[]);
    let core = |name: &str, way: &str| {
        format!("{{ name: {name}, core: {}, options: {{ way: {way} }} }}", deadly.display())
    };
    let batch = Batch::of(&format!(
        "script: script.rhai\nrepeats: 1\nmatrix: {{ core: [mock, {}, {}, {}] }}\ndefaults: {{ params: {{ rate: 200/s }} }}\n",
        core("segfault", "segv"),
        core("quits", "exit"),
        core("hangs", "spin"),
    ));
    let ended = batch.play(&["--hang-timeout", "1s", "-q"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    let outcomes = batch.outcomes();
    assert_eq!(outcomes["script · mock"]["exit"], 0);
    for (name, told) in [("segfault", "SIGSEGV"), ("quits", "exit code 3"), ("hangs", "did not return")] {
        let outcome = &outcomes[&format!("script · {name}")];
        assert_eq!(outcome["exit"], 6, "{outcome}");
        let problems = outcome["summary"]["problems"].to_string();
        assert!(problems.contains(told) && problems.contains("publish"), "{name}: {problems}");
        // What was measured is kept.
        assert_eq!(outcome["summary"]["runs"], 1, "{outcome}");
        assert!(outcome["summary"]["generated"].as_u64().unwrap() >= 1000, "{outcome}");
    }
    assert!(batch.read("junit.xml").contains("errors=\"3\""), "{}", batch.read("junit.xml"));
    let left: Vec<_> =
        fs::read_dir(batch.cell("0002")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_cell_that_takes_too_long_is_ended_and_the_batch_goes_on() {
    let batch = Batch::of(
        "script: script.rhai\nrepeats: 1\ntimeout: 5s\nmatrix: { scenario: { duration: [5s, 900h] } }\ndefaults: { params: { rate: 2000/s } }\n",
    );
    batch.write("batch.yaml", &batch_text(&batch).replace("900h", "90000s"));
    let ended = batch.play(&["-q"]);
    let outcomes = batch.outcomes();
    let long = &outcomes["script · duration=90000s"];
    assert_eq!((&long["timed_out"], &long["exit"]), (&true.into(), &143.into()), "{ended:?} {long}");
    assert_eq!(outcomes["script · duration=5s"]["exit"], 0);
    assert!(long["summary"]["problems"].to_string().contains("longer than `timeout`"));
}

fn batch_text(batch: &Batch) -> String {
    fs::read_to_string(batch.path("batch.yaml")).unwrap()
}

#[test]
fn after_any_kill_a_batch_goes_on_with_no_cell_lost_or_played_again() {
    let rates: Vec<String> = (1..=25).map(|rate| format!("{rate}/s")).collect();
    let batch = Batch::of(&format!(
        "script: script.rhai\nrepeats: 1\nmatrix: {{ params: {{ rate: [{}] }}, scenario: {{ processor.workers: [2, 4] }} }}\n",
        rates.join(", ")
    ));
    // Looking at the cells takes most of the time until the first is played.
    let since = Instant::now();
    assert_eq!(mqscript(&["check", &batch.path("batch.yaml")]).code, 0);
    let looking = since.elapsed();
    let (mut kills, mut seen) = (0, std::collections::BTreeSet::new());
    let mut stream = mqscript_plugin::random::Stream::from_key(7);
    let finished = || {
        let journal = batch.0.path().join("results/latest/journal.ndjson");
        if journal.exists() { batch.ends().len() } else { 0 }
    };
    for round in 0..100 {
        let begun = batch.0.path().join("results/latest/journal.ndjson").exists();
        let mut playing = batch.command(if begun { &["--resume", "-q"] } else { &["-q"] });
        let mut playing = playing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // One in four while cells are looked at, or anywhere; the others when some more cells are finished.
        if round % 4 == 0 {
            std::thread::sleep(looking.mul_f64(stream.below(1_000) as f64 / 1e3));
        } else {
            let enough = finished() + 1 + stream.below(2) as usize;
            while finished() < enough && playing.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(stream.below(10_000)));
        }
        kills += u32::from(playing.try_wait().unwrap().is_none());
        playing.kill().unwrap();
        playing.wait().unwrap();
        seen.insert(if begun { batch.ends().len() } else { 0 });
        if kills == 20 {
            break;
        }
    }
    assert!(kills == 20 && seen.len() > 3, "{kills} kills, with so many cells finished: {seen:?}");
    let ended = batch.play(&["--resume", "-q"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(batch.outcomes().len(), 50);
    let ends = batch.ends();
    assert_eq!(ends.len(), 50, "no cell is lost");
    assert!(ends.values().all(|ends| *ends == 1), "no cell is played again: {ends:?}");
    assert!(!batch.0.path().join("results/0002").exists(), "one batch");
}

#[test]
fn what_changed_is_noticed_and_only_that_is_played_anew() {
    let batch = Batch::of(
        "scripts: [script.rhai, other.rhai]\nrepeats: 1\nmatrix: { params: { rate: [10/s, 20/s] } }\n",
    );
    batch.write("other.rhai", SCRIPT);
    assert_eq!(batch.play(&["-q"]).code, 0);
    let same = batch.play(&["--resume", "-q"]);
    assert_eq!((same.code, batch.ends().values().sum::<u32>()), (0, 4), "{same:?}");
    batch.write("other.rhai", &SCRIPT.replace("5s", "6s"));
    let refused = batch.play(&["--resume", "-q"]);
    assert!(refused.code == 2 && refused.stderr.contains("is not what it was"), "{refused:?}");
    assert!(
        refused.stderr.contains("`other · rate=10/s`") && !refused.stderr.contains("`script"),
        "{refused:?}"
    );
    assert_eq!(batch.play(&["--changed", "-q"]).code, 0);
    let ends = batch.ends();
    assert_eq!((ends["other · rate=10/s"], ends["script · rate=10/s"]), (2, 1), "{ends:?}");
}

#[test]
fn the_first_ctrl_c_lets_what_is_in_flight_end() {
    let batch = Batch::of(
        "script: script.rhai\nrepeats: 1\nparallel: 1\nmatrix: { params: { rate: [100/s, 101/s, 102/s, 103/s] }, scenario: { duration: [2000s] } }\n",
    );
    let playing = batch.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let journal = batch.0.path().join("results/latest/journal.ndjson");
    let since = Instant::now();
    while !fs::read_to_string(&journal).is_ok_and(|text| text.contains("began")) {
        assert!(since.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    let process = rustix::process::Pid::from_child(&playing);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let ended = Ended::from(playing.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:?}");
    let ends = batch.ends().len();
    assert!((1..4).contains(&ends), "{ends}: {ended:?}");
    assert!(ended.stdout.contains(&format!("{} not played: go on with `--resume`", 4 - ends)), "{ended:?}");
    assert_eq!(batch.play(&["--resume", "-q"]).code, 0);
    assert_eq!(batch.outcomes().len(), 4);
    assert!(batch.ends().values().all(|ends| *ends == 1));
}

#[test]
fn two_batches_on_one_folder_are_one_too_many() {
    let batch = Batch::of("script: script.rhai\nrepeats: 1\nsetup: [\"touch began; sleep 2\"]\n");
    let mut first = batch.command(&["-q"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    while !batch.0.path().join("began").exists() {
        assert!(since.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = batch.play(&["-q"]);
    assert!(second.code == 2 && second.stderr.contains("another batch is at work"), "{second:?}");
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_batch_whose_checks_would_never_be_judged_is_refused() {
    let batch = Batch::of("script: script.rhai\nchecks: [failed == 0]\n");
    batch.write("script.rhai", "let x = 1;\n");
    let ended = batch.play(&["-q"]);
    assert!(ended.code != 0 && !batch.0.path().join("results").exists(), "{ended:?}");
}

#[test]
fn scripts_of_one_name_have_cells_of_their_own() {
    let batch = Batch::of("scripts: [a/s.rhai, b/s.rhai]\nrepeats: 1\n");
    for folder in ["a", "b"] {
        std::fs::create_dir(batch.0.path().join(folder)).unwrap();
        batch.write(&format!("{folder}/s.rhai"), support::batch::SCRIPT);
    }
    let all = batch.play(&["-q"]);
    assert_eq!(all.code, 0, "{all:?}");
    assert_eq!(batch.outcomes().into_keys().collect::<Vec<_>>(), ["a/s", "b/s"]);
    let one = batch.play(&["-q", "--only", "b/s"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert_eq!(batch.outcomes().into_keys().collect::<Vec<_>>(), ["b/s"]);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_played() {
    let told = |file: &str, code: i32, parts: &[&str]| {
        let batch = Batch::of(file);
        let ended = batch.play(&["-q"]);
        assert_eq!(ended.code, code, "{file}: {ended:?}");
        for part in parts {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
        assert!(!batch.0.path().join("results").exists(), "{file}");
    };
    told("script: missing.rhai\n", 4, &["missing.rhai"]);
    told("script: script.rhai\nmatrix: { params: { rat: [1/s, 2/s] } }\n", 3, &["rat", "in 2 cells"]);
    told("script: script.rhai\nmatrix: { core: [mok] }\n", 6, &["there is no core `mok`", "in the cell"]);
    told(
        "script: script.rhai\nmatrix: { scenario: { procesor.workers: [1] } }\n",
        3,
        &["procesor", "batch.yaml:2:"],
    );
    told("script: script.rhai\nchecks: [\"totl.p99 < 1s\"]\n", 3, &["totl", "batch.yaml:2:10", "checks[0]"]);
    let param = "script: script.rhai\nmatrix:\n  params: { rate: [1/s, 2/s] }\n";
    told(
        &format!("{param}  scenario: {{ arrival: [3/s, 4/s] }}\n"),
        3,
        &["`rate` has no effect", "scenario.arrival", "batch.yaml:3:"],
    );
    told(&format!("{param}defaults: {{ scenario: {{ arrival: 3/s }} }}\n"), 3, &["`rate` has no effect"]);
    told(
        "script: script.rhai\nmatrix: { scenario: { processor.retry.backoff: [1ms, 2ms] } }\n",
        3,
        &["has no effect", "batch.yaml:2:"],
    );
    let cores = "script: script.rhai\nmatrix: { core: [mock, sqlite] }\n";
    told(&format!("{cores}exclude: [{{ core: nats }}]\n"), 3, &["exclude[0].core", "one of mock, sqlite"]);
    told(&format!("{cores}include: [{{ croe: mock }}]\n"), 3, &["no axis `croe`", "did you mean `core`?"]);
    told(&format!("{cores}include: [{{ core: mock }}]\n"), 3, &["two cells are called `script · mock`"]);
    let figures = "matrix: { core: [mock, sqlite] }\ncompare: { across: core, figures: [totl.p99] }\n";
    told(
        &format!("script: script.rhai\n{figures}"),
        3,
        &["totl", "compare.figures", "did you mean `total`?"],
    );
    told("scirpt: script.rhai\nrepeats: 0\n", 3, &["batch.yaml:1:1", "scirpt", "`repeats`"]);
    told("script: script.rhai\n\trepeats: 1\n", 3, &["batch.yaml:1", "a tab"]);
    let batch = Batch::of("script: script.rhai\nrepeats: 1\noutput: script.rhai\n");
    let file = batch.play(&["-q"]);
    assert!(file.code == 2 && file.stderr.contains("cannot write its results"), "{file:?}");
    let none = Batch::of("script: script.rhai\n").play(&["--resume"]);
    assert!(none.code == 2 && none.stderr.contains("there is no batch to go on with"), "{none:?}");
    let failing = Batch::of("script: script.rhai\nsetup: [\"exit 3\"]\n").play(&["-q"]);
    assert!(failing.code == 2 && failing.stderr.contains("a command of `setup` failed"), "{failing:?}");
}

#[test]
fn cells_are_compared_across_an_axis() {
    let batch = Batch::of(
        "script: script.rhai\nrepeats: 5\nmatrix: { core: [mock, { name: slow, core: mock, options: { latency: 20ms } }] }\n\
         compare: { across: core, figures: [total.mean] }\n",
    );
    let ended = batch.play(&["-q"]);
    assert!(ended.code == 0 && ended.stdout.contains("worse in total.mean"), "{ended:?}");
    let failing = batch.play(&["-q", "--fail-on-regression"]);
    assert_eq!(failing.code, 7, "{failing:?}");
}
