//! Starting a process for each test, watching it, and collecting what they found.

use super::child::{PAPER, TRAIL};
use super::ended::{Killed, ProcessEnd, is_session_call};
use super::list::{PATIENT, StreamRule, TESTS, Test, named};
use super::trail::last_step;
use super::verdict::{Description, Done, Refused, TestRecord, TestVerdict};
use crate::cores::abi;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How a test's process is started: the test's name and the folder for what it finds → a command.
pub type Start<'a> = dyn Fn(&str, &Path) -> Command + Sync + 'a;

/// The findings of all tests.
#[derive(Debug)]
pub struct CheckReport {
    /// The core, where it could be loaded.
    pub description: Option<Description>,
    /// Every test, in the order of the list.
    pub done: Vec<Done>,
    /// Why there is no core to be checked; then no test says anything.
    pub refused: Option<Refused>,
}

impl CheckReport {
    /// Whether no test failed.
    pub fn holds(&self) -> bool {
        !self.done.iter().any(|done| matches!(done.verdict, TestVerdict::Fails { .. }))
    }
}

/// Limits on a test's process.
#[derive(Debug, Clone, Copy)]
struct ProcessLimits {
    session_call: Duration,
    control_call: Duration,
    whole: Duration,
    resident_bytes: u64,
    jobs: usize,
}

impl ProcessLimits {
    /// A live core connects, starts programs and waits for real answers; and two tests of it at once might get into
    /// each other's way.
    fn of(description: Option<&Description>) -> ProcessLimits {
        let live = description.is_some_and(|core| core.capabilities & abi::SIMULATED == 0);
        let seconds = Duration::from_secs;
        ProcessLimits {
            session_call: seconds(3),
            control_call: if live { seconds(60) } else { seconds(5) },
            whole: if live { seconds(120) } else { seconds(30) },
            resident_bytes: 1 << 30,
            jobs: if live { 1 } else { 2 },
        }
    }
}

/// The tests of these names, or whose names begin with one of them; all without a name.
pub fn selected(names: &[String]) -> Vec<&'static Test> {
    let meant = |test: &Test, name: &String| match named(name) {
        Some(exact) => exact.name == test.name,
        None => test.name.starts_with(name.as_str()),
    };
    TESTS.iter().filter(|test| names.is_empty() || names.iter().any(|name| meant(test, name))).collect()
}

