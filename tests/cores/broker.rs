//! The simulated broker, loaded and driven as the engine does it: queues, leases, settlements.

use mqscript::cores::*;
use serde_json::{Value, json};
use support::chain::*;

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;
/// The party of the run that is no agent: the queue that the agents share.
const QUEUE: u32 = 9;

/// Agents 1 to `workers` with one queue together, one copy at a time.
fn workers(workers: u32) -> GroupRow {
    GroupRow {
        name: "Worker".into(),
        first_agent: 1,
        agents: workers,
        queue: Some(QUEUE),
        prefetch: Some(1),
        lease_ns: None,
        max_deliveries: None,
        redelivery_ns: Vec::new(),
    }
}

/// A copy as it was handed over.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    at_ns: u64,
    agent: u32,
    sequence: u64,
    times: u32,
    tag: u64,
}

/// A broker in the hands of a test, which goes from instant to instant.
struct Broker {
    running: Running,
    token: u64,
    /// Copies given up: number of the message, and why.
    given_up: Vec<(u64, String)>,
    /// The results of attempts, and when.
    answers: Vec<(u32, u64)>,
}

impl Broker {
    fn new(mut options: Value, groups: Vec<GroupRow>) -> Broker {
        options["latency"] = json!("0ms");
        let config = RunConfig { receive: true, groups, ..run_config() };
        let running = start(&[request("broker", options)], config).unwrap();
        Broker { running, token: 0, given_up: Vec::new(), answers: Vec::new() }
    }

    /// Takes what was told in a call at `now_ns`.
    fn seen(&mut self) -> Vec<Seen> {
        let out = &mut self.running.out;
        self.answers.extend(out.outcomes.drain(..).map(|outcome| (outcome.result, outcome.at_ns)));
        let mut seen = Vec::new();
        for copy in out.deliveries.drain(..) {
            if copy.flags & abi::DELIVERY_GIVEN_UP != 0 {
                let reason = self.running.services.interner.text(copy.reason);
                self.given_up.push((copy.stamp.sequence, reason));
                continue;
            }
            let times = (copy.flags & abi::DELIVERY_HANDOVERS) >> abi::DELIVERY_HANDOVERS_SHIFT;
            assert_eq!(copy.flags & abi::DELIVERY_REDELIVERED != 0, times > 1);
            let (at_ns, agent) = (copy.at_ns, copy.recipient_id);
            seen.push(Seen { at_ns, agent, sequence: copy.stamp.sequence, times, tag: copy.ack_tag });
        }
        seen
    }

    /// Publishes messages of agent 0 to `to`, with numbers from `first` on.
    fn publish(&mut self, now_ns: u64, to: u32, first: u64, n: u64) -> Vec<Seen> {
        self.publish_of(0, now_ns, to, first, n)
    }

    /// Publishes messages of this agent.
    fn publish_of(&mut self, sender: u32, now_ns: u64, to: u32, first: u64, n: u64) -> Vec<Seen> {
        let batch: Vec<abi::Message> = (first..first + n)
            .map(|sequence| {
                self.token += 1;
                let stamp = abi::Stamp { run: 7, sender, sequence, attempt: 1, ..abi::Stamp::NONE };
                abi::Message { token: self.token, stamp, recipient_id: to, ..abi::Message::EMPTY }
            })
            .collect();
        let published = self.running.session.publish(now_ns, &batch, &mut self.running.out);
        assert_eq!((published.accepted as u64, published.failure), (n, None));
        self.seen()
    }

    fn settle(&mut self, now_ns: u64, how: Settlement, tags: &[u64]) -> Vec<Seen> {
        self.running.session.acknowledge(now_ns, how, tags, &mut self.running.out).unwrap();
        self.seen()
    }

    /// Polls at the time that the core asked for.
    fn poll(&mut self) -> (u64, Vec<Seen>) {
        let due_ns = self.running.out.next_due_ns;
        assert_ne!(due_ns, abi::NEVER, "the core has no wish");
        self.running.session.poll(due_ns, &mut self.running.out).unwrap();
        (due_ns, self.seen())
    }

