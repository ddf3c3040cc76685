//! The chaos layer, loaded and driven as the engine does it: each fault moves what it should, and nothing else.

#[path = "cores/support.rs"]
mod support;

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::*;

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// A mock that delivers everything after a millisecond.
fn sure() -> CoreRequest {
    request("mock", json!({ "latency": "1ms", "success_rate": 1 }))
}

fn receiving() -> RunConfig {
    RunConfig { receive: true, wants_content: true, ..run_config() }
}

/// Chaos over a sure mock.
fn chaos(options: Value, config: RunConfig) -> Running {
    start(&[sure(), request("chaos", options)], config).unwrap()
}

/// Chaos over the core that answers as live ones do.
fn over_late(late: Value, options: Value) -> Running {
    let library = core_info(&Finder::new(&[]), std::path::Path::new("."), "panicking").unwrap().path;
    let late = request(format!("{}#late", library.display()), late);
    start(&[late, request("chaos", options)], receiving()).unwrap()
}

/// A copy, as it was told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    sender: u32,
    sequence: u64,
    recipient: u32,
    at_ns: u64,
    content: Vec<u8>,
    ack_tag: u64,
}

/// What came of it, in the order told.
#[derive(Debug, Default)]
struct Seen {
    outcomes: BTreeMap<u64, (u32, String, u64)>,
    copies: Vec<Told>,
}

impl Seen {
    fn of(&self, result: u32) -> Vec<u64> {
        self.outcomes.iter().filter(|(_, outcome)| outcome.0 == result).map(|(token, _)| *token).collect()
    }

    fn sorted_copies(&self) -> Vec<Told> {
        let mut copies = self.copies.clone();
        copies.sort();
        copies
    }

    fn take(&mut self, running: &mut Running) {
        let Running { session, services, out, .. } = running;
        for index in 0..out.deliveries.len() {
            let copy = out.deliveries[index];
            self.copies.push(Told {
                sender: copy.stamp.sender,
                sequence: copy.stamp.sequence,
                recipient: copy.recipient_id,
                at_ns: copy.at_ns,
                content: session.content(out, index).unwrap().to_vec(),
                ack_tag: copy.ack_tag,
            });
        }
        for outcome in &out.outcomes {
            for token in outcome.first..outcome.first + u64::from(outcome.count) {
                let told = (outcome.result, services.interner.text(outcome.reason), outcome.at_ns);
                assert_eq!(self.outcomes.insert(token, told), None, "two outcomes of token {token}");
            }
        }
        out.clear();
    }
}

/// Polls until there is no more.
fn drain(running: &mut Running, now_ns: u64, seen: &mut Seen) {
    while running.out.more || running.out.next_due_ns <= now_ns {
        running.session.poll(now_ns, &mut running.out).unwrap();
        seen.take(running);
    }
}

/// Offers a batch until all of it is accepted.
fn offer(running: &mut Running, now_ns: u64, mut batch: &[abi::Message], seen: &mut Seen) {
    while !batch.is_empty() {
        let published = running.session.publish(now_ns, batch, &mut running.out);
        assert_eq!(published.failure, None);
        batch = &batch[published.accepted as usize..];
        seen.take(running);
        drain(running, now_ns, seen);
    }
}

/// Messages whose content is their token, with a flag that says so.
fn filled(first: u64, n: u64, contents: &[[u8; 8]]) -> Vec<abi::Message> {
    let mut batch = messages(first, n);
    for message in &mut batch {
        message.content = abi::Bytes::new(&contents[message.token as usize]);
    }
    batch
}

/// `n` messages, `batch` at a time, all at `now_ns`, then a flush.
fn play(running: &mut Running, now_ns: u64, n: u64, batch: usize) -> Seen {
    let contents: Vec<[u8; 8]> = (0..=n).map(u64::to_le_bytes).collect();
    let mut seen = Seen::default();
    for chunk in filled(1, n, &contents).chunks(batch) {
        offer(running, now_ns, chunk, &mut seen);
    }
    running.session.flush(now_ns, &mut running.out).unwrap();
    seen.take(running);
    drain(running, now_ns, &mut seen);
    seen
}

