//! What the nats core says and does when the server is not as it should be.

use super::direct::Direct;
use mqscript::cores::*;
use serde_json::{Value, json};
use std::net::TcpListener;
use support::chain;
use support::nats::server::Server;
use support::nats::{on, open, plain, told, until_connected};
use support::queue::{Queue, config, parcel};

/// Why the core cannot be opened.
#[track_caller]
fn refused(options: Value, parts: &[&str]) {
    let error = open(options, config(7, true)).err().expect("an error").to_string();
    for part in parts {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_server_that_is_not_there() {
    // A port that nobody listens on: it was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("nats://127.0.0.1:{port}");
    refused(json!({ "url": url }), &["CONNECT", &url, "nats-server -js", "refused", "`url`"]);
    refused(json!({ "url": "nats://no-such-host.invalid:4222" }), &["CONNECT", "no-such-host.invalid"]);
}

#[test]
fn a_server_that_never_says_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    refused(json!({ "url": url, "connect_timeout": "200ms" }), &["CONNECT", &url, "timed out"]);
}

#[test]
fn a_server_that_is_no_nats_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    refused(json!({ "url": url }), &["CONNECT", &url]);
    other.join().unwrap();
}

#[test]
fn a_url_that_is_none() {
    refused(json!({ "url": "nats://127.0.0.1:port" }), &["refuses its options", "`url`", "nats://HOST:PORT"]);
}

#[test]
fn options_that_contradict_each_other() {
    let cases = [
        (json!({ "mode": "core", "stream": "S" }), ["`stream`", "leave it out"]),
        (json!({ "mode": "core", "max_messages": 5 }), ["`max_messages`", "nothing is stored"]),
        (json!({ "stream": "S", "max_bytes": "1KiB" }), ["`max_bytes`", "keeps its limits"]),
        (json!({ "stream": "a.b" }), ["`stream`", "a.b"]),
        (json!({ "subject": "a..b" }), ["`subject`", "a..b"]),
        (json!({ "subject": "a.>" }), ["`subject`", "a.>"]),
        (json!({ "subject": "$JS.API" }), ["`subject`", "$JS.API"]),
        (json!({ "ack_wait": "1ms" }), ["`ack_wait`", "10ms or more"]),
        (json!({ "ack_timeout": 0 }), ["`ack_timeout`", "it is 0"]),
        (json!({ "tls": { "key": "/dev/null" } }), ["`tls.certificate` is missing", "a key"]),
        (json!({ "tls": { "certificate": "/dev/null" } }), ["`tls.key` is missing", "a certificate"]),
        (json!({ "tls": { "ca": "/no/such.pem" } }), ["`tls`", "/no/such.pem cannot be read"]),
        (json!({ "windw": 5 }), ["windw", "window"]),
        (json!({ "window": 0 }), ["window", "at least 1"]),
    ];
    for (options, parts) in cases {
        let error = open(options.clone(), config(7, true)).err().expect("an error");
        let text = match &error {
            CoreError::Options { faults, .. } => format!("{faults:?}"),
            error => error.to_string(),
        };
        assert!(parts.iter().all(|part| text.contains(part)), "{options}: {text}");
        assert!(
            matches!(error, CoreError::Options { .. }) || text.contains("refuses its options"),
            "{options}: {text}"
        );
    }
}

#[test]
fn a_server_without_jetstream() {
    let Some(server) = Server::with(&[]) else { return };
    refused(
        on(&server, json!({})),
        &["refuses its options", "no JetStream", "`-js`", "mode: \"core\"", &server.url()],
    );
    open(plain(&server), config(7, true)).unwrap().close();
}

#[test]
fn more_agents_than_can_receive() {
    let names = std::sync::Arc::new(chain::Names(1_001));
    let many = RunConfig { agents: 1_001, party_names: names, ..config(7, true) };
    let error = open(json!({}), many).err().expect("an error").to_string();
    assert!(error.contains("1001") || error.contains("1,001"), "{error}");
}

#[test]
fn a_server_that_goes_away_and_comes_back() {
    let Some(mut server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({})), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    queue.until(|queue| queue.copies.len() == 1);
    // It stands still, so that what is sent now is not answered; then it is gone.
    server.signal("-STOP");
    assert_eq!(queue.offer(&[parcel(0, 1, 2), parcel(0, 1, 3)]).unwrap(), 2);
    // Both are written: one alone is shorter.
    queue.until(|_| {
        println!("unread {}", server.unread());
        server.unread() > 300
    });
    server.kill();
    queue.until(|queue| queue.answered() == 3);
    assert_eq!(told(&queue)[1], (abi::UNCERTAIN, "connection_lost".to_owned(), 2));
    assert_eq!(queue.offer(&[parcel(0, 1, 4)]).unwrap(), 1, "it is refused, not held back");
    assert_eq!(told(&queue)[2], (abi::REFUSED, "disconnected".to_owned(), 1));
    server.start_again();
    let seen = until_connected(&mut queue);
    assert_eq!(seen[..2], ["nats_disconnected", "outage"]);
    // Attempts again, as the processor makes them.
    queue.publish(&[parcel(0, 1, 2), parcel(0, 1, 3), parcel(0, 1, 4)]);
    queue.until(|queue| (2..=4).all(|n| queue.copies.iter().any(|copy| copy.stamp.sequence == n)));
    assert_eq!(told(&queue)[0], (abi::DELIVERED, String::new(), 4));
    let stats = queue.close();
    assert_eq!((&stats["reconnects"], &stats["in_stream"]), (&json!(1), &json!(4)));
}

#[test]
fn a_stream_that_somebody_removes() {
    let Some(server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({})), config(7, false)).unwrap();
    let direct = Direct::on(&server);
    direct.wait_for(direct.context.delete_stream("mqscript_00000007")).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    assert_eq!(told(&queue), [(abi::REFUSED, "no_stream".to_owned(), 1)]);
    assert_eq!(queue.close()["in_stream"], Value::Null, "and to remove it again is no failure");
}

#[test]
fn a_server_that_stays_away_keeps_nobody() {
    let Some(mut server) = Server::start() else { return };
    let mut queue = open(on(&server, json!({ "connect_timeout": "1s" })), config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    server.kill();
    let Queue { mut chain, session, .. } = queue;
    session.close().unwrap();
    assert_eq!(chain.stats().unwrap()["nats"]["confirmed"], json!(1));
    let left = chain.clean().expect_err("nothing can be removed").to_string();
    assert!(left.contains("mqscript_00000007") && left.contains(&server.url()), "{left}");
    chain.destroy().unwrap();
}
