//! Cores that load well and then break their word: each is contained and named.

use mqscript::cores::*;
use serde_json::json;
use std::time::Duration;
use support::chain::*;

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
fn the_host_goes_by_its_own_copy_of_what_it_lends_for_a_call() {
    let told = |field: &str| format!("it changed `{field}`, which is the host's");
    for (does, field) in [
        ("out->outcomes_cap=~0u", "out->outcomes_cap"),
        ("out->outcomes_cap=~0u;out->outcomes_len=~0u", "out->outcomes_cap"),
        ("out->deliveries_cap=~0u;out->deliveries_len=~0u", "out->deliveries_cap"),
        ("out->outcomes=0;out->outcomes_cap=0", "out->outcomes"),
        ("out->deliveries=(mqs_delivery*)16", "out->deliveries"),
        ("out->struct_size=4096", "out->struct_size"),
        ("error->cap=~0u;error->len=~0u", "error->cap"),
        ("error->buf=(uint8_t*)16;error->len=9", "error->buf"),
        ("error->struct_size=0", "error->struct_size"),
        ("error->cap=~0u;error->len=~0u;return MQS_IO", "error->cap"),
    ] {
        let (_, _, failure) = publish(&[&format!("DOES={does}")], run_config());
        assert_eq!((failure.kind, failure.text), (FailureKind::Breach, told(field)), "{does}");
        let mut running = start(&[small(&[&format!("POLLS={does}")])], run_config()).unwrap();
        let failure = running.session.poll(1_000, &mut running.out).unwrap_err();
        assert_eq!((failure.kind, failure.function), (FailureKind::Breach, "poll"), "{does}");
        assert_eq!(failure.text, told(field));
    }
    // Without a text of its own, nothing is read that the core has not written.
    let (_, _, failure) = publish(&["DOES=error->len=~0u;return MQS_IO"], run_config());
    assert_eq!(failure.kind, FailureKind::Status(abi::IO));
}

#[test]
fn what_is_lent_for_a_whole_life_is_only_read() {
    for (defines, function, field) in [
        ("CREATES=((mqs_host*)host)->data=0", "create", "*host"),
        ("CREATES=((mqs_run*)run)->agents=~0u", "create", "*run"),
        ("CREATES=error->cap=~0u", "create", "error->cap"),
    ] {
        let failure = failed(start(&[small(&[defines, "NO_EVENT"])], run_config()));
        assert_eq!((failure.function, failure.kind), (function, FailureKind::Breach), "{defines}");
        assert_eq!(failure.text, format!("it changed `{field}`, which is the host's"));
    }
    // In a session call it is found when the next control call has returned.
    let mut running =
        start(&[small(&["DOES=((mqs_host*)session->core->host)->event=0"])], run_config()).unwrap();
    assert_eq!(running.session.publish(1_000, &messages(1, 4), &mut running.out).failure, None);
    let failure = running.session.close().unwrap_err();
    assert_eq!((failure.function, failure.kind), ("close", FailureKind::Breach));
    running.chain.destroy().unwrap();
}

#[test]
fn a_layer_that_writes_over_what_it_was_lent_is_named_and_not_the_core_below() {
    let mut running = layered(request("mock", json!({})), &["DOES=out->outcomes_cap=0"]);
    let failure = running.session.publish(0, &messages(1, 2), &mut running.out).failure.unwrap();
    assert_eq!((failure.core.as_str(), failure.kind), ("later", FailureKind::Breach));
    assert_eq!(failure.text, "it changed `out->outcomes_cap`, which is the host's");
    // Or calls the core below with a copy that names more room than there is.
    let copy = "DOES=mqs_out o=*out;o.outcomes_cap=~0u;o.outcomes_len=~0u-5;\
                return session->inner.publish(session->inner.handle,now_ns,messages,n,accepted,&o,error)";
    let mut running = layered(request("mock", json!({})), &[copy]);
    let failure = running.session.publish(0, &messages(1, 2), &mut running.out).failure.unwrap();
    assert_eq!((failure.core.as_str(), failure.kind), ("later", FailureKind::Breach));
    assert_eq!(failure.text, "it called the core below with another `out->outcomes_cap` than it was given");
}

#[test]
fn what_a_core_says_is_told_up_to_a_bound() {
    let does = "DOES=mqs_str t={(const uint8_t*)session,20000};static char big[20000];t.ptr=(void*)big;\
                for(int k=0;k<500;k++)session->core->host->log(session->core->host,1,t)";
    let mut running = start(&[small(&[does])], run_config()).unwrap();
    assert_eq!(running.session.publish(1_000, &messages(1, 4), &mut running.out).failure, None);
    let mut lines = Vec::new();
    running.services.log.drain(&mut lines);
    let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= 1 << 20 && lines.len() > 50, "{bytes} bytes in {} lines", lines.len());
    assert_eq!(lines.last().unwrap().text, "it says more than 1 MiB: the rest is not shown");
}

