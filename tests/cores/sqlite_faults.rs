//! Whatever keeps the sqlite core from working: told clearly, with the contract's status, and nothing left behind.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::elsewhere::{Elsewhere, count, sql};
use support::place::names_in;
use support::queue::{Parcel, Queue, config, on, parcel};

/// Opens a queue that cannot be opened, and holds status and text against what is expected.
#[track_caller]
fn refused(options: Value, status: i32, texts: &[&str]) {
    let Err(CoreError::Failed(failure)) = Queue::open(options, config(7, true)).map(|_| ()) else {
        panic!("it was opened");
    };
    assert_eq!(failure.kind, FailureKind::Status(status), "{failure}");
    for text in texts {
        assert!(failure.text.contains(text), "`{text}` is missing: {failure}");
    }
}

/// A test that cannot be made here: says so, or fails where nothing may be skipped.
fn skip(why: &str) {
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {why}");
    println!("skipped: {why}");
}

#[test]
fn paths_that_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("plain"), "").unwrap();
    refused(on(folder.path(), json!({})), abi::CONFIG, &["is a folder", "name a file, such as", "queue.db"]);
    refused(on(&at("missing/queue.db"), json!({})), abi::CONFIG, &["missing/queue.db", "make it first"]);
    refused(on(&at("plain/queue.db"), json!({})), abi::CONFIG, &["plain"]);
    refused(on(Path::new("/dev/null"), json!({})), abi::CONFIG, &["/dev/null is no plain file"]);
    refused(json!({ "path": "" }), abi::CONFIG, &["`path` is empty"]);
    refused(json!({ "visibility_timeout": "10us" }), abi::CONFIG, &["`visibility_timeout`", "1ms or more"]);
    assert_eq!(names_in(folder.path()), ["plain"]);
}

#[test]
fn a_file_that_was_there_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    refused(on(&file, json!({ "keep": false })), abi::CONFIG, &["`keep: false` would remove", "queue.db"]);
    assert_eq!(names_in(folder.path()), ["queue.db"]);
}

#[test]
fn files_that_are_no_queue() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    fs::write(&file, "no database at all, but long enough to look at\n".repeat(100)).unwrap();
    refused(on(&file, json!({})), abi::CONFIG, &["queue.db is not an SQLite database", "name another file"]);
    fs::remove_file(&file).unwrap();

    sql(&file, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
    let texts = ["the database of another application", "`customers`", "name another file"];
    refused(on(&file, json!({})), abi::CONFIG, &texts);
    sql(&file, "CREATE TABLE messages (body TEXT)");
    refused(on(&file, json!({})), abi::CONFIG, &["`customers`, `messages`"]);
    assert_eq!(count(&file, "customers"), 0, "it is as it was");
    fs::remove_file(&file).unwrap();

    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    sql(&file, "ALTER TABLE messages RENAME COLUMN stamp TO mark");
    refused(on(&file, json!({})), abi::CONFIG, &["`messages` has no column `stamp`", "`id`", "8 more"]);
    sql(&file, "ALTER TABLE messages RENAME COLUMN mark TO stamp");
    sql(&file, "PRAGMA user_version = 2");
    refused(on(&file, json!({})), abi::CONFIG, &["a newer mqscript", "format 2; this one knows 1"]);
    sql(&file, "PRAGMA user_version = 1");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    assert_eq!(names_in(folder.path()), ["queue.db"]);
}

#[test]
fn a_file_that_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let parcels: Vec<Parcel> = (1..=2000).map(|sequence| parcel(0, 1, sequence)).collect();
    queue.publish(&parcels);
    queue.close();
    let mut bytes = fs::read(&file).unwrap();
    let len = bytes.len();
    bytes[8192..len].iter_mut().for_each(|byte| *byte = 0xa5);
    fs::write(&file, bytes).unwrap();
    let mut queue = match Queue::open(on(&file, json!({})), config(8, true)) {
        Ok(queue) => queue,
        Err(CoreError::Failed(failure)) => {
            assert_eq!(failure.kind, FailureKind::Status(abi::IO), "{failure}");
            assert!(failure.text.contains("damaged") && failure.text.contains(".recover"), "{failure}");
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let failure = queue.until_failure();
    assert_eq!(failure.kind, FailureKind::Status(abi::IO), "{failure}");
    assert!(failure.text.contains("damaged") && failure.text.contains(".recover"), "{failure}");
    queue.end();
}

#[test]
fn one_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let first = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let process = format!("process {}", std::process::id());
    refused(on(&file, json!({})), abi::IO, &["in use by another run of mqscript", &process]);
    let link = folder.path().join("link.db");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&file, &link).unwrap();
    #[cfg(unix)]
    refused(on(&link, json!({})), abi::IO, &["queue.db is in use"]);
    first.close();
    Queue::open(on(&file, json!({})), config(8, false)).unwrap().close();
    // What a killed run leaves is no lock.
    fs::write(folder.path().join("queue.db-lock"), "123456").unwrap();
    Queue::open(on(&file, json!({})), config(9, false)).unwrap().close();
    assert!(!names_in(folder.path()).contains(&"queue.db-lock".to_owned()));
}