    fn stats(mut self) -> Value {
        self.running.session.close().unwrap();
        self.running.chain.stats().unwrap()["broker"].clone()
    }
}

/// (agent, number of the message, how-manieth hand-over).
fn who(seen: &[Seen]) -> Vec<(u32, u64, u32)> {
    seen.iter().map(|copy| (copy.agent, copy.sequence, copy.times)).collect()
}

#[test]
fn an_inbox_gives_all_it_has_and_a_broadcast_reaches_all_but_the_sender() {
    let mut broker = Broker::new(json!({}), Vec::new());
    assert_eq!(who(&broker.publish(0, 3, 1, 2)), [(3, 1, 1), (3, 2, 1)]);
    let all = broker.publish(5, abi::ALL, 3, 1);
    assert_eq!(who(&all), (1..9).map(|agent| (agent, 3, 1)).collect::<Vec<_>>());
    assert_eq!(broker.answers, [(abi::DELIVERED, 0), (abi::DELIVERED, 0), (abi::DELIVERED, 5)]);
    assert_eq!(broker.running.out.next_due_ns, abi::NEVER, "no lease, nothing to come");
}

#[test]
fn each_message_of_a_shared_queue_goes_to_one_agent_that_has_room() {
    let mut broker = Broker::new(json!({}), vec![workers(3)]);
    let first = broker.publish(0, QUEUE, 1, 5);
    assert_eq!(who(&first), [(1, 1, 1), (2, 2, 1), (3, 3, 1)]);
    // Whoever is free first gets the next, whatever its number.
    assert_eq!(who(&broker.settle(7, Settlement::Acknowledge, &[first[2].tag])), [(3, 4, 1)]);
    let next = broker.settle(9, Settlement::Acknowledge, &[first[0].tag, first[1].tag]);
    assert_eq!(who(&next), [(1, 5, 1)]);
    assert_eq!(who(&broker.publish(11, QUEUE, 6, 1)), [(2, 6, 1)]);
}

#[test]
fn with_more_prefetch_copies_are_dealt_out_in_turns() {
    let mut broker = Broker::new(json!({}), vec![GroupRow { prefetch: Some(2), ..workers(2) }]);
    let first = broker.publish(0, QUEUE, 1, 6);
    assert_eq!(who(&first), [(1, 1, 1), (2, 2, 1), (1, 3, 1), (2, 4, 1)]);
    let next = broker.settle(1, Settlement::Acknowledge, &[first[1].tag, first[3].tag]);
    assert_eq!(who(&next), [(2, 5, 1), (2, 6, 1)]);
}

#[test]
fn a_lease_that_ends_hands_the_copy_over_again_and_a_settled_one_never() {
    let lease_ns = Some(30 * S);
    let mut broker = Broker::new(json!({}), vec![GroupRow { lease_ns, ..workers(2) }]);
    let first = broker.publish(0, QUEUE, 1, 2);
    assert_eq!(who(&first), [(1, 1, 1), (2, 2, 1)]);
    broker.settle(10 * S, Settlement::Acknowledge, &[first[1].tag]);
    let (at_ns, again) = broker.poll();
    // Agent 2 has been free for longer.
    assert_eq!((at_ns, who(&again)), (30 * S, vec![(2, 1, 2)]));
    // The first agent settles too late: somebody else has the copy.
    broker.settle(31 * S, Settlement::Acknowledge, &[first[0].tag]);
    broker.settle(40 * S, Settlement::Acknowledge, &[again[0].tag]);
    assert_eq!(broker.poll(), (60 * S, vec![]), "a wish stands until the next poll");
    assert_eq!(broker.running.out.next_due_ns, abi::NEVER);
    let stats = broker.stats();
    let of = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!((of("handed_over"), of("redelivered"), of("lease_expired")), (3, 1, 1));
    assert_eq!((of("late_settlements"), of("dead_letters")), (1, 0));
}

