//! A core that kills its process costs its own run and nothing else: all that was measured is kept, and it is named.
#![cfg(target_os = "linux")]

mod cli_support;
#[path = "cores/support.rs"]
mod support;

use cli_support::{folder, mqscript};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn deadly(defines: &[&str]) -> PathBuf {
    support::compile("deadly.c", defines)
}

/// A run on the core: exit code, what stood on stderr, and its saved results.
fn die(core: &Path, options: &[&str], more: &[&str]) -> (i32, String, Value) {
    let folder = folder();
    let saved = folder.path().join("results.json");
    let mut words = vec!["run", "nine_agents", "--duration", "10", "--core", core.to_str().unwrap()];
    for option in options {
        words.extend(["--core-option", option]);
    }
    words.extend(["-o", saved.to_str().unwrap()]);
    words.extend(more);
    let ended = mqscript(&words);
    let results = std::fs::read(&saved).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| *path == saved), "no litter: {left:?}");
    (ended.code, ended.stderr, results.unwrap_or_default())
}

fn count(run: &Value, class: &str) -> u64 {
    run["ledger"][class].as_u64().unwrap_or_else(|| panic!("{class}: {}", run["ledger"]))
}

/// The ledger of a run that died with its thousandth message is exact.
fn exact_to_the_thousandth(run: &Value, way: &str) {
    assert_eq!(run["ledger"]["balanced"], true, "{way}");
    assert_eq!((count(run, "delivered"), count(run, "uncertain")), (999, 1), "{way}: {}", run["ledger"]);
    assert_eq!(count(run, "generated"), 1000 + count(run, "unanswered"), "{way}");
    assert_eq!(run["ledger"]["by_reason"]["uncertain"]["core_failed"], 1, "{way}");
    assert!(run["partial"].as_str().unwrap().contains("died in `publish`"), "{way}: {}", run["partial"]);
    assert_eq!(run["valid"], Value::Null, "{way}");
}

