//! The sqlite core, loaded and driven as the engine does it, with its file looked into from outside.

use mqscript::cores::*;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use support::chain;
use support::elsewhere::{Elsewhere, column, count, sql};
use support::place::names_in;
use support::queue::{self, Queue, config, on, parcel};
use support::queue_laws::reach_every_agent;
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    (folder, file)
}

#[test]
fn a_message_is_a_row_that_people_can_read() {
    let (folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let mut first = parcel(0, 3, 1);
    first.sender = "SYSTEM".to_owned();
    first.content = "Grüße, \"Agent-4\"".into();
    first.tags = vec!["A".to_owned(), "quote \" and é".to_owned()];
    first.metadata = vec![("step".to_owned(), "3".to_owned()), ("why".to_owned(), "a\nb".to_owned())];
    first.priority = abi::PRIORITY_URGENT;
    let mut second = parcel(1, abi::ALL, 5);
    second.content = vec![0xff, 0x00, 0x41];
    second.tags = Vec::new();
    let before_ns = queue.services.clock.now_ns();
    queue.publish(&[first, second]);
    assert!(queue.outcomes.iter().all(|outcome| outcome.result == abi::DELIVERED));
    assert!(queue.outcomes.iter().all(|outcome| outcome.at_ns > before_ns));
    let stats = queue.close();
    assert_eq!((&stats["stored"], &stats["left"], &stats["copies"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(
        names_in(folder.path()),
        ["queue.db"],
        "the log was folded into the file, and the lock let go"
    );

    let whole = [
        ("id", ["1", "2"]),
        ("sender", ["'SYSTEM'", "'Agent-2'"]),
        ("recipient", ["'Agent-4'", "'ALL'"]),
        ("message_type", ["'SYSTEM_TO_AGENT'", "'SYSTEM_TO_AGENT'"]),
        ("priority", ["'urgent'", "'regular'"]),
        ("content", ["'Grüße, \"Agent-4\"'", "x'ff0041'"]),
        ("tags", [r#"'["A","quote \" and é"]'"#, "'[]'"]),
        ("metadata", [r#"'{"step":"3","why":"a\nb"}'"#, "'{}'"]),
        ("metadata ->> 'step'", ["'3'", "NULL"]),
        ("agent", ["'Agent-1'", "'Agent-2'"]),
        ("sequence", ["1", "5"]),
        ("deliveries", ["0", "0"]),
        ("delivered_at", ["NULL", "NULL"]),
        ("stored_at BETWEEN datetime('now', '-1 hour') AND datetime('now', '+1 hour')", ["1", "1"]),
    ];
    for (expression, cells) in whole {
        assert_eq!(column(&file, expression), cells, "{expression}");
    }
    let stamps: Vec<abi::Stamp> = column(&file, "stamp")
        .into_iter()
        .map(|cell| abi::Stamp::decode(cell.trim_matches('\'').as_bytes()).expect("a stamp"))
        .collect();
    let told: Vec<_> = stamps.iter().map(|s| (s.run, s.sender, s.sequence, s.flags)).collect();
    assert_eq!(told, [(7, 0, 1, abi::PRIORITY_URGENT), (7, 1, 5, abi::PRIORITY_REGULAR)]);
}

#[test]
fn the_file_can_be_read_while_the_run_goes_on() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    for sequence in 1..=3 {
        queue.publish(&[parcel(0, 1, sequence)]);
        assert_eq!(count(&file, "messages"), sequence as usize, "what was confirmed is there");
    }
    queue.close();
}

#[test]
fn every_agent_gets_its_copies_once_and_in_order() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, true)).unwrap();
    reach_every_agent(&mut queue);
    for agent in 1..9 {
        let of_agent = || queue.copies.iter().filter(|copy| copy.to == agent);
        assert!(of_agent().is_sorted_by_key(|copy| copy.stamp.sequence), "agent {agent}");
        assert!(of_agent().is_sorted_by_key(|copy| copy.at_ns), "agent {agent}");
    }
    assert_eq!(count(&file, "messages"), 200, "nothing goes before it is acknowledged");
    let all = queue.copies.len();
    queue.acknowledge(0..all);
    let stats = queue.close();
    assert_eq!((&stats["acknowledged"], &stats["left"]), (&json!(all), &json!(0)));
    assert_eq!((count(&file, "messages"), count(&file, "taken")), (0, 0));
}

#[test]
fn what_is_not_acknowledged_in_time_comes_again() {
    let (_folder, file) = folder();
    let mut queue =
        Queue::open(on(&file, json!({ "visibility_timeout": "500ms" })), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1), parcel(0, 2, 2), parcel(0, abi::ALL, 3)]);
    queue.until(|queue| queue.copies.len() == 10);
    // The direct message to the third agent and the broadcast's copy for it are left.
    let taken: Vec<usize> = (0..10).filter(|place| queue.copies[*place].to != 2).collect();
    queue.acknowledge(taken);
    queue.until(|queue| queue.copies.len() == 12);
    let again: Vec<_> = queue.copies[10..].iter().map(|copy| (copy.identity(), copy.redelivered)).collect();
    assert_eq!(again, [((7, 0, 2, 2), true), ((7, 0, 3, 2), true)]);
    let first_tags: Vec<usize> = (0..10).filter(|place| queue.copies[*place].to == 2).collect();
    assert!(queue.copies[10..].iter().all(|copy| copy.at_ns > queue.copies[0].at_ns + 500_000_000));
    // Too late: these were given up, and only the new tags count.
    queue.acknowledge(first_tags);
    queue.until(|queue| queue.copies.len() == 14);
    assert_eq!(column(&file, "sequence"), ["2", "3"]);
    assert_eq!(column(&file, "deliveries > 0 AND delivered_at IS NOT NULL"), ["1", "1"]);
    let mut acknowledged = 12;
    while count(&file, "messages") > 0 {
        queue.acknowledge(acknowledged..queue.copies.len());
        acknowledged = queue.copies.len();
        queue.poll().unwrap();
    }
    let stats = queue.close();
    assert_eq!((&stats["left"], &stats["acknowledged"]), (&json!(0), &json!(10)));
    assert!(stats["redelivered"].as_u64() >= Some(4));
    assert_eq!(count(&file, "taken"), 0);
}

#[test]
fn a_later_run_drains_what_an_earlier_one_left() {
    let (folder, file) = folder();
    let mut early = Queue::open(on(&file, json!({})), config(7, true)).unwrap();
    early.publish(&[parcel(0, 1, 1), parcel(0, abi::ALL, 2), parcel(3, 1, 1), parcel(3, 2, 2)]);
    early.until(|queue| queue.copies.len() == 11);
    // One direct message, and half of the broadcast.
    let taken = |copy: &queue::Copy| match copy.stamp.sequence {
        1 => copy.stamp.sender == 0,
        _ => copy.stamp.sender == 0 && copy.to < 5,
    };
    let places: Vec<usize> = (0..11).filter(|place| taken(&early.copies[*place])).collect();
    assert_eq!(places.len(), 5);
    early.acknowledge(places);
    let stats = early.close();
    assert_eq!(stats["left"], json!(3));
    assert_eq!((count(&file, "messages"), count(&file, "taken")), (3, 4));

    let mut late = Queue::open(on(&file, json!({})), config(8, true)).unwrap();
    late.publish(&[parcel(4, 5, 1)]);
    late.until(|queue| queue.copies.len() == 7);
    let mut seen: Vec<_> = late.copies.iter().map(|copy| (copy.identity(), copy.redelivered)).collect();
    seen.sort();
    let old = [(7, 0, 2, 5), (7, 0, 2, 6), (7, 0, 2, 7), (7, 0, 2, 8), (7, 3, 1, 1), (7, 3, 2, 2)];
    let expected: Vec<_> = old.into_iter().map(|copy| (copy, true)).chain([((8, 4, 1, 5), false)]).collect();
    assert_eq!(seen, expected);
    late.acknowledge(0..7);
    assert_eq!(late.close()["left"], json!(0));
    assert_eq!((count(&file, "messages"), count(&file, "taken")), (0, 0));
    assert_eq!(names_in(folder.path()), ["queue.db"]);
}

#[test]
fn messages_of_whoever_is_not_here_stay() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, true)).unwrap();
    let mut to_system = parcel(0, 9, 1);
    to_system.recipient = "SYSTEM".to_owned();
    queue.publish(&[to_system, parcel(0, 8, 2)]);
    queue.until(|queue| queue.copies.len() == 1);
    assert_eq!(queue.copies[0].identity(), (7, 0, 2, 8));
    queue.acknowledge([0]);
    assert_eq!(queue.close()["left"], json!(1));
    // Three agents, of whom the sender and the recipient of what follows are none.
    let three = RunConfig { agents: 3, party_names: std::sync::Arc::new(chain::Names(3)), ..config(8, true) };
    let mut nine = Queue::open(on(&file, json!({})), config(9, false)).unwrap();
    nine.publish(&[parcel(7, 8, 1), parcel(7, abi::ALL, 2)]);
    nine.close();
    let mut queue = Queue::open(on(&file, json!({})), three).unwrap();
    queue.until(|queue| queue.copies.len() == 3);
    assert!(queue.copies.iter().all(|copy| copy.stamp.sequence == 2), "a broadcast is for all who are here");
    queue.acknowledge(0..3);
    assert_eq!(queue.close()["left"], json!(2));
    assert_eq!(column(&file, "recipient"), ["'SYSTEM'", "'Agent-9'"]);
}