#[test]
fn what_is_settled_late_but_waits_is_not_handed_over_again() {
    let (lease_ns, redelivery_ns) = (Some(30 * S), vec![5 * S]);
    let mut broker = Broker::new(json!({}), vec![GroupRow { lease_ns, redelivery_ns, ..workers(1) }]);
    let first = broker.publish(0, QUEUE, 1, 2);
    let (at_ns, next) = broker.poll();
    assert_eq!((at_ns, who(&next)), (30 * S, vec![(1, 2, 1)]), "the first waits for its delay");
    broker.settle(31 * S, Settlement::Acknowledge, &[first[0].tag]);
    assert_eq!(broker.settle(32 * S, Settlement::Acknowledge, &[next[0].tag]), []);
    assert_eq!(broker.running.out.next_due_ns, 35 * S, "a wish stands until the next poll");
    assert_eq!(broker.poll(), (35 * S, vec![]));
    assert_eq!(broker.running.out.next_due_ns, abi::NEVER);
}

#[test]
fn an_extended_lease_begins_anew() {
    let lease_ns = Some(30 * S);
    let mut broker = Broker::new(json!({}), vec![GroupRow { lease_ns, ..workers(1) }]);
    let first = broker.publish(0, QUEUE, 1, 1);
    for n in 1..=5 {
        assert_eq!(broker.settle(n * 10 * S, Settlement::Extend, &[first[0].tag]), []);
    }
    let (mut at_ns, mut again) = broker.poll();
    while again.is_empty() {
        (at_ns, again) = broker.poll();
    }
    assert_eq!((at_ns, who(&again)), (80 * S, vec![(1, 1, 2)]));
}

#[test]
fn what_is_given_back_comes_again_after_the_delay_for_that_time() {
    let redelivery_ns = vec![S, 30 * S];
    let mut broker = Broker::new(json!({}), vec![GroupRow { redelivery_ns, ..workers(1) }]);
    let mut copy = broker.publish(0, QUEUE, 1, 1)[0];
    let mut times = Vec::new();
    for _ in 0..4 {
        let given_back_ns = copy.at_ns + MS;
        assert_eq!(broker.settle(given_back_ns, Settlement::GiveBack, &[copy.tag]), []);
        let (at_ns, again) = broker.poll();
        copy = again[0];
        times.push(((at_ns - given_back_ns) / S, copy.times));
    }
    assert_eq!(times, [(1, 2), (30, 3), (30, 4), (30, 5)]);
    // A message that comes meanwhile need not wait.
    broker.settle(copy.at_ns, Settlement::GiveBack, &[copy.tag]);
    assert_eq!(who(&broker.publish(copy.at_ns + 1, QUEUE, 2, 1)), [(1, 2, 1)]);
}

#[test]
fn a_copy_is_given_up_when_it_is_rejected_or_was_handed_over_often_enough() {
    let max_deliveries = Some(3);
    let mut broker = Broker::new(json!({}), vec![GroupRow { max_deliveries, ..workers(1) }]);
    let mut seen = broker.publish(0, QUEUE, 1, 3);
    for now_ns in 1..=3 {
        assert_eq!(who(&seen), [(1, 1, now_ns as u32)], "what comes back goes before what is new");
        seen = broker.settle(now_ns, Settlement::GiveBack, &[seen[0].tag]);
    }
    assert_eq!(broker.given_up, [(1, "max_deliveries".to_owned())]);
    assert_eq!(who(&seen), [(1, 2, 1)]);
    let last = broker.settle(9, Settlement::Reject, &[seen[0].tag]);
    assert_eq!(broker.given_up[1], (2, "rejected".to_owned()));
    assert_eq!(who(&last), [(1, 3, 1)]);
    broker.settle(10, Settlement::Acknowledge, &[last[0].tag]);
    assert_eq!(broker.stats()["dead_letters"], 2);
}

#[test]
fn what_is_rejected_late_is_given_up_while_it_waits() {
    let (lease_ns, redelivery_ns) = (Some(30 * S), vec![5 * S]);
    let mut broker = Broker::new(json!({}), vec![GroupRow { lease_ns, redelivery_ns, ..workers(1) }]);
    let first = broker.publish(0, QUEUE, 1, 1);
    assert_eq!(broker.poll(), (30 * S, vec![]), "it waits for its delay");
    broker.settle(31 * S, Settlement::Reject, &[first[0].tag]);
    assert_eq!(broker.given_up, [(1, "rejected".to_owned())]);
    assert_eq!(broker.poll(), (35 * S, vec![]));
    let stats = broker.stats();
    assert_eq!((&stats["dead_letters"], &stats["late_settlements"]), (&json!(1), &json!(1)));
}

