//! The sqlite core keeps the laws of queues.

use mqscript::cores::{FailureKind, abi};
use serde_json::{Value, json};
use std::cell::Cell;
use support::elsewhere::sql;
use support::queue::{Queue, config, on};
use support::queue_laws::{Subject, reports};

#[test]
fn it_keeps_the_laws_of_queues() {
    let folder = tempfile::tempdir().unwrap();
    let runs = Cell::new(0);
    let options = |more: Value| {
        runs.set(runs.get() + 1);
        on(&folder.path().join(format!("queue{}.db", runs.get())), more)
    };
    let sqlite = Subject {
        core: "sqlite",
        options: &options,
        window: ("ring", 1000),
        bytes_max: 64 << 20,
        content_max: 1 << 20,
        receives: true,
        acknowledges: true,
        tells_empty: true,
    };
    sqlite.keeps_the_laws();
}

#[test]
fn a_table_that_goes_ends_the_session_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let failure = reports(queue, || drop(sql(&file, "DROP TABLE messages")));
    assert_eq!(failure.kind, FailureKind::Status(abi::IO), "{failure}");
    assert!(failure.text.contains("storing in") && failure.text.contains("messages"), "{failure}");
}
