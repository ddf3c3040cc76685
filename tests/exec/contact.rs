//! The exec core in mode `processor`: the first contact, and functions that do not return.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::exec::{events, python, refused, there_is, told, with};
use support::queue::{Parcel, Queue, config, parcel};

fn silent(how: &str, more: Value) -> Value {
    let plain = json!({ "mode": "processor", "mock": { "latency": "0ms", "success_rate": 1.0 } });
    python("processors/silent", &[how], with(plain, more))
}

fn parcels(count: u64) -> Vec<Parcel> {
    (1..=count).map(|sequence| parcel(0, 1, sequence)).collect()
}

#[test]
fn without_first_contact_the_run_ends_with_what_was_seen() {
    if !there_is("python3") {
        return;
    }
    let soon = json!({ "start_timeout": "2s" });
    let hint = "`probe: false`";
    refused(
        silent("drops", soon.clone()),
        abi::IO,
        &[
            "took the first message",
            "made no call",
            "within 2s (`start_timeout`)",
            hint,
            "nothing is sent, says a log",
        ],
    );
    refused(
        silent("swallows", soon.clone()),
        abi::IO,
        &["took the first message", "calls that failed: send_message got no `sender`", hint],
    );
    refused(silent("blocks", soon), abi::IO, &["`enqueue` did not return within 2s", hint]);
    refused(
        silent("refuses", json!({})),
        abi::IO,
        &["did not take the first message: ValueError: no agent Agent-1", hint],
    );
}

#[test]
fn the_first_message_is_not_counted_and_can_be_left_out() {
    if !there_is("python3") {
        return;
    }
    // It succeeds whatever the mock does, and is no call.
    let failing = json!({ "mock": { "latency": "0ms", "success_rate": 0.0 }, "workers": 2 });
    let queue = Queue::of("exec", silent("sends", failing), config(7, true)).unwrap();
    assert!(queue.copies.is_empty() && queue.notes.is_empty());
    let stats = queue.close();
    assert_eq!((&stats["calls"], &stats["answers"], &stats["sent"]), (&json!(0), &json!(0), &json!(0)));
    let without = silent("drops", json!({ "probe": false }));
    let mut queue = Queue::of("exec", without, config(7, true)).unwrap();
    queue.publish(&parcels(3));
    assert!(told(&queue).iter().all(|outcome| outcome.1 == abi::DELIVERED));
    // Of a processor from which nothing comes, its last words are told unasked.
    let events_of = std::sync::Arc::clone(&queue.services.events);
    let interner = std::sync::Arc::clone(&queue.services.interner);
    queue.close();
    let mut told = Vec::new();
    events_of.drain(&mut told);
    let (kind, text) = (interner.text(told[0].kind), &told[0].text);
    assert_eq!(kind, "exec_nothing_came_back");
    assert!(text.contains("took 3 messages") && text.contains("nothing is sent, says a log"), "{text}");
}

/// Polls until an event of this kind has come; its text.
#[track_caller]
fn until_event(queue: &mut Queue, kind: &str) -> String {
    let start = Instant::now();
    loop {
        queue.poll().unwrap();
        if let Some((_, text)) = events(queue).into_iter().find(|(known, _)| known == kind) {
            return text;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no {kind} comes");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_that_does_not_return_is_told_by_name_and_line() {
    if !there_is("python3") {
        return;
    }
    let options = silent("hangs", json!({ "timeout": "700ms" }));
    let mut queue = Queue::of("exec", options, config(7, true)).unwrap();
    queue.publish(&parcels(3));
    let text = until_event(&mut queue, "exec_hang");
    for part in [
        "process() has not returned for ",
        "3 messages",
        "in wait_for_a_lock, called from silent.py:",
        "in process",
    ] {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
    let stats = queue.close();
    assert_eq!((&stats["restarts"], &stats["started"]), (&json!(0), &json!(1)), "it is not killed for that");
}

#[test]
fn a_process_that_is_still_inside_at_the_end_is_told() {
    if !there_is("python3") {
        return;
    }
    let mut queue = Queue::of("exec", silent("hangs", json!({})), config(7, true)).unwrap();
    queue.publish(&parcels(2));
    let events_of = std::sync::Arc::clone(&queue.services.events);
    let interner = std::sync::Arc::clone(&queue.services.interner);
    queue.close();
    let mut told = Vec::new();
    events_of.drain(&mut told);
    let hang = told.iter().find(|event| interner.text(event.kind) == "exec_hang").expect("it is told");
    assert!(
        hang.text.contains("process() has not returned") && hang.text.contains("wait_for_a_lock"),
        "{}",
        hang.text
    );
}

#[test]
fn an_enqueue_that_does_not_return_is_told_and_its_process_is_started_again() {
    if !there_is("python3") {
        return;
    }
    let options = silent("blocks_later", json!({ "timeout": "700ms", "backoff": "10ms" }));
    let mut queue = Queue::of("exec", options, config(7, true)).unwrap();
    queue.offer(&parcels(1)).unwrap();
    let text = until_event(&mut queue, "exec_hang");
    assert!(text.contains("enqueue() has not returned for ") && text.contains("silent.py:"), "{text}");
    queue.until(|queue| queue.answered() == 1);
    assert_eq!(told(&queue)[0].2, "worker_hung");
    queue.end();
}

#[test]
fn a_heartbeat_is_a_sign_of_work() {
    if !there_is("python3") {
        return;
    }
    let options = silent("works", json!({ "timeout": "1s" }));
    let mut queue = Queue::of("exec", options, config(7, true)).unwrap();
    queue.publish(&parcels(1));
    queue.worked = false;
    let mut signs = 0;
    while queue.copies.is_empty() {
        queue.turn().unwrap();
        signs += u32::from(std::mem::take(&mut queue.worked));
        assert!(events(&queue).is_empty(), "it does not hang");
    }
    assert!(signs >= 5, "{signs}");
    queue.close();
}
