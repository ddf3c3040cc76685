//! What the sqlite core confirmed survives the death of the process at any moment, and a later run drains it.
#![cfg(unix)]

use mqscript::cores::*;
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::program;
use support::queue::{self, Queue, config, on, parcel};

const ROUNDS: u32 = 12;
/// Of the moments at which the process is killed.
const SEED: u64 = 20;
/// Names file and run for the other process.
const FILE: &str = "MQSCRIPT_TEST_QUEUE";
const RUN: &str = "MQSCRIPT_TEST_RUN";

/// Publishes for ever, and prints the number of every message as soon as it is confirmed.
#[test]
#[ignore = "the process that is killed"]
fn publisher() {
    let file = PathBuf::from(std::env::var_os(FILE).expect("started by another test"));
    let run: u32 = std::env::var(RUN).unwrap().parse().unwrap();
    let mut queue = Queue::open(on(&file, json!({ "ring": 256 })), config(run, false)).unwrap();
    let mut stdout = std::io::stdout();
    let mut told = 0;
    let mut sequence = 0;
    loop {
        // The n-th message has the token n.
        let parcels: Vec<_> = (1..=40)
            .map(|i| parcel(0, if i % 8 == 0 { abi::ALL } else { (i % 8) as u32 }, sequence + i))
            .collect();
        sequence += queue.offer(&parcels).unwrap() as u64;
        if !queue.out.more {
            queue.turn().unwrap();
        }
        for outcome in &queue.outcomes[told..] {
            assert_eq!(outcome.result, abi::DELIVERED);
            let tokens = outcome.first..outcome.first + u64::from(outcome.count);
            let lines: String = tokens.map(|token| format!("\nconfirmed {token};")).collect();
            stdout.write_all(lines.as_bytes()).unwrap();
        }
        told = queue.outcomes.len();
        stdout.flush().unwrap();
    }
}

/// Lets a run publish into `file` until it is killed; what it was told is confirmed.
fn killed_run(file: &Path, run: u32, after: Duration) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite_kill::publisher", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(RUN, run.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let confirmed =
        |line: &String| -> Option<u64> { line.strip_prefix("confirmed ")?.strip_suffix(';')?.parse().ok() };
    let first = lines.by_ref().find_map(|line| confirmed(&line.unwrap())).expect("it publishes");
    let killer = std::thread::spawn(move || {
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap()
    });
    // A last line that the kill cut short has no semicolon, and was told to nobody.
    let rest = lines.filter_map(|line| confirmed(&line.unwrap()));
    let all: Vec<u64> = std::iter::once(first).chain(rest).collect();
    assert!(!killer.join().unwrap().success(), "it was killed, and did not end by itself");
    all
}

/// (run, agent, sequence) of every message in the file, by the stamps.
fn stored(file: &Path) -> BTreeSet<(u32, u32, u64)> {
    let database = Connection::open(file).unwrap();
    let mut rows = database.prepare("SELECT stamp FROM messages").unwrap();
    let stamps = rows.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let stamp = |text: rusqlite::Result<String>| abi::Stamp::decode(text.unwrap().as_bytes()).unwrap();
    stamps.map(stamp).map(|stamp| (stamp.run, stamp.sender, stamp.sequence)).collect()
}

#[test]
fn what_was_confirmed_survives_kill_9_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let mut confirmed: BTreeSet<(u32, u32, u64)> = BTreeSet::new();
    let mut state = SEED;
    for run in 1..=ROUNDS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = Duration::from_micros((state >> 33) % 150_000);
        let told = killed_run(&file, run, after);
        assert!(told.iter().copied().eq(1..=told.len() as u64), "confirmed in order, each once");
        confirmed.extend(told.into_iter().map(|sequence| (run, 0, sequence)));
        let missing: Vec<_> = confirmed.difference(&stored(&file)).copied().collect();
        assert_eq!(missing, [], "run {run}, killed after {after:?} (seed {SEED})");
    }
    assert!(confirmed.len() > 1000, "the runs did something: {}", confirmed.len());

    // A later run gets it all, each copy once, and leaves nothing.
    let there = stored(&file);
    let mut late = Queue::open(on(&file, json!({})), config(99, true)).unwrap();
    let mut acknowledged = 0;
    let copies = |sequence: u64| if sequence.is_multiple_of(8) { 8 } else { 1 };
    let due: usize = there.iter().map(|(_, _, sequence)| copies(*sequence)).sum();
    while acknowledged < due {
        late.turn().unwrap();
        late.acknowledge(acknowledged..late.copies.len());
        acknowledged = late.copies.len();
    }
    let seen: BTreeSet<_> = late.copies.iter().map(queue::Copy::identity).collect();
    assert_eq!((late.copies.len(), seen.len()), (due, due), "no copy came twice");
    let drained: BTreeSet<_> =
        seen.iter().map(|(run, agent, sequence, _)| (*run, *agent, *sequence)).collect();
    assert_eq!(drained, there);
    assert_eq!(late.close()["left"], json!(0));
    assert_eq!(stored(&file), BTreeSet::new());
}

/// Runs a script on the queue in `file` and gives what the program printed as JSON.
fn drain(folder: &Path, file: &Path) -> serde_json::Value {
    let script = folder.join("drain.rhai");
    let text =
        r#"run(scenario(#{ agents: 9, arrival: all_at_once(), mix: ["direct"], messages_per_agent: 1 }));"#;
    std::fs::write(&script, text).unwrap();
    let option = format!("path={}", file.display());
    let (script, arguments) =
        (script.to_str().unwrap(), ["--format", "json", "--quiet", "--core-option", &option]);
    let ended = program::mqscript(&[&["run", script, "--real"], &arguments[..]].concat());
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_program_killed_in_the_middle_of_a_run_leaves_what_the_next_one_drains() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let option = format!("path={}", file.display());
    let mut arguments = vec!["run", "--real", "--quiet", "--core-option", &option];
    // Nobody receives: all that is stored stays.
    arguments.extend([
        "--duration",
        "1h",
        "--rate",
        "500",
        "--set",
        "receive=false",
        "--set",
        "processor.workers=64",
    ]);
    let mut child = program::command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = folder.path().join("queue.db-lock");
    let wal = folder.path().join("queue.db-wal");
    // Until it has stored something: only the length is looked at, for the database is another process's.
    while !std::fs::metadata(&wal).is_ok_and(|wal| wal.len() > 1_000_000) {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lock.exists() && wal.exists(), "a killed process cleans nothing up");
    let left = stored(&file);
    assert!(left.len() > 100, "{}", left.len());
    let mut drained = 0;
    for _ in 0..20 {
        let report = drain(folder.path(), &file);
        let stats = &report["runs"][0]["core"]["stats"]["sqlite"];
        drained += stats["acknowledged"].as_u64().unwrap();
        if stats["left"] == json!(0) {
            break;
        }
    }
    assert!(drained > left.len() as u64, "what was left, and the runs' own: {drained}");
    assert_eq!(stored(&file), BTreeSet::new());
    assert!(!lock.exists() && !wal.exists());
}