#[test]
fn a_copy_whose_lease_ends_before_there_is_room_to_tell_it_is_told_later() {
    let (lease_ns, redelivery_ns) = (Some(S), vec![5 * S]);
    // Agents 5 to 8 have a lease; of eight copies, four find room at once.
    let inboxes = GroupRow { first_agent: 5, queue: None, lease_ns, redelivery_ns, ..workers(4) };
    let mut broker = Broker::new(json!({}), vec![inboxes]);
    broker.running.out = Out::with_capacity(64, 4);
    let first = broker.publish(0, abi::ALL, 1, 1);
    assert_eq!(who(&first), [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1)]);
    let mut polled = |now_ns: u64| {
        let mut seen = Vec::new();
        while broker.running.out.more {
            broker.running.session.poll(now_ns, &mut broker.running.out).unwrap();
            seen.extend(who(&broker.seen()));
        }
        broker.running.out.more = true;
        seen
    };
    assert_eq!(polled(2 * S), [], "all four were not told in time, and wait for their delay");
    assert_eq!(polled(7 * S), [(5, 1, 2), (6, 1, 2), (7, 1, 2), (8, 1, 2)]);
}

#[test]
fn a_core_settles_only_as_it_says_that_it_can() {
    let mut running = start(&[request("mock", json!({}))], run_config()).unwrap();
    let failure = running.session.acknowledge(0, Settlement::Extend, &[1], &mut running.out).unwrap_err();
    assert!(failure.to_string().contains("it does not do acknowledgements of kind 3"), "{failure}");
    // A layer passes on what the core below can do.
    let layered = [
        request("broker", json!({ "latency": "0ms" })),
        request("chaos", json!({ "drop": 0.0, "delay": "1ms" })),
    ];
    let config = RunConfig { receive: true, groups: vec![workers(1)], ..run_config() };
    let mut running = start(&layered, config).unwrap();
    let all = abi::SETTLES | abi::EXTENDS | abi::LEASES | abi::SHARES | abi::LIMITS | abi::DEAD_LETTERS;
    assert_eq!(running.chain.capabilities() & all, all);
    running.session.acknowledge(0, Settlement::GiveBack, &[1], &mut running.out).unwrap();
}

#[test]
fn times_that_no_run_can_hold_are_refused() {
    for key in ["latency", "handover"] {
        let options = json!({ key: { "exponential": { "mean": "100d" } } });
        let error = start(&[request("broker", options)], run_config()).err().unwrap().to_string();
        assert!(
            error.contains(key) && error.contains("the longest that can be played is 366 days"),
            "{error}"
        );
    }
}

#[test]
fn a_full_queue_refuses_and_urgent_messages_go_first() {
    let mut broker = Broker::new(json!({ "capacity": 2 }), vec![workers(1)]);
    let first = broker.publish(0, QUEUE, 1, 4);
    assert_eq!(who(&first), [(1, 1, 1)]);
    let results: Vec<u32> = broker.answers.iter().map(|(result, _)| *result).collect();
    assert_eq!(results, [abi::DELIVERED, abi::DELIVERED, abi::DELIVERED, abi::REFUSED]);
    let next = broker.settle(1, Settlement::Acknowledge, &[first[0].tag]);
    assert_eq!(who(&next), [(1, 2, 1)]);
    let urgent = abi::Message {
        token: 100,
        stamp: abi::Stamp { run: 7, sequence: 9, attempt: 1, ..abi::Stamp::NONE },
        recipient_id: QUEUE,
        priority: abi::PRIORITY_URGENT,
        ..abi::Message::EMPTY
    };
    assert_eq!(broker.running.session.publish(2, &[urgent], &mut broker.running.out).accepted, 1);
    assert_eq!(broker.seen(), []);
    assert_eq!(who(&broker.settle(3, Settlement::Acknowledge, &[next[0].tag])), [(1, 9, 1)]);
    assert_eq!(broker.stats()["refused_full"], 1);
}

