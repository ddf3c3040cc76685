//! The nats core keeps the laws of queues, with JetStream and without.

use serde_json::{Value, json};
use support::nats::server::Server;
use support::nats::{on, open, plain};
use support::queue::config;
use support::queue_laws::{Subject, rides_out};

/// Both modes are alike but for JetStream, which has copies acknowledged and knows when it is empty.
fn keeps_the_laws(options: &dyn Fn(Value) -> Value, has_jetstream: bool) {
    let nats = Subject {
        core: "nats",
        options,
        window: ("window", 1000),
        bytes_max: 64 << 20,
        content_max: 1 << 19,
        receives: true,
        acknowledges: has_jetstream,
        tells_empty: has_jetstream,
    };
    nats.keeps_the_laws();
}

#[test]
fn with_jetstream_it_keeps_the_laws_of_queues() {
    let Some(server) = Server::start() else { return };
    keeps_the_laws(&|more| on(&server, more), true);
}

#[test]
fn without_jetstream_it_keeps_the_laws_of_queues() {
    let Some(server) = Server::start() else { return };
    let options = |more: Value| {
        let mut all = plain(&server);
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    keeps_the_laws(&options, false);
}

#[test]
fn a_server_that_goes_leaves_no_message_without_an_answer() {
    for mode in ["jetstream", "core"] {
        let Some(mut server) = Server::start() else { return };
        let queue = open(on(&server, json!({ "mode": mode })), config(7, false)).unwrap();
        let trouble = || {
            server.kill();
            server.start_again();
        };
        rides_out(queue, trouble);
    }
}
