//! What the tests of the nats core share: a server of their own, and a run on the core.

pub mod server;

use crate::chain;
use crate::queue::Queue;
use mqscript::cores::{CoreError, RunConfig};
use serde_json::{Value, json};
use server::Server;

/// Options for this server, and more of them.
pub fn on(server: &Server, more: Value) -> Value {
    let mut all = chain::options(more);
    all.entry("url").or_insert_with(|| server.url().into());
    Value::Object(all)
}

/// A run on the core.
pub fn open(options: Value, config: RunConfig) -> Result<Queue, CoreError> {
    Queue::of("nats", options, config)
}

/// What the interned reasons of a run's outcomes say: (result, reason, how many), in the order of their coming.
pub fn told(queue: &Queue) -> Vec<(u32, String, u64)> {
    let mut told: Vec<(u32, String, u64)> = Vec::new();
    for outcome in &queue.outcomes {
        let reason = match outcome.reason {
            0 => String::new(),
            reason => queue.services.interner.text(reason).to_string(),
        };
        let count = u64::from(outcome.count);
        match told.iter_mut().find(|row| (row.0, &row.1) == (outcome.result, &reason)) {
            Some(row) => row.2 += count,
            None => told.push((outcome.result, reason, count)),
        }
    }
    told
}

/// Goes on until the core says that it is connected again; the kinds of all that it has said since the last look.
pub fn until_connected(queue: &mut Queue) -> Vec<String> {
    let mut seen = events(queue);
    while !seen.iter().any(|event| event == "nats_connected") {
        queue.turn().expect("the queue works");
        seen.extend(events(queue));
    }
    seen
}

/// The names of the events since the last call.
pub fn events(queue: &Queue) -> Vec<String> {
    let mut events = Vec::new();
    queue.services.events.drain(&mut events);
    events.iter().map(|event| queue.services.interner.text(event.kind).to_string()).collect()
}

/// The options of a core without JetStream.
pub fn plain(server: &Server) -> Value {
    on(server, json!({ "mode": "core" }))
}
