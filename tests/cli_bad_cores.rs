//! A core that breaks the contract costs its own run and nothing else: it is named with what it did, and every message is
//! accounted for. How it dies is `cli_deaths`' subject; that `core check` finds it too is `core_check`'s.
#![cfg(target_os = "linux")]

#[path = "core_check/bad.rs"]
#[allow(dead_code, reason = "a part of it is enough here")]
mod bad;
mod cli_support;
#[path = "cores/support.rs"]
mod support;

use bad::{check, library};
use cli_support::{Ended, command, folder, mqscript};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::compile;

/// Nine agents that receive; what they send comes in batches.
const SCRIPT: &str = r#"
    run(scenario(#{
        agents: 9,
        arrival: all_at_once(),
        messages_per_agent: 100,
        mix: ["direct"],
        processor: #{ workers: 64 },
        receive: true,
    }), core("CORE"));
"#;

/// The command of a short run on a core, with the fault that the core `bad` is told to have.
fn command_on(folder: &Path, core: &Path, fault: &str, hang_timeout: &str) -> Command {
    let script = folder.join("short.rhai");
    fs::write(&script, SCRIPT.replace("CORE", core.to_str().unwrap())).unwrap();
    let mut command =
        command(&["run", script.to_str().unwrap(), "-q", "--format", "json", "--hang-timeout", hang_timeout]);
    command.env("MQSCRIPT_BAD", fault);
    command
}

/// A short run on the core `bad`, and its results.
fn run(fault: &str) -> (Ended, Value) {
    let folder = folder();
    let ended: Ended = command_on(folder.path(), &library(), fault, "2s").output().unwrap().into();
    let results = serde_json::from_str(&ended.stdout).unwrap_or_default();
    (ended, results)
}

/// It failed because of the core; what was played is in balance, and partial.
fn contained(fault: &str, told: &str, ended: &Ended, results: &Value) {
    assert_eq!(ended.code, 6, "{fault}: {}", ended.stderr);
    assert!(ended.stderr.contains("core `bad`") && ended.stderr.contains(told), "{fault}: {}", ended.stderr);
    let run = &results["runs"][0];
    assert_eq!(
        (&run["ledger"]["balanced"], &run["valid"]),
        (&true.into(), &Value::Null),
        "{fault}: {}",
        ended.stderr
    );
    assert!(
        run["partial"].as_str().is_some_and(|text| text.contains("the core failed")),
        "{fault}: {}",
        ended.stderr
    );
}

#[test]
fn what_breaks_the_contract_is_named_and_accounted_for() {
    for (fault, told) in [
        ("one_message", "`publish` returned INTERNAL"),
        ("accepted_prefix", "it accepted"),
        ("own_tokens", "token 1152921504606846976"),
        ("one_outcome", "token"),
        ("known_results", "has the unknown result 77"),
        ("not_in_the_past", "lies in the past"),
        ("not_too_far", "lies more than 366 days ahead"),
        ("recipients", "a delivery for agent 9 of 9"),
        ("delivered_memory", "a delivery of 5 bytes at NULL"),
        ("garbage_length", "a delivery of 70368744177664 bytes"),
        ("garbage_pointer", "SIGSEGV"),
        ("garbage_text", "died in `publish`: SIGSEGV"),
        ("aborts", "died in `publish`: SIGABRT"),
        ("exits", "exit code 3"),
        ("spins_in_poll", "`poll`: it did not return for 2 s"),
        ("blocks_in_publish", "`publish`: it did not return for 2 s"),
    ] {
        let (ended, results) = run(fault);
        contained(fault, told, &ended, &results);
    }
}

#[test]
fn garbage_is_a_verdict_of_the_check_too() {
    for (fault, test, seen) in [
        ("garbage_pointer", "stamps", "SIGSEGV"),
        ("garbage_length", "delivered_memory", "70368744177664 bytes"),
        ("garbage_text", "one_message", "SIGSEGV"),
    ] {
        let failures = check(&library(), fault, &["--test", test]);
        assert!(failures.len() == 1 && failures[0].seen.contains(seen), "{fault}: {failures:?}");
    }
}

