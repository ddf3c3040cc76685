//! The exec core against a bare Python loop that decodes and encodes the same JSON, on the same number of processes.
//!
//! `cargo bench --bench exec` prints, for each round, messages a second through the core with the Python adapter,
//! messages a second of the bare loop over the same lines, and the ratio. The two are measured in turns. Then the same for a
//! processor under test, from the hand-over of messages to the copies that come back; the bare loop there speaks over sockets, as
//! the adapter does. A word after `--` picks `send` or `processor`.

use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::chain;
use support::pump::{CONTENT, pump, pump_round, stamp};
use support::queue::config;

/// Messages of one measurement.
const MESSAGES: u64 = 200_000;
/// Messages of one hand-over.
const BATCH: usize = 128;
/// Messages without an answer, at each process.
const WINDOW: usize = 1024;
const ROUNDS: usize = 5;
/// Messages of one measurement of a processor.
const ROUND_MESSAGES: u64 = 100_000;

/// A file of this folder.
fn peer(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name).to_str().unwrap().to_owned()
}

/// Messages a second through the core.
fn through_the_core(processes: usize) -> f64 {
    let options =
        json!({ "command": ["python3", peer("exec_core.py")], "workers": processes, "window": WINDOW });
    let mut running = chain::start(&[chain::request("exec", options)], config(7, false)).unwrap();
    let (session, services, out) = (&mut running.session, &running.services, &mut running.out);
    let rate = pump(session, services, out, MESSAGES, BATCH);
    running.session.close().unwrap();
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
    rate
}

/// The lines that a process gets; the same as the core writes.
fn lines(count: u64) -> String {
    let mut lines = String::new();
    for token in 1..=count {
        let stamp = String::from_utf8(stamp(token).encode().to_vec()).unwrap();
        let line = json!({
            "id": token.to_string(), "attempt": 1, "stamp": stamp, "priority": "regular", "sender": "Agent-1",
            "recipient": "Agent-2", "message_type": "ONBOARDING", "tags": ["SYSTEM", "ONBOARDING"],
            "metadata": { "step": "3" }, "content": CONTENT
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}

/// Messages a second of bare loops, side by side.
fn bare(file: &Path, processes: usize) -> f64 {
    let start_one = || {
        let mut command = Command::new("python3");
        command.args([&peer("exec_bare.py"), file.to_str().unwrap()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3")
    };
    let mut children: Vec<_> = (0..processes).map(|_| start_one()).collect();
    let mut outputs: Vec<_> =
        children.iter_mut().map(|child| BufReader::new(child.stdout.take().unwrap())).collect();
    let mut heard = |expected: &str| {
        for output in &mut outputs {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            assert_eq!(line.trim(), expected);
        }
    };
    heard("ready");
    let start = Instant::now();
    children.iter_mut().for_each(|child| child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap());
    heard("done");
    let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
    children.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    rate
}

fn compare(processes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.jsonl");
    std::fs::write(&file, lines(MESSAGES / processes as u64)).unwrap();
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (core, bare) = (through_the_core(processes), bare(&file, processes));
        ratios.push(core / bare);
        println!(
            "{processes} processes, round {round}: core {core:.0}/s, bare {bare:.0}/s, ratio {:.2}",
            core / bare
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("{processes} processes: median ratio {:.2}", ratios[ROUNDS / 2]);
}

/// Messages a second through a processor, from the hand-over to the copy.
fn through_a_processor() -> f64 {
    let options = json!({
        "command": ["python3", peer("exec_processor.py")], "mode": "processor", "window": WINDOW,
        "mock": { "latency": 0, "success_rate": 1 },
    });
    let mut running = chain::start(&[chain::request("exec", options)], config(7, true)).unwrap();
    let (session, services, out) = (&mut running.session, &running.services, &mut running.out);
    let rate = pump_round(session, services, out, ROUND_MESSAGES, BATCH);
    running.session.close().unwrap();
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
    rate
}

/// Messages a second of the bare loop over sockets.
fn bare_processor(folder: &Path) -> f64 {
    let path = folder.join("socket");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let lines = lines(ROUND_MESSAGES);
    let mut command = Command::new("python3");
    command.args([&peer("exec_bare_processor.py"), path.to_str().unwrap()]);
    let mut child = command.spawn().expect("python3");
    let (mut feed, _) = listener.accept().unwrap();
    let (calls, _) = listener.accept().unwrap();
    let start = Instant::now();
    let answers = feed.try_clone().unwrap();
    let count =
        |stream| BufReader::new(stream).lines().map_while(Result::ok).take(ROUND_MESSAGES as usize).count();
    let answered = std::thread::spawn(move || count(answers));
    let fed = std::thread::spawn(move || {
        feed.write_all(lines.as_bytes()).and_then(|()| feed.shutdown(Shutdown::Write))
    });
    assert_eq!(count(calls), ROUND_MESSAGES as usize);
    assert_eq!(answered.join().unwrap(), ROUND_MESSAGES as usize);
    let rate = ROUND_MESSAGES as f64 / start.elapsed().as_secs_f64();
    fed.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    rate
}

fn compare_processors() {
    let folder = tempfile::tempdir().unwrap();
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (core, bare) = (through_a_processor(), bare_processor(folder.path()));
        ratios.push(core / bare);
        println!("processor, round {round}: core {core:.0}/s, bare {bare:.0}/s, ratio {:.2}", core / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("processor: median ratio {:.2}", ratios[ROUNDS / 2]);
}

fn main() {
    let picked = |name: &str| {
        let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
        words.peek().is_none() || words.any(|word| word == name)
    };
    if picked("send") {
        [1, 2].into_iter().for_each(compare);
    }
    if picked("processor") {
        compare_processors();
    }
}
