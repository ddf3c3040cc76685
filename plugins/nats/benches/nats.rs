//! The nats core against a bare loop over the same client library, with the same messages and the same window.
//!
//! `cargo bench -p mqscript-nats` starts a server for itself and prints, for each round, messages a second through the
//! core, messages a second of the bare loop, and the ratio: with JetStream, where a message counts when it is
//! acknowledged, and without, where it counts when it is written. The bare loop publishes with the headers that the core
//! writes, and awaits the acknowledgement of the oldest message when the window is full.

use async_nats::jetstream::stream::{Config, StorageType};
use async_nats::{Client, HeaderMap, jetstream};
use serde_json::json;
use std::collections::VecDeque;
use std::future::IntoFuture;
use std::time::Instant;
use support::chain;
use support::nats::on;
use support::nats::server::Server;
use support::pump::{CONTENT, pump, stamp};
use support::queue::config;

/// Messages of one measurement.
const MESSAGES: u64 = 100_000;
/// Messages of one hand-over.
const BATCH: usize = 256;
/// Messages that may wait for their acknowledgement.
const WINDOW: usize = 2_048;
const ROUNDS: usize = 7;

/// Messages a second through the core.
fn through_the_core(server: &Server, mode: &str) -> f64 {
    let options = on(server, json!({ "mode": mode, "window": WINDOW, "storage": "file" }));
    let mut running = chain::start(&[chain::request("nats", options)], config(7, false)).unwrap();
    let (session, services, out) = (&mut running.session, &running.services, &mut running.out);
    let rate = pump(session, services, out, MESSAGES, BATCH);
    running.session.close().unwrap();
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
    rate
}

/// The headers that the core writes.
fn headers(sequence: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", format!("00000008-0-{sequence}"));
    headers.insert("mqs-stamp", std::str::from_utf8(&stamp(sequence).encode()).unwrap());
    headers.insert("mqs-priority", "regular");
    headers.insert("mqs-sender", "Agent-1");
    headers.insert("mqs-recipient", "Agent-2");
    headers.insert("mqs-type", "ONBOARDING");
    headers.insert("mqs-tags", "[\"SYSTEM\",\"ONBOARDING\"]");
    headers.insert("mqs-metadata", "{\"step\":\"3\"}");
    headers
}

/// Messages a second of a bare loop.
fn bare(server: &Server, mode: &str) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        match mode {
            "core" => bare_core(&client).await,
            _ => bare_jetstream(&client).await,
        }
    })
}

async fn bare_jetstream(client: &Client) -> f64 {
    let context = jetstream::new(client.clone());
    let config = Config {
        name: "BARE".to_owned(),
        subjects: vec!["bare.>".to_owned()],
        storage: StorageType::File,
        ..Config::default()
    };
    context.create_stream(config).await.unwrap();
    let mut window = VecDeque::with_capacity(WINDOW);
    let start = Instant::now();
    for sequence in 1..=MESSAGES {
        if window.len() == WINDOW {
            let oldest: jetstream::context::PublishAckFuture = window.pop_front().unwrap();
            oldest.into_future().await.unwrap();
        }
        let ack = context.publish_with_headers("bare.to.Agent-2", headers(sequence), CONTENT.into()).await;
        window.push_back(ack.unwrap());
    }
    for ack in window {
        ack.into_future().await.unwrap();
    }
    let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
    context.delete_stream("BARE").await.unwrap();
    rate
}

async fn bare_core(client: &Client) -> f64 {
    let start = Instant::now();
    for sequence in 1..=MESSAGES {
        client.publish_with_headers("bare.to.Agent-2", headers(sequence), CONTENT.into()).await.unwrap();
        if sequence % WINDOW as u64 == 0 {
            client.flush().await.unwrap();
        }
    }
    client.flush().await.unwrap();
    MESSAGES as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    let Some(server) = Server::start() else { return };
    for mode in ["jetstream", "core"] {
        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let (core, bare) = match round % 2 {
                0 => {
                    let bare = bare(&server, mode);
                    (through_the_core(&server, mode), bare)
                }
                _ => (through_the_core(&server, mode), bare(&server, mode)),
            };
            ratios.push(core / bare);
            println!("{mode}, round {round}: core {core:.0}/s, bare {bare:.0}/s, ratio {:.2}", core / bare);
        }
        ratios.sort_by(f64::total_cmp);
        println!("{mode}: median ratio {:.2}", ratios[ROUNDS / 2]);
    }
}
