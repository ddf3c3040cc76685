//! `--core exec`: whole runs through a program of the user's own.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::processes::{lives, until_gone, wait_until};
use support::program::{folder, mqscript, there_is_python};

/// A script that sends nine times fifty messages through `core("exec", …)` with these options.
fn script(folder: &Path, options: &str, more: &str) -> String {
    let path = folder.join("through_a_program.rhai");
    let text = format!(
        "run(scenario(#{{ agents: 9, arrival: all_at_once(), messages_per_agent: 50, \
         mix: #{{ direct: 80, broadcast: 20 }}, {more} processor: #{{ workers: 32, retry: #{{ attempts: 3, \
         backoff: \"5ms\" }} }} }}), core(\"exec\", #{{ {options} }}));"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a script; the exit code, and the only run of its results.
#[track_caller]
fn run(arguments: &[&str]) -> (i32, Value) {
    let ended = mqscript(&[&["run", "--format", "json", "--quiet"], arguments].concat());
    let report: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}: {}\n{}", ended.code, ended.stdout, ended.stderr));
    (ended.code, report["runs"][0].clone())
}

#[test]
fn a_script_through_a_program_balances() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let options = "command: [\"python3\", \"plugins/exec/examples/send_message.py\"], workers: 2";
    let (code, run) = run(&[&script(folder.path(), options, "")]);
    assert_eq!(code, 0, "{run}");
    assert_eq!((&run["clock"], &run["core"]["id"]), (&json!("wall"), &json!("exec")));
    assert_eq!((&run["valid"], &run["ledger"]["balanced"]), (&json!(true), &json!(true)));
    assert_eq!((&run["ledger"]["generated"], &run["ledger"]["delivered"]), (&json!(450), &json!(450)));
    let stats = &run["core"]["stats"]["exec"];
    assert_eq!(
        (&stats["answers"], &stats["started"], &stats["mode"]),
        (&json!(450), &json!(2), &json!("send"))
    );
}

/// Messages wait although workers are free: the core takes no more at once. Four processes instead of one help, as the
/// summary's "look at the core's own options" says, and then nothing is said of it.
#[test]
fn a_core_that_takes_no_more_at_once_is_what_limits() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let program = folder.path().join("ten_milliseconds.py");
    let text = "import sys, json, time\nfor line in sys.stdin:\n    time.sleep(0.01)\n    \
                print(json.dumps({'id': json.loads(line)['id'], 'delivered': True}), flush=True)\n";
    fs::write(&program, text).unwrap();
    let played = |processes: u32| {
        let path = folder.path().join("steady.rhai");
        let text = format!(
            "run(scenario(#{{ agents: 9, arrival: \"8/s\", warm_up: \"1s\", duration: \"3s\", mix: [\"direct\"], \
             processor: #{{ workers: 16 }} }}), core(\"exec\", #{{ handshake: false, window: 1, \
             workers: {processes}, command: [\"python3\", {:?}] }}));",
            program.to_str().unwrap()
        );
        fs::write(&path, text).unwrap();
        let (code, run) = run(&[path.to_str().unwrap()]);
        assert_eq!(code, 0, "{run}");
        run
    };
    let (one, four) = (played(1), played(4));
    let limit = &one["limits"][0];
    let seen = limit["seen"].as_str().unwrap_or_default();
    assert_eq!(limit["kind"], "core", "{limit}");
    assert!(seen.starts_with("the core takes no more at once: messages wait "), "{seen}");
    assert!(seen.ends_with(" of the workers are free"), "{seen}");
    assert!(limit["help"].as_str().unwrap_or_default().contains("the core's own options"), "{limit}");
    let wait = |run: &Value| run["queue_wait"]["mean_ns"].as_f64().unwrap();
    assert!(wait(&four) < 0.5 * wait(&one), "{} and {}", wait(&four), wait(&one));
    assert!(!four["limits"].to_string().contains("takes no more"), "{}", four["limits"]);
}

