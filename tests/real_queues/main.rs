//! The glue for queue libraries in `plugins/exec/examples/processors/`, against the libraries themselves: celery, rq, huey,
//! dramatiq, persist-queue and `queue.Queue`, and a redis-server of their own. Whole runs by the program, as the guide
//! shows them.

mod redis;

use redis::Redis;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use support::program::{command, folder};
use support::python::{done, environment, skipped};

/// So many runs go on at once: they mostly wait.
const SIDE_BY_SIDE: usize = 5;
/// Messages of four agents to each other. What the processor may have taken is not handed over again: whether that makes a
/// repetition is not what is asked.
const SCRIPT: &str = r#"
run(scenario(#{
    agents: 4, arrival: param("rate", "4/s", "each agent's"), mix: ["direct"], duration: param("lasts", "3s", "the load"),
    processor: #{ retry: #{ attempts: 9, backoff: "100ms", on: ["refused"] } },
}));
"#;

/// The folder of a virtual environment's programs, with the libraries in it.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real_queues");
    let made = PYTHON.get_or_init(|| environment(&place, &requirements()));
    match made {
        Ok(bin) if done(Command::new("redis-server").arg("--version")).is_ok() => Some(bin),
        Ok(_) => {
            skipped("there is no redis-server here");
            None
        }
        Err(why) => {
            skipped(why);
            None
        }
    }
}

fn requirements() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/requirements.txt")
}

/// A glue file, and constants at its top that are set otherwise.
#[derive(Debug, Clone, Copy)]
struct Glue {
    file: &'static str,
    set: &'static [(&'static str, &'static str)],
}

/// As the file stands.
const fn plain(file: &'static str) -> Glue {
    Glue { file, set: &[] }
}

