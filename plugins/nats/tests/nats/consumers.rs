//! Agents of groups with JetStream: queues together, leases, bounds, the four settlements, dead letters.

use super::direct::Direct;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use support::nats::server::Server;
use support::nats::{on, open, told};
use support::queue::{Queue, config, parcel};

const STREAM: &str = "mqscript_00000007";
/// The party that is the queue of the agents 1 to 8 together.
const SHARED: u32 = 9;
/// The consumer of that queue.
const QUEUE: &str = "mqscript_00000007_9_queue";
const MS: u64 = 1_000_000;
/// Longer than any test lasts.
const LONG: u64 = 300_000 * MS;

/// A group of the agents 1 to 8, with one queue, of which nothing more is asked.
fn group() -> GroupRow {
    GroupRow {
        name: "Worker".to_owned(),
        first_agent: 1,
        agents: 8,
        queue: Some(SHARED),
        prefetch: None,
        lease_ns: None,
        max_deliveries: None,
        redelivery_ns: Vec::new(),
    }
}

/// A group of the second agent alone, with an inbox.
fn alone() -> GroupRow {
    GroupRow { agents: 1, queue: None, ..group() }
}

/// A run with this group.
fn with(group: GroupRow) -> RunConfig {
    RunConfig { groups: vec![group], ..config(7, true) }
}

fn start(server: &Server, group: GroupRow) -> Queue {
    open(on(server, json!({})), with(group)).unwrap()
}

fn send(queue: &mut Queue, to: u32, sequences: std::ops::RangeInclusive<u64>) {
    queue.publish(&sequences.map(|sequence| parcel(0, to, sequence)).collect::<Vec<_>>());
}

/// Sequence and number of the hand-over, for every copy so far.
fn handed_over(queue: &Queue) -> Vec<(u64, u32)> {
    queue.copies.iter().map(|copy| (copy.stamp.sequence, copy.times())).collect()
}

/// Sequence, agent and reason of every copy that was given up.
fn given_up(queue: &Queue) -> Vec<(u64, u32, String)> {
    let notes = queue.notes.iter();
    assert!(notes.clone().all(|note| note.flags & abi::DELIVERY_GIVEN_UP != 0 && note.tag == 0));
    notes.map(|note| (note.stamp.sequence, note.to, note.reason.to_string())).collect()
}

/// Waits until the server says so.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed().as_secs() < 30, "{what}: it never came to hold");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_message_to_a_shared_queue_goes_to_one_agent_which_has_a_place_for_it() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(5), lease_ns: Some(LONG), ..group() });
    let direct = Direct::on(&server);
    assert_eq!(direct.consumers(STREAM), 2 + 8 + 1, "of the sender, of broadcasts, of the queue");
    send(&mut queue, SHARED, 1..=80);
    queue.until(|queue| queue.copies.len() >= 40);
    let held = |queue: &Queue, from: usize| {
        let mut held = BTreeMap::new();
        queue.copies[from..].iter().for_each(|copy| *held.entry(copy.to).or_insert(0) += 1);
        held
    };
    assert_eq!(held(&queue, 0), (1..=8).map(|agent| (agent, 5)).collect());
    let info = direct.consumer(STREAM, QUEUE);
    assert_eq!((info.num_ack_pending, info.num_pending), (40, 40));
    // Who settles two gets two more.
    let of_third: Vec<usize> = (0..40).filter(|place| queue.copies[*place].to == 3).take(2).collect();
    queue.acknowledge(of_third.clone());
    queue.until(|queue| queue.copies.len() >= 42);
    assert_eq!(held(&queue, 40), [(3, 2)].into());
    queue.acknowledge((0..42).filter(|place| !of_third.contains(place)));
    queue.until(|queue| queue.copies.len() >= 80);
    queue.acknowledge(42..80);
    until("all are acknowledged", || direct.consumer(STREAM, QUEUE).num_ack_pending == 0);
    let sequences: BTreeSet<u64> = queue.copies.iter().map(|copy| copy.stamp.sequence).collect();
    assert_eq!(sequences, (1..=80).collect());
    assert!(queue.copies.iter().all(|copy| copy.times() == 1 && !copy.redelivered));
    let stats = queue.close();
    assert_eq!((&stats["copies"], &stats["acknowledged"]), (&json!(80), &json!(80)));
    assert_eq!((&stats["lease_expired"], &stats["late_settlements"]), (&json!(0), &json!(0)));
    assert_eq!(direct.streams(), [""; 0]);
}

