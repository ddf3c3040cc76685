//! Programs for the exec core to start, and what looks after them.

use crate::place;
use crate::queue::{Queue, config};
use mqscript::cores::*;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether a program is there. If not, the test is skipped, or fails where nothing may be.
pub fn there_is(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: no {program} here");
        println!("skipped: there is no {program} here");
    }
    there
}

/// A file of the repository.
pub fn at(path: &str) -> String {
    place::repository().join(path).to_str().unwrap().to_owned()
}

/// The options that start a Python program of `tests/exec/programs` with arguments, and more options.
pub fn python(program: &str, arguments: &[&str], more: Value) -> Value {
    let path = at(&format!("tests/exec/programs/{program}.py"));
    let mut command = vec!["python3", &path];
    command.extend(arguments);
    with(json!({ "command": command }), more)
}

/// Both maps in one.
pub fn with(first: Value, more: Value) -> Value {
    let mut all: Map<String, Value> = first.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    Value::Object(all)
}

/// A temporary folder and a file in it.
pub fn notes() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.jsonl");
    (folder, file)
}

/// The lines of a file, as JSON.
pub fn noted(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The results and reasons by token, as told.
pub fn told(queue: &Queue) -> Vec<(u64, u32, String)> {
    let mut all: Vec<(u64, u32, String)> = queue
        .outcomes
        .iter()
        .flat_map(|outcome| {
            let reason = queue.services.interner.text(outcome.reason);
            (0..u64::from(outcome.count)).map(move |i| (outcome.first + i, outcome.result, reason.clone()))
        })
        .collect();
    all.sort();
    let tokens = all.iter().map(|(token, ..)| *token);
    assert!(tokens.eq(1..=all.len() as u64), "every token has exactly one outcome: {all:?}");
    all
}

/// The events so far: kind and text.
pub fn events(queue: &Queue) -> Vec<(String, String)> {
    let mut events = Vec::new();
    queue.services.events.drain(&mut events);
    events.into_iter().map(|event| (queue.services.interner.text(event.kind), event.text)).collect()
}

/// Opens a core that cannot be opened, and holds status and text against what is expected.
#[track_caller]
pub fn refused(options: Value, status: i32, texts: &[&str]) -> String {
    let receives = options["mode"] == "processor";
    let opened = Queue::of("exec", options, config(7, receives)).map(|_| ());
    let Err(CoreError::Failed(failure)) = opened else { panic!("{opened:?}") };
    assert_eq!(failure.kind, FailureKind::Status(status), "{failure}");
    for text in texts {
        assert!(failure.text.contains(text), "`{text}` is missing: {failure}");
    }
    failure.text
}