#[test]
fn a_medium_is_imitated_where_the_group_says_nothing() {
    let silent = GroupRow { prefetch: None, ..workers(2) };
    let ends = |like: &str, group: &GroupRow| {
        let mut broker = Broker::new(json!({ "like": like }), vec![group.clone()]);
        let seen = broker.publish(0, QUEUE, 1, 30);
        (seen.len(), broker.running.out.next_due_ns)
    };
    assert_eq!(ends("plain", &silent), (30, abi::NEVER));
    assert_eq!(ends("jetstream", &silent), (30, 30 * S));
    assert_eq!(ends("rabbitmq", &silent), (30, 1_800 * S));
    assert_eq!(ends("sqs", &silent), (20, 30 * S));
    assert_eq!(ends("redis_streams", &silent), (30, abi::NEVER));
    assert_eq!(ends("celery_redis", &silent), (8, 3_600 * S));
    let said = GroupRow { lease_ns: Some(abi::NEVER), ..workers(2) };
    assert_eq!(ends("sqs", &said), (2, abi::NEVER));
}

#[test]
fn contents_come_back_with_every_hand_over() {
    let config = RunConfig { receive: true, wants_content: true, groups: vec![workers(1)], ..run_config() };
    let mut running = start(&[request("broker", json!({ "latency": "0ms" }))], config).unwrap();
    assert_ne!(running.chain.capabilities() & abi::READS_CONTENT, 0);
    let content = "a task".to_owned();
    let message = abi::Message {
        token: 1,
        stamp: abi::Stamp { run: 7, sequence: 1, attempt: 1, ..abi::Stamp::NONE },
        recipient_id: QUEUE,
        content: abi::Bytes::new(content.as_bytes()),
        ..abi::Message::EMPTY
    };
    assert_eq!(running.session.publish(0, &[message], &mut running.out).accepted, 1);
    drop(content);
    for now_ns in 1..4 {
        let copy = running.out.deliveries.pop().unwrap();
        // SAFETY: "Valid until the next call on the session".
        assert_eq!(unsafe { copy.content.as_slice() }, b"a task");
        running.session.acknowledge(now_ns, Settlement::GiveBack, &[copy.ack_tag], &mut running.out).unwrap();
    }
}

#[test]
fn what_is_settled_late_is_settled_for_all_where_the_medium_says_so() {
    for (option, like, counts) in [
        ("taken", "plain", true),
        ("ignored", "jetstream", false),
        ("as_like", "jetstream", true),
        ("as_like", "sqs", false),
    ] {
        let options = json!({ "late_settlements": option, "like": like });
        let mut broker = Broker::new(options, vec![GroupRow { lease_ns: Some(30 * S), ..workers(2) }]);
        let first = broker.publish(0, QUEUE, 1, 1);
        let again = broker.poll();
        assert_eq!((again.0, who(&again.1)), (30 * S, vec![(2, 1, 2)]));
        broker.publish(31 * S, QUEUE, 2, 2);
        // Neither giving back nor extending helps any more.
        assert_eq!(broker.settle(40 * S, Settlement::Extend, &[first[0].tag]), []);
        assert_eq!(broker.settle(41 * S, Settlement::GiveBack, &[first[0].tag]), []);
        let next = broker.settle(42 * S, Settlement::Acknowledge, &[first[0].tag]);
        // If it counts, the second agent holds nothing any more, and gets the next.
        assert_eq!(who(&next), if counts { vec![(2, 3, 1)] } else { vec![] }, "{option} {like}");
        let after = broker.settle(43 * S, Settlement::Acknowledge, &[again.1[0].tag]);
        assert_eq!(who(&after), if counts { vec![] } else { vec![(2, 3, 1)] }, "{option} {like}");
        assert_eq!(broker.stats()["late_settlements"], json!(if counts { 4 } else { 3 }));
    }
}