#[test]
fn what_is_not_settled_within_the_lease_goes_to_whoever_has_a_place() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(1), lease_ns: Some(400 * MS), ..group() });
    let before_ns = queue.services.clock.now_ns();
    send(&mut queue, SHARED, 1..=1);
    queue.until(|queue| queue.copies.len() >= 2);
    assert_eq!(handed_over(&queue)[..2], [(1, 1), (1, 2)]);
    assert!(queue.copies[1].redelivered);
    assert!(queue.copies[1].at_ns - before_ns >= 400 * MS, "not before the lease has ended");
    let newest = queue.copies.len() - 1;
    queue.acknowledge([newest]);
    let direct = Direct::on(&server);
    until("it is acknowledged", || direct.consumer(STREAM, QUEUE).num_ack_pending == 0);
    // Settlements of what is settled have no effect, and are no error.
    for how in [Settlement::Acknowledge, Settlement::GiveBack, Settlement::Reject, Settlement::Extend] {
        queue.settle(how, 0..newest + 1);
    }
    send(&mut queue, SHARED, 2..=2);
    queue.until(|queue| queue.copies.iter().any(|copy| copy.stamp.sequence == 2));
    assert_eq!(queue.copies.iter().filter(|copy| copy.stamp.sequence == 1).count(), newest + 1);
    assert_eq!(given_up(&queue), []);
    let stats = queue.close();
    assert!(stats["lease_expired"].as_u64() >= Some(1), "{stats}");
    assert_eq!(stats["late_settlements"], json!(4 * (newest + 1)));
    assert_eq!(stats["rejected"], json!(0));
}

#[test]
fn a_copy_whose_lease_has_ended_can_be_settled_while_nobody_else_has_it() {
    let Some(server) = Server::start() else { return };
    let patient = GroupRow { lease_ns: Some(200 * MS), redelivery_ns: vec![LONG], ..alone() };
    let mut queue = start(&server, GroupRow { prefetch: Some(1), ..patient });
    send(&mut queue, 1, 1..=2);
    // The second comes when the first takes its place no longer.
    queue.until(|queue| queue.copies.len() >= 2);
    assert_eq!(handed_over(&queue), [(1, 1), (2, 1)]);
    let direct = Direct::on(&server);
    let pending = || direct.consumer(STREAM, "mqscript_00000007_1_to").num_ack_pending;
    assert_eq!(pending(), 2);
    queue.settle(Settlement::GiveBack, [0]);
    queue.settle(Settlement::Extend, [0]);
    queue.acknowledge([0]);
    until("the first is acknowledged", || pending() == 1);
    let stats = queue.close();
    assert_eq!((&stats["given_back"], &stats["extended"]), (&json!(0), &json!(0)), "it comes back anyway");
    assert_eq!(stats["late_settlements"], json!(3));
}

/// JetStream takes an acknowledgement from whoever had the copy; what would disturb the other agent is kept from it.
#[test]
fn late_words_do_not_disturb_the_agent_that_has_the_copy_by_now() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { lease_ns: Some(2_000 * MS), prefetch: Some(1), ..alone() });
    send(&mut queue, 1, 1..=1);
    queue.until(|queue| queue.copies.len() >= 2);
    for how in [Settlement::GiveBack, Settlement::Reject, Settlement::Extend] {
        queue.settle(how, [0]);
    }
    let direct = Direct::on(&server);
    let state = || {
        let info = direct.consumer(STREAM, "mqscript_00000007_1_to");
        (info.num_ack_pending, info.num_redelivered, info.delivered.consumer_sequence)
    };
    assert_eq!(state(), (1, 1, 2), "it is where it was");
    assert_eq!((queue.copies.len(), given_up(&queue)), (2, vec![]));
    queue.settle(Settlement::Acknowledge, [1]);
    until("it is acknowledged", || state().0 == 0);
    queue.close();
}