#[test]
fn who_fails_before_there_is_a_run_is_named() {
    for (fault, told) in [
        ("create", "`create` returned IO"),
        ("null_core", "broke the contract in `create`"),
        ("open", "`open` returned IO"),
        ("capabilities_effective", "DURABLE"),
    ] {
        let (ended, results) = run(fault);
        assert_eq!((ended.code, results), (6, Value::Null), "{fault}: {}", ended.stderr);
        assert!(ended.stderr.contains("`bad`") && ended.stderr.contains(told), "{fault}: {}", ended.stderr);
    }
}

#[test]
fn files_that_are_no_cores_are_refused_by_name() {
    let folder = folder();
    let place = |name: &str| folder.path().join(format!("libmqscript_core_{name}.so"));
    let whole = fs::read(compile("core.c", &[])).unwrap();
    let mut foreign = whole.clone();
    foreign[18] = 0x15; // e_machine: PowerPC64
    for (name, bytes) in
        [("text", &[b'x'; 5000][..]), ("half", &whole[..whole.len() / 2]), ("other", &foreign)]
    {
        fs::write(place(name), bytes).unwrap();
    }
    for (file, told) in [
        (place("text"), "invalid ELF header"),
        (place("half"), "the file is truncated"),
        (place("other"), "it is for another processor (ELF machine 21)"),
        (compile("core.c", &["NO_ENTRY"]), "mqs_plugin_entry_v1"),
        (compile("core.c", &["ABI=(9<<16)"]), "9.0"),
        (compile("core.c", &["NULL_ENTRY"]), "no descriptor"),
        (compile("core.c", &["ID=\"\\xff\\xfe\""]), "name"),
        (compile("core.c", &["NO_PUBLISH"]), "`publish`"),
    ] {
        let ended = mqscript(&["run", "nine_agents", "--core", file.to_str().unwrap()]);
        assert_eq!((ended.code, ended.stdout.as_str()), (6, ""), "{}", ended.stderr);
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(ended.stderr.contains(told) && ended.stderr.contains(name), "{}", ended.stderr);
    }
}

/// The kernel gives no more than this, as it would where memory is short.
#[test]
fn who_takes_memory_without_end_is_contained() {
    const KIB: u32 = 600_000;
    let folder = folder();
    let inner = command_on(folder.path(), &library(), "allocates", "60s");
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -v {KIB}; exec \"$@\""), "sh"]).arg(inner.get_program());
    limited.args(inner.get_args()).env("MQSCRIPT_BAD", "allocates");
    let ended: Ended = limited.output().unwrap().into();
    let results = serde_json::from_str(&ended.stdout).unwrap_or_default();
    contained("allocates", "died in `publish`: SIGABRT", &ended, &results);
}

#[test]
fn what_harms_only_its_surroundings_leaves_the_run_whole() {
    for fault in
        ["silent", "signals", "surroundings", "quiet_after_destroy", "leaks_threads", "leaks_descriptors"]
    {
        let (ended, results) = run(fault);
        assert_eq!(ended.code, 0, "{fault}: {}", ended.stderr);
        let run = &results["runs"][0];
        assert_eq!(
            (&run["valid"], &run["partial"]),
            (&true.into(), &Value::Null),
            "{fault}: {}",
            ended.stderr
        );
    }
}

#[test]
fn what_a_core_prints_is_no_part_of_the_results() {
    let folder = folder();
    for more in [None, Some("--in-process")] {
        let mut command = command_on(folder.path(), &library(), "silent", "2s");
        let ended: Ended = command.args(more).output().unwrap().into();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stderr.contains("hello from a core"), "{}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).expect("one document");
        assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    }
}
