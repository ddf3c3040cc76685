//! The sqlite core against a bare loop that stores the same rows, as many in a transaction.
//!
//! `cargo bench --bench sqlite` prints, for each round, messages a second through the core, messages a second of the
//! bare loop with the core's own mean transaction, and the ratio; on the disk, and in memory where `/dev/shm` is. The
//! core has at least four batches in flight. A folder after `--` is measured instead.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;
use support::chain;
use support::pump::{CONTENT, pump, stamp};
use support::queue::{config, on};

/// Messages of one measurement.
const MESSAGES: u64 = 200_000;
/// Messages of one hand-over.
const BATCH: usize = 256;
/// Hand-overs in flight.
const BATCHES: usize = 8;
const ROUNDS: usize = 5;

const TAGS: &str = "[\"SYSTEM\",\"ONBOARDING\"]";
const METADATA: &str = "{\"step\":\"3\"}";

/// Messages a second through the core, and its figures.
fn through_the_core(file: &Path, synchronous: &str) -> (f64, Value) {
    let options = on(file, json!({ "ring": BATCH * BATCHES, "synchronous": synchronous }));
    let mut running = chain::start(&[chain::request("sqlite", options)], config(7, false)).unwrap();
    let (session, services, out) = (&mut running.session, &running.services, &mut running.out);
    let rate = pump(session, services, out, MESSAGES, BATCH);
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
            let stamp = stamp(id).encode();
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
