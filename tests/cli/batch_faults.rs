//! What goes wrong around a batch: the disk, the clock, signals, files that are none.
#![cfg(target_os = "linux")]

use mqscript_plugin::random::Stream;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::batch::Batch;
use support::processes::{children, wait_until, worked};
use support::program::Ended;

const SIX_CELLS: &str = "script: script.rhai\nrepeats: 1\n\
    matrix: { params: { rate: [10/s, 20/s, 30/s] }, scenario: { processor.workers: [2, 4] } }\n";

/// Bytes below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.file_type().unwrap() {
            kind if kind.is_dir() => size(&entry.path()),
            kind if kind.is_file() => entry.metadata().unwrap().len(),
            _ => 0,
        })
        .sum()
}

#[test]
fn on_a_full_disk_a_batch_stops_with_what_it_has_and_goes_on_later() {
    let shim = support::compile("full_disk.c", &[]);
    let whole = Batch::of(SIX_CELLS);
    assert_eq!(whole.play(&["-q"]).code, 0);
    let all = size(&whole.0.path().join("results"));
    let mut stream = Stream::from_key(6);
    let (mut stopped, mut midway) = (0, 0);
    for round in 0..30 {
        let room = match round {
            0..3 => [0, 1, 300][round],
            _ => stream.below(all),
        };
        let batch = Batch::of(SIX_CELLS);
        let results = fs::canonicalize(batch.0.path()).unwrap().join("results");
        let mut full = batch.command(&["-q"]);
        full.env("LD_PRELOAD", &shim).env("FULL_FOLDER", &results).env("FULL_AFTER", room.to_string());
        if round % 2 == 1 {
            full.env("FULL_TORN", "1");
        }
        let full = Ended::from(full.output().unwrap());
        assert_eq!(full.code, 2, "room for {room} bytes: {full:?}");
        for part in ["the batch cannot write its results", "make room and go on with `--resume`"] {
            assert!(full.stderr.contains(part), "room for {room} bytes: {full:?}");
        }
        stopped += 1;
        let begun = results.join("0001").exists();
        let cells = fs::read_dir(results.join("0001/cells")).map_or(0, |cells| {
            cells.filter(|cell| cell.as_ref().unwrap().path().join("cell.json").exists()).count()
        });
        midway += u32::from((1..6).contains(&cells));
        let again = batch.play(if begun { &["--resume", "-q"] } else { &["-q"] });
        assert_eq!(again.code, 0, "room for {room} bytes, {cells} cells: {again:?}");
        assert!(!results.join("0002").exists(), "one batch");
        let outcomes = batch.outcomes();
        assert_eq!(outcomes.len(), 6);
        // What was finished is not played again: its results are not written twice.
        let ends = batch.ends();
        assert!(ends.values().all(|ends| *ends == 1), "room for {room} bytes: {ends:?}");
        for (name, outcome) in outcomes {
            assert_eq!((&outcome["exit"], &outcome["summary"]["runs"]), (&0.into(), &1.into()), "{name}");
        }
        for cell in ["0001", "0006"] {
            let mut left = fs::read_dir(batch.cell(cell)).unwrap();
            assert!(left.all(|file| !file.unwrap().file_name().to_str().unwrap().ends_with(".tmp")));
        }
    }
    assert!(stopped == 30 && midway >= 5, "only {midway} disks were full in mid-batch");
}

#[test]
fn where_nothing_can_be_written_nothing_is_played() {
    let batch = Batch::of(SIX_CELLS);
    // Nobody writes there, not even root.
    let ended = batch.play(&["-q", "-o", "/proc/results"]);
    assert!(ended.code == 2 && ended.stderr.contains("cannot write its results"), "{ended:?}");
    assert!(ended.stderr.contains("/proc/results") && !ended.stdout.contains("script"), "{ended:?}");
    batch.write("file", "");
    let below_a_file = batch.play(&["-q", "-o", &batch.path("file/results")]);
    assert!(below_a_file.code == 2 && below_a_file.stderr.contains("Not a directory"), "{below_a_file:?}");
}

