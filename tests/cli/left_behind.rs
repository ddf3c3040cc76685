//! Nothing outlives a run: not what a core has started, not the process that works, not a file that was not finished.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::processes::{kill, lives, until_written, wait_until, worker_of};
use support::program::{command, folder};

/// A run on a core that leaves two processes behind, and names them in a file.
fn leaving(folder: &Path, options: &[&str], more: &[&str]) -> Command {
    let core = support::compile("deadly.c", &[]);
    let mut command =
        command(&["run", "-q", "nine_agents", "--duration", "10", "--core", core.to_str().unwrap()]);
    for option in options {
        command.args(["--core-option", option]);
    }
    command.args(more).env("DEADLY_PROCESSES", folder.join("processes"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The processes that the core has started, once there are two.
fn left(folder: &Path) -> Vec<u32> {
    let mut left = Vec::new();
    wait_until("the core has started its processes", || {
        let text = fs::read_to_string(folder.join("processes")).unwrap_or_default();
        left = text.lines().filter_map(|line| line.parse().ok()).collect();
        left.len() == 2
    });
    left
}

fn all_end(processes: &[u32], way: &str) {
    wait_until(&format!("{way}: {processes:?} end"), || processes.iter().all(|process| !lives(*process)));
}

fn ends(child: &mut Child) -> Option<i32> {
    let mut status = None;
    wait_until("the program ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}

#[test]
fn what_a_core_has_started_ends_with_the_run() {
    for (options, code) in [(&["way=leave"][..], 0), (&["way=leave", "where=destroy"], 0), (&["way=stay"], 6)]
    {
        let folder = folder();
        let mut child = leaving(folder.path(), options, &["--hang-timeout", "2s"]).spawn().unwrap();
        let processes = left(folder.path());
        assert_eq!(ends(&mut child), Some(code), "{options:?}");
        // Before the program itself.
        assert!(processes.iter().all(|process| !lives(*process)), "{options:?}");
    }
}

#[test]
fn a_second_ctrl_c_ends_all_there_is_at_once() {
    let folder = folder();
    let mut child = leaving(folder.path(), &["way=stay"], &[]).spawn().unwrap();
    let processes = left(folder.path());
    kill(child.id(), "INT");
    // Two that come within a moment are one wish. And that it goes on can be seen by waiting alone.
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first asks for an end in good order");
    kill(child.id(), "INT");
    assert_eq!(ends(&mut child), Some(130));
    all_end(&processes, "two Ctrl-C");
}

#[test]
fn whoever_is_killed_takes_all_along() {
    for watcher in [true, false] {
        let folder = folder();
        let mut child = leaving(folder.path(), &["way=stay"], &[]).spawn().unwrap();
        let mut processes = left(folder.path());
        let worker = worker_of(child.id());
        processes.push(worker);
        kill(if watcher { child.id() } else { worker }, "KILL");
        let code = ends(&mut child);
        assert_eq!(code, if watcher { None } else { Some(6) });
        all_end(&processes, if watcher { "the watcher" } else { "the worker" });
    }
}

#[test]
fn what_the_programs_caller_had_started_goes_on() {
    // A shell that becomes the program leaves it its own children.
    let program = env!("CARGO_BIN_EXE_mqscript");
    let line = format!(
        "sleep 300 >/dev/null 2>&1 & echo $!; exec {program} run -q nine_agents --duration 1 >/dev/null"
    );
    let ended = Command::new("bash").args(["-c", &line]).stderr(Stdio::null()).output().unwrap();
    let process: u32 = String::from_utf8(ended.stdout).unwrap().trim().parse().unwrap();
    assert!(ended.status.success() && lives(process));
    kill(process, "KILL");
}

#[test]
fn a_hangup_and_sigterm_end_a_run_in_good_order_and_sigquit_at_once() {
    for (signal, code, saves) in [("HUP", 143, true), ("TERM", 143, true), ("QUIT", 130, false)] {
        let folder = folder();
        let saved = folder.path().join("results.json");
        let events = folder.path().join("events.ndjson");
        let mut run = command(&["run", "-q", "nine_agents", "--real", "--duration", "50", "-o"]);
        run.arg(&saved).arg("--events").arg(&events).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = run.spawn().unwrap();
        until_written(&events);
        kill(child.id(), signal);
        assert_eq!(ends(&mut child), Some(code), "{signal}");
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), if saves { 2 } else { 0 }, "{signal}: {names:?}");
        if saves {
            let results: Value = serde_json::from_slice(&fs::read(&saved).unwrap()).unwrap();
            assert_eq!(results["runs"][0]["ledger"]["balanced"], true, "{signal}");
        }
    }
}

#[test]
fn under_nohup_a_hangup_changes_nothing() {
    let folder = folder();
    let events = folder.path().join("events.ndjson");
    let mut run = Command::new("nohup");
    run.arg(env!("CARGO_BIN_EXE_mqscript")).args(["run", "-q", "nine_agents", "--real", "--duration", "2"]);
    run.arg("--events").arg(&events);
    run.current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = run.spawn().unwrap();
    let worker = worker_of(child.id());
    until_written(&events);
    kill(child.id(), "HUP");
    kill(worker, "HUP");
    assert!(matches!(ends(&mut child), Some(0 | 7 | 9)), "it is judged, and not ended");
}

#[test]
fn a_check_waits_for_nothing_that_a_core_has_left() {
    let folder = folder();
    let core = support::compile("deadly.c", &[]);
    let mut check = command(&["core", "check", core.to_str().unwrap(), "--test", "one_message"]);
    check.args(["--core-option", "way=leave", "--core-option", "after=1"]);
    check.env("DEADLY_PROCESSES", folder.path().join("processes"));
    let ended = check.output().unwrap();
    let processes = left(folder.path());
    assert!(processes.iter().all(|process| !lives(*process)), "{ended:?}");
}
