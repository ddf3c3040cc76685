//! The sqlite core against a bare loop that stores the same rows, as many in a transaction.
//!
//! `cargo bench --bench sqlite` prints, for each round, messages a second through the core, messages a second of the
//! bare loop with the core's own mean transaction, and the ratio; on the disk, and in memory where `/dev/shm` is. The
//! core has at least four batches in flight. A folder after `--` is measured instead.

#[path = "../tests/cores/queue.rs"]
mod queue;
#[path = "../tests/cores/support.rs"]
mod support;

use mqscript::cores::*;
use queue::{config, on};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Messages of one measurement.
const MESSAGES: u64 = 200_000;
/// Messages of one hand-over.
const BATCH: usize = 256;
/// Hand-overs in flight.
const BATCHES: usize = 8;
const ROUNDS: usize = 5;

const CONTENT: &str = "Welcome Agent-2, from Agent-1: this is the message that tells you what to do next";
const TAGS: &str = "[\"SYSTEM\",\"ONBOARDING\"]";
const METADATA: &str = "{\"step\":\"3\"}";

/// Messages a second through the core, and its figures.
fn through_the_core(file: &Path, synchronous: &str) -> (f64, Value) {
    let options = on(file, json!({ "ring": BATCH * BATCHES, "synchronous": synchronous }));
    let mut running = support::start(&[support::request("sqlite", options)], config(7, false)).unwrap();
    running.services.wake.register_current_thread();
    let tags = [abi::Str::new("SYSTEM"), abi::Str::new("ONBOARDING")];
    let metadata = [abi::Pair { key: abi::Str::new("step"), value: abi::Str::new("3") }];
    let text = abi::Text {
        sender: abi::Str::new("Agent-1"),
        recipient: abi::Str::new("Agent-2"),
        message_type: abi::Str::new("ONBOARDING"),
        tags: tags.as_ptr(),
        tags_len: 2,
        metadata: metadata.as_ptr(),
        metadata_len: 1,
        ..abi::Text::EMPTY
    };
    let message = abi::Message {
        recipient_id: 1,
        content: abi::Bytes::new(CONTENT.as_bytes()),
        text: &text,
        ..abi::Message::EMPTY
    };
    let mut batch = vec![message; BATCH];
    let (mut accepted, mut answered) = (0, 0);
    let start = Instant::now();
    while answered < MESSAGES {
        let mut held_back = accepted == MESSAGES;
        while !held_back {
            let n = BATCH.min((MESSAGES - accepted) as usize);
            for (i, message) in batch[..n].iter_mut().enumerate() {
                message.token = accepted + i as u64 + 1;
                message.stamp =
                    abi::Stamp { run: 7, sequence: message.token, attempt: 1, ..abi::Stamp::NONE };
            }
            let now_ns = running.services.clock.now_ns();
            let published = running.session.publish(now_ns, &batch[..n], &mut running.out);
            assert!(published.failure.is_none(), "{:?}", published.failure);
            accepted += u64::from(published.accepted);
            held_back = (published.accepted as usize) < n || accepted == MESSAGES;
        }
        while !running.out.more && !running.services.wake.take() {
            std::thread::park();
        }
        running.session.poll(running.services.clock.now_ns(), &mut running.out).unwrap();
        answered += running.out.outcomes.drain(..).map(|outcome| u64::from(outcome.count)).sum::<u64>();
    }
    let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
    (rate, stats["sqlite"].clone())
}

/// Messages a second of a bare loop over a file that the core has set up, `rows` in a transaction.
fn bare(file: &Path, synchronous: &str, rows: u64) -> f64 {
    let database = Connection::open(file).unwrap();
    database.execute_batch("DELETE FROM messages; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    database.pragma_update(None, "synchronous", synchronous).unwrap();
    let insert = "INSERT INTO messages (id, stored_at, sender, recipient, message_type, priority, content, tags, \
                  metadata, agent, sequence, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let mut insert = database.prepare(insert).unwrap();
    let mut id = 0;
    let start = Instant::now();
    while id < MESSAGES {
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..rows.min(MESSAGES - id) {
            id += 1;
            let stamp = abi::Stamp { run: 7, sequence: id, attempt: 1, ..abi::Stamp::NONE }.encode();
            let row = params![
                id as i64,
                "2026-01-01 00:00:00.000",
                "Agent-1",
                "Agent-2",
                "ONBOARDING",
                "regular",
                CONTENT,
                TAGS,
                METADATA,
                "Agent-1",
                id as i64,
                std::str::from_utf8(&stamp).unwrap()
            ];
            insert.execute(row).unwrap();
        }
        database.execute_batch("COMMIT").unwrap();
    }
    MESSAGES as f64 / start.elapsed().as_secs_f64()
}

fn compare(folder: &Path, synchronous: &str) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let file = folder.path().join("queue.db");
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let _ = std::fs::remove_file(&file);
        let (core, stats) = through_the_core(&file, synchronous);
        let rows = MESSAGES.div_ceil(stats["commits"].as_u64().unwrap());
        let place = if stats["file_is_in_memory"] == json!(true) { "in memory" } else { "on disk" };
        let bare = bare(&file, synchronous, rows);
        ratios.push(core / bare);
        println!(
            "{place}, {synchronous}, round {round}: core {core:.0}/s, bare {bare:.0}/s, {rows} rows a transaction, \
             ratio {:.2}",
            core / bare
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("{}, {synchronous}: median ratio {:.2}", folder.path().display(), ratios[ROUNDS / 2]);
}

fn main() {
    let named: Vec<PathBuf> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).map(PathBuf::from).collect();
    let usual = [PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from("/dev/shm")];
    let folders = if named.is_empty() { usual.to_vec() } else { named };
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for synchronous in ["normal", "full"] {
            compare(folder, synchronous);
        }
    }
}
