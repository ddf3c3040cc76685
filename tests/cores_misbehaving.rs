//! Cores that load well and then break their word: each is contained and named.

#[path = "cores/support.rs"]
mod support;

use mqscript::cores::*;
use serde_json::json;
use std::time::Duration;
use support::*;

fn small(defines: &[&str]) -> CoreRequest {
    request(compile("core.c", defines), json!({}))
}

fn failed(result: Result<Running, CoreError>) -> CoreFailure {
    match result.map(|_| ()) {
        Err(CoreError::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

/// What comes of a batch of four that fails: how many were accepted, how many outcomes count, and why.
fn publish(defines: &[&str], config: RunConfig) -> (u32, usize, CoreFailure) {
    let mut running = start(&[small(defines)], config).unwrap();
    let published = running.session.publish(1_000, &messages(1, 4), &mut running.out);
    let failure = published.failure.expect("it went well");
    // The session is finished: no further call reaches the core.
    assert!(running.session.poll(2_000, &mut running.out).is_err());
    (published.accepted, running.out.outcomes.len(), failure)
}

#[test]
fn breaches_in_publish_are_named_and_what_was_sound_counts() {
    for (defines, accepted, outcomes, text) in [
        (&["TOO_MANY"][..], 4, 0, "it accepted 5 messages of 4"),
        (&["REWINDS"], 0, 0, "it left "),
        (&["NO_COUNT"], 4, 0, "the outcome of token 1 counts no token"),
        (&["BAD_RESULT"], 4, 0, "the outcome of token 1 has the unknown result 77"),
        (&["AT=999"], 4, 0, "the outcome of token 1 lies in the past: at_ns 999, now 1000"),
        (&["AT=(i==2?0:now_ns)"], 4, 2, "the outcome of token 3 lies in the past: at_ns 0, now 1000"),
        (&["AT=now_ns+MQS_AHEAD_MAX_NS+1"], 4, 0, "the outcome of token 1 lies more than 366 days ahead"),
    ] {
        let (found_accepted, found_outcomes, failure) = publish(defines, run_config());
        assert!(failure.text.starts_with(text), "{defines:?}: {failure}");
        assert_eq!((failure.core.as_str(), failure.function), ("small", "publish"));
        assert_eq!(failure.kind, FailureKind::Breach);
        assert_eq!((found_accepted, found_outcomes), (accepted, outcomes), "{defines:?}");
    }
}

#[test]
fn on_the_wall_clock_an_acknowledgement_may_be_older_than_the_call() {
    let config = RunConfig { clock: ClockKind::Wall, ..run_config() };
    let mut running = start(&[small(&["AT=999"])], config).unwrap();
    let published = running.session.publish(1_000, &messages(1, 4), &mut running.out);
    assert_eq!((published.accepted, published.failure), (4, None));
}

#[test]
fn breaches_in_deliveries_are_named() {
    let receiving = || RunConfig { receive: true, ..run_config() };
    let capabilities = "CAPABILITIES=(MQS_SIMULATED|MQS_RECEIVES)";
    for (fault, text) in [
        ("delivery->recipient_id=9", "a delivery for agent 9 of 9"),
        ("delivery->content.len=3", "a delivery of 3 bytes at NULL"),
        ("delivery->content.len=1ull<<40", "a delivery of 1099511627776 bytes"),
        ("delivery->at_ns=1", "a delivery lies in the past"),
    ] {
        let (_, _, failure) = publish(&[capabilities, &format!("DELIVERS={fault}")], receiving());
        assert!(failure.text.starts_with(text), "{failure}");
    }
    let mut running = start(&[small(&[capabilities, "DELIVERS=delivery->ack_tag=5"])], receiving()).unwrap();
    let published = running.session.publish(1_000, &messages(1, 1), &mut running.out);
    assert_eq!(published.failure, None);
    let failure = running.session.acknowledge(1_000, &[5], &mut running.out).unwrap_err();
    assert_eq!((failure.function, failure.kind), ("acknowledge", FailureKind::Breach));
}

#[test]
fn a_terminal_status_keeps_what_was_said_before() {
    let (accepted, outcomes, failure) = publish(&["REFUSES_TO_GO_ON"], run_config());
    assert_eq!((accepted, outcomes), (1, 1));
    assert_eq!(failure.to_string(), "core `small`: `publish` returned IO: the disk is gone");
}

#[test]
fn a_create_that_fails_hangs_or_lies_is_told() {
    let failure = failed(start(&[small(&["CREATE_FAILS"])], run_config()));
    assert_eq!(failure.kind, FailureKind::Status(abi::CONNECT));
    assert_eq!((failure.function, failure.text.as_str()), ("create", "nobody listens"));
    let failure = failed(start(&[small(&["NO_CORE"])], run_config()));
    assert_eq!((failure.function, failure.kind), ("create", FailureKind::Breach));
    let failure = failed(start(&[small(&["OVERCLAIMS"])], run_config()));
    assert!(failure.text.contains("DURABLE"), "{failure}");

    let mut services = HostServices::new(ClockKind::Virtual);
    services.control_limit = Duration::from_millis(50);
    let chain = plan(&[small(&["CREATE_HANGS"])]).unwrap();
    let Err(CoreError::Failed(failure)) = chain.create(run_config(), services) else { panic!("it returned") };
    assert_eq!(failure.kind, FailureKind::TimedOut(Duration::from_millis(50)));
}

#[test]
fn cores_that_do_not_fit_the_run_are_refused_before_they_are_made() {
    let unfit = |defines: &[&str], config: RunConfig| match start(&[small(defines)], config).map(|_| ()) {
        Err(CoreError::Unfit { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(unfit(&["CAPABILITIES=0"], run_config()).contains("wall clock"));
    let receiving = RunConfig { receive: true, ..run_config() };
    assert!(unfit(&[], receiving.clone()).contains("cannot receive"));
    let few = ["CAPABILITIES=(MQS_SIMULATED|MQS_RECEIVES)", "RECEIVERS_MAX=3"];
    assert_eq!(unfit(&few, receiving), "9 agents are to receive, it can serve 3");
}

fn panicking(place: &str) -> Result<Running, CoreError> {
    start(&[request("panicking", json!({ "place": place }))], run_config())
}

fn assert_panic(failure: &CoreFailure, function: &str, text: &str) {
    assert_eq!((failure.core.as_str(), failure.function), ("panicking", function), "{failure}");
    assert_eq!(failure.text, text);
    let FailureKind::Panic { place: Some(place) } = &failure.kind else { panic!("{failure:?}") };
    assert!(place.contains("lib.rs:"), "{place}");
}

#[test]
fn panics_in_control_calls_are_failures_with_text_and_place() {
    for function in ["create", "prepare", "open"] {
        assert_panic(&failed(panicking(function)), function, &format!("told to panic in {function}"));
    }
    // Nobody can be told of these, but the process lives.
    for function in ["close", "destroy"] {
        let running = panicking(function).unwrap();
        running.session.close().unwrap();
        running.chain.destroy().unwrap();
    }
}

#[test]
fn a_panic_in_publish_keeps_what_was_said_before() {
    let mut running = panicking("publish").unwrap();
    let published = running.session.publish(1_000, &messages(1, 4), &mut running.out);
    assert_panic(&published.failure.unwrap(), "publish", "told to panic in publish");
    assert_eq!((published.accepted, running.out.outcomes.len()), (0, 2));
    let again = running.session.publish(1_000, &messages(5, 1), &mut running.out);
    assert_eq!(again.failure.unwrap().kind, FailureKind::Status(abi::POISONED));
    running.session.close().unwrap();
    running.chain.destroy().unwrap();
}

#[test]
fn a_panic_on_a_cores_own_thread_wakes_the_host_and_fails_the_next_call() {
    let mut running = panicking("thread").unwrap();
    let published = running.session.publish(1_000, &messages(1, 1), &mut running.out);
    assert_eq!(published.failure, None);
    assert!(running.services.wake.take());
    let failure = running.session.poll(1_000, &mut running.out).unwrap_err();
    assert_panic(&failure, "poll", "told to panic on a thread");
}

const LAYER: [&str; 3] = ["LAYERED", "ID=\"later\"", "CAPABILITIES=(MQS_SIMULATED|MQS_LAYER|MQS_RECEIVES)"];

fn layered(inner: CoreRequest, more: &[&str]) -> Running {
    let defines: Vec<&str> = LAYER.iter().chain(more).copied().collect();
    start(&[inner, small(&defines), small(&defines)], run_config()).unwrap()
}

#[test]
fn layers_edit_what_the_core_below_appends() {
    let mut running = layered(request("mock", json!({ "latency": "1ms", "success_rate": 1 })), &[]);
    assert_eq!(running.chain.capabilities() & abi::RECEIVES, abi::RECEIVES);
    assert_eq!(running.chain.capabilities() & abi::CONFIRMS, 0);
    let published = running.session.publish(0, &messages(1, 2), &mut running.out);
    assert_eq!((published.accepted, published.failure), (2, None));
    let times: Vec<u64> = running.out.outcomes.iter().map(|outcome| outcome.at_ns).collect();
    assert_eq!(times, [1_002_000; 2]);
    running.session.poll(1, &mut running.out).unwrap();
    running.session.acknowledge(1, &[1, 2], &mut running.out).unwrap();
    running.session.flush(2, &mut running.out).unwrap();
    assert_eq!(running.session.core(), "later");
    running.session.close().unwrap();
    running.chain.destroy().unwrap();
}

#[test]
fn a_layer_cannot_hide_what_broke_beneath_it() {
    for more in [&[][..], &["HIDES_FAILURES"]] {
        let mut running = layered(small(&["TOO_MANY"]), more);
        let published = running.session.publish(0, &messages(1, 2), &mut running.out);
        let failure = published.failure.expect("it went well");
        assert_eq!((failure.core.as_str(), failure.kind), ("small", FailureKind::Breach));
        assert_eq!(published.accepted, 2);
    }
    let mut running = layered(request("panicking", json!({ "place": "publish" })), &["HIDES_FAILURES"]);
    let published = running.session.publish(0, &messages(1, 4), &mut running.out);
    assert_panic(&published.failure.unwrap(), "publish", "told to panic in publish");
}

#[test]
fn a_layer_in_rust_sees_and_edits_what_passes() {
    let library = core_info(&Finder::new(&[]), std::path::Path::new("."), "panicking").unwrap().path;
    let over = request(format!("{}#over", library.display()), json!({}));
    let mock = request("mock", json!({ "latency": "1ms", "success_rate": 1 }));
    let config = RunConfig { receive: true, ..run_config() };
    let mut running = start(&[mock, over], config).unwrap();
    let published = running.session.publish(0, &messages(1, 8), &mut running.out);
    assert_eq!((published.accepted, published.failure), (4, None));
    let outcomes: Vec<(u64, u64)> = running.out.outcomes.iter().map(|o| (o.first, o.at_ns)).collect();
    assert_eq!(outcomes, [1, 2, 3, 4].map(|token| (token, 1_001_000)));
    let copies: Vec<u32> = running.out.deliveries.iter().map(|copy| copy.stamp.sender).collect();
    assert_eq!(copies, [0, 2]);
    running.session.poll(1, &mut running.out).unwrap();
    running.session.flush(2, &mut running.out).unwrap();
    running.session.close().unwrap();
    assert_eq!(running.chain.stats().unwrap()["over"], json!({ "parties": 10 }));
    running.chain.destroy().unwrap();
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    running.services.events.drain(&mut events);
    running.services.log.drain(&mut lines);
    assert_eq!(events.len(), 2);
    assert_eq!(running.services.interner.text(events[0].kind), "swallowed");
    assert_eq!((&*lines[0].core, lines[0].text.as_str()), ("over", "Agent-1 hard_onboard 7"));
}
