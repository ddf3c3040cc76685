//! A core that kills its process costs its own run and nothing else: all that was measured is kept, and it is named.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::processes::{kill, until_at_work};
use support::program::{folder, mqscript};

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
    for (way, words) in [
        ("segv", "killed the process while it was loaded: SIGSEGV"),
        ("exit", "killed the process while it was loaded: it ended the whole process with exit code 3"),
        ("unthread", "killed the process while it was loaded: an exception came out of it"),
        ("pause", "cannot be loaded: it did not return for 1 s"),
    ] {
        let core = deadly(&[&format!("DIES_LOADING=\"{way}\"")]);
        let (code, told, _) = die(&core, &[], &["--hang-timeout", "1s"]);
        assert_eq!(code, 6, "{way}: {told}");
        assert!(told.contains(words) && told.contains("deadly_"), "{way}: {told}");
    }
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

#[test]
fn a_library_that_does_not_let_the_program_end_is_named_and_the_results_are_whole() {
    for (way, words) in [
        ("pause", "kept the program from ending: it did not return for 1 s"),
        ("spin", "kept the program from ending: it did not return for 1 s"),
        ("abort", "killed the process while the program ended: SIGABRT"),
        ("segv", "killed the process while the program ended: SIGSEGV"),
        ("user", "killed the process while the program ended: SIGUSR1"),
        ("quick", "killed the process while the program ended: it ended the whole process with exit code 3"),
    ] {
        let core = deadly(&[&format!("DIES_UNLOADING=\"{way}\"")]);
        let (code, told, results) = die(&core, &[], &["--hang-timeout", "1s"]);
        assert_eq!(code, 6, "{way}: {told}");
        assert!(told.contains(words) && told.contains("deadly_"), "{way}: {told}");
        assert!(told.contains("all results had been written"), "{way}: {told}");
        assert_eq!(results["runs"][0]["valid"], true, "{way}: {told}");
    }
}

#[test]
fn one_ctrl_c_is_enough_for_a_program_that_is_kept_from_ending() {
    let core = deadly(&["DIES_UNLOADING=\"pause\""]);
    let mut child = support::program::command(&["run", "-q", "nine_agents", "--duration", "5", "--core"]);
    let mut child = child.arg(&core).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("kept the program from ending") {
        line.clear();
        assert_ne!(told.read_line(&mut line).unwrap(), 0, "it says what it waits for");
    }
    kill(child.id(), "INT");
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("kept the program from ending") && rest.contains("deadly_"), "{rest}");
}

#[test]
fn a_call_that_is_left_without_returning_is_like_a_crash_in_it() {
    let core = deadly(&[]);
    let (code, told, results) = die(&core, &["way=unthread"], &[]);
    assert_eq!(code, 6, "{told}");
    assert!(told.contains("core `deadly` died in `publish`: an exception came out of it"), "{told}");
    exact_to_the_thousandth(&results["runs"][0], "pthread_exit");
    for place in ["create", "open", "close", "destroy"] {
        let (code, told, results) = die(&core, &["way=unthread", &format!("where={place}")], &[]);
        assert!(
            code == 6 && told.contains(&format!("core `deadly` died in `{place}`: an exception")),
            "{told}"
        );
        let played = matches!(place, "close" | "destroy");
        assert_eq!(results["runs"][0]["valid"] == true, played, "{place}: {results}");
    }
    if Command::new("c++").arg("--version").output().is_err() {
        println!("skipped: there is no c++ on this machine");
        return;
    }
    let core = support::compile("throwing.cpp", &[]);
    for place in ["create", "open", "publish", "poll", "close", "destroy"] {
        let (code, told, results) = die(&core, &[&format!("where={place}")], &[]);
        assert!(
            code == 6 && told.contains(&format!("core `throwing` died in `{place}`: an exception")),
            "{told}"
        );
        let run = &results["runs"][0];
        assert_eq!(
            run["ledger"]["balanced"] == true,
            !matches!(place, "create" | "open"),
            "{place}: {results}"
        );
    }
    for (place, words) in [
        ("loading", "killed the process while it was loaded"),
        ("entry", "killed the process while it was loaded"),
        ("thread", "died in a thread of its own: SIGABRT"),
        ("unloading", "killed the process while the program ended: SIGABRT"),
    ] {
        let core = support::compile("throwing.cpp", &[&format!("THROWS_{}", place.to_uppercase())]);
        let (code, told, _) = die(&core, &["where=nowhere"], &[]);
        assert!(code == 6 && told.contains(words) && told.contains("throwing_"), "{place}: {told}");
    }
}

#[test]
fn what_a_core_writes_over_is_not_believed() {
    let core = deadly(&[]);
    for with in ["00", "01", "ff", "5a", "noise"] {
        for place in ["publish", "close"] {
            let options = [&format!("way=scribble {with}")[..], &format!("where={place}")];
            let (code, told, results) = die(&core, &options, &["--hang-timeout", "5s"]);
            assert_eq!(code, 6, "{with} in {place}: {told}");
            assert!(told.contains("wrote over memory that is the host's"), "{with} in {place}: {told}");
            // Whether the run came to its end or not, what was measured before is there.
            assert_eq!(results["runs"][0]["ledger"]["balanced"], true, "{with} in {place}: {told}");
        }
    }
    // It is not seen any more that this call does not return, and it ends all the same.
    let (code, told, _) = die(&core, &["way=scribble"], &["--hang-timeout", "1s"]);
    assert!(code == 6 && told.contains("wrote over memory that is the host's"), "{told}");
    // Gone altogether: the host faults on its own memory.
    let (code, told, _) = die(&core, &["way=unmap"], &[]);
    assert!(code == 6 && told.contains("SIGSEGV"), "{told}");
}