#[test]
fn rows_written_by_hand_are_delivered_too() {
    let (_folder, file) = folder();
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    let insert = "INSERT INTO messages (sender, recipient, content, stamp) VALUES
        ('me', 'Agent-2', 'by hand', NULL), (NULL, 'Agent-2', 42, 'no stamp'), ('me', NULL, 'nowhere', NULL)";
    sql(&file, insert);
    let mut queue = Queue::open(on(&file, json!({})), config(8, true)).unwrap();
    queue.until(|queue| queue.copies.len() == 2);
    let seen: Vec<_> = queue.copies.iter().map(|copy| (copy.stamp, copy.to, &copy.content[..])).collect();
    assert_eq!(seen, [(abi::Stamp::NONE, 1, &b"by hand"[..]), (abi::Stamp::NONE, 1, b"42")]);
    queue.acknowledge(0..2);
    assert_eq!(queue.close()["left"], json!(1));
}

#[test]
fn another_program_may_write_between() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let mut other = Elsewhere::on(&file);
    for sequence in 1..=5 {
        queue.publish(&[parcel(0, 1, sequence)]);
        other.sql("INSERT INTO messages (recipient, content) VALUES ('Agent-2', 'between')");
    }
    drop(other);
    assert_eq!(queue.close()["left"], json!(10));
    assert_eq!(column(&file, "id"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[test]
fn the_ring_takes_no_more_than_it_holds() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({ "ring": 4 })), config(7, false)).unwrap();
    // Another program's lock keeps the writer from storing anything.
    let mut other = Elsewhere::on(&file);
    other.sql("BEGIN IMMEDIATE");
    let parcels: Vec<_> = (1..=10).map(|sequence| parcel(0, 1, sequence)).collect();
    assert_eq!(queue.offer(&parcels).unwrap(), 4);
    assert_eq!(queue.offer(&parcels[4..]).unwrap(), 0);
    let mut events = Vec::new();
    while events.is_empty() {
        queue.services.events.drain(&mut events);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    other.sql("COMMIT");
    queue.until(|queue| queue.answered() == 4);
    assert_eq!(queue.offer(&parcels[4..]).unwrap(), 4, "after a wake there is room again");
    queue.until(|queue| queue.answered() == 8);
    assert_eq!(events.len(), 1);
    assert_eq!(queue.services.interner.text(events[0].kind), "database_locked");
    let stats = queue.close();
    assert_eq!((&stats["stored"], &stats["largest_commit"]), (&json!(8), &json!(4)));
}

