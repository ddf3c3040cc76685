//! The exec core in mode `processor`: processes that are killed and stopped on purpose.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use support::exec::{events, noted, notes, python, refused, there_is, told, with};
use support::processes::{lives, until_gone};
use support::queue::{Queue, config, parcel};

fn stored(where_to: &str, more: Value) -> Queue {
    let plain = json!({ "mode": "processor", "mock": { "latency": "5ms", "success_rate": 0.9 } });
    let options = python("processors/stored", &[where_to], with(plain, more));
    Queue::of("exec", options, config(7, true)).unwrap()
}

/// Hands over a message every few milliseconds until this comes to hold; how many.
#[track_caller]
fn load(queue: &mut Queue, enough: impl Fn(&[(String, String)]) -> bool) -> (u64, Vec<(String, String)>) {
    let (mut sequence, mut happened, start) = (0, Vec::new(), Instant::now());
    while !enough(&happened) {
        assert!(start.elapsed() < Duration::from_secs(60), "it is not enough: {happened:?}");
        sequence += queue.offer(&[parcel(0, 1, sequence + 1)]).unwrap() as u64;
        std::thread::sleep(Duration::from_millis(3));
        queue.poll().unwrap();
        happened.extend(events(queue));
    }
    (sequence, happened)
}

/// Which of the messages that the processor answered for have come, after a while of silence.
fn missing(queue: &mut Queue) -> usize {
    let taken: BTreeSet<u64> =
        told(queue).into_iter().filter(|told| told.1 == abi::DELIVERED).map(|told| told.0).collect();
    let start = Instant::now();
    loop {
        let come: BTreeSet<u64> = queue.copies.iter().map(|copy| copy.stamp.sequence).collect();
        let missing = taken.difference(&come).count();
        if missing == 0 || start.elapsed() > Duration::from_secs(4) {
            return missing;
        }
        std::thread::sleep(Duration::from_millis(20));
        queue.poll().unwrap();
    }
}

#[test]
fn kills_on_purpose_tell_a_queue_in_memory_from_one_in_a_file() {
    if !there_is("python3") {
        return;
    }
    for (where_to, loses) in [("file", false), ("memory", true)] {
        let kill = json!({ "faults": { "kill": { "at": ["600ms", 0.3, "900ms"] } }, "restarts": 0 });
        let mut queue = stored(where_to, kill);
        let kills =
            |happened: &[(String, String)]| happened.iter().filter(|e| e.0 == "exec_fault_kill").count();
        let (offered, happened) = load(&mut queue, |happened| kills(happened) == 3);
        queue.until(|queue| queue.answered() == offered);
        assert!(happened.iter().all(|(kind, _)| kind == "exec_fault_kill"), "{happened:?}");
        assert!(happened[0].1.contains("was killed by the option `faults`, 0.30 s after"), "{happened:?}");
        for (_, result, reason) in told(&queue) {
            assert!(result == abi::DELIVERED || reason == "fault_kill", "{result}, {reason}");
        }
        let missing = missing(&mut queue);
        assert_eq!(missing > 0, loses, "{where_to}: {missing} of {offered}");
        let stats = queue.close();
        assert_eq!(
            (&stats["fault_kills"], &stats["restarts"], &stats["started"]),
            (&json!(3), &json!(0), &json!(4))
        );
    }
}

#[test]
fn kills_come_again_and_again_by_the_seed_and_end_with_the_load() {
    if !there_is("python3") {
        return;
    }
    let kill = json!({ "faults": { "kill": { "every": "500ms" } }, "workers": 2 });
    let mut queue = stored("file", kill);
    let (_, happened) = load(&mut queue, |happened| happened.len() >= 5);
    for worker in ["worker 1 ", "worker 2 "] {
        assert!(happened.iter().any(|(_, text)| text.starts_with(worker)), "{happened:?}");
    }
    let now_ns = queue.services.clock.now_ns();
    queue.session.flush(now_ns, &mut queue.out).unwrap();
    events(&queue);
    let until = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < until {
        queue.poll().unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    let later = events(&queue);
    assert!(later.len() <= 2, "those that were under way: {later:?}");
    queue.close();
}

#[test]
fn a_stop_on_purpose_is_no_hang_and_loses_nothing() {
    if !there_is("python3") {
        return;
    }
    let stop = json!({ "faults": { "stop": { "at": "200ms", "lasts": "1500ms" } }, "timeout": "1s" });
    let mut queue = stored("memory", stop);
    let start = Instant::now();
    let (offered, happened) = load(&mut queue, |_| start.elapsed() > Duration::from_secs(3));
    assert_eq!(happened.len(), 1, "{happened:?}");
    let stopped = queue.copies.windows(2).map(|pair| pair[1].at_ns - pair[0].at_ns).max().unwrap();
    assert!(
        stopped > 1_200_000_000,
        "nothing came for {stopped} ns of {} copies; {happened:?}",
        queue.copies.len()
    );
    queue.until(|queue| queue.answered() == offered);
    assert_eq!(missing(&mut queue), 0);
    let stats = queue.close();
    assert_eq!((&stats["fault_stops"], &stats["restarts"]), (&json!(1), &json!(0)));
}

#[test]
fn what_a_killed_processor_has_started_ends_with_it() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let text = "import json, os, subprocess, sys\nfrom mqscript_adapter import *\n\
                child = subprocess.Popen(['sleep', '1000'])\n\
                with open(sys.argv[1], 'a') as notes: notes.write(json.dumps(child.pid) + '\\n')\n\
                serve_processor(lambda *m: messaging_core.send_message(*m))\n";
    let program = file.with_file_name("program.py");
    std::fs::write(&program, text).unwrap();
    let options = json!({
        "mode": "processor", "command": ["python3", program.to_str().unwrap(), file.to_str().unwrap()],
        "mock": { "latency": "0ms", "success_rate": 1.0 }, "faults": { "kill": { "at": "200ms" } },
    });
    let mut queue = Queue::of("exec", options, config(7, true)).unwrap();
    load(&mut queue, |happened| !happened.is_empty());
    queue.until(|_| noted(&file).len() == 2);
    let children = noted(&file);
    until_gone(children[0].as_u64().unwrap());
    assert!(lives(children[1].as_u64().unwrap()));
    queue.close();
    until_gone(children[1].as_u64().unwrap());
}

#[test]
fn faults_that_make_no_sense_are_refused() {
    let with_faults = |faults: Value| json!({ "command": "true", "mode": "processor", "faults": faults });
    refused(with_faults(json!({ "kill": { "at": ["soon"] } })), abi::CONFIG, &["`faults.kill`"]);
    refused(
        json!({ "command": "true", "faults": { "kill": { "at": "1s" } } }),
        abi::CONFIG,
        &["mode: \"processor\""],
    );
}