#[test]
fn a_lock_of_another_program_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    let mut other = Elsewhere::on(&file);
    other.sql("BEGIN EXCLUSIVE");
    refused(on(&file, json!({})), abi::IO, &["queue.db is locked by another program", "end that"]);
    other.sql("COMMIT");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
}

#[test]
fn a_lock_of_another_program_that_outlasts_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    let mut other = Elsewhere::on(&file);
    other.sql("BEGIN IMMEDIATE");
    assert_eq!(queue.offer(&[parcel(0, 1, 2)]).unwrap(), 1);
    // It gives up in time: a run must come to its end.
    let stats = queue.end();
    assert_eq!((&stats["stored"], &stats["left"]), (&json!(1), &Value::Null));
    other.sql("COMMIT");
    drop(other);
    assert_eq!(count(&file, "messages"), 1);
}

/// A small file system in memory, as long as the value lives; `None` where none may be mounted.
#[cfg(target_os = "linux")]
struct Mounted(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Mounted {
    fn new(size: &str) -> Option<Mounted> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        mount(&["-t", "tmpfs", "-o", &options, "tmpfs", folder.path().to_str().unwrap()])
            .then(|| Mounted(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[cfg(target_os = "linux")]
fn mount(arguments: &[&str]) -> bool {
    let ended = Command::new("mount").args(arguments).output();
    ended.is_ok_and(|ended| ended.status.success())
}

/// A file system that may only be read; whether one could be mounted.
#[cfg(target_os = "linux")]
fn on_a_file_system_that_may_only_be_read() -> bool {
    let Some(mounted) = Mounted::new("4m") else { return false };
    let file = mounted.path().join("queue.db");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    assert!(mount(&["-o", "remount,ro", mounted.path().to_str().unwrap()]));
    refused(on(&file, json!({})), abi::IO, &["queue.db may only be read", "a folder that may be written to"]);
    refused(on(&mounted.path().join("new.db"), json!({})), abi::IO, &["new.db may only be read"]);
    assert_eq!(names_in(mounted.path()), ["queue.db"]);
    true
}

/// Files and folders that this user may not write to; whether there are such.
#[cfg(unix)]
fn on_files_that_may_only_be_read() -> bool {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    Queue::open(on(&file, json!({})), config(7, false)).unwrap().close();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().write(true).open(&file).is_ok() {
        return false;
    }
    refused(on(&file, json!({})), abi::IO, &["queue.db may only be read"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    refused(on(&file, json!({})), abi::IO, &["queue.db may only be read"]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(names_in(folder.path()), ["queue.db"]);
    true
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_only_be_read() {
    // Who may mount is who may write everywhere, as a rule: one of the two can be had.
    let (mounted, withheld) = (on_a_file_system_that_may_only_be_read(), on_files_that_may_only_be_read());
    if !mounted && !withheld {
        skip("this user may write to every file, and mount none");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_before_the_run() {
    let Some(mounted) = Mounted::new("64k") else {
        return skip("no file system may be mounted here");
    };
    let filler = mounted.path().join("filler");
    // As much as there is room for.
    let _ = fs::write(&filler, vec![0; 1 << 20]);
    let file = mounted.path().join("queue.db");
    refused(on(&file, json!({})), abi::NO_SPACE, &["queue.db", "no space is left", "free some"]);
    assert_eq!(names_in(mounted.path()), ["filler"]);
    // Room for a beginning, but not for a queue.
    fs::OpenOptions::new().write(true).open(&filler).unwrap().set_len(44 << 10).unwrap();
    refused(on(&file, json!({})), abi::NO_SPACE, &["queue.db", "no space is left", "free some"]);
    assert_eq!(names_in(mounted.path()), ["filler"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_in_the_middle_of_the_run() {
    let Some(mounted) = Mounted::new("4m") else {
        return skip("no file system may be mounted here");
    };
    let file = mounted.path().join("queue.db");
    let mut queue = Queue::open(on(&file, json!({})), config(7, false)).unwrap();
    let large = |sequence| Parcel { content: vec![b'x'; 10_000], ..parcel(0, 1, sequence) };
    let mut sequence = 0;
    let failure = loop {
        sequence += 1;
        if let Err(failure) = queue.offer(&[large(sequence)]).and_then(|_| queue.turn()) {
            break failure;
        }
    };
    assert_eq!(failure.kind, FailureKind::Status(abi::NO_SPACE), "{failure}");
    for text in ["storing in", "queue.db", "no space is left", "What was confirmed before is in the file"] {
        assert!(failure.text.contains(text), "{text}: {failure}");
    }
    let confirmed = queue.answered();
    assert!(confirmed > 50 && confirmed < sequence, "{confirmed} of {sequence}");
    let refused = queue.offer(&[large(1)]).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Status(abi::POISONED), "the session is finished");
    queue.end();
    assert_eq!(count(&file, "messages"), confirmed as usize, "all that was confirmed, and nothing else");
}