#[test]
fn files_that_a_core_cuts_are_no_reason_to_fault() {
    let core = deadly(&[]);
    let (code, told, results) = die(&core, &["way=cut"], &[]);
    assert_eq!((code, &results["runs"][0]["valid"]), (0, &Value::Bool(true)), "{told}");
    let (code, told, _) = die(&core, &["way=cut"], &["--pure"]);
    assert!(code == 0 || code == 6, "{told}");
}

#[test]
fn a_batch_goes_on_after_a_core_that_writes_over_what_is_the_hosts() {
    let core = deadly(&[]);
    let mut file =
        "script: script.rhai\noutput: results\nparallel: 2\nmatrix:\n  core:\n    - mock\n".to_owned();
    for (name, way) in
        [("zeros", "scribble 00"), ("ones", "scribble ff"), ("gone", "unmap"), ("left", "code 130")]
    {
        let core = core.display();
        file += &format!("    - {{ name: {name}, core: {core}, options: {{ way: {way}, after: 100 }} }}\n");
    }
    let batch = support::batch::Batch::of(&file);
    let ended = batch.play(&[]);
    assert_eq!(ended.code, 6, "{ended:?}");
    let codes: Vec<(String, i64)> = batch
        .outcomes()
        .into_iter()
        .map(|(name, outcome)| (name, outcome["exit"].as_i64().unwrap()))
        .collect();
    assert_eq!(codes.len(), 5, "{codes:?}");
    assert!(codes.iter().all(|(name, code)| *code == if name.contains("mock") { 0 } else { 6 }), "{codes:?}");
}

#[test]
fn who_did_it_is_said_with_its_uncertainty() {
    let core = deadly(&[]);
    for (way, words) in [
        ("thread exits", "it ended the whole process with exit code 0"),
        ("code 130", "it ended the whole process with exit code 130"),
        ("user", "SIGUSR1"),
        ("hangup", ""),
    ] {
        let (code, told, results) = die(&core, &[&format!("way={way}")], &[]);
        // A hangup asks for an end, whoever sends it.
        assert_eq!(code, if way == "hangup" { 143 } else { 6 }, "{way}: {told}");
        assert!(told.contains(words) && !told.contains("report"), "{way}: {told}");
        assert_eq!(results["runs"][0]["ledger"]["balanced"], true, "{way}");
    }
    // What a core forks off and ends is nobody's death.
    let (code, told, results) = die(&core, &["way=forked"], &[]);
    assert_eq!((code, &results["runs"][0]["valid"]), (0, &Value::Bool(true)), "{told}");
}

#[test]
fn a_core_that_keeps_the_virtual_clock_where_it_is_is_named() {
    for define in ["DUE_AT_ONCE", "DUE_SOON", "MORE_FOR_EVER", "TAKES_NOTHING"] {
        let core = support::compile("never_done.c", &[define]);
        let (code, told, results) = die(&core, &[], &[]);
        assert_eq!(code, 6, "{define}: {told}");
        assert!(told.contains("core `never_done` broke the contract in `poll`"), "{define}: {told}");
        assert!(told.contains("R57"), "{define}: {told}");
        assert_eq!(results["runs"][0]["ledger"]["balanced"], true, "{define}");
    }
}

#[test]
fn ctrl_c_ends_a_run_whose_core_is_due_again_and_again() {
    // Slow enough to be no breach, and without end for all that.
    let core = support::compile("never_done.c", &["DUE_LATER"]);
    let mut command = support::program::command(&["run", "nine_agents", "--duration", "2400h", "--core"]);
    let mut child = command.arg(&core).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    until_at_work(child.id());
    kill(child.id(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_limit_on_the_size_of_files_is_none_on_a_run() {
    let program = env!("CARGO_BIN_EXE_mqscript");
    for limit in ["0", "1", "100", "10000000"] {
        let line = format!("ulimit -f {limit}; exec {program} run -q nine_agents --duration 10");
        let ended = Command::new("bash").args(["-c", &line]).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{limit}: {told}");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("valid"), "{limit}");
    }
    // What cannot be kept is said, and is no signal's work.
    let folder = folder();
    let saved = folder.path().join("results.json");
    let line = format!("ulimit -f 1; exec {program} run -q nine_agents --duration 10 -o {}", saved.display());
    let ended = Command::new("bash").args(["-c", &line]).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(2) && told.contains("cannot be written"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no litter");
}

#[test]
fn memory_that_runs_out_is_not_a_cores_fault() {
    let program = env!("CARGO_BIN_EXE_mqscript");
    let mut refused = 0;
    for kib in [60_000, 100_000, 200_000, 400_000] {
        let line =
            format!("ulimit -v {kib}; exec {program} run -q nine_agents --agents 3000000 --duration 1");
        let ended = Command::new("bash").args(["-c", &line]).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code().is_some_and(|code| code > 0), "{kib}: {ended:?}");
        if told.contains("the memory ran out") {
            assert!(!told.contains("core `mock` died") && ended.status.code() == Some(1), "{kib}: {told}");
            refused += 1;
        }
    }
    assert!(refused > 0);
}
