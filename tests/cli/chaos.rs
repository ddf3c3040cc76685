//! `--chaos`, as its users meet it.

use serde_json::Value;
use std::path::Path;
use support::program::{Ended, folder, mqscript};

fn expect(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "stdout:\n{}\nstderr:\n{}", ended.stdout, ended.stderr);
}

fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("script.rhai");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const SCENARIO: &str = r#"let s = #{ arrival: poisson("50/s"), mix: #{ direct: 1 }, duration: "20s" };"#;

/// Runs a script and gives its only run's results.
fn played(text: &str, more: &[&str]) -> Value {
    let folder = folder();
    let script = script(folder.path(), text);
    let ended = mqscript(&[&["run", &script, "-q", "--format", "json"], more].concat());
    expect(&ended, 0);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    report["runs"][0].clone()
}

#[test]
fn without_a_value_it_is_the_chaos_of_old() {
    let folder = folder();
    let ended = mqscript(&["run", "--chaos", &script(folder.path(), &format!("{SCENARIO} run(s);"))]);
    expect(&ended, 0);
    for part in ["chaos over mock 0.1.0", "chaos_crash", " × crash, from ", " × spike, from ", "run --chaos "]
    {
        assert!(ended.stdout.contains(part), "{part}:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("outages"), "{}", ended.stdout);
}

#[test]
fn flag_and_script_say_the_same() {
    let by_flag =
        played(&format!("{SCENARIO} run(s);"), &["--chaos=crash=2%,spike.rate=5%,spike.by=1ms..9ms"]);
    let layer = r##"layer("chaos", core("mock"), #{ crash: "2%", spike: #{ rate: "5%", by: "1ms..9ms" } })"##;
    let by_script = played(&format!("{SCENARIO} run(s, {layer});"), &[]);
    assert_eq!(by_flag["core"], by_script["core"]);
    assert_eq!(by_flag["ledger"], by_script["ledger"]);
    let crashes = by_flag["notices"]["crash"]["count"].as_u64().unwrap();
    assert_eq!(by_flag["ledger"]["by_reason"]["failed"]["chaos_crash"].as_u64(), Some(crashes));
    assert!((100..280).contains(&crashes), "{crashes}");
}

#[test]
fn an_outage_stands_in_the_summary() {
    let folder = folder();
    let script = script(folder.path(), &format!("{SCENARIO} run(s);"));
    let ended = mqscript(&["run", &script, "-q", "--chaos={outage: {at: 5s, lasts: 2s}}"]);
    expect(&ended, 0);
    assert!(ended.stdout.contains("outages    at 5 s for 2 s: first failure after"), "{}", ended.stdout);
}

#[test]
fn what_makes_no_sense_is_told() {
    let folder = folder();
    let own = script(folder.path(), &format!("{SCENARIO} run(s, core(\"mock\"));"));
    for (arguments, code, part) in [
        (["nine_agents", "--chaos=crash"], 2, "wrong value for `--chaos`"),
        (["nine_agents", "--chaos=crash=5"], 6, "core `chaos` refuses its option `crash`"),
        (["nine_agents", "--chaos=crahs=5%"], 6, "did you mean `crash`?"),
        (["nine_agents", "--chaos=crash=60%,refuse=60%"], 6, "their rates sum to at most 100%"),
        ([&own, "--chaos"], 2, "`--chaos` has no meaning here"),
    ] {
        let ended = mqscript(&["run", arguments[0], "-q", arguments[1]]);
        assert_eq!(ended.code, code, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn chaos_over_the_mock_is_pure() {
    let folder = folder();
    let script = script(folder.path(), &format!("{SCENARIO} run(s);"));
    expect(&mqscript(&["run", &script, "-q", "--pure", "--chaos"]), 0);
}