/// Events by kind: (how many, the first time, the last time).
fn events(running: &Running) -> BTreeMap<String, (u64, u64, u64)> {
    let mut all = Vec::new();
    running.services.events.drain(&mut all);
    let mut kinds = BTreeMap::new();
    for event in all {
        let kind = running.services.interner.text(event.kind);
        let found = kinds.entry(kind).or_insert((0, event.at_ns, event.at_ns));
        *found = (found.0 + 1, found.1.min(event.at_ns), found.2.max(event.at_ns));
    }
    kinds
}

/// The one kind of event there was, and how often.
fn only_event(running: &Running, kind: &str) -> u64 {
    let kinds = events(running);
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), [kind]);
    kinds[kind].0
}

fn near(found: u64, expected: f64) {
    let sd = expected.sqrt();
    assert!((found as f64 - expected).abs() < 4.0 * sd, "{found} is far from {expected}");
}

fn failure(requests: &[CoreRequest], config: RunConfig) -> CoreFailure {
    match start(requests, config).map(|_| ()) {
        Err(CoreError::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_options_it_is_the_chaos_of_old() {
    let mut running = chaos(json!({}), run_config());
    let seen = play(&mut running, S, 20_000, 10);
    let refused = seen.of(abi::REFUSED);
    near(refused.len() as u64, 200.0);
    for token in &refused {
        assert_eq!(seen.outcomes[token], (abi::REFUSED, "chaos_crash".to_owned(), S));
    }
    let late: Vec<u64> =
        seen.outcomes.values().filter(|o| o.0 == abi::DELIVERED && o.2 > S + MS).map(|o| o.2).collect();
    near(late.len() as u64, 0.99 * 1000.0);
    assert!(late.iter().all(|at_ns| *at_ns <= S + 501 * MS));
    assert!(late.iter().max().unwrap() > &(S + 490 * MS));
    let told = events(&running);
    assert_eq!(told.keys().collect::<Vec<_>>(), ["crash", "spike"]);
    assert_eq!(told["crash"], (refused.len() as u64, S, S));
    assert_eq!(told["spike"].0, late.len() as u64);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["chaos"], json!({ "crash": told["crash"].0, "spike": told["spike"].0 }));
    running.chain.destroy().unwrap();
}

#[test]
fn naming_a_fault_names_all_of_them() {
    let mut running = chaos(json!({ "refuse": 0 }), run_config());
    let seen = play(&mut running, 0, 5_000, 10);
    assert!(seen.outcomes.values().all(|outcome| *outcome == (abi::DELIVERED, String::new(), MS)));
    assert!(events(&running).is_empty());
}

#[test]
fn crashes_and_refusals_do_not_reach_the_core_below() {
    for (fault, reason) in [("crash", "chaos_crash"), ("refuse", "chaos_refuse")] {
        let mut running = chaos(json!({ fault: "10%" }), receiving());
        let seen = play(&mut running, S, 5_000, 10);
        let refused = seen.of(abi::REFUSED);
        near(refused.len() as u64, 500.0);
        assert!(refused.iter().all(|token| seen.outcomes[token] == (abi::REFUSED, reason.to_owned(), S)));
        assert_eq!((seen.outcomes.len(), seen.copies.len()), (5_000, 5_000 - refused.len()));
        assert_eq!(only_event(&running, fault), refused.len() as u64);
    }
}

#[test]
fn an_uncertain_attempt_is_delivered_all_the_same() {
    let mut running = chaos(json!({ "uncertain": "10%" }), receiving());
    let seen = play(&mut running, S, 5_000, 10);
    let hidden = seen.of(abi::UNCERTAIN);
    near(hidden.len() as u64, 500.0);
    assert!(hidden.iter().all(|token| seen.outcomes[token].1 == "chaos_uncertain"));
    assert_eq!((seen.of(abi::REFUSED).len(), seen.copies.len()), (0, 5_000));
    assert_eq!(only_event(&running, "uncertain"), hidden.len() as u64);
}

#[test]
fn copies_come_as_late_as_their_outcome() {
    for (options, kind, share) in [
        (json!({ "spike": { "rate": 0.2, "by": "10ms..20ms" } }), "spike", 0.2),
        (json!({ "delay": "10ms..20ms" }), "delay", 1.0),
    ] {
        let mut running = chaos(options, receiving());
        let seen = play(&mut running, S, 5_000, 10);
        let mut times: Vec<u64> = seen.outcomes.values().map(|outcome| outcome.2).collect();
        let late = times.iter().filter(|at_ns| (S + 11 * MS..=S + 21 * MS).contains(at_ns)).count() as u64;
        assert_eq!(late + times.iter().filter(|at_ns| **at_ns == S + MS).count() as u64, 5_000);
        if share < 1.0 {
            near(late, 5_000.0 * share)
        } else {
            assert_eq!(late, 5_000)
        }
        let mut of_copies: Vec<u64> = seen.copies.iter().map(|copy| copy.at_ns).collect();
        times.sort_unstable();
        of_copies.sort_unstable();
        assert_eq!(times, of_copies);
        assert_eq!(only_event(&running, kind), late);
    }
}

#[test]
fn a_dropped_copy_is_delivered_to_nobody() {
    let mut running = chaos(json!({ "drop": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    assert_eq!(seen.of(abi::DELIVERED).len(), 5_000);
    let missing = 5_000 - seen.copies.len() as u64;
    near(missing, 500.0);
    assert_eq!(only_event(&running, "drop"), missing);
}

#[test]
fn a_duplicate_comes_twice_in_its_place() {
    let mut running = chaos(json!({ "duplicate": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    let more = seen.copies.len() as u64 - 5_000;
    near(more, 500.0);
    let mut once = seen.copies.clone();
    once.dedup();
    assert_eq!(once, plain.copies);
    assert_eq!(only_event(&running, "duplicate"), more);
}

#[test]
fn a_corrupt_copy_keeps_its_place_and_its_length() {
    let mut running = chaos(json!({ "corrupt": "10%" }), receiving());
    assert_ne!(running.chain.capabilities() & abi::READS_CONTENT, 0);
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    assert_eq!(seen.copies.len(), 5_000);
    let mut changed = 0;
    for (found, sent) in seen.copies.iter().zip(&plain.copies) {
        assert_eq!((found.sender, found.sequence, found.at_ns), (sent.sender, sent.sequence, sent.at_ns));
        let bits: u32 = found.content.iter().zip(&sent.content).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(bits <= 1 && found.content.len() == sent.content.len());
        changed += u64::from(bits);
    }
    near(changed, 500.0);
    assert_eq!(only_event(&running, "corrupt"), changed);
}

/// Copies that come after a later one of the same sender and recipient.
fn out_of_order(copies: &[Told]) -> u64 {
    let mut by_time: Vec<&Told> = copies.iter().collect();
    by_time.sort_by_key(|copy| copy.at_ns);
    let mut last = BTreeMap::new();
    let mut found = 0;
    for copy in by_time {
        let newest = last.entry((copy.sender, copy.recipient)).or_insert(0);
        found += u64::from(copy.sequence < *newest);
        *newest = copy.sequence.max(*newest);
    }
    found
}

#[test]
fn a_reordered_copy_follows_a_later_one_of_its_pair() {
    let mut running = chaos(json!({ "reorder": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    assert_eq!(out_of_order(&plain.copies), 0);
    assert_eq!(seen.sorted_copies(), plain.sorted_copies());
    let found = out_of_order(&seen.copies);
    near(found, 500.0);
    assert_eq!(only_event(&running, "reorder"), found);
}

#[test]
fn what_nothing_passes_is_released_by_the_flush_and_not_counted() {
    let mut running = chaos(json!({ "reorder": 1 }), receiving());
    let seen = play(&mut running, 5, 100, 10);
    assert_eq!((seen.copies.len(), out_of_order(&seen.copies)), (100, 0));
    assert!(events(&running).is_empty());
}

#[test]
fn at_most_one_fault_strikes_a_copy() {
    let all = json!({ "uncertain": 0.25, "drop": 0.25, "duplicate": 0.25, "corrupt": 0.25, "reorder": 0.25 });
    let mut running = chaos(all, receiving());
    let seen = play(&mut running, 0, 8_000, 10);
    let told = events(&running);
    let of = |kind: &str| told.get(kind).map_or(0, |event| event.0);
    for kind in ["drop", "duplicate", "corrupt"] {
        near(of(kind), 8_000.0 * 0.75 * 0.25);
    }
    assert_eq!(of("uncertain"), seen.of(abi::UNCERTAIN).len() as u64);
    assert_eq!(seen.copies.len() as u64, 8_000 - of("drop") + of("duplicate"));
    assert_eq!(out_of_order(&seen.copies), of("reorder"));
    let hidden = seen.of(abi::UNCERTAIN);
    let arrived = |token: u64| {
        let stamp = (((token - 1) % 9) as u32, token / 9 + 1);
        seen.copies
            .iter()
            .filter(|copy| copy.content == token.to_le_bytes() && (copy.sender, copy.sequence) == stamp)
            .count()
    };
    let spared = hidden.iter().filter(|token| arrived(**token) == 1).count();
    assert_eq!(spared, hidden.len());
}

#[test]
fn of_a_broadcast_single_copies_are_struck() {
    let mut batch = messages(1, 2_000);
    batch.iter_mut().for_each(|message| message.recipient_id = abi::ALL);
    for (fault, per_copy) in [("drop", -1i64), ("duplicate", 1), ("reorder", 0)] {
        let mut running = chaos(json!({ fault: "5%" }), receiving());
        let mut seen = Seen::default();
        for chunk in batch.chunks(10) {
            offer(&mut running, 0, chunk, &mut seen);
        }
        running.session.flush(0, &mut running.out).unwrap();
        seen.take(&mut running);
        drain(&mut running, 0, &mut seen);
        let copies: i64 = seen.copies.iter().map(|copy| if copy.recipient == abi::ALL { 8 } else { 1 }).sum();
        let struck = only_event(&running, fault);
        near(struck, 16_000.0 * 0.05);
        assert_eq!(copies - 16_000, per_copy * struck as i64, "{fault}");
        assert!(seen.copies.iter().all(|copy| copy.recipient != copy.sender));
        let split = seen.copies.iter().filter(|copy| copy.recipient != abi::ALL).count();
        assert!(split > 0, "{fault}");
    }
}

#[test]
fn luck_does_not_depend_on_batches() {
    let everything = json!({
        "crash": 0.1, "refuse": 0.1, "uncertain": 0.1, "spike": 0.2, "delay": "1ms..2ms",
        "drop": 0.1, "duplicate": 0.1, "corrupt": 0.1, "reorder": 0.1, "burst": { "good": 0.1 },
    });
    let played = |batch, seed| {
        let mut running = chaos(everything.clone(), RunConfig { seed, ..receiving() });
        let seen = play(&mut running, S, 3_000, batch);
        let copies = seen.sorted_copies();
        (seen.outcomes, copies, events(&running))
    };
    let by_ten = played(10, 1);
    assert_eq!(by_ten, played(1, 1));
    assert_eq!(by_ten, played(64, 1));
    assert_ne!(by_ten.0, played(10, 2).0);
}

#[test]
fn one_fault_does_not_change_the_luck_of_another() {
    let refused = |options: Value| {
        let seen = play(&mut chaos(options, run_config()), 0, 3_000, 10);
        seen.outcomes.into_iter().filter(|(_, o)| o.1 == "chaos_crash").map(|(token, _)| token).collect()
    };
    let alone: Vec<u64> = refused(json!({ "crash": 0.1 }));
    assert_eq!(alone, refused(json!({ "crash": 0.1, "refuse": 0.2, "spike": 0.5, "delay": "5ms" })));
}

#[test]
fn layers_of_it_can_be_stacked() {
    let layer = |by: &str| request("chaos", json!({ "crash": "10%", "delay": by }));
    let mut running = start(&[sure(), layer("5ms"), layer("7ms")], run_config()).unwrap();
    let seen = play(&mut running, 0, 10_000, 10);
    // With the same luck twice it would be 10 %.
    near(seen.of(abi::REFUSED).len() as u64, 1_900.0);
    for token in seen.of(abi::DELIVERED) {
        assert_eq!(seen.outcomes[&token].2, 13 * MS);
    }
    let below = seen.of(abi::REFUSED).iter().filter(|token| seen.outcomes[token].2 == 7 * MS).count();
    near(below as u64, 900.0);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["chaos"]["crash"], json!(below));
    assert!(stats["chaos#2"]["crash"].as_u64() > Some(900));
}

#[test]
fn an_outage_refuses_what_is_offered_within_it() {
    let mut running = chaos(
        json!({ "outage": [{ "at": "1s", "lasts": "500ms" }, { "at": "3s", "lasts": "1ms" }] }),
        run_config(),
    );
    let mut seen = Seen::default();
    let times = [999, 1_000, 1_499, 1_500, 3_000, 3_001];
    for (token, at_ms) in (1..).zip(times) {
        let wish = running.out.next_due_ns;
        assert!(wish == abi::NEVER || wish >= at_ms * MS || token == 1, "{wish}");
        offer(&mut running, at_ms * MS, &messages(token, 1), &mut seen);
    }
    let refused = [false, true, true, false, true, false];
    for (token, (at_ms, refused)) in (1..).zip(times.into_iter().zip(refused)) {
        let expected = match refused {
            true => (abi::REFUSED, "chaos_outage".to_owned(), at_ms * MS),
            false => (abi::DELIVERED, String::new(), (at_ms + 1) * MS),
        };
        assert_eq!(seen.outcomes[&token], expected, "offered at {at_ms} ms");
    }
    let told = events(&running);
    assert_eq!(told["outage"], (2, S, 3 * S));
    assert_eq!(told["outage_end"], (2, 1_500 * MS, 3_001 * MS));
}

#[test]
fn it_asks_to_be_called_when_an_outage_begins_and_ends() {
    let mut running = chaos(json!({ "outage": { "at": "1s", "lasts": "500ms" } }), run_config());
    let mut seen = Seen::default();
    offer(&mut running, 0, &messages(1, 1), &mut seen);
    assert_eq!(running.out.next_due_ns, S);
    for (now_ms, next_ns) in [(1_000, 1_500 * MS), (1_500, abi::NEVER)] {
        running.session.poll(now_ms * MS, &mut running.out).unwrap();
        assert_eq!(running.out.next_due_ns, next_ns);
    }
    let told = events(&running);
    assert_eq!((told["outage"], told["outage_end"]), ((1, S, S), (1, 1_500 * MS, 1_500 * MS)));
}

#[test]
fn an_outage_that_holds_lets_everything_through_when_it_ends() {
    let options = json!({ "outage": { "at": "10ms", "lasts": "20ms", "mode": "hold" } });
    let mut running = chaos(options, receiving());
    let mut seen = Seen::default();
    let times = [(5, 6), (9, 30), (10, 30), (28, 30), (29, 30), (30, 31)];
    for (token, (now_ms, _)) in (1..).zip(times) {
        offer(&mut running, now_ms * MS, &messages(token, 1), &mut seen);
    }
    for (token, (_, end_ms)) in (1..).zip(times) {
        assert_eq!(seen.outcomes[&token], (abi::DELIVERED, String::new(), end_ms * MS));
    }
    let copies: Vec<u64> = seen.copies.iter().map(|copy| copy.at_ns / MS).collect();
    assert_eq!(copies, times.map(|(_, end_ms)| end_ms));
}

#[test]
fn outages_at_random_take_their_share_of_time() {
    let every = json!({ "exponential": { "mean": "900ms" } });
    let lasts = json!({ "exponential": { "mean": "100ms" } });
    let options = json!({ "outage": { "every": every, "lasts": lasts } });
    let refused_of = |batch: u64| {
        let mut running = chaos(options.clone(), run_config());
        let mut seen = Seen::default();
        for token in (1..=40_000).step_by(batch as usize) {
            offer(&mut running, (token - 1) / 40 * 40 * 10 * MS, &messages(token, batch), &mut seen);
        }
        assert!(events(&running)["outage"].0 > 300);
        seen.of(abi::REFUSED)
    };
    let refused = refused_of(1);
    assert!((2_500..5_500).contains(&refused.len()), "{}", refused.len());
    assert!(refused == refused_of(40), "it depends on the batches");
}

#[test]
fn a_throttle_holds_back_or_refuses() {
    let mut holding = chaos(json!({ "throttle": { "rate": "1000/s", "bucket": 3 } }), run_config());
    let published = holding.session.publish(S, &messages(1, 10), &mut holding.out);
    assert_eq!((published.accepted, holding.out.next_due_ns), (3, S + MS));
    holding.out.clear();
    holding.session.poll(S + MS, &mut holding.out).unwrap();
    let published = holding.session.publish(S + MS, &messages(4, 7), &mut holding.out);
    assert_eq!((published.accepted, holding.out.next_due_ns), (1, S + 2 * MS));
    assert_eq!(only_event(&holding, "throttle"), 2);

    let mut refusing = chaos(json!({ "throttle": { "rate": "1000/s", "mode": "refuse" } }), run_config());
    let seen = play(&mut refusing, S, 10, 10);
    assert_eq!((seen.of(abi::DELIVERED), seen.of(abi::REFUSED)), (vec![1], (2..=10).collect()));
    assert_eq!(seen.outcomes[&2].1, "chaos_throttle");
    assert_eq!(only_event(&refusing, "throttle"), 9);
}

#[test]
fn bursts_refuse_in_bad_times_only() {
    let options = json!({ "burst": { "bad": 0.5, "to_bad": "900ms", "to_good": "100ms" } });
    let mut running = chaos(options, run_config());
    let mut seen = Seen::default();
    for token in 1..=40_000 {
        offer(&mut running, token * 10 * MS, &messages(token, 1), &mut seen);
    }
    let refused = seen.of(abi::REFUSED);
    assert!((1_400..2_600).contains(&refused.len()), "{}", refused.len());
    assert_eq!(only_event(&running, "burst"), refused.len() as u64);
    // One after another far more often than 5 % would have it.
    let pairs = refused.windows(2).filter(|pair| pair[0] + 1 == pair[1]).count();
    assert!(pairs * 3 > refused.len(), "{pairs} of {}", refused.len());
}

#[test]
fn faults_can_be_restricted() {
    let refused = |scope: Value, at_ns: u64| {
        let mut crash = scope.as_object().unwrap().clone();
        crash.insert("rate".to_owned(), json!(1));
        let mut running = chaos(json!({ "crash": crash }), run_config());
        let mut batch = messages(1, 4);
        for (message, (to, type_id)) in batch.iter_mut().zip([(0, 0), (1, 1), (abi::ALL, 0), (9, 0)]) {
            (message.recipient_id, message.type_id, message.stamp.type_id) = (to, type_id, type_id);
        }
        let mut seen = Seen::default();
        offer(&mut running, at_ns, &batch, &mut seen);
        seen.of(abi::REFUSED)
    };
    assert_eq!(refused(json!({}), 0), [1, 2, 3, 4]);
    assert_eq!(refused(json!({ "types": ["hard_onboard"] }), 0), [2]);
    assert_eq!(refused(json!({ "types": "direct" }), 0), [1, 3, 4]);
    assert_eq!(refused(json!({ "recipients": ["Agent-2", "ALL"] }), 0), [2, 3]);
    assert_eq!(refused(json!({ "recipients": "SYSTEM", "types": "direct" }), 0), [4]);
    let span = json!({ "from": "1s", "to": "2s" });
    assert_eq!([0, S, 2 * S].map(|at_ns| refused(span.clone(), at_ns).len()), [0, 4, 0]);
    let late = json!({ "delay": { "by": "5ms", "types": ["hard_onboard"] } });
    let mut running = chaos(late, receiving());
    let mut batch = messages(1, 2);
    (batch[1].type_id, batch[1].stamp.type_id) = (1, 1);
    let mut seen = Seen::default();
    offer(&mut running, 0, &batch, &mut seen);
    assert_eq!([1, 2].map(|token| seen.outcomes[&token].2), [MS, 6 * MS]);
    assert_eq!(seen.copies.iter().map(|copy| copy.at_ns).collect::<Vec<_>>(), [MS, 6 * MS]);
}

#[test]
fn it_works_over_a_core_that_answers_later() {
    let options = json!({ "crash": 0.1, "uncertain": 0.1, "delay": "3ms", "drop": 0.2, "corrupt": 0.1 });
    let mut running = over_late(json!({}), options);
    let mut seen = play(&mut running, S, 600, 60);
    let told = events(&running);
    assert_eq!(seen.outcomes.len(), 600);
    assert_eq!(seen.of(abi::REFUSED).len() as u64, told["crash"].0);
    assert_eq!(seen.of(abi::UNCERTAIN).len() as u64, told["uncertain"].0);
    for outcome in seen.outcomes.values() {
        assert_eq!(outcome.2, if outcome.0 == abi::REFUSED { S } else { S + 3 * MS });
    }
    assert_eq!(seen.copies.len() as u64, 600 - told["crash"].0 - told["drop"].0);
    let corrupt = seen.copies.iter().filter(|copy| copy.content != b"the poll").count();
    assert_eq!(corrupt as u64, told["corrupt"].0);
    assert!(seen.copies.iter().all(|copy| copy.ack_tag > 0));
    // What is swallowed is acknowledged by the layer, the rest by the host.
    let tags: Vec<u64> = seen.copies.iter().map(|copy| copy.ack_tag).collect();
    running.session.acknowledge(S, &tags, &mut running.out).unwrap();
    seen.take(&mut running);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["late"], json!({ "acknowledged": 600 - told["crash"].0 }));
}

#[test]
fn it_accepts_a_prefix_where_the_core_below_does() {
    let mut running = over_late(json!({ "takes": 3 }), json!({ "crash": 0.3 }));
    let mut whole = over_late(json!({}), json!({ "crash": 0.3 }));
    let batch = messages(1, 40);
    let published = running.session.publish(0, &batch, &mut running.out);
    assert_eq!(published.failure, None);
    assert!((3..15).contains(&published.accepted), "{}", published.accepted);
    let mut seen = Seen::default();
    seen.take(&mut running);
    drain(&mut running, 0, &mut seen);
    assert_eq!(seen.outcomes.len(), published.accepted as usize);
    assert_eq!(seen.of(abi::DELIVERED).len(), 3);
    offer(&mut running, 0, &batch[published.accepted as usize..], &mut seen);
    assert_eq!(seen.outcomes, play(&mut whole, 0, 40, 40).outcomes);
    assert_eq!(events(&running)["crash"], events(&whole)["crash"]);
}

#[test]
fn copies_without_room_wait_for_the_next_call() {
    let mut running = chaos(json!({ "duplicate": 1 }), receiving());
    running.out = Out::with_capacity(64, 1);
    let seen = play(&mut running, 0, 500, 50);
    assert_eq!((seen.outcomes.len(), seen.copies.len()), (500, 1_000));
    assert_eq!(out_of_order(&seen.copies), 0);
    let mut contents: Vec<u64> =
        seen.copies.iter().map(|copy| u64::from_le_bytes(copy.content[..].try_into().unwrap())).collect();
    contents.dedup();
    assert_eq!(contents, (1..=500).collect::<Vec<_>>());
}

#[test]
fn it_claims_no_more_than_it_keeps() {
    let names = |options: Value| {
        let running = over_late(json!({}), options);
        let full = abi::ORDERED | abi::EXACTLY_ONCE | abi::DURABLE | abi::CONFIRMS | abi::RECEIVES;
        let lost = full & !running.chain.capabilities();
        capability_names(lost).join(" ")
    };
    for (options, lost) in [
        (json!({ "crash": 0.5, "refuse": 0.5, "burst": {}, "throttle": "9/s" }), ""),
        (json!({ "corrupt": 1 }), ""),
        (json!({ "drop": 0.1 }), "DURABLE"),
        (json!({ "duplicate": 0.1 }), "EXACTLY_ONCE"),
        (json!({ "uncertain": 0.1 }), "EXACTLY_ONCE"),
        (json!({ "reorder": 0.1 }), "ORDERED"),
        (json!({ "spike": 0.1 }), "ORDERED"),
        (json!({ "drop": 0, "duplicate": 0, "reorder": "0%" }), ""),
    ] {
        assert_eq!(names(options.clone()), lost, "{options}");
    }
}

#[test]
fn options_that_make_no_sense_are_told() {
    for (options, path, help) in [
        (json!({ "crahs": 0.1 }), "crahs", "did you mean `crash`?"),
        (json!({ "crash": 2 }), "crash", "write \"2%\""),
        (json!({ "crash": -0.1 }), "crash", "a share lies between 0 and 1"),
        (json!({ "crash": { "rate": "-5%" } }), "crash.rate", "a share lies between 0 and 1"),
        (json!({ "spike": { "rate": 0.1, "bye": "5ms" } }), "spike.bye", "did you mean `by`?"),
        (
            json!({ "outage": [{ "at": "5" , "lasts": "1s" }] }),
            "outage[0].at",
            "5 what? write \"5ms\" or \"5s\"",
        ),
        (
            json!({ "outage": { "at": "5s", "lasts": "1s", "mode": "holds" } }),
            "outage.mode",
            "did you mean `hold`?",
        ),
    ] {
        let Err(CoreError::Options { faults, .. }) = plan(&[sure(), request("chaos", options.clone())])
        else {
            panic!("{options} was taken");
        };
        assert_eq!((faults[0].key_path.as_str(), faults[0].help.as_deref()), (path, Some(help)), "{options}");
    }
    for (options, text) in [
        (json!({ "crash": 0.6, "refuse": "50%" }), "`crash` 60%, `refuse` 50%: together 110%"),
        (json!({ "drop": 0.6, "reorder": 0.6 }), "`drop` 60%, `reorder` 60%: together 120%"),
        (json!({ "crash": { "rate": 1, "types": "hard" } }), "`crash.types`: this run has no type `hard`"),
        (json!({ "crash": { "rate": 1, "recipients": "Bob" } }), "`crash.recipients`: nobody"),
        (json!({ "crash": { "rate": 1, "from": "2s", "to": "1s" } }), "`from` is not before `to`"),
        (json!({ "delay": "slow" }), "`delay`: `slow` is not a duration"),
        (json!({ "delay": { "by": "5ms", "type": "x" } }), "`delay.type`: there is no such key"),
        (json!({ "outage": { "lasts": "1s" } }), "either `at` or `every`"),
        (json!({ "outage": { "every": "1us", "lasts": "1us" } }), "less than 1ms"),
        (json!({ "outage": { "at": "1s", "lasts": "1s..2s" } }), "one length"),
        (json!({ "throttle": "0/s" }), "nothing would ever pass"),
        (json!({ "burst": { "to_good": "1us" } }), "`burst.to_good`"),
    ] {
        let failure = failure(&[sure(), request("chaos", options.clone())], receiving());
        assert_eq!((failure.function, &failure.kind), ("create", &FailureKind::Status(abi::CONFIG)));
        assert!(failure.text.contains(text), "{failure}");
    }
}

#[test]
fn it_stands_over_a_core_that_can_what_it_asks() {
    let alone = plan(&[request("chaos", json!({}))]).unwrap_err().to_string();
    assert_eq!(alone, "core `chaos`: it is a layer and stands only over another core");
    let layers: Vec<CoreRequest> =
        std::iter::once(sure()).chain((0..8).map(|_| request("chaos", json!({})))).collect();
    assert_eq!(
        plan(&layers).unwrap_err().to_string(),
        "core `chaos`: the chain has 9 cores, at most 8 are allowed"
    );
    start(&layers[..8], run_config()).unwrap();
    let deaf = failure(&[sure(), request("chaos", json!({ "drop": "1%" }))], run_config());
    assert!(deaf.text.starts_with("`drop` befalls copies that arrive, but nothing is received"), "{deaf}");
    let panicking = [request("panicking", json!({})), request("chaos", json!({ "drop": "1%" }))];
    let unfit = start(&panicking, receiving()).map(|_| ()).unwrap_err().to_string();
    assert!(unfit.starts_with("core `panicking` does not fit this run: it cannot receive"), "{unfit}");
}
