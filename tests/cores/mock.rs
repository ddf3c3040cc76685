//! The mock core, loaded and driven as the engine does it.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::chain::*;

const MS: u64 = 1_000_000;

fn mock(options: Value, config: RunConfig) -> Running {
    start(&[request("mock", options)], config).unwrap()
}

/// (token → outcome) of `n` messages published `batch` at a time, all at `now_ns`.
fn fates(running: &mut Running, now_ns: u64, n: u64, batch: usize) -> BTreeMap<u64, abi::Outcome> {
    let mut fates = BTreeMap::new();
    for chunk in messages(1, n).chunks(batch) {
        let published = running.session.publish(now_ns, chunk, &mut running.out);
        assert_eq!((published.accepted as usize, published.failure), (chunk.len(), None));
        for outcome in running.out.outcomes.drain(..) {
            assert_eq!(fates.insert(outcome.first, outcome), None);
        }
    }
    fates
}

#[test]
fn its_defaults_are_those_of_the_design() {
    let chain = plan(&[request("mock", json!({}))]).unwrap();
    let core = &chain.cores[0];
    assert_eq!((core.id.as_str(), &core.options["latency"]), ("mock", &json!("1ms..10ms")));
    assert_eq!(core.options["success_rate"], json!(0.95));
    let mut running = mock(json!({}), run_config());
    let fates = fates(&mut running, 5 * MS, 20_000, 10);
    assert!(fates.values().all(|fate| (6 * MS..=15 * MS).contains(&fate.at_ns)));
    let mean = fates.values().map(|fate| fate.at_ns - 5 * MS).sum::<u64>() / 20_000;
    assert!((5_400_000..5_600_000).contains(&mean), "{mean}");
    let delivered = fates.values().filter(|fate| fate.result == abi::DELIVERED).count();
    assert!((18_850..19_150).contains(&delivered), "{delivered}");
    let mut reasons = BTreeMap::new();
    for fate in fates.values().filter(|fate| fate.result == abi::REFUSED) {
        *reasons.entry(running.services.interner.text(fate.reason)).or_insert(0) += 1;
    }
    let names: Vec<&str> = reasons.keys().map(String::as_str).collect();
    assert_eq!(names, ["connection_reset", "recipient_unavailable", "throttled"]);
    assert!(running.out.deliveries.is_empty());
    running.session.close().unwrap();
    assert!(running.chain.stats().unwrap().is_empty());
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
}

#[test]
fn a_message_meets_the_same_fate_whatever_the_batches() {
    let by_ten = fates(&mut mock(json!({}), run_config()), 0, 900, 10);
    let one_by_one = fates(&mut mock(json!({}), run_config()), 0, 900, 1);
    let of_another_seed = fates(&mut mock(json!({}), RunConfig { seed: 2, ..run_config() }), 0, 900, 10);
    assert_eq!(by_ten, one_by_one);
    assert_ne!(by_ten, of_another_seed);
}

#[test]
fn another_success_rate_leaves_the_times_alone() {
    let all = fates(&mut mock(json!({ "success_rate": 1 }), run_config()), 0, 900, 10);
    let none = fates(&mut mock(json!({ "success_rate": "0%" }), run_config()), 0, 900, 10);
    let times = |fates: &BTreeMap<u64, abi::Outcome>| fates.values().map(|f| f.at_ns).collect::<Vec<_>>();
    assert_eq!(times(&all), times(&none));
    assert!(all.values().all(|fate| (fate.result, fate.reason) == (abi::DELIVERED, 0)));
    assert!(none.values().all(|fate| fate.result == abi::REFUSED && fate.reason > 0));
}

#[test]
fn recipients_win_over_types_and_types_over_the_core() {
    let options = json!({
        "latency": "1ms",
        "success_rate": 1,
        "types": { "hard_onboard": { "latency": "2ms" } },
        "recipients": { "Agent-3": { "latency": "3ms" }, "ALL": { "latency": "4ms" } },
    });
    let mut running = mock(options, run_config());
    let mut batch = messages(1, 4);
    for (message, (to, type_id)) in batch.iter_mut().zip([(0, 0), (0, 1), (2, 1), (abi::ALL, 0)]) {
        (message.recipient_id, message.type_id) = (to, type_id);
    }
    let published = running.session.publish(0, &batch, &mut running.out);
    assert_eq!(published.failure, None);
    let times: Vec<u64> = running.out.outcomes.iter().map(|outcome| outcome.at_ns / MS).collect();
    assert_eq!(times, [1, 2, 3, 4]);
}

