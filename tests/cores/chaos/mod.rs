//! The chaos layer, loaded and driven as the engine does it: each fault moves what it should, and nothing else.

mod attempts;
mod contract;
mod copies;
mod outages;

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::chain::*;

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