#[test]
fn what_is_given_back_comes_again_after_its_delay() {
    let Some(server) = Server::start() else { return };
    let patient = GroupRow { lease_ns: Some(LONG), prefetch: Some(1), ..alone() };
    let mut queue = start(&server, GroupRow { redelivery_ns: vec![0, 300 * MS, 900 * MS], ..patient });
    send(&mut queue, 1, 1..=1);
    for (place, delay_ms) in [0, 300, 900, 900].into_iter().enumerate() {
        queue.until(|queue| queue.copies.len() > place);
        let before_ns = queue.services.clock.now_ns();
        queue.settle(Settlement::GiveBack, [place]);
        queue.until(|queue| queue.copies.len() > place + 1);
        let waited_ns = queue.copies[place + 1].at_ns - before_ns;
        assert!(waited_ns >= delay_ms * MS, "{place}: {waited_ns} ns");
    }
    assert_eq!(handed_over(&queue), [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]);
    let info = Direct::on(&server).consumer(STREAM, "mqscript_00000007_1_to");
    let waits: Vec<u128> = info.config.backoff.iter().map(|wait| wait.as_millis()).collect();
    assert_eq!(waits, [300_000, 300_300, 300_900], "the lease and the delay");
    queue.acknowledge([4]);
    assert_eq!(queue.close()["given_back"], json!(4));
}

#[test]
fn a_rejected_copy_is_given_up() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(4), lease_ns: Some(LONG), ..group() });
    send(&mut queue, SHARED, 1..=3);
    queue.until(|queue| queue.copies.len() >= 3);
    let place = queue.copies.iter().position(|copy| copy.stamp.sequence == 2).unwrap();
    let agent = queue.copies[place].to;
    queue.settle(Settlement::Reject, [place]);
    queue.until(|queue| !queue.notes.is_empty());
    assert_eq!(given_up(&queue), [(2, agent, "rejected".to_owned())]);
    assert_eq!(queue.notes[0].stamp.sender, 0);
    assert_eq!(Direct::on(&server).consumer(STREAM, QUEUE).num_ack_pending, 2);
    let stats = queue.close();
    assert_eq!((&stats["rejected"], &stats["dead_letters"]), (&json!(1), &json!(1)));
}

#[test]
fn what_was_handed_over_too_often_is_given_up_whether_it_is_given_back_or_its_lease_ends() {
    let Some(server) = Server::start() else { return };
    let few = GroupRow { prefetch: Some(2), max_deliveries: Some(3), ..alone() };
    let given_back = GroupRow { lease_ns: Some(LONG), redelivery_ns: vec![10 * MS, 20 * MS], ..few.clone() };
    let mut queue = start(&server, given_back);
    send(&mut queue, 1, 1..=1);
    for place in 0..3 {
        queue.until(|queue| queue.copies.len() > place);
        queue.settle(Settlement::GiveBack, [place]);
    }
    queue.until(|queue| !queue.notes.is_empty());
    assert_eq!(handed_over(&queue), [(1, 1), (1, 2), (1, 3)]);
    assert_eq!(given_up(&queue), [(1, 1, "max_deliveries".to_owned())]);
    assert_eq!(queue.close()["dead_letters"], json!(1));

    let mut queue = start(&server, GroupRow { lease_ns: Some(150 * MS), ..few });
    send(&mut queue, 1, 1..=2);
    queue.until(|queue| queue.notes.len() == 2);
    let mut copies = handed_over(&queue);
    copies.sort();
    assert_eq!(copies, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]);
    let reason = || "max_deliveries".to_owned();
    assert_eq!(given_up(&queue), [(1, 1, reason()), (2, 1, reason())]);
    let stats = queue.close();
    assert_eq!((&stats["dead_letters"], &stats["lease_expired"]), (&json!(2), &json!(6)));
}

#[test]
fn an_extended_lease_lasts() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(2), lease_ns: Some(3_000 * MS), ..alone() });
    send(&mut queue, 1, 1..=2);
    queue.until(|queue| queue.copies.len() >= 2);
    // The other copy shows when a lease is over.
    let start = Instant::now();
    let mut extended = 0;
    while queue.copies.len() < 3 {
        assert!(start.elapsed().as_secs() < 30, "no lease ends");
        queue.settle(Settlement::Extend, [0]);
        extended += 1;
        std::thread::sleep(Duration::from_millis(20));
        queue.poll().unwrap();
    }
    assert_eq!(handed_over(&queue), [(1, 1), (2, 1), (2, 2)]);
    queue.acknowledge([0, 2]);
    let direct = Direct::on(&server);
    until("both are acknowledged", || direct.consumer(STREAM, "mqscript_00000007_1_to").num_ack_pending == 0);
    let stats = queue.close();
    assert_eq!((&stats["extended"], &stats["late_settlements"]), (&json!(extended), &json!(0)));
}