#[test]
fn whatever_kills_the_process_is_named_and_the_ledger_is_exact() {
    let core = deadly(&[]);
    for (way, name) in [
        ("segv", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("ill", "SIGILL"),
        ("stack", "SIGSEGV"),
        ("kill", "SIGKILL"),
        ("exit", "exit code 3"),
        ("quick", "exit code 3"),
        ("silent", "SIGSEGV"),
    ] {
        let (code, told, results) = die(&core, &[&format!("way={way}")], &[]);
        assert_eq!(code, 6, "{way}: {told}");
        assert!(told.contains("core `deadly` died in `publish`") && told.contains(name), "{way}: {told}");
        exact_to_the_thousandth(&results["runs"][0], way);
    }
}

#[test]
fn times_and_tables_are_whole_where_last_words_can_be_spoken() {
    let (_, _, results) = die(&deadly(&[]), &["way=segv", "after=3000"], &[]);
    let run = &results["runs"][0];
    // The other worker's message may be in flight as well.
    assert_eq!(count(run, "delivered") + count(run, "uncertain"), 3000);
    assert!((1..=2).contains(&count(run, "uncertain")), "{}", run["ledger"]);
    let window = run["total"]["count"].as_u64().unwrap();
    assert!(window > 1000 && run["total"]["p50_ns"].as_u64() >= Some(5_000_000), "{}", run["total"]);
}

#[test]
fn a_call_that_does_not_return_is_told_of_and_given_up() {
    let core = deadly(&[]);
    for way in ["spin", "pause"] {
        let (code, told, results) = die(&core, &[&format!("way={way}")], &["--hang-timeout", "2s"]);
        assert_eq!(code, 6, "{told}");
        assert!(told.contains("core `deadly`: `publish` has not returned for 1 s"), "{told}");
        assert!(told.contains("it did not return for 2 s"), "{told}");
        exact_to_the_thousandth(&results["runs"][0], way);
    }
    let (code, told, _) = die(&core, &["way=slow"], &[]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("`publish` has not returned for 1 s"), "{told}");
}

#[test]
fn a_core_that_dies_in_a_control_call_is_named_with_it() {
    let core = deadly(&[]);
    for place in ["create", "open"] {
        let (code, told, results) = die(&core, &["way=segv", &format!("where={place}")], &[]);
        assert_eq!(code, 6, "{told}");
        assert!(told.contains(&format!("core `deadly` died in `{place}`: SIGSEGV")), "{told}");
        assert_eq!(results, Value::Null, "nothing was played");
    }
    for place in ["close", "destroy"] {
        let (code, told, results) = die(&core, &["way=abort", &format!("where={place}")], &[]);
        assert_eq!(code, 6, "{told}");
        assert!(told.contains(&format!("core `deadly` died in `{place}`: SIGABRT")), "{told}");
        let run = &results["runs"][0];
        assert_eq!((&run["valid"], &run["partial"]), (&Value::Bool(true), &Value::Null), "all was measured");
        assert_eq!(count(run, "delivered"), count(run, "generated"));
    }
}

#[test]
fn a_library_that_dies_while_it_is_loaded_is_named() {
    let core = deadly(&["DIES_LOADING"]);
    let (code, told, _) = die(&core, &[], &[]);
    assert_eq!(code, 6, "{told}");
    assert!(told.contains("killed the process while it was loaded") && told.contains("deadly_"), "{told}");
}

#[test]
fn a_thread_of_a_core_is_traced_to_its_library() {
    let (code, told, results) = die(&deadly(&[]), &["way=thread"], &[]);
    assert_eq!(code, 6, "{told}");
    assert!(
        told.contains("core `deadly` died in a thread of its own: SIGSEGV")
            && told.contains("it happened in /"),
        "{told}"
    );
    assert_eq!(results["runs"][0]["ledger"]["balanced"], true);
}

#[test]
fn a_call_that_waits_for_the_thread_that_dies_keeps_nothing_from_being_written_down() {
    let core = deadly(&[]);
    for place in ["publish", "close"] {
        let (code, told, results) = die(&core, &["way=joined", &format!("where={place}")], &[]);
        assert_eq!(code, 6, "{told}");
        assert!(told.contains("core `deadly` died in a thread of its own: SIGSEGV"), "{place}: {told}");
        let run = &results["runs"][0];
        assert_eq!(run["ledger"]["balanced"], true, "{place}");
        // Whole, and not as they were when they were last written down.
        let partial = run["partial"].as_str().unwrap_or_default();
        assert!(!partial.contains("when they were last written down"), "{place}: {partial}");
        assert_eq!(partial.is_empty(), place == "close", "{place}: {partial}");
        assert!(count(run, "delivered") >= 999, "{place}: {}", run["ledger"]);
    }
}

#[test]
fn a_control_call_that_does_not_return_is_given_up_like_any_other() {
    let core = deadly(&[]);
    for place in ["create", "open", "close", "destroy"] {
        let options = ["way=pause", &format!("where={place}")];
        let (code, told, results) = die(&core, &options, &["--hang-timeout", "1s"]);
        assert_eq!(code, 6, "{told}");
        assert!(
            told.contains(&format!("core `deadly` died in `{place}`: it did not return for 1 s")),
            "{told}"
        );
        let played = matches!(place, "close" | "destroy");
        assert_eq!(results["runs"][0]["valid"] == true, played, "{place}: {results}");
    }
}

#[test]
fn runs_that_were_finished_before_are_kept() {
    let folder = folder();
    let core = deadly(&[]);
    let script = folder.path().join("two.rhai");
    let text = format!(
        r#"let s = scenario(#{{ arrival: "20/s", mix: ["direct"], duration: "10s", checks: ["success_rate >= 0"] }});
        run(s, core("mock"));
        run(s, core("{}", #{{ way: "segv" }}));"#,
        core.display()
    );
    std::fs::write(&script, text).unwrap();
    let ended = mqscript(&["run", script.to_str().unwrap(), "--format", "json"]);
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    let results: Value = serde_json::from_str(&ended.stdout).unwrap();
    let runs = results["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!((&runs[0]["partial"], &runs[0]["checks"][0]["holds"]), (&Value::Null, &Value::Bool(true)));
    exact_to_the_thousandth(&runs[1], "after a whole run");
}

#[test]
fn runs_of_a_comparison_that_had_ended_are_kept_and_the_one_that_died_beside_them() {
    let folder = folder();
    let script = folder.path().join("compared.rhai");
    // The last of three begins when one of the others has ended.
    let text = format!(
        r#"let s = scenario(#{{ arrival: "20/s", mix: ["direct"], duration: "10s", checks: ["success_rate >= 0"] }});
        let slow = core("mock", #{{ latency: "9ms" }});
        compare(#{{ scenario: s, cores: [core("mock"), slow, core("{}", #{{ way: "segv" }})], repeats: 1 }});"#,
        deadly(&[]).display()
    );
    std::fs::write(&script, text).unwrap();
    let ended = mqscript(&["run", script.to_str().unwrap(), "--format", "json"]);
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    let results: Value = serde_json::from_str(&ended.stdout).unwrap();
    let runs = results["runs"].as_array().unwrap();
    assert_eq!((runs[0]["core"]["id"].as_str(), &runs[0]["partial"]), (Some("mock"), &Value::Null));
    assert_eq!(runs[0]["checks"][0]["holds"], true);
    let dead = runs.iter().find(|run| run["core"]["id"] == "deadly").expect("the run that died");
    exact_to_the_thousandth(dead, "beside others");
}
