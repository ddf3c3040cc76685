//! The sqlite core with consumers: shared queues, prefetch, leases, settlements and dead letters, real ones in a file.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::elsewhere::{Elsewhere, column, count, sql};
use support::queue::{Copy, Parcel, Queue, config, on, parcel};
use tempfile::TempDir;

const MS: u64 = 1_000_000;
/// The party of the run that is no agent, the queue that the agents share, and its name.
const QUEUE: u32 = 9;
const NAME: &str = "SYSTEM";
/// So long that no test sees it end.
const LONG: u64 = 3_600_000 * MS;
/// Names the file for the other process.
const FILE: &str = "MQSCRIPT_TEST_CONSUMED";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    (folder, file)
}

/// Agents 1 to `workers` with one queue together, one copy at a time.
fn workers(workers: u32) -> GroupRow {
    GroupRow {
        name: "Worker".into(),
        first_agent: 1,
        agents: workers,
        queue: Some(QUEUE),
        prefetch: Some(1),
        lease_ns: Some(LONG),
        max_deliveries: None,
        redelivery_ns: Vec::new(),
    }
}

fn run_of(run: u32, group: GroupRow) -> RunConfig {
    RunConfig { groups: vec![group], ..config(run, true) }
}

fn open(file: &Path, group: GroupRow) -> Queue {
    Queue::open(on(file, json!({})), run_of(7, group)).unwrap()
}

/// Messages with these numbers for the shared queue.
fn tasks(sequences: impl IntoIterator<Item = u64>) -> Vec<Parcel> {
    let task = |sequence| Parcel { recipient: NAME.to_owned(), ..parcel(0, QUEUE, sequence) };
    sequences.into_iter().map(task).collect()
}

fn times(copy: &Copy) -> u32 {
    (copy.flags & abi::DELIVERY_HANDOVERS) >> abi::DELIVERY_HANDOVERS_SHIFT
}

/// (agent, number of the message, how-manieth hand-over) of each copy from the `first` on.
fn who(queue: &Queue, first: usize) -> Vec<(u32, u64, u32)> {
    let told = |copy: &Copy| {
        assert_eq!(copy.redelivered, times(copy) > 1);
        (copy.to, copy.stamp.sequence, times(copy))
    };
    queue.copies[first..].iter().map(told).collect()
}

/// Waits for so many copies in all, and tells of those from the `first` on.
#[track_caller]
fn until(queue: &mut Queue, first: usize, copies: usize) -> Vec<(u32, u64, u32)> {
    queue.until(|queue| queue.copies.len() >= copies);
    who(queue, first)
}

fn figure(stats: &Value, name: &str) -> u64 {
    stats[name].as_u64().unwrap_or_else(|| panic!("{name}: {stats}"))
}

#[test]
fn each_message_of_a_shared_queue_goes_to_one_agent_that_has_room_in_turns() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { prefetch: Some(2), ..workers(2) });
    queue.publish(&tasks(1..=7));
    assert_eq!(until(&mut queue, 0, 4), [(1, 1, 1), (2, 2, 1), (1, 3, 1), (2, 4, 1)]);
    // Whoever has room gets what is next, whatever its number.
    queue.acknowledge([1, 3]);
    assert_eq!(until(&mut queue, 4, 6), [(2, 5, 1), (2, 6, 1)]);
    queue.acknowledge([0]);
    assert_eq!(until(&mut queue, 6, 7), [(1, 7, 1)]);
    queue.acknowledge([2, 4, 5, 6]);
    queue.publish(&tasks([8]));
    assert_eq!(until(&mut queue, 7, 8), [(1, 8, 1)], "the one that has been free for longer");
    queue.acknowledge([7]);
    let stats = queue.close();
    assert_eq!((figure(&stats, "copies"), figure(&stats, "acknowledged")), (8, 8));
    assert_eq!((count(&file, "messages"), count(&file, "held")), (0, 0));
}