#[test]
fn a_lease_without_end_and_one_of_the_medium_are_told_to_the_server() {
    let Some(server) = Server::start() else { return };
    let direct = Direct::on(&server);
    let told = |group: GroupRow, options: Value| {
        let mut queue = open(on(&server, options), with(group)).unwrap();
        send(&mut queue, 1, 1..=1);
        queue.until(|queue| queue.copies.len() == 1);
        queue.settle(Settlement::GiveBack, [0]);
        queue.until(|queue| queue.copies.len() == 2);
        let config = direct.consumer(STREAM, "mqscript_00000007_1_to").config;
        queue.close();
        (config.ack_wait.as_secs(), config.max_deliver, config.backoff.len())
    };
    let never = GroupRow { lease_ns: Some(abi::NEVER), redelivery_ns: vec![5 * MS], ..alone() };
    assert_eq!(told(never.clone(), json!({})), (100 * 365 * 86_400, -1, 0));
    assert_eq!(told(GroupRow { redelivery_ns: Vec::new(), ..never }, json!({})).0, 100 * 365 * 86_400);
    assert_eq!(told(GroupRow { max_deliveries: Some(4), ..alone() }, json!({})), (30, 4, 0));
    assert_eq!(told(alone(), json!({ "ack_wait": "7s" })), (7, -1, 0));
    let delays = GroupRow { redelivery_ns: vec![5 * MS, 6 * MS], ..alone() };
    assert_eq!(told(delays, json!({})), (30, i64::from(i32::MAX), 2));
}

#[test]
fn one_place_is_not_filled_twice_by_a_message_and_a_broadcast() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(1), lease_ns: Some(LONG), ..alone() });
    send(&mut queue, 1, 1..=3);
    send(&mut queue, abi::ALL, 4..=6);
    let of_second = |queue: &Queue| {
        let places = (0..queue.copies.len()).filter(|place| queue.copies[*place].to == 1);
        places.collect::<Vec<usize>>()
    };
    // The seven others have no bound of one, and get all three broadcasts.
    for got in 1..=6 {
        queue.until(|queue| of_second(queue).len() >= got && queue.copies.len() >= 21 + got);
        assert_eq!(of_second(&queue).len(), got, "one at a time");
        let newest = of_second(&queue)[got - 1];
        queue.acknowledge([newest]);
    }
    let mut sequences: Vec<u64> =
        of_second(&queue).iter().map(|place| queue.copies[*place].stamp.sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
    queue.close();
}

#[test]
fn the_medium_is_empty_when_nothing_is_held_any_more() {
    let Some(server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(1), lease_ns: Some(300 * MS), ..group() });
    send(&mut queue, SHARED, 1..=4);
    queue.until(|queue| queue.copies.len() >= 4);
    let now_ns = queue.services.clock.now_ns();
    queue.session.flush(now_ns, &mut queue.out).unwrap();
    // One agent is dead: what it held comes again.
    queue.acknowledge(1..4);
    queue.until(|queue| queue.copies.len() >= 5);
    assert!(!queue.out.empty, "a copy is with an agent");
    let newest = queue.copies.len() - 1;
    assert_eq!(queue.copies[newest].stamp, queue.copies[0].stamp);
    queue.acknowledge([newest]);
    queue.until(|queue| queue.out.empty);
    assert_eq!(Direct::on(&server).consumer(STREAM, QUEUE).num_ack_pending, 0);
    queue.close();
}

#[test]
fn agents_go_on_pulling_from_a_server_that_was_killed() {
    let Some(mut server) = Server::start() else { return };
    let mut queue = start(&server, GroupRow { prefetch: Some(2), lease_ns: Some(1_000 * MS), ..group() });
    send(&mut queue, SHARED, 1..=40);
    queue.until(|queue| queue.copies.len() >= 16);
    server.kill();
    server.start_again();
    support::nats::until_connected(&mut queue);
    // All of it comes, though perhaps not for the first time.
    let direct = Direct::on(&server);
    let (start, mut settled) = (Instant::now(), 0);
    let is_done = |queue: &Queue| {
        let info = direct.consumer(STREAM, QUEUE);
        distinct(queue) == 40 && (info.num_ack_pending, info.num_pending) == (0, 0)
    };
    while !is_done(&queue) {
        assert!(start.elapsed().as_secs() < 30, "they do not come: {:?}", handed_over(&queue));
        let new = settled..queue.copies.len();
        settled = new.end;
        queue.acknowledge(new);
        std::thread::sleep(Duration::from_millis(10));
        queue.poll().unwrap();
    }
    queue.close();
}

