//! The exec core keeps the laws of queues, in both modes.

use mqscript::cores::{FailureKind, abi};
use serde_json::{Value, json};
use support::exec::{at, notes, python, there_is, with};
use support::queue::{Queue, config};
use support::queue_laws::{Subject, reports, rides_out};

/// Both modes are alike but for their options, and for copies: only a processor sends some.
fn keeps_the_laws(options: &dyn Fn(Value) -> Value, receives: bool) {
    let exec = Subject {
        core: "exec",
        options,
        window: ("window", 1000),
        bytes_max: 16 << 20,
        content_max: 1 << 18,
        receives,
        acknowledges: false,
        tells_empty: false,
    };
    exec.keeps_the_laws();
}

#[test]
fn delivering_it_keeps_the_laws_of_queues() {
    if !there_is("python3") {
        return;
    }
    let program = at("plugins/exec/examples/send_message.py");
    keeps_the_laws(&|more| with(json!({ "command": ["python3", program], "grace": "1s" }), more), false);
}

#[test]
fn under_test_it_keeps_the_laws_of_queues() {
    if !there_is("python3") {
        return;
    }
    let mock = json!({ "latency": "0ms", "success_rate": 1.0 });
    let plain = json!({ "mode": "processor", "mock": mock, "grace": "1s" });
    keeps_the_laws(&|more| python("odd_processor", &["plain"], with(plain.clone(), more)), true);
}

#[test]
fn a_program_that_dies_once_too_often_ends_the_session_with_a_reason() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = python("unruly", &["die", file.to_str().unwrap()], json!({ "restarts": 0 }));
    let queue = Queue::of("exec", options, config(7, false)).unwrap();
    let failure = reports(queue, || ());
    assert_eq!(failure.kind, FailureKind::Status(abi::IO), "{failure}");
    assert!(failure.text.contains("`restarts`"), "{failure}");
}

#[test]
fn a_program_that_dies_and_comes_back_answers_for_every_message() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = python("unruly", &["die+once", file.to_str().unwrap()], json!({ "backoff": "1ms" }));
    let queue = Queue::of("exec", options, config(7, false)).unwrap();
    rides_out(queue, || ());
}