#[test]
fn names_that_the_run_does_not_know_are_refused() {
    for (options, text) in [
        (json!({ "recipients": { "Agent-77": {} } }), "recipients.Agent-77"),
        (json!({ "types": { "soft": {} } }), "types.soft"),
        (json!({ "failures": { "full": 0 } }), "sum to zero"),
    ] {
        let Err(CoreError::Failed(failure)) = start(&[request("mock", options)], run_config()).map(|_| ())
        else {
            panic!("it was taken");
        };
        assert_eq!((failure.function, &failure.kind), ("create", &FailureKind::Status(abi::CONFIG)));
        assert!(failure.text.contains(text), "{failure}");
    }
}

#[test]
fn its_schema_refuses_what_makes_no_sense() {
    let Err(CoreError::Options { core, faults }) =
        plan(&[request("mock", json!({ "latncy": "5ms", "success_rate": 95, "stall": [{ "at": "1s" }] }))])
    else {
        panic!("it was taken");
    };
    let told: Vec<(&str, Option<&str>)> =
        faults.iter().map(|fault| (fault.key_path.as_str(), fault.help.as_deref())).collect();
    assert_eq!(core, "mock");
    assert_eq!(told[0], ("latncy", Some("did you mean `latency`?")));
    assert_eq!(told[1], ("success_rate", Some("write \"95%\"")));
    assert_eq!(told[2].0, "stall[0].lasts");
}

#[test]
fn no_outcome_lies_farther_ahead_than_the_contract_allows() {
    for law in [
        json!({ "exponential": { "mean": "2000h" } }),
        json!({ "lognormal": { "median": "1h", "p99": "8000h" } }),
    ] {
        let options = json!({ "types": {}, "latency": law });
        let Err(CoreError::Failed(failure)) = start(&[request("mock", options)], run_config()).map(|_| ())
        else {
            panic!("it was taken");
        };
        assert_eq!((failure.function, &failure.kind), ("create", &FailureKind::Status(abi::CONFIG)));
        assert!(failure.text.contains("`latency`") && failure.text.contains("366 days"), "{failure}");
    }
    // A law that is rarely so long, and a stall of a year, are cut there.
    let law = json!({ "lognormal": { "median": "1m", "p99": "100h" } });
    let options = json!({ "latency": law, "success_rate": 1, "stall": [{ "at": "1ms", "lasts": "8784h" }] });
    let mut running = mock(options, run_config());
    let published = running.session.publish(0, &messages(1, 50), &mut running.out);
    assert_eq!(published.failure, None);
    assert!(running.out.outcomes.iter().all(|outcome| outcome.at_ns == abi::AHEAD_MAX_NS));
}

#[test]
fn a_stall_suspends_service() {
    let options =
        json!({ "latency": "5ms", "success_rate": 1, "stall": [{ "at": "10ms", "lasts": "20ms" }] });
    let mut running = mock(options, run_config());
    for (now_ms, end_ms) in [(0, 5), (5, 10), (7, 32), (12, 35), (30, 35)] {
        let published = running.session.publish(now_ms * MS, &messages(now_ms + 1, 1), &mut running.out);
        assert_eq!(published.failure, None);
        assert_eq!(running.out.outcomes.pop().unwrap().at_ns, end_ms * MS, "accepted at {now_ms} ms");
    }
}

#[test]
fn receiving_it_delivers_what_it_delivered() {
    let config = RunConfig { receive: true, wants_content: true, ..run_config() };
    let mut running = mock(json!({ "success_rate": 0.5 }), config);
    assert_ne!(running.chain.capabilities() & abi::READS_CONTENT, 0);
    let mut batch = messages(1, 60);
    for message in &mut batch {
        message.content = abi::Bytes::new(b"hello");
    }
    (batch[0].recipient_id, batch[1].recipient_id) = (abi::ALL, 9);
    let published = running.session.publish(0, &batch, &mut running.out);
    assert_eq!((published.accepted, published.failure), (60, None));
    let expected: Vec<(abi::Stamp, u32, u64)> = running
        .out
        .outcomes
        .iter()
        .filter(|outcome| outcome.result == abi::DELIVERED)
        .map(|outcome| (&batch[outcome.first as usize - 1], outcome.at_ns))
        .filter(|(message, _)| message.recipient_id != 9)
        .map(|(message, at_ns)| (message.stamp, message.recipient_id, at_ns))
        .collect();
    let found: Vec<(abi::Stamp, u32, u64)> =
        running.out.deliveries.iter().map(|d| (d.stamp, d.recipient_id, d.at_ns)).collect();
    assert_eq!(found, expected);
    assert!(!found.is_empty() && found.len() < 60);
    assert_eq!(running.session.content(&running.out, 0), Some(&b"hello"[..]));
    running.session.poll(1, &mut running.out).unwrap();
    assert!(running.session.content(&Out::with_capacity(1, 1), 0).is_none());
    assert!(running.out.deliveries.iter().all(|delivery| delivery.ack_tag == 0));

    let silent = mock(json!({}), run_config());
    assert_eq!(silent.chain.capabilities() & abi::READS_CONTENT, 0);
}
