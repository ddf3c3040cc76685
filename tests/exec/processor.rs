//! The exec core in mode `processor`: the user's own processor between the messages that go in and the copies that
//! come out.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::chain;
use support::exec::{at, events, python, there_is, told, with};
use support::queue::{Copy, Parcel, Queue, config, parcel};

/// A processor of the tests, sending through a core that delivers at once, unless `more` says otherwise.
fn odd(habit: &str, more: Value) -> Value {
    let plain = json!({ "mode": "processor", "mock": { "latency": "0ms", "success_rate": 1.0 } });
    python("odd_processor", &[habit], with(plain, more))
}

/// One of the shipped examples, sending through a core that fails now and then.
fn example(name: &str, seed: u64) -> Queue {
    let options = json!({
        "command": ["python3", at(&format!("plugins/exec/examples/{name}.py"))],
        "mode": "processor",
        "mock": { "latency": "0ms..1ms", "success_rate": 0.9 },
    });
    Queue::of("exec", options, RunConfig { seed, ..config(7, true) }).unwrap()
}

fn open(options: Value) -> Queue {
    Queue::of("exec", options, config(7, true)).unwrap()
}

fn parcels(count: u64) -> Vec<Parcel> {
    (1..=count).map(|sequence| parcel(0, 1, sequence)).collect()
}

/// Polls until nothing has come for two seconds, as a run does when copies are missing.
fn until_quiet(queue: &mut Queue) {
    let mut last = (Instant::now(), queue.copies.len());
    while last.0.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_millis(10));
        queue.poll().unwrap();
        if queue.copies.len() != last.1 {
            last = (Instant::now(), queue.copies.len());
        }
    }
}

/// How often each sequence came.
fn counts(queue: &Queue) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    queue.copies.iter().for_each(|copy| *counts.entry(copy.stamp.sequence).or_default() += 1);
    counts
}

#[test]
fn the_correct_example_sends_everything_once_and_in_order() {
    if !there_is("python3") {
        return;
    }
    let mut queue = example("processor", 1);
    let mut all = parcels(100);
    all[40] = parcel(0, abi::ALL, 41);
    queue.publish(&all);
    assert!(told(&queue).iter().all(|outcome| outcome.1 == abi::DELIVERED), "enqueued");
    queue.until(|queue| queue.copies.len() == 99 + 8);
    let seen: Vec<(u32, u32, u64, u32)> = queue.copies.iter().map(Copy::identity).collect();
    let expected: Vec<(u32, u32, u64, u32)> = (1..=100)
        .flat_map(|sequence| match sequence {
            41 => (1..9).map(|to| (7, 0, 41, to)).collect::<Vec<_>>(),
            _ => vec![(7, 0, sequence, 1)],
        })
        .collect();
    assert_eq!(seen, expected);
    let copy = &queue.copies[0];
    assert_eq!(copy.content, b"message 1 of 0");
    assert_eq!(copy.text, Some(("Agent-1".into(), "Agent-2".into(), "SYSTEM_TO_AGENT".into())));
    assert!(copy.tag == 0 && !copy.redelivered);
    let stamps: Vec<_> = queue.copies.iter().map(|copy| copy.stamp.attempt).collect();
    assert!(stamps.iter().all(|attempt| *attempt == 1), "the stamp comes back as it was");
    let stats = queue.close();
    assert_eq!((&stats["sent"], &stats["sent_to_nobody"]), (&json!(100), &json!(0)));
}

/// What the receiver's ledger judges as `lost` in a whole run: messages that the processor confirmed and never sent.
#[test]
fn copies_of_confirmed_messages_are_missing_from_the_example_with_a_loss() {
    if !there_is("python3") {
        return;
    }
    let mut queue = example("processor_with_a_loss", 1);
    queue.publish(&parcels(200));
    assert!(told(&queue).iter().all(|outcome| outcome.1 == abi::DELIVERED), "it confirmed them all");
    until_quiet(&mut queue);
    let counts = counts(&queue);
    assert!(counts.values().all(|count| *count == 1), "none came twice: {counts:?}");
    let lost = 200 - counts.len();
    assert!((20..190).contains(&lost), "{lost} are lost");
    queue.close();
}

#[test]
fn luck_follows_the_seed_and_the_message() {
    if !there_is("python3") {
        return;
    }
    // A core that fails one call in three: which messages need a second call is the same in every run of one seed.
    let failing = |seed: u64| {
        let options = json!({ "mock": { "latency": "0ms", "success_rate": 0.6, "spike": { "rate": 0.3, "by": "0.1ms" } } });
        let config = RunConfig { seed, ..config(7, true) };
        let mut queue = Queue::of("exec", odd("plain", options), config).unwrap();
        queue.publish(&parcels(60));
        queue.until(|queue| queue.copies.len() == 60);
        let happened = events(&queue);
        queue.close();
        assert!(
            happened.iter().all(|(kind, text)| kind == "spike" && text == "0.1 ms longer"),
            "{happened:?}"
        );
        happened.len()
    };
    let (first, again, other) = (failing(1), failing(1), failing(2));
    assert_eq!(first, again);
    assert!(first > 10 && other > 10, "{first}, {other}: three in ten of the calls");
}

#[test]
fn crashes_are_exceptions_and_are_told() {
    if !there_is("python3") {
        return;
    }
    let options = json!({
        "command": ["python3", at("plugins/exec/examples/processor.py")],
        "mode": "processor",
        "mock": { "latency": "0ms", "success_rate": 1.0, "crash": "20%" },
    });
    let mut queue = open(options);
    queue.publish(&parcels(100));
    queue.until(|queue| queue.copies.len() == 100);
    let crashes = events(&queue);
    assert!(crashes.iter().all(|(kind, _)| kind == "crash"), "{crashes:?}");
    assert!((5..60).contains(&crashes.len()), "{}", crashes.len());
    queue.close();
}