#[test]
fn a_program_that_breaks_in_mid_run_is_told_and_the_ledger_balances() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let notes = folder.path().join("notes");
    let command = format!("python3 tests/exec/programs/unruly.py die+once {}", notes.display());
    let (code, run) =
        run(&[&script(folder.path(), &format!("command: \"{command}\", backoff: \"10ms\""), "")]);
    assert_eq!(code, 0, "what was uncertain is tried again: {run}");
    assert_eq!((&run["ledger"]["balanced"], &run["ledger"]["delivered"]), (&json!(true), &json!(450)));
    let died = &run["notices"]["exec_worker_died"];
    assert_eq!(died["count"], json!(1), "{}", run["notices"]);
    let text = died["sample"][0]["text"].as_str().unwrap();
    assert!(text.contains("exited with code 3") && text.contains("trouble with message"), "{text}");
    assert_eq!(run["notices"]["exec_worker_restarted"]["count"], json!(1));
}

#[test]
fn a_processor_under_test_sends_every_copy() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let options = "command: [\"python3\", \"plugins/exec/examples/processor.py\"], mode: \"processor\", \
                   arguments: #{ batch_size: 20 }, mock: #{ latency: \"0ms..1ms\", success_rate: 0.9 }";
    let (code, run) = run(&[&script(folder.path(), options, "")]);
    assert_eq!(code, 0, "{run}");
    assert_eq!((&run["valid"], &run["ledger"]["delivered"]), (&json!(true), &json!(450)));
    assert_eq!(run["core"]["stats"]["exec"]["sent"], json!(450));
}

#[test]
fn no_process_outlives_mqscript_however_it_ends() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    for (signal, code) in [("-KILL", None), ("-TERM", Some(143)), ("-INT", Some(130))] {
        let notes = folder.path().join(signal);
        let command = format!("python3 tests/exec/programs/unruly.py tells {}", notes.display());
        let path = folder.path().join("long.rhai");
        let text = format!(
            "run(scenario(#{{ agents: 2, arrival: poisson(\"20/s\"), mix: [\"direct\"], duration: \"60s\" }}), \
             core(\"exec\", #{{ command: \"{command}\", workers: 2 }}));"
        );
        fs::write(&path, text).unwrap();
        let mut run = support::program::command(&["run", "-q", path.to_str().unwrap()]);
        run.env("TMPDIR", folder.path());
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("two programs run", || {
            fs::read_to_string(&notes).is_ok_and(|text| text.lines().count() == 2)
        });
        // It has come as far as its load: the end of a run that has begun is the matter here.
        wait_until("a message has come", || folder.path().join(format!("{signal}.message")).exists());
        let processes = fs::read_to_string(&notes).unwrap();
        assert!(processes.lines().all(lives), "{processes}");
        let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(run.wait().unwrap().code(), code, "{signal}");
        processes.lines().for_each(until_gone);
        let adapters = fs::read_dir(folder.path()).unwrap().filter(|entry| {
            entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("mqscript-exec-")
        });
        // Nobody is left to remove the adapter of the run that was killed, until the next run does.
        assert_eq!(adapters.count(), usize::from(signal == "-KILL"), "{signal}");
    }
}

