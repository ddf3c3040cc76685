//! Nothing outlives a run: not what a core has started, not the process that works, not a file that was not finished.
#![cfg(target_os = "linux")]

mod cli_support;
#[path = "cores/support.rs"]
mod support;

use cli_support::{command, folder};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long things may take that end at all.
const PATIENCE: Duration = Duration::from_secs(60);

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

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process is there and not merely waited for.
fn lives(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn all_end(processes: &[u32], way: &str) {
    wait_until(&format!("{way}: {processes:?} end"), || processes.iter().all(|process| !lives(*process)));
}

fn kill(process: u32, signal: &str) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.to_string()]).status().unwrap();
    assert!(sent.success(), "{signal}");
}

/// The process that works for one that watches.
fn worker_of(process: u32) -> u32 {
    let mut worker = None;
    wait_until("there is a process that works", || {
        let children =
            fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        worker = children.split_whitespace().next().and_then(|number| number.parse().ok());
        worker.is_some()
    });
    worker.unwrap()
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
        worker_of(child.id());
        std::thread::sleep(Duration::from_millis(1500));
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
    let mut run = Command::new("nohup");
    run.arg(env!("CARGO_BIN_EXE_mqscript")).args(["run", "-q", "nine_agents", "--real", "--duration", "2"]);
    run.current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = run.spawn().unwrap();
    let worker = worker_of(child.id());
    std::thread::sleep(Duration::from_millis(300));
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
