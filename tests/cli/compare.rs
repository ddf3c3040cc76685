//! Comparisons and replications from the command line.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use support::program::{Ended, folder, golden, mqscript};

const SHORT: [&str; 4] = ["--duration", "5", "--agents", "3"];

/// The checks of nine agents need not hold for three in five seconds.
#[track_caller]
fn assert_played(ended: &Ended) {
    assert!(matches!(ended.code, 0 | 7), "{ended:?}");
}

/// Runs with these flags and saves the results.
fn saved(folder: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let output = ["run", "nine_agents", "--quiet", "--output", path.to_str().unwrap()];
    let ended = mqscript(&[&output, &SHORT[..], flags].concat());
    assert_played(&ended);
    path
}

fn compare(files: &[&Path], flags: &[&str]) -> Ended {
    let files: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    mqscript(&[&["compare"], &files[..], flags].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[test]
fn saved_results_are_compared() {
    let folder = folder();
    let fast = saved(folder.path(), "fast.json", &["--repeats", "6"]);
    let slow = saved(folder.path(), "slow.json", &["--repeats", "6", "--max-latency", "12ms"]);
    let ended = compare(&[&fast, &slow], &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    golden("compare/slower.txt", &ended.stdout);
    golden("compare/slower.md", &compare(&[&fast, &slow], &["--format", "markdown"]).stdout);
    let document = json(&compare(&[&fast, &slow], &["--format", "json"]).stdout);
    let row = &document["comparisons"][0]["contenders"][0]["rows"][2];
    assert_eq!((row["figure"].as_str(), row["verdict"].as_str()), (Some("total.mean"), Some("worse")));
    assert_eq!(document["comparisons"][0]["alternatives"][1]["replications"].as_array().unwrap().len(), 6);
}

#[test]
fn only_a_regression_that_was_asked_for_fails() {
    let folder = folder();
    let fast = saved(folder.path(), "fast.json", &["--repeats", "6"]);
    let slow = saved(folder.path(), "slow.json", &["--repeats", "6", "--max-latency", "12ms"]);
    let code = |files: &[&Path], flags: &[&str]| compare(files, flags).code;
    assert_eq!(code(&[&fast, &slow], &[]), 0);
    assert_eq!(code(&[&fast, &slow], &["--fail-on-regression"]), 7);
    assert_eq!(code(&[&slow, &fast], &["--fail-on-regression"]), 0, "what is better is no regression");
    assert_eq!(code(&[&fast, &slow], &["--fail-on-regression", "--within", "90%"]), 0);
    let figures = ["--fail-on-regression", "--figures", "success_rate,throughput"];
    assert_eq!(code(&[&fast, &slow], &figures), 0, "the latency does not change what succeeds");
}

#[test]
fn results_compared_with_themselves_are_the_same() {
    let folder = folder();
    let one = saved(folder.path(), "one.json", &["--repeats", "5"]);
    let ended = compare(&[&one, &one], &["--fail-on-regression"]);
    assert_eq!(ended.code, 0);
    assert!(ended.stdout.contains("`one` and `one (2)` are the same runs, to the byte"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("= equivalent").count(), 9, "{}", ended.stdout);
}

#[test]
fn single_runs_give_numbers_and_no_verdict() {
    let folder = folder();
    let one = saved(folder.path(), "one.json", &[]);
    let two = saved(folder.path(), "two.json", &["--seed", "2"]);
    let ended = compare(&[&one, &two], &["--fail-on-regression"]);
    assert_eq!(ended.code, 0);
    assert_eq!(ended.stdout.matches("no verdict\n").count(), 9, "{}", ended.stdout);
    assert!(ended.stdout.contains("a verdict takes at least 5"), "{}", ended.stdout);
}

#[test]
fn files_that_are_no_results_are_refused() {
    let folder = folder();
    let good = saved(folder.path(), "good.json", &[]);
    let text = fs::read_to_string(&good).unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let newer = text.replace("mqscript.report/1", "mqscript.report/2");
    let cases: [(&str, &[u8], i32, &str); 7] = [
        ("cut.json", &text.as_bytes()[..text.len() / 2], 3, "the file ends too early"),
        ("empty.json", b"", 3, "the file ends too early"),
        ("other.json", b"{\"format\": \"k6/1\"}", 3, "the file holds no results"),
        ("newer.json", newer.as_bytes(), 3, "another version of the format"),
        ("binary.json", b"\xff\xfe\x00", 3, "not UTF-8"),
        ("script.rhai", b"run(scenario(#{}));", 3, "not JSON"),
        ("damaged.json", b"{\"format\": \"mqscript.report/1\", \"runs\": [{}]}", 3, "damaged"),
    ];
    for (name, content, code, expected) in cases {
        let ended = compare(&[&good, &write(name, content)], &[]);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{name}: {ended:?}");
        assert!(ended.stderr.contains(expected) && ended.stderr.contains(name), "{name}: {}", ended.stderr);
    }
    let missing = compare(&[&good, &folder.path().join("missing.json")], &[]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("missing.json"), "{}", missing.stderr);
    let alone = compare(&[&good], &[]);
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.contains("nothing to compare with"), "{}", alone.stderr);
    let unknown = compare(&[&good, &good], &["--figures", "total.p98"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("p99"), "{}", unknown.stderr);
}

/// A figure that some replication lacks has no verdict; the others do.
#[test]
fn missing_figures_are_said() {
    let folder = folder();
    let one = saved(folder.path(), "one.json", &["--repeats", "5"]);
    let mut document = json(&fs::read_to_string(&one).unwrap());
    document["runs"][2]["total"]["p99_ns"] = Value::Null;
    let gap = folder.path().join("gap.json");
    fs::write(&gap, document.to_string()).unwrap();
    let ended = compare(&[&one, &gap], &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("no samples in replication 3 of gap"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("= equivalent").count(), 8, "{}", ended.stdout);
}

/// Who gives up at once looks fast, if only what was delivered is timed.
#[test]
fn giving_up_is_not_faster_than_trying_again() {
    let folder = folder();
    let script = folder.path().join("retries.rhai");
    let text = r#"compare(#{
        scenario: scenario(#{ agents: 3, arrival: "20/s", mix: ["direct"], duration: "30s", processor: #{ workers: 64 } }),
        variants: [
            #{ name: "once", processor: #{ retry: #{ attempts: 1 } } },
            #{ name: "again", processor: #{ retry: #{ attempts: 5, backoff: "200ms" } } },
        ],
    });"#;
    fs::write(&script, text).unwrap();
    let played = |rate: &str| {
        let flags = ["run", script.to_str().unwrap(), "--quiet", "--success-rate", rate];
        let ended = mqscript(&flags);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    };
    let uneven = played("0.7");
    let row = uneven.lines().find(|line| line.trim_start().starts_with("total_all.p99")).unwrap();
    assert!(row.contains(" never ") && row.contains("✓ better"), "{row}");
    assert!(uneven.contains("! `once` delivers 7") && uneven.contains("`again` 99."), "{uneven}");
    let even = played("1");
    assert!(!even.contains("delivers") && !even.contains("never"), "{even}");
}

#[test]
fn odd_names_keep_tables_straight() {
    let folder = folder();
    let script = folder.path().join("odd.rhai");
    let names = ["a|b", "\\\"quoted\\\"", "<b>bold</b>", "☂ 漢字", "שלום", "\u{202e}evil"];
    let cores: Vec<String> = names.iter().map(|name| format!("core(\"mock\").named(\"{name}\")")).collect();
    let text = format!(
        "compare(#{{ scenario: scenario(#{{ agents: 2, arrival: \"20/s\", mix: [\"direct\"], duration: \"2s\" \
         }}), cores: [{}] }});",
        cores.join(", ")
    );
    fs::write(&script, text).unwrap();
    let run = |format: &str| {
        let ended = mqscript(&["run", script.to_str().unwrap(), "--quiet", "--format", format]);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    };
    let markdown = run("markdown");
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    // All side by side, then each of five against the first.
    // Values, five pairs, and two lines of the course of each alternative.
    assert_eq!(rows.len(), 11 + 5 * 11 + 2 + 2 * 6, "{markdown}");
    assert!(rows[..11].iter().all(|row| cells(row) == 8), "{markdown}");
    assert!(rows[11..].iter().all(|row| cells(row) == 5), "{markdown}");
    assert!(!markdown.contains("<b>") && !markdown.contains('\u{202e}'), "{markdown}");
    let table = run("text");
    assert!(table.contains("☂ 漢字 against a|b") && !table.contains('\u{202e}'), "{table}");
    let document = json(&run("json"));
    assert_eq!(document["comparisons"][0]["alternatives"][5]["name"], "\u{202e}evil");
}

#[test]
fn cores_are_compared_in_place_of_the_sessions() {
    let folder = folder();
    let path = folder.path().join("both.json");
    let flags = ["--quiet", "--compare=mock,mock", "--repeats", "5", "--output", path.to_str().unwrap()];
    let ended = mqscript(&[&["run", "nine_agents"], &SHORT[..], &flags].concat());
    assert_played(&ended);
    assert!(ended.stdout.starts_with("comparison of mock and mock (2)\n"), "{}", ended.stdout);
    let document = json(&fs::read_to_string(&path).unwrap());
    assert_eq!(document["runs"].as_array().unwrap().len(), 10);
    assert_eq!(document["comparisons"].as_array().unwrap().len(), 1);

    let refused = |flags: &[&str], code: i32, text: &str| {
        let ended = mqscript(&[&["run"], flags].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
        assert!(ended.stderr.contains(text), "{}", ended.stderr);
    };
    refused(&["nine_agents", "--compare=mock"], 2, "too few cores");
    refused(&["nine_agents", "--compare=mock,mok"], 6, "did you mean `mock`?");
    refused(&["nine_agents", "--compare", "--core", "mock"], 2, "cannot be used with");
    refused(&["nine_agents", "--repeats", "0"], 2, "0");
    refused(&["nine_agents", "--within", "much"], 2, "a share such as");
    let useless = ["nine_agents", "-q", "--duration", "1", "--fail-on-regression"];
    let ended = mqscript(&[&["run"], &useless[..]].concat());
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("`--fail-on-regression` has no meaning here"), "{}", ended.stderr);
    let own = folder.path().join("own.rhai");
    fs::write(
        &own,
        "run(scenario(#{ arrival: \"20/s\", mix: [\"direct\"], duration: \"1s\" }), core(\"mock\"));",
    )
    .unwrap();
    let ended = mqscript(&["run", own.to_str().unwrap(), "--compare=mock,mock"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("`--compare` has no meaning here"), "{}", ended.stderr);
}

/// The mock stays on the virtual clock beside a live core.
#[test]
fn the_mock_is_compared_with_a_real_core() {
    let folder = folder();
    let path = folder.path().join("real.json");
    let flags = ["--compare", "--repeats", "2", "--output", path.to_str().unwrap()];
    let short = ["--duration", "1", "--agents", "4"];
    let ended = mqscript(&[&["run", "nine_agents"], &short[..], &flags].concat());
    assert!(matches!(ended.code, 0 | 7 | 9), "{ended:?}");
    let first = ended.stderr.lines().next().unwrap_or_default();
    assert_eq!(first, "4 runs: 2 on the wall clock: about 13 s; 2 simulated, side by side");
    let document = json(&fs::read_to_string(&path).unwrap());
    let alternatives = document["comparisons"][0]["alternatives"].as_array().unwrap();
    let clocks: Vec<&str> = alternatives.iter().map(|a| a["clock"].as_str().unwrap()).collect();
    assert_eq!(clocks, ["virtual", "wall"]);
    assert_eq!(document["comparisons"][0]["contenders"][0]["method"], "welch");
    // Broadcasts are several copies: both sides count copies, or one would seem to get through more.
    let runs = document["runs"].as_array().unwrap();
    for run in runs {
        let per_s = run["throughput_per_s"].as_f64().unwrap();
        let copies = run["end_to_end"]["count"].as_f64().unwrap();
        let messages = run["generated"].as_f64().unwrap();
        assert!(copies > messages, "{copies} copies of {messages} messages, broadcasts among them");
        assert!((0.8..1.2).contains(&(per_s / copies)), "{per_s}/s of {copies} copies in a second");
    }
}

/// A run of the mock alone counts messages, one over a queue counts copies: no verdict is about both.
#[test]
fn throughput_of_messages_and_of_copies_is_not_compared() {
    let folder = folder();
    let play = |name: &str, more: &[&str]| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        let flags = ["run", "nine_agents", "--duration", "1", "--set", "warm_up=0", "--output", &path];
        assert_played(&mqscript(&[&flags[..], more].concat()));
        path
    };
    let (alone, real) = (play("alone.json", &[]), play("real.json", &["--real"]));
    let figures = |from: &str, to: &str| -> Vec<String> {
        let ended = mqscript(&["compare", from, to, "--format", "json"]);
        let rows = json(&ended.stdout)["comparisons"][0]["contenders"][0]["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row["figure"].as_str().unwrap().to_owned()).collect()
    };
    let mixed = figures(&alone, &real);
    assert!(!mixed.iter().any(|figure| figure == "throughput") && mixed.len() == 8, "{mixed:?}");
    assert_eq!(figures(&alone, &alone)[0], "throughput");
}

#[test]
fn replications_give_intervals() {
    let folder = folder();
    let path = folder.path().join("ten.json");
    let flags = ["--quiet", "--repeats", "10", "--seed", "7", "--output", path.to_str().unwrap()];
    let ended = mqscript(&[&["run", "nine_agents"], &SHORT[..], &flags].concat());
    assert_played(&ended);
    assert!(ended.stdout.contains("nine agents on mock over 10 seeds, 7 … 16"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("clock\n").count(), 1, "one summary: {}", ended.stdout);
    let document = json(&fs::read_to_string(&path).unwrap());
    let runs = document["runs"].as_array().unwrap();
    let seeds: Vec<u64> = runs.iter().map(|run| run["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, (7..17).collect::<Vec<_>>());
    let figure = &document["aggregates"][0]["figures"]["total.mean"];
    let values: Vec<f64> = runs.iter().map(|run| run["total"]["mean_ns"].as_f64().unwrap()).collect();
    let mean = values.iter().sum::<f64>() / 10.0;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 9.0;
    // t(0.95, 9) = 2.262157.
    let margin = 2.262_157_162_798_2 * (variance / 10.0).sqrt();
    assert!((figure["mean"].as_f64().unwrap() / mean - 1.0).abs() < 1e-12);
    assert!((figure["margin"].as_f64().unwrap() / margin - 1.0).abs() < 1e-9, "{figure}");
    // The third replication is the run of that seed.
    let alone = saved(folder.path(), "alone.json", &["--seed", "9"]);
    let alone = json(&fs::read_to_string(&alone).unwrap());
    assert_eq!(alone["runs"][0]["digest"], runs[2]["digest"]);
}

/// Exit code 7 is explained where many runs stand behind it, and the seeds are named that break a check.
#[test]
fn checks_that_fail_in_some_replications_are_told_with_their_seeds() {
    let check = "--success-rate=0.6";
    let told = "! `success_rate >= 99.9%` does not hold in 3 of 3 replications: seeds 1, 2 and 3";
    let ended = mqscript(&[&["run", "nine_agents", "-q", "--repeats", "3", check], &SHORT[..]].concat());
    assert!(ended.code == 7 && ended.stdout.contains(told), "{ended:?}");
    let flags =
        ["run", "nine_agents", "-q", "--repeats", "3", check, "--compare=mock,mock", "--format", "json"];
    let ended = mqscript(&[&flags[..], &SHORT].concat());
    let comparison = &json(&ended.stdout)["comparisons"][0];
    let notes = comparison["notes"].as_array().unwrap();
    let of_first = format!("`mock`: {}", &told[2..]);
    assert!(ended.code == 7 && notes.iter().any(|note| *note == of_first.as_str()), "{notes:?}");
    let failed = &comparison["alternatives"][1]["replications"][2]["failed_checks"];
    assert!(failed.as_array().unwrap().contains(&"success_rate >= 99.9%".into()), "{failed}");
    let ended = mqscript(&["run", "nine_agents", "-q", "--repeats", "3"]);
    assert!(ended.code == 0 && !ended.stdout.contains("does not hold"), "{ended:?}");
}

/// A script's runs with these flags, on these processors.
fn runs(script: &str, flags: &[&str], processors: &str) -> Vec<Value> {
    let mut command = std::process::Command::new("taskset");
    command.args(["-c", processors, env!("CARGO_BIN_EXE_mqscript"), "run", script, "--quiet"]);
    command.args(["--format", "json"]).args(flags).env_remove("MQSCRIPT_SEED");
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let document = json(&String::from_utf8(output.stdout).unwrap());
    document["runs"].as_array().unwrap().clone()
}

/// Also where agents are callbacks, each run with a Rhai engine of its own.
#[test]
fn replications_are_the_same_whatever_the_number_of_threads() {
    if !Path::new("/usr/bin/taskset").exists() {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "taskset is missing");
        println!("skipped: there is no taskset to take processors away");
        return;
    }
    let digests = |runs: &[Value]| runs.iter().map(|run| run["digest"].clone()).collect::<Vec<_>>();
    let flags = ["--repeats", "6", "--duration", "3"];
    let one = runs("reactive_agents", &flags, "0");
    assert_eq!(one.len(), 6);
    assert_eq!(digests(&runs("reactive_agents", &flags, "0-63")), digests(&one));
    // A run of its own differs in nothing but the checks that the script makes on it.
    let alone = runs("reactive_agents", &["--seed", "4", "--duration", "3"], "0");
    for key in ["ledger", "total", "by_type", "by_agent", "series", "occupancy", "plan"] {
        assert_eq!(alone[0][key], one[3][key], "{key}");
    }
}