#[test]
fn no_agent_has_more_unsettled_copies_than_its_prefetch_and_what_waits_is_not_lost() {
    let (_folder, file) = folder();
    let inboxes = GroupRow { queue: None, prefetch: Some(3), ..workers(4) };
    let mut queue = open(&file, inboxes);
    let mut parcels: Vec<Parcel> =
        (1..=400).map(|sequence| parcel(0, 1 + sequence as u32 % 4, sequence)).collect();
    parcels.push(parcel(0, abi::ALL, 401));
    queue.publish(&parcels);
    // Agents 5 to 8 have no group, and no bound.
    let (mut counted, mut settled, mut held, mut most) = (0, 0, [0u32; 9], 0);
    while settled < 408 {
        if settled == counted {
            queue.until(|queue| queue.copies.len() > counted);
        }
        queue.copies[counted..].iter().for_each(|copy| held[copy.to as usize] += 1);
        counted = queue.copies.len();
        most = held.into_iter().fold(most, u32::max);
        held[queue.copies[settled].to as usize] -= 1;
        queue.acknowledge([settled]);
        settled += 1;
        queue.poll().unwrap();
    }
    assert_eq!(most, 3);
    for agent in 1..=4 {
        let of_agent: Vec<u64> =
            queue.copies.iter().filter(|copy| copy.to == agent).map(|copy| copy.stamp.sequence).collect();
        assert!(of_agent.is_sorted() && of_agent.len() == 101, "{of_agent:?}");
    }
    assert_eq!(figure(&queue.close(), "left"), 0);
}

#[test]
fn a_lease_that_ends_hands_the_copy_over_again_and_a_settled_one_never() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { lease_ns: Some(200 * MS), ..workers(2) });
    queue.publish(&tasks([1]));
    // The agent that has been free for longer has it next.
    assert_eq!(until(&mut queue, 0, 3)[..3], [(1, 1, 1), (2, 1, 2), (1, 1, 3)]);
    assert!(queue.copies[1].at_ns >= queue.copies[0].at_ns + 200 * MS);
    // The first agent's settlement comes too late: somebody else has the copy by then.
    queue.acknowledge([0]);
    let seen = queue.copies.len();
    until(&mut queue, seen, seen + 1);
    while count(&file, "messages") > 0 {
        let newest = queue.copies.len() - 1;
        queue.acknowledge([newest]);
        queue.poll().unwrap();
    }
    assert_eq!(count(&file, "held"), 0);
    // Were it still there, it would go before the next.
    let seen = queue.copies.len();
    queue.publish(&tasks([2]));
    assert_eq!(until(&mut queue, seen, seen + 1)[0].1, 2);
    let copies = queue.copies.iter().filter(|copy| copy.stamp.sequence == 1).count() as u64;
    let stats = queue.close();
    assert!(figure(&stats, "lease_expired") >= copies - 1 && figure(&stats, "redelivered") >= copies - 1);
    assert!(figure(&stats, "late_settlements") >= 1, "{stats}");
    assert_eq!((figure(&stats, "acknowledged"), figure(&stats, "left")), (1, 1));
}

#[test]
fn what_is_settled_late_but_waits_is_not_handed_over_again() {
    let (_folder, file) = folder();
    let (lease_ns, redelivery_ns) = (Some(200 * MS), vec![LONG]);
    let mut queue = open(&file, GroupRow { lease_ns, redelivery_ns, ..workers(1) });
    queue.publish(&tasks(1..=3));
    // Each lease ends, and the copy waits for its delay, so that the next gets its turn.
    assert_eq!(until(&mut queue, 0, 3), [(1, 1, 1), (1, 2, 1), (1, 3, 1)]);
    // What has come back already can neither be given back nor get more time.
    queue.settle(Settlement::GiveBack, [1]);
    queue.settle(Settlement::Extend, [1]);
    queue.acknowledge([0]);
    queue.settle(Settlement::Reject, [1]);
    queue.until(|queue| !queue.notes.is_empty());
    assert_eq!((queue.notes[0].stamp.sequence, &queue.notes[0].reason[..]), (2, "rejected"));
    assert_eq!(sql(&file, "SELECT reason || ' ' || sequence FROM dead_letters"), ["'rejected 2'"]);
    assert_eq!(column(&file, "sequence"), ["3"]);
    let stats = queue.close();
    assert!(figure(&stats, "late_settlements") >= 4, "{stats}");
    assert_eq!((figure(&stats, "acknowledged"), figure(&stats, "copies")), (1, 3));
}

