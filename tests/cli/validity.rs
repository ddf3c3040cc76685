//! What the receiver's ledger finds, as users meet it: verdict, results, exit code.

use serde_json::Value;
use support::program::{Ended, folder, mqscript};

/// Plays a scenario of nine agents with these keys more; gives how it ended, and its results.
fn played(keys: &str, flags: &[&str]) -> (Ended, Value) {
    let folder = folder();
    let (script, saved) = (folder.path().join("script.rhai"), folder.path().join("results.json"));
    let text = format!(
        "run(scenario(#{{ arrival: \"50/s\", mix: [\"direct\"], duration: \"4s\", receive: true, {keys} }}));"
    );
    std::fs::write(&script, text).unwrap();
    let (script, saved) = (script.display().to_string(), saved.display().to_string());
    let ended = mqscript(&[&["run", &script, "-o", &saved], flags].concat());
    let report: Value = serde_json::from_slice(&std::fs::read(&saved).unwrap()).unwrap();
    (ended, report["runs"][0].clone())
}

#[track_caller]
fn expect(ended: &Ended, code: i32, told: &str) {
    assert_eq!(ended.code, code, "stdout:\n{}\nstderr:\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(told), "{told}:\n{}", ended.stdout);
}

#[test]
fn losses_make_a_run_invalid() {
    let (ended, run) = played("", &["--chaos=drop=5%"]);
    let lost = run["ledger"]["copies"]["lost"].as_u64().unwrap();
    assert!(lost > 20 && run["notices"]["drop"]["count"] == lost, "{}", run["ledger"]["copies"]);
    expect(&ended, 8, &format!("✗ NOT VALID: {lost} copies lost"));
    assert!(ended.stdout.contains(&format!("copies: {lost} lost")), "{}", ended.stdout);
    assert_eq!(run["valid"], false);
}

#[test]
fn losses_that_are_tolerated_are_named() {
    let (ended, run) = played(r#"tolerate: ["lost"]"#, &["--chaos=drop=5%"]);
    expect(&ended, 0, "valid, but for what is tolerated: ");
    assert_eq!(run["valid"], true);
    assert_eq!(run["tolerated"].as_array().unwrap().len(), 1);
}

#[test]
fn a_check_can_ask_for_copies() {
    let (ended, _) =
        played(r#"tolerate: ["lost"], checks: ["lost == 0", "duplicated == 0"]"#, &["--chaos=drop=5%"]);
    expect(&ended, 7, "✗ lost == 0");
    assert!(ended.stdout.contains("✓ duplicated == 0"), "{}", ended.stdout);
}

#[test]
fn a_simulated_core_has_told_what_comes_so_that_nobody_waits_for_the_lost() {
    let (ended, run) = played(r#"clock: "wall""#, &["--chaos=drop=5%", "--duration", "1"]);
    expect(&ended, 8, "lost");
    let duration = run["duration_ns"].as_u64().unwrap();
    assert!(duration < 10_000_000_000, "{duration} ns: it waited for what cannot come");
}

#[test]
fn a_ledger_without_memory_leaves_it_undecided() {
    let (ended, run) =
        played(r#"ledger_memory: "1KiB", processor: #{ workers: 99 }"#, &["--success-rate", "1"]);
    expect(&ended, 9, "`ledger_memory` allows for more");
    assert!(run["ledger"]["copies"]["late"].as_u64().unwrap() > 0);
    let (ended, _) = played("processor: #{ workers: 99 }", &["--success-rate", "1"]);
    expect(&ended, 0, "valid: every message is accounted for");
}