/// Agents 1 and 2 as a Kafka consumer group.
fn kafka(redelivery_ns: Vec<u64>) -> Broker {
    let group = GroupRow { prefetch: None, redelivery_ns, ..workers(2) };
    Broker::new(json!({ "like": "kafka_group" }), vec![group])
}

#[test]
fn a_partition_belongs_to_one_member_which_takes_more_when_all_is_settled() {
    let mut broker = kafka(Vec::new());
    assert_eq!(who(&broker.publish_of(1, 0, QUEUE, 1, 1)), [(2, 1, 1)], "the partition of sender 1");
    let first = broker.publish(0, QUEUE, 1, 4);
    assert_eq!(who(&first), [(1, 1, 1)], "the others came after its poll");
    let batch = broker.settle(S, Settlement::Acknowledge, &[first[0].tag]);
    assert_eq!(who(&batch), [(1, 2, 1), (1, 3, 1), (1, 4, 1)]);
    assert_eq!(broker.publish(2 * S, QUEUE, 5, 1), []);
    let tags: Vec<u64> = batch.iter().map(|copy| copy.tag).collect();
    assert_eq!(broker.settle(3 * S, Settlement::Acknowledge, &tags[..2]), []);
    assert_eq!(who(&broker.settle(4 * S, Settlement::Acknowledge, &tags[2..])), [(1, 5, 1)]);
}

#[test]
fn a_member_that_polls_too_late_loses_its_partitions_and_takes_them_back() {
    let mut broker = kafka(Vec::new());
    let first = broker.publish(0, QUEUE, 1, 3);
    let batch = broker.settle(S, Settlement::Acknowledge, &[first[0].tag]);
    assert_eq!(who(&batch), [(1, 2, 1), (1, 3, 1)]);
    // Five minutes after the poll all that it has not settled goes to the other, in order.
    assert_eq!(broker.poll(), (300 * S, vec![]), "a wish stands until the next poll");
    let (at_ns, moved) = broker.poll();
    assert_eq!((at_ns, who(&moved)), (301 * S, vec![(2, 2, 2), (2, 3, 2)]));
    assert_eq!(broker.publish(302 * S, QUEUE, 4, 1), []);
    // Its next settlement has no effect, but it polls again: the partition changes hands while it is worked on.
    let back = broker.settle(310 * S, Settlement::Acknowledge, &[batch[0].tag]);
    assert_eq!(who(&back), [(1, 2, 3), (1, 3, 3), (1, 4, 1)]);
    assert_eq!(broker.settle(311 * S, Settlement::Acknowledge, &[moved[0].tag, moved[1].tag]), []);
    let tags: Vec<u64> = back.iter().map(|copy| copy.tag).collect();
    assert_eq!(broker.settle(312 * S, Settlement::Acknowledge, &tags), []);
    let stats = broker.stats();
    assert_eq!(
        (&stats["late_settlements"], &stats["handed_over"], &stats["redelivered"]),
        (&json!(3), &json!(8), &json!(4))
    );
}

#[test]
fn a_member_that_never_settles_joins_again_as_if_restarted() {
    let mut broker = kafka(Vec::new());
    let first = broker.publish(0, QUEUE, 1, 1);
    assert_eq!(who(&first), [(1, 1, 1)]);
    let (at_ns, moved) = broker.poll();
    assert_eq!((at_ns, who(&moved)), (300 * S, vec![(2, 1, 2)]));
    assert_eq!(broker.settle(301 * S, Settlement::Acknowledge, &[moved[0].tag]), []);
    assert_eq!(broker.poll(), (345 * S, vec![]));
    assert_eq!(who(&broker.publish(346 * S, QUEUE, 2, 1)), [(1, 2, 1)]);
}

#[test]
fn nothing_overtakes_what_was_given_back_in_a_partition() {
    let mut broker = kafka(vec![10 * S]);
    let first = broker.publish(0, QUEUE, 1, 2);
    assert_eq!(
        broker.settle(S, Settlement::GiveBack, &[first[0].tag]),
        [],
        "the second waits behind the first"
    );
    let (at_ns, again) = broker.poll();
    assert_eq!((at_ns, who(&again)), (11 * S, vec![(1, 1, 2), (1, 2, 1)]));
}