#[test]
fn an_extended_lease_begins_anew() {
    let (_folder, file) = folder();
    let inboxes = GroupRow { queue: None, lease_ns: Some(300 * MS), ..workers(2) };
    let mut queue = open(&file, inboxes);
    queue.publish(&[parcel(0, 1, 1), parcel(0, 2, 2)]);
    let newest = |queue: &Queue, to: u32| queue.copies.iter().rposition(|copy| copy.to == to);
    // One is extended again and again while the other comes six times.
    while newest(&queue, 2).is_none_or(|place| times(&queue.copies[place]) < 6) {
        let place = newest(&queue, 1);
        queue.settle(Settlement::Extend, place);
        std::thread::sleep(Duration::from_millis(10));
        queue.poll().unwrap();
    }
    let place = newest(&queue, 1).unwrap();
    assert!(times(&queue.copies[place]) <= 3, "{:?}", who(&queue, 0));
    queue.close();
}

#[test]
fn an_extension_is_in_the_file() {
    let (_folder, file) = folder();
    let mut queue = open(&file, workers(1));
    queue.publish(&tasks([1]));
    until(&mut queue, 0, 1);
    let mut other = Elsewhere::on(&file);
    let ask = "SELECT until FROM held WHERE until > strftime('%Y-%m-%d %H:%M:%f', 'now', '+59 minutes')";
    let before = other.sql(ask);
    assert_eq!(before.len(), 1);
    while other.sql(ask) <= before {
        queue.settle(Settlement::Extend, [0]);
        queue.poll().unwrap();
    }
    drop(other);
    queue.close();
}

#[test]
fn what_is_given_back_comes_again_after_the_delay_for_that_time_and_before_what_is_new() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { redelivery_ns: vec![200 * MS, 0], ..workers(1) });
    queue.publish(&tasks(1..=4));
    until(&mut queue, 0, 1);
    let given_back_ns = queue.services.clock.now_ns();
    queue.settle(Settlement::GiveBack, [0]);
    // While it waits for its delay, the next has its turn.
    assert_eq!(until(&mut queue, 1, 2)[0], (1, 2, 1));
    // Until the delay is over, the second is held.
    let mut other = Elsewhere::on(&file);
    let over = "SELECT 1 FROM held WHERE message = 1 AND until <= strftime('%Y-%m-%d %H:%M:%f', 'now')";
    while other.sql(over).is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(other);
    std::thread::sleep(Duration::from_millis(100)); // The file's times are no finer than a millisecond.
    queue.acknowledge([1]);
    assert_eq!(until(&mut queue, 2, 3), [(1, 1, 2)], "and not the third message");
    assert!(queue.copies[2].at_ns >= given_back_ns + 200 * MS);
    // From the third hand-over on there is no delay.
    queue.settle(Settlement::GiveBack, [2]);
    assert_eq!(until(&mut queue, 3, 4), [(1, 1, 3)]);
    queue.settle(Settlement::GiveBack, [3]);
    assert_eq!(until(&mut queue, 4, 5), [(1, 1, 4)]);
    queue.acknowledge([4]);
    assert_eq!(until(&mut queue, 5, 6), [(1, 3, 1)]);
    assert_eq!(column(&file, "deliveries"), ["0", "0"]);
    assert_eq!(figure(&queue.close(), "redelivered"), 3);
}