#[test]
fn flags_and_faults() {
    let ended = mqscript(&["run", "--core", "exec", "--pure", "--core-option", "command=./deliver"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    assert!(
        ended.stderr.contains("`exec` is not pure") && ended.stderr.contains("STARTS_PROCESSES"),
        "{ended:?}"
    );
    let ended = mqscript(&["run", "--core", "exec"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    assert!(ended.stderr.contains("command"), "{}", ended.stderr);
    let ended = mqscript(&["run", "--core", "exec", "--core-option", "command=no_such_program tiger"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    for part in ["there is no program `no_such_program`", "refuses its options", "mqscript core info exec"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("tiger"), "{}", ended.stderr);
    let folder = folder();
    let script = script(folder.path(), "command: \"true\"", "receive: true,");
    let ended = mqscript(&["run", &script]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("the core `exec` cannot receive"), "{}", ended.stderr);
}

#[test]
fn it_is_listed_as_live() {
    let ended = mqscript(&["core", "list"]);
    let line = ended.stdout.lines().find(|line| line.starts_with("exec ")).expect("a line for it");
    assert!(line.contains("live"), "{line}");
    let ended = mqscript(&["core", "info", "exec"]);
    for part in ["STARTS_PROCESSES", "mode = send", "send | processor", "workers = 1"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn the_ledger_finds_what_a_processor_loses() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    for (example, exit) in [("processor.py", 0), ("processor_with_a_loss.py", 8)] {
        let options = format!(
            "mode: \"processor\", command: [\"python3\", \"plugins/exec/examples/{example}\"], \
             mock: #{{ latency: \"0ms\", success_rate: 0.8 }}"
        );
        let (code, run) = run(&[&script(folder.path(), &options, "")]);
        let copies = &run["ledger"]["copies"];
        assert_eq!(code, exit, "{example}: {copies}");
        assert_eq!(copies["lost"].as_u64().unwrap() > 0, exit == 8, "{example}: {copies}");
        for none in ["unexpected", "foreign", "corrupted", "recovered", "late"] {
            assert_eq!(copies[none], json!(0), "{example}, {none}: {copies}");
        }
    }
}

/// A deadlock in `process`, which ends with the run: what the core says while it closes is told, too.
#[test]
fn a_process_that_is_still_inside_at_the_end_is_told_by_name() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let options = "mode: \"processor\", command: [\"python3\", \"tests/exec/programs/processors/silent.py\", \"hangs\"]";
    let script = script(folder.path(), options, "drain: \"1s\",");
    let ended = mqscript(&["run", "--format", "json", &script]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let hang = report["runs"][0]["notices"]["exec_hang"]["sample"][0]["text"].as_str().unwrap_or_default();
    for text in [hang, &ended.stderr] {
        assert!(
            text.contains("process() has not returned for ") && text.contains("in wait_for_a_lock"),
            "{ended:?}"
        );
    }
    assert_eq!(report["runs"][0]["ledger"]["copies"]["received"], json!(0));
}

#[test]
fn nothing_of_a_processor_outlives_mqscript_when_it_is_killed() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let (notes, program, path) =
        (folder.path().join("notes"), folder.path().join("program.py"), folder.path().join("long.rhai"));
    let text = format!(
        "import multiprocessing, os, subprocess, time\nfrom mqscript_adapter import *\n\
         def consume():\n    while True: time.sleep(1)\n\
         child = multiprocessing.Process(target=consume)\nchild.start()\n\
         other = subprocess.Popen(['sleep', '1000'])\n\
         open({notes:?}, 'w').write(f'{{os.getpid()}}\\n{{child.pid}}\\n{{other.pid}}\\n')\n\
         serve_processor(lambda *m: messaging_core.send_message(*m))\n"
    );
    fs::write(&program, text).unwrap();
    let text = format!(
        "run(scenario(#{{ agents: 2, arrival: poisson(\"20/s\"), mix: [\"direct\"], duration: \"60s\" }}), \
         core(\"exec\", #{{ mode: \"processor\", command: [\"python3\", {program:?}] }}));"
    );
    fs::write(&path, text).unwrap();
    let mut run = support::program::command(&["run", "-q", path.to_str().unwrap()]);
    run.env("TMPDIR", folder.path());
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("all its processes run", || {
        fs::read_to_string(&notes).is_ok_and(|text| text.lines().count() == 3)
    });
    let processes = fs::read_to_string(&notes).unwrap();
    assert!(processes.lines().all(lives), "{processes}");
    run.kill().unwrap();
    run.wait().unwrap();
    processes.lines().for_each(until_gone);
    // Its folder, with the socket, goes with the next run.
    let left = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("mqscript-exec-")).count()
    };
    assert_eq!(left(), 1);
    let mut next =
        support::program::command(&["run", "-q", "--core", "exec", "--core-option", "command=/bin/false"]);
    next.env("TMPDIR", folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(left(), 0);
}

#[test]
fn a_folder_for_temporary_files_with_a_long_name_is_no_hindrance() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let long = folder.path().join("x".repeat(90));
    fs::create_dir(&long).unwrap();
    let options = "mode: \"processor\", command: [\"python3\", \"plugins/exec/examples/processor.py\"], mock: #{ latency: 0 }";
    let script = script(folder.path(), options, "");
    let mut run = support::program::command(&["run", "-q", &script]);
    let run = run.env("TMPDIR", &long).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
}
