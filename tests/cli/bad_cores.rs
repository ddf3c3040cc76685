//! A core that breaks the contract costs its own run and nothing else: it is named with what it did, and every message is
//! accounted for. How it dies is `deaths`' subject; that `core check` finds it too is `cores::check`'s.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::bad::{check, library};
use support::compile;
use support::program::{Ended, command, folder, mqscript};

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
        ("own_tokens", "broke the contract in `poll`: an outcome for token 1152921504606846976"),
        ("one_outcome", "broke the contract in `poll`: a second outcome for token"),
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
        ("spins_in_poll", "`poll`: it did not return for 2"),
        ("blocks_in_publish", "`publish`: it did not return for 2"),
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

/// What the run was to leave, all by relative names, on a core that spoils its process.
fn surrounded(create: &str, in_process: bool) -> (Ended, tempfile::TempDir, std::path::PathBuf) {
    let folder = folder();
    let core = compile("core.c", &[&format!("CREATES={create}")]);
    let text = SCRIPT.replace("CORE", core.to_str().unwrap()).replace("receive: true", "receive: false");
    fs::write(folder.path().join("short.rhai"), text.replace("));", ")).save(\"saved.json\");")).unwrap();
    let mut command = command(&["run", "short.rhai", "-o", "results.json", "--events", "events.ndjson"]);
    command.args(in_process.then_some("--in-process")).current_dir(folder.path());
    (command.output().unwrap().into(), folder, core)
}

#[test]
fn what_a_core_does_to_folder_descriptors_and_limits_costs_nothing_of_the_results() {
    for (create, told) in [
        ("if(chdir(\"/\"))abort()", Some("it changed the working folder")),
        ("for(int i=3;i<1024;i++)close(i)", None),
        ("for(int i=3;i<1024;i++){close(i);if(dup(0)<0)break;}", None),
        (
            "setrlimit(RLIMIT_FSIZE,&(struct rlimit){100,RLIM_INFINITY})",
            Some("it changed the limit on the size of files"),
        ),
        (
            "setrlimit(RLIMIT_NOFILE,&(struct rlimit){3,4096})",
            Some("it changed the limit on open descriptors"),
        ),
        ("umask(0777)", None),
        ("fcntl(1,F_SETFL,O_NONBLOCK)", None),
    ] {
        for in_process in [false, true] {
            let (ended, folder, _) = surrounded(create, in_process);
            assert_eq!(ended.code, 0, "{create}: {ended:?}");
            assert!(ended.stdout.contains("✓ valid"), "{create}: {ended:?}");
            for name in ["results.json", "saved.json"] {
                let bytes = fs::read(folder.path().join(name)).unwrap_or_default();
                let report: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                assert_eq!(
                    report["runs"][0]["ledger"]["generated"], 900,
                    "{create}: {name}: {}",
                    ended.stderr
                );
            }
            let events = fs::read_to_string(folder.path().join("events.ndjson")).unwrap();
            assert_eq!(events.lines().count(), 900, "{create}");
            assert!(told.is_none_or(|told| ended.stderr.contains(told)), "{create}: {}", ended.stderr);
            assert!(!ended.stderr.contains("make room"), "{create}: {}", ended.stderr);
            let mut names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["events.ndjson", "results.json", "saved.json", "short.rhai"], "{create}");
        }
    }
}

#[test]
fn a_core_that_rounds_in_its_own_way_changes_no_figure_and_is_named() {
    let digest = |does: &[&str]| {
        let folder = folder();
        // By a relative path: the digest is of what is written in the plan, too.
        fs::copy(compile("core.c", does), folder.path().join("core.so")).unwrap();
        let script = folder.path().join("short.rhai");
        fs::write(&script, SCRIPT.replace("CORE", "./core.so").replace("receive: true", "receive: false"))
            .unwrap();
        let ended: Ended =
            command(&["run", script.to_str().unwrap(), "--format", "json"]).output().unwrap().into();
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        (report["runs"][0]["digest"].as_str().unwrap().to_owned(), ended)
    };
    let (before, _) = digest(&[]);
    for round in
        ["DOES=fesetround(FE_UPWARD)", "CREATES=fesetround(FE_TOWARDZERO)", "POLLS=fesetround(FE_DOWNWARD)"]
    {
        let (after, ended) = digest(&[round]);
        assert_eq!((ended.code, &after), (0, &before), "{round}: {}", ended.stderr);
        let told = ended.stderr.contains("it changed how floating-point numbers are rounded");
        assert!(told || round.starts_with("POLLS"), "{round}: {}", ended.stderr);
    }
}