#[test]
fn a_copy_is_a_dead_letter_when_it_is_rejected_or_was_handed_over_often_enough() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { max_deliveries: Some(3), ..workers(1) });
    queue.publish(&tasks(1..=3));
    for place in 0..3 {
        assert_eq!(until(&mut queue, place, place + 1), [(1, 1, place as u32 + 1)]);
        queue.settle(Settlement::GiveBack, [place]);
    }
    assert_eq!(until(&mut queue, 3, 4), [(1, 2, 1)]);
    queue.settle(Settlement::Reject, [3]);
    assert_eq!(until(&mut queue, 4, 5), [(1, 3, 1)]);
    queue.acknowledge([4]);
    queue.until(|queue| queue.notes.len() == 2);
    let told: Vec<_> = queue.notes.iter().map(|note| (note.identity(), &note.reason[..], note.tag)).collect();
    assert_eq!(told, [((7, 0, 1, 1), "max_deliveries", 0), ((7, 0, 2, 1), "rejected", 0)]);
    assert!(queue.notes.iter().all(|note| note.flags & abi::DELIVERY_GIVEN_UP != 0));
    let stats = queue.close();
    assert_eq!((figure(&stats, "dead_letters"), figure(&stats, "acknowledged")), (2, 1));
    assert_eq!((count(&file, "messages"), count(&file, "held")), (0, 0));
    let letters = [
        ("reason", ["'max_deliveries'", "'rejected'"]),
        ("last_agent", ["'Agent-2'", "'Agent-2'"]),
        ("handed_over", ["3", "1"]),
        ("message", ["1", "2"]),
        ("sender", ["'Agent-1'", "'Agent-1'"]),
        ("recipient", ["'SYSTEM'", "'SYSTEM'"]),
        ("message_type", ["'SYSTEM_TO_AGENT'", "'SYSTEM_TO_AGENT'"]),
        ("priority", ["'regular'", "'regular'"]),
        ("content", ["'message 1 of 0'", "'message 2 of 0'"]),
        ("tags", [r#"'["SYSTEM"]'"#, r#"'["SYSTEM"]'"#]),
        ("metadata", ["'{}'", "'{}'"]),
        ("agent || sequence", ["'Agent-11'", "'Agent-12'"]),
        ("length(stamp)", ["43", "43"]),
        ("given_up_at >= stored_at", ["1", "1"]),
    ];
    for (expression, cells) in letters {
        let found = sql(&file, &format!("SELECT {expression} FROM dead_letters ORDER BY id"));
        assert_eq!(found, cells, "{expression}");
    }
}

#[test]
fn leases_that_end_use_up_the_hand_overs() {
    let (_folder, file) = folder();
    let group = GroupRow { lease_ns: Some(100 * MS), max_deliveries: Some(3), ..workers(2) };
    let mut queue = open(&file, group);
    queue.publish(&tasks([1]));
    queue.until(|queue| queue.notes.len() == 1);
    assert_eq!(who(&queue, 0), [(1, 1, 1), (2, 1, 2), (1, 1, 3)]);
    assert_eq!((queue.notes[0].identity(), &queue.notes[0].reason[..]), ((7, 0, 1, 1), "max_deliveries"));
    let stats = queue.close();
    assert_eq!((figure(&stats, "lease_expired"), figure(&stats, "dead_letters")), (3, 1));
    assert_eq!(sql(&file, "SELECT last_agent || handed_over FROM dead_letters"), ["'Agent-23'"]);
}

#[test]
fn a_broadcast_stays_until_each_of_its_copies_is_settled_for_itself() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { lease_ns: Some(abi::NEVER), ..workers(8) });
    queue.publish(&[parcel(0, abi::ALL, 1)]);
    assert_eq!(until(&mut queue, 0, 8), (1..9).map(|agent| (agent, 1, 1)).collect::<Vec<_>>());
    assert_eq!(sql(&file, "SELECT count(*) FROM held WHERE until IS NULL"), ["8"]);
    queue.settle(Settlement::Reject, [0]);
    queue.settle(Settlement::GiveBack, [1]);
    queue.acknowledge(2..8);
    assert_eq!(until(&mut queue, 8, 9), [(2, 1, 2)]);
    assert_eq!(queue.notes.len(), 1);
    assert_eq!((count(&file, "messages"), count(&file, "taken"), count(&file, "held")), (1, 7, 1));
    queue.acknowledge([8]);
    assert_eq!(figure(&queue.close(), "left"), 0);
    assert_eq!((count(&file, "messages"), count(&file, "taken"), count(&file, "held")), (0, 0, 0));
    assert_eq!(sql(&file, "SELECT last_agent || recipient FROM dead_letters"), ["'Agent-2ALL'"]);
}

