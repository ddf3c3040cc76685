//! The core that breaks one rule, and what `core check` says of it.

use crate::place;
use crate::program::command;
use mqscript::conformance::{TESTS, Test};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One failure of `core check`.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub test: String,
    pub rule: String,
    pub seen: String,
}

/// The library with the core that breaks a rule.
pub fn library() -> PathBuf {
    let file = format!("{}mqscript_core_bad{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let beside = place::built();
    let there = [beside.join("deps").join(&file), beside.join(&file)];
    let newest = there
        .into_iter()
        .filter(|path| path.is_file())
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    newest.expect("the library of mqscript-bad")
}

/// All failures of a core that was told to break a rule; `more` are further arguments.
pub fn check(library: &Path, fault: &str, more: &[&str]) -> Vec<Failure> {
    let path = library.display().to_string();
    let arguments = [&["core", "check", &path, "--format", "json"], more].concat();
    let output = command(&arguments).env("MQSCRIPT_BAD", fault).output().expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let tests = report["tests"].as_array().expect("tests");
    assert!(tests.len() > 60 || !more.is_empty(), "every test is told of");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let failures: Vec<Failure> = tests
        .iter()
        .filter(|test| test["verdict"] == "fails")
        .map(|test| Failure {
            test: text(&test["test"]),
            rule: text(&test["rule"]),
            seen: text(&test["seen"]),
        })
        .collect();
    assert_eq!(output.status.code(), Some(if failures.is_empty() { 0 } else { 6 }));
    assert_eq!(report["holds"], failures.is_empty());
    failures
}

/// How thoroughly it is shown that no other test fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// All of the same group, where mistakes are likely, and a quarter of the rest: over all faults, every test is
    /// among these many times.
    Some,
    /// All there are.
    All,
}

/// Each fault is named like the test that must catch it, by this rule; no other test may fail.
pub fn caught(faults: &[(&str, &str)], others: Others) {
    for (fault, rule) in faults {
        let own = TESTS.iter().position(|test| test.name == *fault).expect("the fault is named like a test");
        let asked = |(i, test): &(usize, &Test)| {
            others == Others::All
                || test.rules[0].group() == TESTS[own].rules[0].group()
                || (i + own).is_multiple_of(4)
        };
        let asked: Vec<&str> = TESTS.iter().enumerate().filter(asked).map(|(_, test)| test.name).collect();
        let arguments: Vec<&str> = asked.iter().flat_map(|name| ["--test", name]).collect();
        let failures = check(&library(), fault, &arguments);
        let names: Vec<_> =
            failures.iter().map(|failure| (failure.test.as_str(), failure.rule.as_str())).collect();
        assert_eq!(names, [(*fault, *rule)], "{failures:?}");
    }
}