#[test]
fn a_cores_own_texts_do_not_tell_its_secrets() {
    let schema = r#"SCHEMA="{\"type\":\"object\",\"properties\":{\"token\":{\"type\":\"string\",\"writeOnly\":true,\"description\":\"a\"}}}""#;
    const SECRET: &str = "hunter2-is-secret";
    for does in [
        "CREATES=return mqs_fail(error,MQS_AUTH,\"refused: hunter2-is-secret\")",
        "CREATES=mqs_str t=MQS_STR(\"using hunter2-is-secret\");host->log(host,1,t);host->event(host,host->intern(host,t),0,t)",
        "DOES=return mqs_fail(error,MQS_AUTH,\"refused: hunter2-is-secret\")",
    ] {
        let folder = folder();
        let core = compile("core.c", &[schema, does]);
        let option = format!("token={SECRET}");
        let results = folder.path().join("results.json");
        let ended: Ended = command(&["run", "nine_agents", "--core", core.to_str().unwrap()])
            .args(["--core-option", &option, "-o", results.to_str().unwrap()])
            .output()
            .unwrap()
            .into();
        let saved = fs::read_to_string(&results).unwrap_or_default();
        for text in [&ended.stdout, &ended.stderr, &saved] {
            assert!(!text.contains(SECRET), "{does}: {text}");
        }
        assert!(ended.stderr.contains("***"), "{does}: {}", ended.stderr);
        assert!(
            ended.stdout.is_empty() || ended.stdout.contains("--core-option 'token=***'"),
            "{}",
            ended.stdout
        );
    }
}

#[test]
fn a_batch_on_a_core_that_leaves_the_folder_is_played_to_its_end_and_can_be_resumed() {
    let folder = folder();
    let core = compile("core.c", &["CREATES=if(chdir(\"/\"))abort();for(int i=3;i<1024;i++)close(i)"]);
    let text = SCRIPT.replace("CORE", core.to_str().unwrap()).replace("receive: true", "receive: false");
    fs::write(folder.path().join("short.rhai"), &text).unwrap();
    fs::write(folder.path().join("other.rhai"), &text).unwrap();
    let batch = "scripts: [short.rhai, other.rhai]\nrepeats: 2\noutput: out\nparallel: 1\n";
    fs::write(folder.path().join("batch.yaml"), batch).unwrap();
    let play = |more: &[&str]| -> Ended {
        let arguments = [&["batch", "batch.yaml", "-q"], more].concat();
        command(&arguments).current_dir(folder.path()).output().unwrap().into()
    };
    let ended = play(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let cells =
        |number: &str| fs::read_dir(folder.path().join("out").join(number).join("cells")).unwrap().count();
    assert_eq!(cells("0001"), 2);
    for cell in fs::read_dir(folder.path().join("out/0001/cells")).unwrap() {
        assert!(cell.unwrap().path().join("results.json").is_file());
    }
    let resumed = play(&["--resume"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
}

#[test]
fn what_follows_a_failure_is_what_the_header_says() {
    for (define, calls) in [
        ("CREATE_FAILS", "create "),
        ("PREPARES=return MQS_IO", "create prepare clean destroy "),
        ("OPENS=return MQS_IO", "create prepare open clean destroy "),
        ("DOES=return MQS_IO", "create prepare open publish close clean destroy "),
    ] {
        let folder = folder();
        let core = compile("core.c", &["TRACES", define]);
        let script = folder.path().join("short.rhai");
        let text = SCRIPT.replace("CORE", core.to_str().unwrap()).replace("receive: true", "receive: false");
        fs::write(&script, text).unwrap();
        let trace = folder.path().join("trace");
        let ended: Ended = command(&["run", script.to_str().unwrap(), "-q"])
            .env("MQSCRIPT_TEST_TRACE", &trace)
            .output()
            .unwrap()
            .into();
        assert_eq!(ended.code, 6, "{define}: {ended:?}");
        assert_eq!(fs::read_to_string(&trace).unwrap(), calls, "{define}");
    }
}

#[test]
fn an_outcome_at_the_end_of_the_numbers_is_not_swallowed() {
    for count in ["1", "~0u"] {
        let does = format!(
            "DOES=mqs_add_outcome(out,~0ull,{count},MQS_DELIVERED,0,now_ns);*accepted=n;return MQS_OK"
        );
        let core = compile("core.c", &[&does]);
        let ended = mqscript(&["run", "nine_agents", "-q", "--core", core.to_str().unwrap()]);
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains("an outcome for token 18446744073709551615"), "{}", ended.stderr);
    }
}