#[test]
fn services_that_are_asked_for_what_cannot_be_end_the_run() {
    const HOST: &str = "const mqs_host*h=session->core->host;mqs_str t=MQS_STR(\"text\")";
    for (does, text) in [
        (
            "h->event(h,4294967295u,0,t)",
            "it called `host->event` with the kind 4294967295, which was never interned",
        ),
        ("h->event(h,0,0,t)", "it called `host->event` with the kind 0, which was never interned"),
        ("t.ptr=0;h->event(h,1,0,t)", "it called `host->event` with a text of 4 bytes at NULL"),
        ("t.ptr=0;h->log(h,1,t)", "it called `host->log` with a text of 4 bytes at NULL"),
        (
            "t.len=1ull<<63;h->log(h,1,t)",
            "it called `host->log` with a text of 9223372036854775808 bytes; 67108864 are allowed",
        ),
        ("t.ptr=0;h->intern(h,t)", "it called `host->intern` with a text of 4 bytes at NULL"),
        (
            "t.len=~0ull;h->intern(h,t)",
            "it called `host->intern` with a text of 18446744073709551615 bytes; 67108864 are allowed",
        ),
    ] {
        let (accepted, outcomes, failure) = publish(&[&format!("DOES={HOST};{does}")], run_config());
        assert_eq!((failure.core.as_str(), failure.kind), ("small", FailureKind::Breach), "{does}");
        assert_eq!(failure.text, text);
        // What it answered is sound all the same.
        assert_eq!((accepted, outcomes), (4, 4));
    }
    // A level that nobody knows, and a waker of somebody else's, change nothing.
    let harmless = format!("DOES={HOST};h->log(h,~0u,t);h->wake(h,77)");
    let mut running = start(&[small(&[&harmless])], run_config()).unwrap();
    assert_eq!(running.session.publish(1_000, &messages(1, 4), &mut running.out).failure, None);
    let in_create = "CREATES=mqs_str t=MQS_STR(\"text\");host->event(host,7,0,t)";
    let failure = failed(start(&[small(&[in_create])], run_config()));
    assert_eq!((failure.function, failure.kind), ("create", FailureKind::Breach));
}

#[test]
fn a_reason_that_was_never_interned_is_a_breach() {
    let does = "DOES=mqs_add_outcome(out,messages[0].token,1,MQS_REFUSED,4294967295u,now_ns);*accepted=n;return MQS_OK";
    let (_, outcomes, failure) = publish(&[does], run_config());
    assert_eq!(failure.text, "the outcome of token 1 has the reason 4294967295, which was never interned");
    assert_eq!(outcomes, 0);
}

#[test]
fn texts_of_deliveries_are_bounded() {
    let receiving = || RunConfig { receive: true, ..run_config() };
    let capabilities = "CAPABILITIES=(MQS_SIMULATED|MQS_RECEIVES)";
    for (fault, text) in [
        ("t.tags_len=~0u", "a delivery with 4294967295 tags; 65536 are allowed"),
        ("t.tags_len=1", "a delivery with 1 tags at NULL"),
        ("t.metadata_len=65537", "a delivery with 65537 pairs of metadata; 65536 are allowed"),
        ("t.sender.len=1", "the sender of a delivery is a text of 1 bytes at NULL"),
        (
            "t.recipient.ptr=(uint8_t*)16;t.recipient.len=~0ull",
            "the recipient of a delivery is a text of 18446744073709551615 bytes; 67108864 are allowed",
        ),
    ] {
        let delivers = format!("DELIVERS=static mqs_text t;{fault};delivery->text=&t");
        let (_, _, failure) = publish(&[capabilities, &delivers], receiving());
        assert_eq!((failure.kind, failure.text.as_str()), (FailureKind::Breach, text));
    }
}

#[test]
fn on_the_wall_clock_an_acknowledgement_may_be_older_than_the_call() {
    let config = RunConfig { clock: RunClockKind::Wall, ..run_config() };
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
    let failure =
        running.session.acknowledge(1_000, Settlement::Acknowledge, &[5], &mut running.out).unwrap_err();
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

    let mut services = HostServices::new(RunClockKind::Virtual);
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
    running.session.acknowledge(1, Settlement::Acknowledge, &[1, 2], &mut running.out).unwrap();
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