#[test]
fn what_is_no_batch_file_is_refused_at_once() {
    let batch = Batch::of(SIX_CELLS);
    let huge = fs::File::create(batch.path("huge.yaml")).unwrap();
    huge.set_len(100 << 20).unwrap();
    let extending = format!("extends: {}\n", batch.path("huge.yaml"));
    batch.write("batch.yaml", &extending);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        batch.path("pipe.yaml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    for (file, told) in [
        ("huge.yaml", "it has more than 16,777,216 bytes"),
        ("batch.yaml", "it has more than 16,777,216 bytes"),
        ("pipe.yaml", "no file"),
        ("", "no file"),
        ("missing.yaml", "No such file"),
    ] {
        for command in ["batch", "check"] {
            if command == "check" && !file.ends_with(".yaml") {
                continue;
            }
            let since = Instant::now();
            let ended = support::program::mqscript(&[command, &batch.path(file)]);
            assert!(ended.code == 2 && ended.stderr.contains(told), "{command} {file}: {ended:?}");
            assert!(since.elapsed() < Duration::from_secs(2), "{command} {file}: {:?}", since.elapsed());
        }
    }
    assert!(!Path::new(&batch.path("results")).exists());
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    let shim = support::compile("jumping_clock.c", &[]);
    let batch = Batch::of(&format!("{SIX_CELLS}timeout: 20s\n"));
    let jumping = Ended::from(batch.command(&["-q"]).env("LD_PRELOAD", &shim).output().unwrap());
    assert_eq!(jumping.code, 0, "{jumping:?}");
    for (name, outcome) in batch.outcomes() {
        let wall_s = outcome["wall_s"].as_f64().unwrap();
        assert!((0.0..20.0).contains(&wall_s) && outcome["timed_out"] == false, "{name}: {wall_s}");
    }
    let steady = batch.play(&["-q", "--baseline", "latest"]);
    assert!(steady.stdout.contains("6 the same to the byte"), "{steady:?}");
    // The clock does jump: what does ask it is told so.
    let date = std::process::Command::new("date").arg("+%s").env("LD_PRELOAD", &shim).output().unwrap();
    let told: i64 = String::from_utf8(date.stdout).unwrap().trim().parse().unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    assert!((told - now).abs() > 1_000_000, "{told} {now}");
}

/// A batch of one short cell and two that take for ever, in flight side by side once the short one is over. What it tells
/// goes into the file `told`.
fn endless() -> (Batch, Child) {
    let batch = Batch::of(
        "script: script.rhai\nrepeats: 1\nparallel: 3\nmatrix: { scenario: { duration: [5s, 900000s, 900001s] } }\n",
    );
    let told = fs::File::create(batch.path("told")).unwrap();
    let playing = batch.command(&[]).stdout(Stdio::piped()).stderr(told).spawn().unwrap();
    wait_until("the short cell is over and the others are in flight", || {
        let journal = fs::read_to_string(batch.0.path().join("results/latest/journal.ndjson"));
        journal.is_ok_and(|text| {
            text.matches("\"began\"").count() == 3 && text.matches("\"ended\"").count() == 1
        })
    });
    (batch, playing)
}

#[test]
fn the_second_ctrl_c_stops_at_once_and_what_was_finished_is_reported() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (batch, playing) = endless();
        let process = Pid::from_child(&playing);
        let cells = children(playing.id());
        assert_eq!(cells.len(), 2, "{cells:?}");
        kill_process(process, signal).unwrap();
        let told = || fs::read_to_string(batch.path("told")).unwrap();
        wait_until("the wish is heard", || told().contains("Ctrl-C again stops at once"));
        let so_far: Vec<u64> = cells.iter().map(worked).collect();
        wait_until("the first lets what is in flight go on", || {
            cells.iter().zip(&so_far).all(|(cell, so_far)| worked(cell) > *so_far)
        });
        kill_process(process, signal).unwrap();
        let since = Instant::now();
        let ended = Ended::from(playing.wait_with_output().unwrap());
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(told().contains("Ctrl-C again stops at once"), "{}", told());
        assert!(ended.stdout.contains("2 not played: go on with `--resume`"), "{ended:?}");
        assert!(cells.iter().all(|cell| !Path::new(&format!("/proc/{cell}")).exists()), "no cell is left");
        assert_eq!(batch.outcomes().keys().collect::<Vec<_>>(), ["script · duration=5s"]);
        let junit = batch.read("junit.xml");
        assert!(junit.contains("tests=\"3\"") && junit.matches("<skipped").count() == 2, "{junit}");
        assert!(batch.read("summary.md").contains("| script · duration=900000s | not played"));
    }
}