#[test]
fn what_the_processor_repeats_or_reorders_shows() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("repeats", json!({})));
    queue.publish(&parcels(20));
    queue.until(|queue| queue.copies.len() == 40);
    assert!(counts(&queue).values().all(|count| *count == 2));
    queue.close();
    let mut queue = open(odd("backwards", json!({})));
    queue.publish(&parcels(20));
    queue.until(|queue| queue.copies.len() == 20);
    assert!(!queue.copies.is_sorted_by_key(|copy| copy.stamp.sequence));
    queue.close();
}

#[test]
fn the_stamp_travels_without_metadata_and_else_is_missing() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("forgets_metadata", json!({})));
    queue.publish(&parcels(5));
    queue.until(|queue| queue.copies.len() == 5);
    assert!(queue.copies.iter().map(|copy| copy.stamp.sequence).eq(1..=5), "with the content");
    queue.close();
    let mut queue = open(odd("upper", json!({})));
    queue.publish(&parcels(1));
    queue.until(|queue| queue.copies.len() == 1);
    let copy = &queue.copies[0];
    assert_eq!(
        (copy.stamp.sequence, &copy.content[..]),
        (1, &b"MESSAGE 1 OF 0"[..]),
        "as the processor made it"
    );
    queue.close();
    let mut queue = open(odd("replies", json!({ "probe": false })));
    queue.publish(&parcels(1));
    queue.until(|queue| queue.copies.len() == 1);
    let copy = &queue.copies[0];
    assert_eq!((copy.stamp, &copy.content[..]), (abi::Stamp::NONE, &b"a message of its own"[..]));
    queue.close();
}

#[test]
fn what_enqueue_refuses_is_refused() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("choosy", json!({})));
    let mut all = parcels(3);
    for (step, parcel) in all.iter_mut().enumerate() {
        parcel.metadata = vec![("step".to_owned(), step.to_string())];
    }
    queue.publish(&all);
    let expected = [
        (1, abi::DELIVERED, String::new()),
        (2, abi::REFUSED, "enqueue returned False".to_owned()),
        (3, abi::REFUSED, "OverflowError: the queue is full".to_owned()),
    ];
    assert_eq!(told(&queue), expected);
    queue.until(|queue| queue.copies.len() == 1);
    queue.close();
}

#[test]
fn a_recipient_that_nobody_is_called_is_told() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("to_nobody", json!({})));
    queue.publish(&parcels(1));
    while !queue.services.events.is_waiting() {
        assert!(queue.services.clock.now_ns() < 60_000_000_000, "no event comes");
        std::thread::sleep(Duration::from_millis(1));
    }
    let (kind, text) = events(&queue).swap_remove(0);
    assert_eq!(kind, "exec_unknown_recipient");
    assert!(text.contains("sent to `Agent-99`"), "{text}");
    let stats = queue.close();
    assert_eq!((&stats["sent"], &stats["sent_to_nobody"]), (&json!(1), &json!(1)));
    // Who is of the run but no agent has no inbox; that is no news.
    let mut queue = open(odd("plain", json!({})));
    let mut all = parcels(2);
    all[0].recipient = "SYSTEM".to_owned();
    queue.publish(&all);
    queue.until(|queue| queue.copies.len() == 1);
    assert_eq!((queue.copies[0].stamp.sequence, events(&queue)), (2, Vec::new()));
    let stats = queue.close();
    assert_eq!((&stats["sent"], &stats["sent_to_nobody"]), (&json!(2), &json!(0)));
}

#[test]
fn a_processor_may_go_on_for_ever_and_be_called_with_arguments() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("for_ever", json!({ "grace": "10s" })));
    queue.publish(&parcels(50));
    queue.until(|queue| queue.copies.len() == 50);
    let before = Instant::now();
    let stats = queue.close();
    assert_eq!(stats["killed_at_close"], json!(0), "the adapter lets go after a second");
    assert!(before.elapsed() < Duration::from_secs(10));
    let mut queue = open(odd("greets", json!({ "arguments": { "greeting": "hello" } })));
    queue.publish(&parcels(1));
    queue.until(|queue| queue.copies.len() == 1);
    queue.close();
}

#[test]
fn a_core_of_the_users_own_may_stand_behind() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("own_core", json!({})));
    queue.publish(&parcels(30));
    queue.until(|queue| queue.copies.len() == 30);
    assert!(counts(&queue).values().all(|count| *count == 1), "only what it delivered is a delivery");
    queue.close();
}

#[test]
fn a_processor_that_raises_has_died() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open(odd("raises", json!({ "restarts": 0, "probe": false })));
    queue.offer(&parcels(1)).unwrap();
    let failure = queue.until_failure();
    for text in ["exited with code 1", "`RuntimeError: the processor has a bug`"] {
        assert!(failure.text.contains(text), "`{text}` is missing: {failure}");
    }
    queue.end();
}

#[test]
fn promises_become_capabilities() {
    if !there_is("python3") {
        return;
    }
    let able = |more: Value| {
        let options = odd("plain", more);
        let services = HostServices::new(RunClockKind::Wall);
        let plan = chain::plan(&[chain::request("exec", options)]).unwrap();
        plan.create(config(7, true), services).unwrap().capabilities()
    };
    let promised = abi::ORDERED | abi::EXACTLY_ONCE;
    assert_eq!(able(json!({})) & (promised | abi::RECEIVES | abi::CONFIRMS), abi::RECEIVES | abi::CONFIRMS);
    assert_eq!(able(json!({ "promises": ["ordered", "exactly_once"] })) & promised, promised);
    assert_eq!(able(json!({ "promises": ["ordered"] })) & promised, abi::ORDERED);
}