#[test]
fn the_medium_is_empty_only_when_nothing_waits() {
    let (_folder, file) = folder();
    let mut queue = open(&file, GroupRow { redelivery_ns: vec![300 * MS], ..workers(1) });
    queue.publish(&tasks([1]));
    until(&mut queue, 0, 1);
    queue.settle(Settlement::GiveBack, [0]);
    while queue.copies.len() < 2 {
        queue.turn().unwrap();
        assert!(!queue.out.empty, "empty, and a copy waits for its delay");
    }
    queue.acknowledge([1]);
    queue.until(|queue| queue.out.empty);
    queue.close();
}

#[test]
fn what_a_run_leaves_unsettled_comes_again_with_its_number() {
    let (_folder, file) = folder();
    let mut early = open(&file, workers(1));
    early.publish(&tasks(1..=2));
    assert_eq!(until(&mut early, 0, 1), [(1, 1, 1)]);
    early.close();
    assert_eq!(column(&file, "deliveries"), ["1", "0"]);
    let mut late = Queue::open(on(&file, json!({})), run_of(8, workers(1))).unwrap();
    assert_eq!(until(&mut late, 0, 1), [(1, 1, 2)]);
    late.acknowledge([0]);
    assert_eq!(until(&mut late, 1, 2), [(1, 2, 1)]);
    late.close();
    // A run without consumers gets it too. It does not count, but marks what came back.
    let mut plain = Queue::open(on(&file, json!({})), config(9, true)).unwrap();
    plain.publish(&[parcel(0, 1, 1)]);
    plain.until(|queue| queue.copies.len() == 1);
    plain.close();
    assert_eq!(column(&file, "recipient"), ["'SYSTEM'", "'Agent-2'"], "nobody there is called so");
}

