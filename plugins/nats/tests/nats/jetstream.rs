//! The nats core with JetStream, driven as the engine does it, with the server looked into from outside.

use super::direct::Direct;
use mqscript::cores::*;
use serde_json::json;
use support::nats::server::Server;
use support::nats::{events, on, open, told};
use support::queue::{Copy, Parcel, config, parcel};
use support::queue_laws::reach_every_agent;

const STREAM: &str = "mqscript_00000007";

#[test]
fn a_message_is_stored_as_it_was_handed_over() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({})), config(7, false)).unwrap();
    let mut first = parcel(0, 3, 1);
    first.sender = "SYSTEM".to_owned();
    first.content = "Grüße, \"Agent-4\"\r\n".into();
    first.tags = vec!["A".to_owned(), "quote \" and é".to_owned()];
    first.metadata = vec![("step".to_owned(), "3".to_owned()), ("why".to_owned(), "a\nb".to_owned())];
    first.priority = abi::PRIORITY_URGENT;
    let mut second = parcel(1, abi::ALL, 5);
    second.content = vec![0xff, 0x00, 0x41];
    second.sender = "a\nb".to_owned();
    second.tags = Vec::new();
    let before_ns = queue.services.clock.now_ns();
    queue.publish(&[first, second]);
    assert_eq!(told(&queue), [(abi::DELIVERED, String::new(), 2)]);
    assert!(queue.outcomes.iter().all(|outcome| outcome.at_ns > before_ns));

    let direct = Direct::on(&server);
    let held = direct.held(STREAM);
    assert_eq!(held.len(), 2);
    let whole = [
        ("mqs-sender", ["SYSTEM", "a b"]),
        ("mqs-recipient", ["Agent-4", "ALL"]),
        ("mqs-type", ["SYSTEM_TO_AGENT", "SYSTEM_TO_AGENT"]),
        ("mqs-priority", ["urgent", "regular"]),
        ("mqs-tags", [r#"["A","quote \" and é"]"#, ""]),
        ("mqs-metadata", [r#"{"step":"3","why":"a\nb"}"#, ""]),
        ("Nats-Msg-Id", ["00000007-0-1", "00000007-1-5"]),
    ];
    for (name, values) in whole {
        assert_eq!([held[0].header(name), held[1].header(name)], values, "{name}");
    }
    assert_eq!(held[0].content, "Grüße, \"Agent-4\"\r\n".as_bytes());
    assert_eq!(held[1].content, [0xff, 0x00, 0x41]);
    let subjects = ["mqscript.00000007.to.Agent-4", "mqscript.00000007.all"];
    assert_eq!([&held[0].subject, &held[1].subject], subjects);
    let stamps =
        held.iter().map(|held| abi::Stamp::decode(held.header("mqs-stamp").as_bytes()).expect("a stamp"));
    let stamps: Vec<_> = stamps.map(|s| (s.run, s.sender, s.sequence, s.flags)).collect();
    assert_eq!(stamps, [(7, 0, 1, abi::PRIORITY_URGENT), (7, 1, 5, abi::PRIORITY_REGULAR)]);

    let stats = queue.close();
    assert_eq!(
        (&stats["published"], &stats["confirmed"], &stats["in_stream"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(stats["mode"], "jetstream");
    assert_eq!(direct.streams(), [""; 0], "what was made is removed");
}

#[test]
fn every_agent_gets_its_copies_once_and_in_order() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({})), config(7, true)).unwrap();
    reach_every_agent(&mut queue);
    for agent in 1..9 {
        for broadcast in [false, true] {
            let of_kind =
                |copy: &&Copy| copy.to == agent && copy.stamp.sequence.is_multiple_of(10) == broadcast;
            let sequences = || queue.copies.iter().filter(of_kind).map(|copy| copy.stamp.sequence);
            assert!(sequences().is_sorted(), "agent {agent}: {:?}", sequences().collect::<Vec<_>>());
        }
    }
    let direct = Direct::on(&server);
    assert_eq!(direct.consumers(STREAM), 18);
    let all = queue.copies.len();
    queue.acknowledge(0..all);
    // The sender's own copies of its broadcasts are acknowledged too.
    let whole = all as u64 + 20;
    let start = std::time::Instant::now();
    loop {
        let page = server.monitor("/jsz?consumers=true");
        let consumers = page["account_details"][0]["stream_detail"][0]["consumer_detail"].as_array().cloned();
        let floors = consumers.iter().flatten().map(|consumer| {
            assert_eq!(consumer["num_redelivered"], json!(0));
            consumer["ack_floor"]["consumer_seq"].as_u64().unwrap_or(0)
        });
        if floors.sum::<u64>() == whole {
            break;
        }
        assert!(start.elapsed().as_secs() < 30, "the server does not get the acknowledgements: {page}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let stats = queue.close();
    assert_eq!((&stats["copies"], &stats["acknowledged"]), (&json!(all), &json!(whole)));
    assert_eq!(stats["redelivered"], json!(0));
    assert_eq!(direct.streams(), [""; 0]);
}

#[test]
fn what_is_not_acknowledged_in_time_comes_again() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "ack_wait": "500ms" })), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1), parcel(0, 2, 2), parcel(0, abi::ALL, 3)]);
    queue.until(|queue| queue.copies.len() >= 10);
    // The direct message to the third agent and the broadcast's copy for it are left.
    let taken: Vec<usize> = (0..10).filter(|place| queue.copies[*place].to != 2).collect();
    assert_eq!(taken.len(), 8);
    queue.acknowledge(taken);
    queue.until(|queue| queue.copies.len() >= 12);
    let mut again: Vec<_> =
        queue.copies[10..12].iter().map(|copy| (copy.identity(), copy.redelivered)).collect();
    again.sort();
    assert_eq!(again, [((7, 0, 2, 2), true), ((7, 0, 3, 2), true)]);
    let stats = queue.close();
    assert!(stats["redelivered"].as_u64() >= Some(2), "{stats}");
}

