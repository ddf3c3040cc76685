//! The nats core without JetStream: what is written is passed on to whoever listens, and nothing is confirmed.

use super::direct::Direct;
use futures_util::StreamExt;
use mqscript::cores::*;
use serde_json::json;
use std::collections::BTreeSet;
use support::nats::server::Server;
use support::nats::{on, open, plain, told, until_connected};
use support::processes::wait_until;
use support::queue::{Copy, Parcel, config, parcel};

#[test]
fn what_is_written_is_passed_on() {
    let Some(server) = Server::with(&[]) else { return };
    let direct = Direct::on(&server);
    let mut listener = direct.wait_for(async {
        let listener = direct.client.subscribe("mqscript.00000007.>").await.unwrap();
        direct.client.flush().await.unwrap();
        listener
    });
    let mut queue = open(plain(&server), config(7, true)).unwrap();
    assert_eq!(queue.chain.capabilities() & (abi::CONFIRMS | abi::DURABLE), 0);
    queue.publish(&[parcel(0, 1, 1), Parcel { content: vec![0xff, 0], ..parcel(0, abi::ALL, 2) }]);
    assert_eq!(told(&queue), [(abi::DELIVERED, String::new(), 2)]);
    let seen = direct.wait_for(async { [listener.next().await.unwrap(), listener.next().await.unwrap()] });
    assert_eq!(seen[0].subject.as_str(), "mqscript.00000007.to.Agent-2");
    assert_eq!((seen[1].subject.as_str(), &seen[1].payload[..]), ("mqscript.00000007.all", &[0xff, 0][..]));
    let stamp = seen[1].headers.as_ref().unwrap().get("mqs-stamp").unwrap();
    assert_eq!(abi::Stamp::decode(stamp.as_str().as_bytes()).unwrap().sequence, 2);
    queue.until(|queue| queue.copies.len() == 1 + 8);
    assert!(queue.copies.iter().all(|copy| copy.tag == 0 && !copy.redelivered), "nothing to acknowledge");
    let stats = queue.close();
    assert_eq!(
        (&stats["mode"], &stats["published"], &stats["copies"]),
        (&json!("core"), &json!(2), &json!(9))
    );
    assert_eq!(stats.get("confirmed"), None);
}

#[test]
fn every_agent_gets_its_copies_once() {
    let Some(server) = Server::with(&[]) else { return };
    let mut queue = open(plain(&server), config(7, true)).unwrap();
    let parcels: Vec<_> =
        (1..=2000).map(|n| parcel(0, if n % 10 == 0 { abi::ALL } else { (n % 8) as u32 + 1 }, n)).collect();
    queue.publish(&parcels);
    queue.until(|queue| queue.copies.len() == 1800 + 200 * 8);
    let seen: BTreeSet<_> = queue.copies.iter().map(Copy::identity).collect();
    assert_eq!(seen.len(), 1800 + 200 * 8);
    for agent in 1..9 {
        let of_agent =
            queue.copies.iter().filter(|copy| copy.to == agent && !copy.stamp.sequence.is_multiple_of(10));
        assert!(of_agent.is_sorted_by_key(|copy| copy.stamp.sequence), "agent {agent}");
    }
    assert_eq!(queue.close()["dropped"], json!(0));
}

#[test]
fn a_message_that_is_too_large_is_rejected() {
    let Some(server) = Server::configured("max_payload: 4096", &[]) else { return };
    let mut queue = open(plain(&server), config(7, false)).unwrap();
    queue.publish(&[Parcel { content: vec![b'x'; 4096], ..parcel(0, 1, 1) }, parcel(0, 1, 2)]);
    let mut all = told(&queue);
    all.sort();
    let large = (abi::REJECTED, "message_too_large".to_owned(), 1);
    assert_eq!(all, [(abi::DELIVERED, String::new(), 1), large]);
    queue.close();
}

#[test]
fn a_server_that_goes_away_and_comes_back() {
    let Some(mut server) = Server::with(&[]) else { return };
    let mut queue = open(on(&server, json!({ "mode": "core", "window": 64 })), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    queue.until(|queue| queue.copies.len() == 1);
    // It stands still: what is written fills the socket, and then stays with the client.
    server.signal("-STOP");
    let large = |n| Parcel { content: vec![b'x'; 1 << 20 >> 1], ..parcel(0, 1, n) };
    let parcels: Vec<_> = (2..=65).map(large).collect();
    let accepted = queue.offer(&parcels).unwrap();
    assert_eq!(accepted, 64);
    wait_until("some of it has gone out", || server.unread() > 1 << 15);
    queue.poll().unwrap();
    assert_eq!(queue.answered(), 1, "what is not written has no outcome");
    server.kill();
    queue.until(|queue| queue.answered() == 65);
    assert_eq!(told(&queue)[1], (abi::UNCERTAIN, "connection_lost".to_owned(), 64));
    assert_eq!(queue.offer(&[parcel(0, 1, 66)]).unwrap(), 1);
    assert_eq!(told(&queue)[2], (abi::REFUSED, "disconnected".to_owned(), 1));
    server.start_again();
    until_connected(&mut queue);
    queue.publish(&[parcel(0, 1, 66)]);
    queue.until(|queue| queue.copies.iter().any(|copy| copy.stamp.sequence == 66));
    assert_eq!(queue.close()["reconnects"], json!(1));
}