#[test]
fn outcomes_come_as_ranges() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let mut other = Elsewhere::on(&file);
    other.sql("BEGIN IMMEDIATE");
    let parcels: Vec<_> = (1..=1000).map(|sequence| parcel(0, 1, sequence)).collect();
    for batch in parcels.chunks(100) {
        assert_eq!(queue.offer(batch).unwrap(), 100);
    }
    other.sql("COMMIT");
    queue.until(|queue| queue.answered() == 1000);
    // What the writer had taken before it met the lock, and all the rest.
    assert!(queue.outcomes.len() <= 2, "{:?}", queue.outcomes);
    let tokens = queue.outcomes.iter().map(|outcome| outcome.first).collect::<Vec<_>>();
    assert!(tokens[0] == 1 && tokens.is_sorted());
    queue.close();
    let sequences: Vec<String> = (1..=1000).map(|sequence| sequence.to_string()).collect();
    assert_eq!(column(&file, "sequence"), sequences, "in the order of acceptance");
}

#[test]
fn all_kinds_of_content_come_back_bit_for_bit() {
    let (_folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({})), config(7, true)).unwrap();
    let large: Vec<u8> = (0..3 << 20).map(|i: u32| (i * 31 % 251) as u8).collect();
    let contents = [Vec::new(), b"a\0b".to_vec(), vec![0xc3], "é".repeat(5000).into_bytes(), large];
    let parcels: Vec<_> = contents
        .iter()
        .enumerate()
        .map(|(i, content)| queue::Parcel { content: content.clone(), ..parcel(0, 1, i as u64 + 1) })
        .collect();
    queue.publish(&parcels);
    queue.until(|queue| queue.copies.len() == contents.len());
    assert!(queue.copies.iter().map(|copy| &copy.content).eq(&contents));
    queue.acknowledge(0..contents.len());
    assert_eq!(queue.close()["left"], json!(0));
}

#[test]
fn without_a_path_the_file_is_temporary() {
    let queue = Queue::open(json!({}), config(7, false)).unwrap();
    let stats = queue.close();
    let file = PathBuf::from(stats["file"].as_str().unwrap());
    assert!(file.starts_with(std::env::temp_dir()));
    assert!(!file.parent().unwrap().exists(), "it is gone with its folder");

    let mut queue = Queue::open(json!({ "keep": true }), config(7, false)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    let stats = queue.close();
    let file = PathBuf::from(stats["file"].as_str().unwrap());
    assert_eq!(count(&file, "messages"), 1);
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
}

#[test]
fn a_named_file_goes_only_if_asked_for() {
    let (folder, file) = folder();
    let mut queue = Queue::open(on(&file, json!({ "keep": false })), config(7, false)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    assert!(file.exists());
    queue.close();
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn a_core_that_is_given_up_before_it_opens_leaves_no_lock() {
    let (folder, file) = folder();
    let chain = chain::plan(&[chain::request("sqlite", on(&file, json!({})))]).unwrap();
    let config = config(7, false);
    let created = chain.create(config, HostServices::new(RunClockKind::Wall)).unwrap();
    assert!(names_in(folder.path()).contains(&"queue.db-lock".to_owned()));
    created.destroy().unwrap();
    assert!(!names_in(folder.path()).contains(&"queue.db-lock".to_owned()));
}