impl Glue {
    /// The file, in this folder if it is to differ.
    fn path(&self, place: &Path) -> PathBuf {
        let name = format!("{}.py", self.file);
        let shipped =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/exec/examples/processors").join(&name);
        if self.set.is_empty() {
            return shipped;
        }
        let mut text = fs::read_to_string(shipped).unwrap();
        for (constant, value) in self.set {
            let start = format!("{constant} = ");
            let of_it = |line: &&str| line.starts_with(&start);
            assert_eq!(text.lines().filter(of_it).count(), 1, "{name} has one line `{start}…`");
            let changed =
                |line: &str| if of_it(&line) { format!("{start}{value}\n") } else { format!("{line}\n") };
            text = text.lines().map(changed).collect();
        }
        let path = place.join(&name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// How a run ended.
struct Played {
    code: i32,
    run: Value,
}

impl Played {
    fn copies(&self, name: &str) -> u64 {
        self.run["ledger"]["copies"][name]
            .as_u64()
            .unwrap_or_else(|| panic!("copies.{name}: {}", self.shown()))
    }

    /// What the test is about.
    fn shown(&self) -> String {
        let run = &self.run;
        format!("exit {}, {}, {}", self.code, run["ledger"], run["core"]["stats"]["exec"])
    }

    fn stat(&self, name: &str) -> u64 {
        self.run["core"]["stats"]["exec"][name].as_u64().unwrap_or_else(|| panic!("{name}: {}", self.shown()))
    }
}

/// Plays a glue file, and sees to it that nothing of it is left.
fn play(glue: Glue, bin: &Path, more: &[&str]) -> Result<Played, String> {
    let redis = glue.file.ends_with("_redis").then(|| Redis::start(&[]));
    play_with(redis.as_ref(), glue, bin, more)
}

fn play_with(redis: Option<&Redis>, glue: Glue, bin: &Path, more: &[&str]) -> Result<Played, String> {
    let (place, temporary) = (folder(), folder());
    let script = place.path().join("load.rhai");
    fs::write(&script, SCRIPT).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let url = format!("redis://127.0.0.1:{}/0", redis.map_or(0, |redis| redis.port));
    let mark = format!("{}-{}", std::process::id(), place.path().display());
    let mut run = command(&["run", "--quiet", "--format", "json"]);
    run.arg(&script).arg("--processor").arg(glue.path(place.path())).args(more);
    run.env("PATH", path).env("REDIS_URL", url).env("TMPDIR", temporary.path());
    run.env("PYTHONDONTWRITEBYTECODE", "1").env("MQSCRIPT_TEST_MARK", &mark);
    let output = run.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{}, no report: {told}", output.status))?;
    let left = nothing_left(&mark).err().into_iter().chain(
        fs::read_dir(temporary.path())
            .unwrap()
            .map(|entry| format!("{} is left behind", entry.unwrap().path().display())),
    );
    match left.collect::<Vec<_>>().join("; ") {
        left if left.is_empty() => {
            let code = output.status.code().ok_or("killed by a signal")?;
            Ok(Played { code, run: report["runs"][0].clone() })
        }
        left => Err(left),
    }
}

/// No process of the run lives on. A child that rq has forked for a job may end the job first.
fn nothing_left(mark: &str) -> Result<(), String> {
    let marked = |entry: fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let has = environment.split(|byte| *byte == 0).any(|pair| pair.ends_with(mark.as_bytes()));
        has.then(|| {
            String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).unwrap_or_default()).into_owned()
        })
    };
    let begun = Instant::now();
    loop {
        let Ok(processes) = fs::read_dir("/proc") else { return Ok(()) };
        let left: Vec<String> = processes.flatten().filter_map(marked).collect();
        if left.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            return Err(format!("left behind: {left:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Does the same with each, several side by side; what is wrong with some of them fails the test.
#[track_caller]
fn with_each<T: Sync>(all: &[T], one: impl Fn(&T) -> Result<(), String> + Sync) {
    // Processes that wait for a processor start late, and kills come at their times.
    static ONE_TEST: Mutex<()> = Mutex::new(());
    let _others_wait = ONE_TEST.lock().unwrap_or_else(PoisonError::into_inner);
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(item) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = one(item) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All but celery's filesystem broker: its worker may read a message before it is written, and ends then.
const SOUND: [Glue; 7] = [
    plain("celery_redis"),
    plain("rq_redis"),
    plain("dramatiq_redis"),
    plain("huey_redis"),
    plain("huey_sqlite"),
    plain("persist_queue"),
    plain("queue_queue"),
];

/// The injected core fails a fifth of the calls: every library tries again, by what its glue asks it to do.
#[test]
fn every_sound_queue_delivers_each_message_once_and_nothing_is_left_of_it() {
    let Some(bin) = python() else { return };
    with_each(&SOUND, |glue| {
        let played = play(*glue, bin, &["--success-rate", "0.8", "--drain", "20s", "--linger", "500ms"])
            .map_err(|why| format!("{}: {why}", glue.file))?;
        let run = &played.run;
        let (expected, received) = (played.copies("expected"), played.copies("received"));
        let odd: u64 = ["lost", "duplicated", "recovered", "unexpected", "unstamped", "given_up"]
            .iter()
            .map(|class| run["ledger"]["copies"][class].as_u64().unwrap_or(0))
            .sum();
        let right = played.code == 0
            && run["valid"] == true
            && run["ledger"]["generated"].as_u64() == Some(expected)
            && (expected, odd) == (received, 0)
            && expected > 30
            && played.stat("sent") == expected
            && played.stat("failed_calls") > 0
            && run["ledger"]["copies"]["altered"].as_object().is_none_or(serde_json::Map::is_empty);
        right.then_some(()).ok_or_else(|| format!("{}: {}", glue.file, played.shown()))
    });
}

/// What becomes of messages when all processes of a library are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// What was in hand is lost, and nothing comes twice.
    Loses,
    /// Nothing is lost; what was in hand may come twice.
    Repeats,
    /// What was in hand may come twice. A message that the worker has taken out of Redis and not yet noted there as taken
    /// is lost: not more than one at each kill.
    RepeatsOrMissesOne,
    /// Not more is missing than may have been in hand: so many messages at each kill.
    MissesAtMost(u64),
}

const KILLED: [(Glue, Promise); 12] = [
    (plain("celery_redis"), Promise::Loses),
    (
        Glue {
            file: "celery_redis",
            set: &[
                ("ACKS_LATE", "True"),
                ("VISIBILITY_TIMEOUT", "3"),
                ("RESTORE_INTERVAL", "1"),
                ("RESTORE_THROTTLE", "1"),
                ("MUTEX_EXPIRE", "2"),
            ],
        },
        Promise::RepeatsOrMissesOne,
    ),
    (plain("celery_filesystem"), Promise::Loses),
    (Glue { file: "dramatiq_redis", set: &[("PROCESSES", "\"1\"")] }, Promise::Loses),
    (
        Glue {
            file: "dramatiq_redis",
            set: &[
                ("PROCESSES", "\"1\""),
                ("HEARTBEAT_TIMEOUT", "2_000"),
                ("MAINTENANCE_CHANCE", "1_000_000"),
            ],
        },
        Promise::Repeats,
    ),
    (plain("rq_redis"), Promise::MissesAtMost(2)),
    (Glue { file: "rq_redis", set: &[("WORKER_CLASS", "\"rq.SimpleWorker\"")] }, Promise::Loses),
    (plain("huey_redis"), Promise::Loses),
    (plain("huey_sqlite"), Promise::Loses),
    (plain("persist_queue"), Promise::Repeats),
    (Glue { file: "persist_queue", set: &[("AUTO_RESUME", "False")] }, Promise::Loses),
    (plain("queue_queue"), Promise::Loses),
];

/// The table in the guide: six kills of everything but the broker. A call takes 100 to 200 ms, so that something is in
/// hand.
#[test]
fn six_kills_tell_the_queues_apart_as_their_documentation_does() {
    let Some(bin) = python() else { return };
    with_each(&KILLED, |(glue, promise)| {
        // So many milliseconds, on average: the next life must come to work before it ends.
        let every = match glue.file {
            "persist_queue" | "queue_queue" => 1_500,
            "huey_redis" | "huey_sqlite" => 2_000,
            _ => 4_000,
        };
        // rq forks for each job.
        let rate = if glue.file == "rq_redis" { "1/s" } else { "4/s" };
        let lasts = format!("{}ms", every * 13 / 2);
        let drain = match promise {
            Promise::Loses => "8s",
            Promise::Repeats | Promise::RepeatsOrMissesOne => "20s",
            Promise::MissesAtMost(_) => "8s",
        };
        let kills = format!("faults.kill.every={every}ms");
        let options = [
            "--core-option",
            "mock.latency=100ms..200ms",
            "--core-option",
            "mock.success_rate=1",
            "--core-option",
        ];
        let more = [
            &options[..],
            &[kills.as_str(), "--rate", rate, "--lasts", &lasts, "--drain", drain, "--linger", "1s"],
        ]
        .concat();
        let said = |what: String| format!("{} {:?}: {what}", glue.file, glue.set);
        let played = play(*glue, bin, &more).map_err(said)?;
        let [expected, received, lost, duplicated] =
            ["expected", "received", "lost", "duplicated"].map(|class| played.copies(class));
        let kills = played.stat("fault_kills");
        println!(
            "{} {:?}: {kills} kills, {expected} expected, {received} received, {lost} lost, {duplicated} repeated, exit {}",
            glue.file, glue.set, played.code
        );
        let as_promised = match promise {
            Promise::Loses => lost > 0 && duplicated == 0 && played.code == 8,
            Promise::Repeats => lost == 0 && played.code == 0,
            Promise::RepeatsOrMissesOne => lost <= kills && played.code == if lost == 0 { 0 } else { 8 },
            Promise::MissesAtMost(each) => lost <= kills * each && duplicated == 0,
        };
        // A kill that finds nothing ready is none; on a busy machine that happens.
        let right = as_promised && (3..=6).contains(&kills) && received > 20;
        right.then_some(()).ok_or_else(|| said(format!("not {promise:?}: {}", played.shown())))
    });
}

/// Redis itself is killed while messages wait in it: they come back only if it keeps a log (`appendonly`).
#[test]
fn what_waits_is_as_durable_as_redis_is() {
    let Some(bin) = python() else { return };
    let kinds: [(&[&str], bool); 2] = [(&["--appendonly", "yes"], true), (&["--appendonly", "no"], false)];
    with_each(&kinds, |(settings, keeps)| {
        let options = ["--core-option", "mock.latency=100ms..200ms", "--core-option", "mock.success_rate=1"];
        let more =
            [&options[..], &["--rate", "12/s", "--lasts", "5s", "--drain", "4s", "--linger", "1s"]].concat();
        let redis = Redis::start(settings);
        let played = std::thread::scope(|scope| {
            scope.spawn(|| redis.killed_when_it_holds(30));
            play_with(Some(&redis), plain("huey_redis"), bin, &more)
        })?;
        let lost = played.copies("lost");
        println!("huey_redis, {settings:?}: {} expected, {lost} lost", played.copies("expected"));
        // With the log, what a worker of four was just fetching.
        let right = if *keeps { lost <= 4 } else { lost > 10 };
        right.then_some(()).ok_or_else(|| format!("{settings:?}: {}", played.shown()))
    });
}