/// Holds two of three tasks, and waits to be killed.
#[test]
#[ignore = "the process that is killed"]
fn holder() {
    let file = PathBuf::from(std::env::var_os(FILE).expect("started by another test"));
    let mut queue = open(&file, workers(2));
    queue.publish(&tasks(1..=3));
    assert_eq!(until(&mut queue, 0, 2), [(1, 1, 1), (2, 2, 1)]);
    println!("\nholds");
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn leases_and_counts_go_on_after_a_kill() {
    let (_folder, file) = folder();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite_consumers::holder", "--ignored", "--nocapture"])
        .env(FILE, &file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.map_while(Result::ok).any(|line| line == "holds"), "it holds two copies");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sql(&file, "SELECT agent || handed_over FROM held"), ["'Agent-21'", "'Agent-31'"]);

    // The leases last, so only the third is handed over.
    let next = |run, group| Queue::open(on(&file, json!({})), run_of(run, group)).unwrap();
    let mut second = next(8, workers(2));
    assert_eq!(until(&mut second, 0, 1), [(1, 3, 1)]);
    second.acknowledge([0]);
    second.publish(&tasks([4]));
    assert_eq!(until(&mut second, 1, 2), [(2, 4, 1)], "nothing else was before it");
    second.acknowledge([1]);
    second.close();
    assert_eq!(column(&file, "sequence"), ["1", "2"]);

    // One lease is over; and one that was for ever ended with its run. What was handed over before goes first.
    sql(&file, "UPDATE held SET until = '2001-01-01 00:00:00.000' WHERE message = 1");
    sql(&file, "UPDATE held SET until = NULL WHERE message = 2");
    sql(&file, "UPDATE messages SET id = 1000 WHERE id = 2");
    sql(&file, "UPDATE held SET message = 1000 WHERE message = 2");
    let mut third = next(9, workers(1));
    third.publish(&tasks([5]));
    assert_eq!(until(&mut third, 0, 1), [(1, 1, 2)]);
    third.acknowledge([0]);
    assert_eq!(until(&mut third, 1, 2), [(1, 2, 2)]);
    third.close();

    // Twice was as often as the second may be handed over.
    let mut fourth = next(10, GroupRow { max_deliveries: Some(2), ..workers(1) });
    assert_eq!(until(&mut fourth, 0, 1), [(1, 5, 1)]);
    fourth.until(|queue| !queue.notes.is_empty());
    assert_eq!((fourth.notes[0].identity(), &fourth.notes[0].reason[..]), ((7, 0, 2, 1), "max_deliveries"));
    fourth.acknowledge([0]);
    assert_eq!(figure(&fourth.close(), "left"), 0);
    assert_eq!(count(&file, "held"), 0);
}

#[test]
fn without_groups_copies_can_be_settled_in_all_ways_and_no_hand_over_is_recorded() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1), parcel(0, 2, 2)]);
    queue.until(|queue| queue.copies.len() == 2);
    queue.settle(Settlement::Extend, [0]);
    queue.settle(Settlement::GiveBack, [0]);
    queue.settle(Settlement::Reject, [1]);
    queue.until(|queue| queue.copies.len() == 3 && queue.notes.len() == 1);
    assert_eq!((queue.copies[2].identity(), queue.copies[2].redelivered), ((7, 0, 1, 1), true));
    assert_eq!(queue.copies.iter().map(times).collect::<Vec<_>>(), [0, 0, 0], "not known");
    assert_eq!((count(&file, "held"), count(&file, "dead_letters")), (0, 1));
    queue.acknowledge([2]);
    assert_eq!(figure(&queue.close(), "left"), 0);
}

#[test]
fn a_queue_of_an_earlier_version_gets_the_tables_that_it_lacks() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    queue.publish(&tasks([1]));
    queue.close();
    sql(&file, "DROP TABLE held");
    sql(&file, "DROP TABLE dead_letters");
    let mut queue = open(&file, workers(1));
    assert_eq!(until(&mut queue, 0, 1), [(1, 1, 1)]);
    queue.settle(Settlement::Reject, [0]);
    assert_eq!(figure(&queue.close(), "left"), 0);
    assert_eq!(count(&file, "dead_letters"), 1);
    // Hand-overs of messages that the user has removed are forgotten.
    sql(&file, "INSERT INTO held VALUES (1, 'SYSTEM', 'Agent-2', 9, NULL)");
    let mut queue = open(&file, workers(1));
    queue.publish(&tasks([2]));
    assert_eq!(until(&mut queue, 0, 1), [(1, 2, 1)]);
    queue.close();
}

#[test]
fn a_group_that_is_not_of_the_run_is_refused() {
    for group in [GroupRow { first_agent: 8, ..workers(2) }, GroupRow { queue: Some(10), ..workers(2) }] {
        let (_folder, file) = folder();
        let Err(CoreError::Failed(failure)) = Queue::open(on(&file, json!({})), run_of(7, group)).map(|_| ())
        else {
            panic!("it was opened");
        };
        assert_eq!(failure.kind, FailureKind::Status(abi::INVALID), "{failure}");
        assert!(failure.text.contains("the group `Worker` is not of this run"), "{failure}");
        assert!(!file.exists());
    }
}