fn distinct(queue: &Queue) -> usize {
    queue.copies.iter().map(|copy| copy.stamp.sequence).collect::<BTreeSet<u64>>().len()
}

#[test]
fn a_work_queue_of_the_user_is_read_and_has_no_broadcasts() {
    let Some(server) = Server::start() else { return };
    let direct = Direct::on(&server);
    let work_queue = Config { retention: RetentionPolicy::WorkQueue, ..Config::default() };
    direct.make_as("ORDERS", "orders.>", work_queue);
    direct.wait_for(async {
        let old = direct.context.publish("orders.test.queue.SYSTEM", "from before".into()).await.unwrap();
        old.await.unwrap();
    });
    let options = json!({ "stream": "ORDERS", "subject": "orders.test" });
    let mut queue = open(on(&server, options), with(group())).unwrap();
    let mut parcels: Vec<_> = (1..=20).map(|sequence| parcel(0, SHARED, sequence)).collect();
    parcels.push(parcel(0, abi::ALL, 21));
    queue.publish(&parcels);
    let rejected = (abi::REJECTED, "a work queue has no messages to all".to_owned(), 1);
    let mut all = told(&queue);
    all.sort();
    assert_eq!(all, [(abi::DELIVERED, String::new(), 20), rejected]);
    queue.until(|queue| queue.copies.len() >= 21);
    assert_eq!(queue.copies.iter().filter(|copy| copy.stamp == abi::Stamp::NONE).count(), 1, "the old one");
    queue.acknowledge(0..21);
    until("the stream is empty", || direct.count("ORDERS") == 0);
    assert_eq!(queue.close()["in_stream"], json!(0));
    assert_eq!(direct.consumers("ORDERS"), 0);
}

#[test]
fn what_cannot_be_done_is_refused_before_the_run() {
    let Some(server) = Server::start() else { return };
    let direct = Direct::on(&server);
    direct.make_as("SILENT", "silent.>", Config { no_ack: true, ..Config::default() });
    let refused = |options: Value, group: GroupRow, parts: &[&str]| {
        let error = open(on(&server, options), with(group)).err().expect("an error").to_string();
        assert!(error.contains("refuses its options"), "{error}");
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    };
    let silent = json!({ "stream": "SILENT", "subject": "silent.test" });
    refused(silent, group(), &["`stream`", "SILENT confirms no message", "no_ack"]);
    let core = || json!({ "mode": "core" });
    let wishes = [
        (group(), "`queue: \"shared\"`"),
        (GroupRow { prefetch: Some(1), ..alone() }, "`prefetch`"),
        (GroupRow { lease_ns: Some(abi::NEVER), ..alone() }, "`lease`"),
        (GroupRow { max_deliveries: Some(2), ..alone() }, "`max_deliveries`"),
        (GroupRow { redelivery_ns: vec![1], ..alone() }, "`redelivery`"),
    ];
    for (group, wish) in wishes {
        refused(core(), group, &["`mode`", "`Worker` asks for", wish, "jetstream"]);
    }
    let short = GroupRow { lease_ns: Some(9 * MS), ..alone() };
    refused(json!({}), short, &["`Worker`", "9ms", "`lease: \"10ms\"` or more"]);

    // Of which nothing is asked works without JetStream, and declares nothing of it.
    let consuming = |options: Value| {
        let queue = open(on(&server, options), with(alone())).unwrap();
        let capabilities = queue.chain.capabilities() & CONSUMING;
        queue.close();
        capabilities
    };
    assert_eq!((consuming(core()), consuming(json!({}))), (0, CONSUMING));
}

#[test]
fn a_user_who_may_not_hear_of_dead_letters_is_told_before_the_run() {
    let config = "authorization: { users: [{ user: me, password: secret, permissions: { subscribe: { deny: \
                  \"$JS.EVENT.>\" } } }] }";
    let Some(server) = Server::configured(config, &["--jetstream"]) else { return };
    let options = json!({ "user": "me", "password": "secret" });
    let error = open(on(&server, options), with(group())).err().expect("an error").to_string();
    for part in ["AUTH", "Permissions Violation for Subscription", "MAX_DELIVERIES", "user `me`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