#[test]
fn the_window_takes_no_more_than_it_holds() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "window": 4 })), config(7, false)).unwrap();
    server.signal("-STOP");
    let parcels: Vec<_> = (1..=10).map(|sequence| parcel(0, 1, sequence)).collect();
    assert_eq!(queue.offer(&parcels).unwrap(), 4);
    assert_eq!(queue.offer(&parcels[4..]).unwrap(), 0);
    server.signal("-CONT");
    queue.until(|queue| queue.answered() == 4);
    assert_eq!(queue.offer(&parcels[4..]).unwrap(), 4, "after a wake there is room again");
    queue.until(|queue| queue.answered() == 8);
    assert_eq!(told(&queue), [(abi::DELIVERED, String::new(), 8)]);
    assert_eq!(queue.close()["in_stream"], json!(8));
}

#[test]
fn many_messages_are_answered_as_ranges() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "window": 2000 })), config(7, false)).unwrap();
    server.signal("-STOP");
    let parcels: Vec<_> = (1..=1000).map(|sequence| parcel(0, 1, sequence)).collect();
    for batch in parcels.chunks(100) {
        assert_eq!(queue.offer(batch).unwrap(), 100);
    }
    server.signal("-CONT");
    queue.until(|queue| queue.answered() == 1000);
    assert!(queue.outcomes.len() < 500, "{} answers", queue.outcomes.len());
    assert!(queue.outcomes.is_sorted_by_key(|outcome| outcome.first));
    assert_eq!(queue.close()["in_stream"], json!(1000));
}