/// Runs these tests, each in a process that `start` starts.
///
/// # Errors
/// A process cannot be started, or there is no place for its files.
pub fn check(tests: &[&'static Test], start: &Start<'_>) -> io::Result<CheckReport> {
    let folder = crate::files::Scratch::new("mqscript-check-")?;
    let mut report = CheckReport { description: None, done: Vec::new(), refused: None };
    // The first test also tells what core it is, on which the limits of all others depend.
    let first = TESTS
        .iter()
        .min_by_key(|test| test.stage)
        .filter(|first| !tests.iter().any(|test| test.name == first.name));
    let first_too: Vec<&'static Test> = first.into_iter().chain(tests.iter().copied()).collect();
    let tests = &first_too[..];
    let mut stages: Vec<u8> = tests.iter().map(|test| test.stage).collect();
    stages.sort_unstable();
    stages.dedup();
    for stage in stages {
        let mut now: Vec<&'static Test> = tests.iter().copied().filter(|test| test.stage == stage).collect();
        now.sort_by_key(|test| !PATIENT.contains(&test.name));
        let failed = report.done.iter().find(|done| matches!(done.verdict, TestVerdict::Fails { .. }));
        if let Some(failed) = failed.map(|done| done.test) {
            let why = format!("nothing more can be said while `{failed}` fails");
            let skipped = |test: &&Test| {
                let verdict = TestVerdict::NotApplicable { why: why.clone() };
                Done { test: test.name, verdict, took: Duration::ZERO }
            };
            report.done.extend(now.iter().map(skipped));
            continue;
        }
        let limits = ProcessLimits::of(report.description.as_ref());
        for (done, paper) in side_by_side(&now, limits, folder.path(), start)? {
            if let Some(paper) = paper {
                report.description = report.description.take().or(paper.description);
                report.refused = report.refused.take().or(paper.refused);
            }
            report.done.push(done);
        }
        if report.refused.is_some() {
            return Ok(report);
        }
    }
    if let Some(first) = first {
        report
            .done
            .retain(|done| done.test != first.name || matches!(done.verdict, TestVerdict::Fails { .. }));
    }
    settle(&mut report);
    report.done.sort_by_key(|done| TESTS.iter().position(|test| test.name == done.test));
    Ok(report)
}

/// A test that was kept from finding anything is not applicable, if another found what was in its way; if none did,
/// it is the one to tell.
fn settle(report: &mut CheckReport) {
    let found = !report.holds();
    for done in &mut report.done {
        if let TestVerdict::Blocked { why } = &done.verdict {
            let why = why.clone();
            done.verdict = match found {
                true => TestVerdict::NotApplicable { why },
                false => {
                    let test = TESTS.iter().find(|test| test.name == done.test);
                    let rule = test.and_then(|test| test.rules.first()).map_or(0, |rule| rule.number());
                    TestVerdict::Fails { rule, seen: why }
                }
            };
        }
    }
}

type Found = (Done, Option<TestRecord>);

fn side_by_side(
    tests: &[&'static Test],
    limits: ProcessLimits,
    folder: &Path,
    start: &Start<'_>,
) -> io::Result<Vec<Found>> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<io::Result<Found>>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..limits.jobs.min(tests.len()) {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = run(test, limits, &folder.join(test.name), start);
                    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().collect()
}

fn run(test: &'static Test, limits: ProcessLimits, folder: &Path, start: &Start<'_>) -> io::Result<Found> {
    std::fs::create_dir(folder)?;
    let began = Instant::now();
    let ended = watch(start(test.name, folder), limits, &folder.join(TRAIL))?;
    let paper: Option<TestRecord> =
        std::fs::read(folder.join(PAPER)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let verdict = match paper.as_ref().map(|paper| (&paper.verdict, test.output)) {
        None => ended.verdict(),
        Some((TestVerdict::Holds, StreamRule::MustBeEmpty)) => ended.verdict_on_output(),
        Some((TestVerdict::Holds, StreamRule::MustEndWell)) => ended.verdict_on_end(),
        Some((verdict, _)) => verdict.clone(),
    };
    Ok((Done { test: test.name, verdict, took: began.elapsed() }, paper))
}

/// Runs a process to its end, or until it breaks a limit.
fn watch(mut command: Command, limits: ProcessLimits, trail: &Path) -> io::Result<ProcessEnd> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What the core starts is of the same group, unless it takes pains.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().map(reading);
    let stderr = child.stderr.take().map(reading);
    let began = Instant::now();
    let mut step = last_step(trail);
    let mut since = began;
    let mut pause = Duration::from_micros(500);
    let mut killed = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        let now = last_step(trail);
        if now != step {
            (step, since) = (now, Instant::now());
        }
        killed = why_to_kill(&child, limits, began.elapsed(), since.elapsed(), step.function.as_deref());
        if killed.is_some() {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(8));
    };
    end_group(&child);
    // What the core has started in a group of its own may hold a pipe open for ever.
    let read = |text: Option<Receiver<String>>| {
        text.and_then(|text| text.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (read(stdout), read(stderr));
    Ok(ProcessEnd { status, killed, stdout, stderr, step: last_step(trail) })
}

/// Ends what a process that is gone has left in its group. Its number is another's only once the group is empty.
#[cfg(unix)]
fn end_group(child: &Child) {
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
}

#[cfg(not(unix))]
fn end_group(_: &Child) {}

fn why_to_kill(
    child: &Child,
    limits: ProcessLimits,
    whole: Duration,
    call: Duration,
    function: Option<&str>,
) -> Option<Killed> {
    let call_limit = function.map(|function| match is_session_call(function) {
        true => limits.session_call,
        false => limits.control_call,
    });
    let resident_bytes = resident_bytes(child.id());
    if call_limit.is_some_and(|limit| call > limit) {
        // On a busy machine even memory is taken slowly.
        let devours = resident_bytes > limits.resident_bytes / 8;
        return Some(if devours { Killed::Memory } else { Killed::Hangs });
    }
    if whole > limits.whole {
        return Some(Killed::Slow);
    }
    (resident_bytes > limits.resident_bytes).then_some(Killed::Memory)
}

fn resident_bytes(process: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// Reads a stream on a thread of its own.
fn reading(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || send.send(beginning(pipe)));
    receive
}

/// The beginning of a stream; the rest is read and forgotten.
fn beginning(mut pipe: impl Read) -> String {
    const KEPT_BYTES: u64 = 64 << 10;
    let mut kept = Vec::new();
    let _ = pipe.by_ref().take(KEPT_BYTES).read_to_end(&mut kept);
    let _ = io::copy(&mut pipe, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(test: &'static str, verdict: TestVerdict) -> Done {
        Done { test, verdict, took: Duration::ZERO }
    }

    #[test]
    fn tests_are_selected_by_their_names_or_by_how_these_begin() {
        let names = |asked: &[&str]| -> Vec<&str> {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            selected(&asked).iter().map(|test| test.name).collect()
        };
        assert_eq!(names(&[]).len(), TESTS.len());
        assert_eq!(names(&["create"]), ["create"]);
        assert_eq!(
            names(&["leaks", "stats"]),
            ["stats", "leaks_memory", "leaks_descriptors", "leaks_threads"]
        );
        assert_eq!(names(&["none_such"]), [""; 0]);
    }

    #[test]
    fn a_test_that_was_blocked_speaks_up_only_where_none_else_does() {
        let blocked = || done("one_outcome", TestVerdict::Blocked { why: "publish failed".into() });
        let fails = || done("status_ok", TestVerdict::Fails { rule: 50, seen: "IO".into() });
        let settled = |all: Vec<Done>| {
            let mut report = CheckReport { description: None, done: all, refused: None };
            settle(&mut report);
            report.done.remove(0).verdict
        };
        assert_eq!(
            settled(vec![blocked(), fails()]),
            TestVerdict::NotApplicable { why: "publish failed".into() }
        );
        let alone = settled(vec![blocked()]);
        assert!(
            matches!(alone, TestVerdict::Fails { rule: 1.., ref seen } if seen == "publish failed"),
            "{alone:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_hangs_dies_or_leaves_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ProcessLimits { whole: Duration::from_millis(80), ..ProcessLimits::of(None) };
        let told = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            match watch(command, limits, &folder.path().join("trail")).unwrap().verdict() {
                TestVerdict::Fails { rule, seen } => (rule, seen),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told("sleep 9"), (40, "it did not come to an end between two calls".to_owned()));
        let (rule, seen) = told("echo ouch >&2; kill -SEGV $$");
        assert_eq!(
            (rule, seen.as_str()),
            (103, "the process died of SIGSEGV between two calls; it said: ouch")
        );
        let panics = "printf 'error: a bug in mqscript 0.1.0: overflow\\n  0: main\\n' >&2; exit 1";
        let seen = told(panics).1;
        assert!(seen.ends_with("; it said: error: a bug in mqscript 0.1.0: overflow"), "{seen}");
        let panics = "printf \"thread 'x' panicked at a.rs:1:\\nno such file\\nframes\\n\" >&2; exit 101";
        let seen = told(panics).1;
        assert!(seen.ends_with("; it said: thread 'x' panicked at a.rs:1: no such file"), "{seen}");
        assert!(told("exit 3").1.starts_with("the process was ended with code 3"));
    }
}
