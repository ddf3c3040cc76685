//! What the server acknowledged survives `kill -9` of the server at any moment, and is received.

use super::direct::Direct;
use mqscript::cores::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use support::nats::server::Server;
use support::nats::{on, open, told};
use support::queue::{Copy, Queue, config, parcel};

const ROUNDS: u32 = 4;
/// Of the moments at which the server is killed.
const SEED: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_was_acknowledged_survives_kill_9_of_the_server() {
    let Some(mut server) = Server::start() else { return };
    let options = json!({ "ack_wait": "1s", "window": 256 });
    let mut queue = open(on(&server, options), config(7, true)).unwrap();
    // The n-th message accepted has the token n and, offered once, the sequence n.
    let mut offered = 0u64;
    let mut acknowledged = 0;
    let mut state = SEED;
    for round in 1..=ROUNDS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = delivered(&queue).len();
        let after = Duration::from_micros((state >> 33) % 150_000);
        let mut killed = None;
        let start = Instant::now();
        // Until the server has confirmed something since its start, was killed, is back, and has confirmed again.
        loop {
            assert!(start.elapsed() < PATIENCE, "round {round}: {:?}", told(&queue));
            let to = |n: u64| if n.is_multiple_of(8) { abi::ALL } else { (n % 8) as u32 };
            let parcels: Vec<_> = (offered + 1..=offered + 40).map(|n| parcel(0, to(n), n)).collect();
            offered += queue.offer(&parcels).unwrap() as u64;
            queue.poll().unwrap();
            let all = queue.copies.len();
            queue.acknowledge(acknowledged..all);
            acknowledged = all;
            let now = delivered(&queue).len();
            match killed {
                None if now > before && start.elapsed() > after => {
                    server.kill();
                    server.start_again();
                    killed = Some(now);
                }
                Some(then) if now > then + 100 => break,
                _ => {}
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    queue.until(|queue| queue.answered() == offered);
    let confirmed = delivered(&queue);
    let kinds: BTreeSet<u32> = queue.outcomes.iter().map(|outcome| outcome.result).collect();
    assert!(kinds.contains(&abi::DELIVERED) && kinds.contains(&abi::REFUSED), "{:?}", told(&queue));
    assert!(confirmed.len() > 400, "the rounds did something: {}", confirmed.len());

    // The stream holds all of them, each once.
    let held = Direct::on(&server).held("mqscript_00000007");
    let stamps =
        held.iter().map(|held| abi::Stamp::decode(held.header("mqs-stamp").as_bytes()).expect("a stamp"));
    let sequences: Vec<u64> = stamps.map(|stamp| stamp.sequence).collect();
    let stored: BTreeSet<u64> = sequences.iter().copied().collect();
    assert_eq!(stored.len(), sequences.len(), "each is stored once");
    let missing: Vec<_> = confirmed.difference(&stored).copied().collect();
    assert_eq!(missing, [0u64; 0], "seed {SEED}");

    // And every agent gets its copies of all of them.
    let due: BTreeSet<(u32, u32, u64, u32)> = stored
        .iter()
        .flat_map(|&sequence| {
            match sequence % 8 {
                0 => 1..9,
                to => to as u32..to as u32 + 1,
            }
            .map(move |to| (7, 0, sequence, to))
        })
        .collect();
    let start = Instant::now();
    loop {
        let all = queue.copies.len();
        queue.acknowledge(acknowledged..all);
        acknowledged = all;
        let seen: BTreeSet<_> = queue.copies.iter().map(Copy::identity).collect();
        if due.is_subset(&seen) {
            // A kill may take from the server what it has handed out, as long as it had not acknowledged it.
            let more: Vec<_> = seen.difference(&due).map(|copy| copy.2).collect();
            assert!(more.iter().all(|sequence| !confirmed.contains(sequence)), "{more:?}");
            break;
        }
        let missing = due.difference(&seen).take(5).collect::<Vec<_>>();
        assert!(start.elapsed() < PATIENCE, "{} of {} copies; {missing:?} …", seen.len(), due.len());
        queue.poll().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let stats = queue.close();
    assert!(stats["reconnects"].as_u64() >= Some(u64::from(ROUNDS)), "{stats}");
    println!("{} of {offered} confirmed, {} stored; {stats}", confirmed.len(), stored.len());
}

/// The sequences of all messages that the server has acknowledged.
fn delivered(queue: &Queue) -> BTreeSet<u64> {
    let good = queue.outcomes.iter().filter(|outcome| outcome.result == abi::DELIVERED);
    good.flat_map(|outcome| outcome.first..outcome.first + u64::from(outcome.count)).collect()
}