#[test]
fn an_attempt_after_an_uncertain_one_is_stored_once() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "ack_timeout": "300ms" })), config(7, false)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    server.signal("-STOP");
    assert_eq!(queue.offer(&[parcel(0, 1, 2)]).unwrap(), 1);
    queue.until(|queue| queue.answered() == 2);
    server.signal("-CONT");
    let told_so_far = told(&queue);
    assert_eq!(told_so_far[1], (abi::UNCERTAIN, "no_acknowledgement".to_owned(), 1));
    queue.publish(&[parcel(0, 1, 2), parcel(0, 1, 3)]);
    assert_eq!(told(&queue)[0], (abi::DELIVERED, String::new(), 3));
    let stats = queue.close();
    assert_eq!((&stats["in_stream"], &stats["duplicates"]), (&json!(3), &json!(1)));
}

#[test]
fn a_stream_that_is_full_refuses() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "max_messages": 5 })), config(7, false)).unwrap();
    let parcels: Vec<_> = (1..=8).map(|sequence| parcel(0, 1, sequence)).collect();
    queue.publish(&parcels);
    let full = (abi::REFUSED, "stream_full: maximum messages exceeded".to_owned(), 3);
    assert_eq!(told(&queue), [(abi::DELIVERED, String::new(), 5), full]);
    assert_eq!(queue.close()["in_stream"], json!(5));

    let mut queue = open(on(&server, json!({ "max_bytes": "2KiB" })), config(8, false)).unwrap();
    let parcels: Vec<_> =
        (1..=8).map(|sequence| Parcel { content: vec![b'x'; 500], ..parcel(0, 1, sequence) }).collect();
    queue.publish(&parcels);
    let told = told(&queue);
    assert_eq!(told[1].1, "stream_full: maximum bytes exceeded", "{told:?}");
    assert_eq!((told[0].0, told[1].0), (abi::DELIVERED, abi::REFUSED));
    assert_eq!(queue.close()["in_stream"], json!(told[0].2));
}

#[test]
fn a_message_that_is_too_large_is_rejected() {
    let Some(server) = Server::configured("max_payload: 4096", &["--jetstream"]) else { return };
    let mut queue = open(on(&server, json!({})), config(7, false)).unwrap();
    let sized = |sequence, bytes| Parcel { content: vec![b'x'; bytes], ..parcel(0, 1, sequence) };
    // The headers count, too.
    queue.publish(&[sized(1, 1000), sized(2, 4096), sized(3, 1000), sized(4, 10_000)]);
    let large = (abi::REJECTED, "message_too_large".to_owned(), 2);
    let mut all = told(&queue);
    all.sort();
    assert_eq!(all, [(abi::DELIVERED, String::new(), 2), large]);
    assert_eq!(queue.close()["in_stream"], json!(2));
}

#[test]
fn all_kinds_of_content_come_back_bit_for_bit() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({})), config(7, true)).unwrap();
    let large: Vec<u8> = (0..900 << 10).map(|i: u32| (i * 31 % 251) as u8).collect();
    let contents = [Vec::new(), b"a\0b\r\n".to_vec(), vec![0xc3], "é".repeat(5000).into_bytes(), large];
    let parcels: Vec<_> = contents
        .iter()
        .enumerate()
        .map(|(i, content)| Parcel { content: content.clone(), ..parcel(0, 1, i as u64 + 1) })
        .collect();
    queue.publish(&parcels);
    queue.until(|queue| queue.copies.len() == contents.len());
    assert!(queue.copies.iter().map(|copy| &copy.content).eq(&contents));
    queue.close();
}

#[test]
fn runs_side_by_side_do_not_meet() {
    let Some(server) = Server::start() else { return };
    let mut queues = [7, 8].map(|run| open(on(&server, json!({})), config(run, true)).unwrap());
    for queue in &mut queues {
        queue.publish(&(1..=20).map(|sequence| parcel(0, 1, sequence)).collect::<Vec<_>>());
    }
    for (queue, run) in queues.into_iter().zip([7, 8]) {
        let mut queue = queue;
        queue.until(|queue| queue.copies.len() >= 20);
        assert!(queue.copies.iter().all(|copy| copy.stamp.run == run));
        let stats = queue.close();
        assert_eq!((&stats["copies"], &stats["in_stream"]), (&json!(20), &json!(20)));
    }
}

#[test]
fn a_stream_that_exists_is_used_and_left() {
    let Some(server) = Server::start() else { return };
    let direct = Direct::on(&server);
    direct.make("ORDERS", "orders.>");
    direct.wait_for(async {
        let old = direct.context.publish("orders.test.to.Agent-2", "from before".into()).await.unwrap();
        old.await.unwrap();
    });
    let options = json!({ "stream": "ORDERS", "subject": "orders.test" });
    let mut queue = open(on(&server, options.clone()), config(7, true)).unwrap();
    assert_eq!(direct.consumers("ORDERS"), 18);
    queue.publish(&[parcel(0, 1, 1), parcel(0, abi::ALL, 2)]);
    // A message of somebody else's, without a stamp.
    direct.wait_for(async {
        let ack = direct.context.publish("orders.test.to.Agent-3", "by hand".into()).await.unwrap();
        ack.await.unwrap();
    });
    queue.until(|queue| queue.copies.len() >= 10);
    let unknown: Vec<_> = queue.copies.iter().filter(|copy| copy.stamp == abi::Stamp::NONE).collect();
    assert_eq!((unknown.len(), &unknown[0].content[..], unknown[0].to), (1, &b"by hand"[..], 2));
    assert_eq!(unknown[0].text, None);
    let all = queue.copies.len();
    queue.acknowledge(0..all);
    assert_eq!(queue.close()["in_stream"], json!(4));
    assert_eq!((direct.streams(), direct.consumers("ORDERS")), (vec!["ORDERS".to_owned()], 0));

    for (options, parts) in [
        (json!({ "stream": "ORDERS" }), ["ORDERS takes orders.>, not mqscript.00000007.>", "`subject`"]),
        (
            json!({ "stream": "NONE", "subject": "orders.test" }),
            ["none of the name NONE", "leave `stream` out"],
        ),
    ] {
        let error = open(on(&server, options), config(7, true)).err().expect("an error").to_string();
        assert!(
            parts.iter().all(|part| error.contains(part)) && error.contains("refuses its options"),
            "{error}"
        );
    }
}

#[test]
fn a_stream_can_be_kept() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "keep": true })), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    queue.until(|queue| queue.copies.len() == 1);
    let services = queue.services.clone();
    queue.close();
    let direct = Direct::on(&server);
    assert_eq!((direct.held(STREAM).len(), direct.consumers(STREAM)), (1, 0));
    let mut log = Vec::new();
    services.log.drain(&mut log);
    assert!(log.iter().any(|line| line.text.contains(&format!("the stream {STREAM} stays"))), "{log:?}");
}

#[test]
fn a_stream_in_memory_is_not_durable() {
    let Some(server) = Server::start() else { return };
    let durable = |options| {
        let queue = open(options, config(7, false)).unwrap();
        let capabilities = queue.chain.capabilities();
        assert_eq!(events(&queue), [""; 0]);
        queue.close();
        assert!(capabilities & abi::CONFIRMS != 0 && capabilities & abi::TOUCHES_NETWORK != 0);
        capabilities & abi::DURABLE != 0
    };
    assert!(durable(on(&server, json!({}))));
    assert!(!durable(on(&server, json!({ "storage": "memory" }))));
}

#[test]
fn a_run_that_is_given_up_leaves_no_connection() {
    let Some(server) = Server::start() else { return };
    let queue = open(on(&server, json!({})), config(7, true)).unwrap();
    assert_eq!(server.monitor("/connz")["num_connections"], json!(1));
    // As a panic would: the chain goes before its session.
    drop(queue);
    let start = std::time::Instant::now();
    while server.monitor("/connz")["num_connections"] != json!(0) {
        assert!(start.elapsed().as_secs() < 30, "the core is still there");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
