//! `--real`: the bundled scripts through a queue that truly delivers, on the wall clock.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::program::{command, folder, mqscript};

/// Runs a script and gives the only run of its results.
#[track_caller]
fn run(arguments: &[&str]) -> Value {
    let ended = mqscript(&[&["run", "--format", "json", "--quiet"], arguments].concat());
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    report["runs"][0].clone()
}

/// A scenario that ends with its last message, and is not measured against a clock.
const HUNDRED: &str = r#"
    run(scenario(#{
        agents: 9,
        arrival: all_at_once(),
        messages_per_agent: 100,
        mix: #{ direct: 80, broadcast: 20 },
        processor: #{ workers: 64 },
        receive: RECEIVE,
    }));
"#;

fn script(folder: &Path, receive: &str) -> String {
    let path = folder.join(format!("{receive}.rhai"));
    fs::write(&path, HUNDRED.replace("RECEIVE", receive)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_bundled_script_runs_on_the_real_core_as_it_is() {
    let ended =
        mqscript(&["run", "scripts/nine_agents.rhai", "--real", "--duration", "2", "--set", "warm_up=0"]);
    // Whether the checks on times hold is the machine's affair; every message is accounted for.
    assert!([0, 7, 9].contains(&ended.code), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("sqlite") && ended.stdout.contains("wall clock"), "{}", ended.stdout);
    assert!(ended.stdout.contains("✓ success_rate >= 99.9%"), "{}", ended.stdout);
    assert!(ended.stdout.contains("mqscript run scripts/nine_agents.rhai --real"), "{}", ended.stdout);
}

#[test]
fn every_message_is_accounted_for_from_end_to_end() {
    let folder = folder();
    let run = run(&[&script(folder.path(), "true"), "--real"]);
    assert_eq!((&run["clock"], &run["core"]["id"]), (&json!("wall"), &json!("sqlite")));
    assert_eq!((&run["valid"], &run["ledger"]["balanced"]), (&json!(true), &json!(true)));
    assert_eq!((&run["ledger"]["generated"], &run["ledger"]["delivered"]), (&json!(900), &json!(900)));
    let stats = &run["core"]["stats"]["sqlite"];
    assert_eq!((&stats["stored"], &stats["left"]), (&json!(900), &json!(0)));
    assert_eq!(stats["copies"], stats["acknowledged"]);
    // A broadcast has a copy for each of the eight others.
    let broadcasts = run["by_type"]["broadcast"]["delivered"].as_u64().unwrap();
    assert_eq!(stats["copies"].as_u64(), Some(900 + 7 * broadcasts), "{stats}");
    assert!(!Path::new(stats["file"].as_str().unwrap()).exists(), "it was temporary");
}

#[test]
fn a_later_run_drains_the_file_of_an_earlier_one() {
    let folder = folder();
    let file = folder.path().join("queue.db");
    let path = format!("path={}", file.display());
    let first = run(&[&script(folder.path(), "false"), "--real", "--core-option", &path]);
    assert_eq!(first["core"]["stats"]["sqlite"]["left"], json!(900));
    // A run ends when its own messages are accounted for; what is left then is the next one's.
    let arguments = [&script(folder.path(), "true"), "--real=sqlite", "--core-option", &path];
    let mut left = 900;
    for _ in 0..10 {
        let later = run(&arguments);
        assert_eq!(later["ledger"]["delivered"], json!(900));
        left = later["core"]["stats"]["sqlite"]["left"].as_u64().unwrap();
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0);
}

#[test]
fn pure_runs_refuse_it() {
    let ended = mqscript(&["run", "--real", "--pure"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    assert!(
        ended.stderr.contains("`sqlite` is not pure") && ended.stderr.contains("TOUCHES_FILES"),
        "{ended:?}"
    );
    let ended = mqscript(&["run", "--real", "--clock", "virtual"]);
    assert_eq!(ended.code, 6);
    assert!(ended.stderr.contains("`sqlite` is not simulated"), "{ended:?}");
}

#[test]
fn real_and_core_contradict_each_other() {
    let ended = mqscript(&["run", "--real", "--core", "mock"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    assert!(ended.stderr.contains("--real") && ended.stderr.contains("--core"), "{ended:?}");
}

#[test]
fn a_file_that_is_no_queue_is_told_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "these are my notes, not a queue\n".repeat(100)).unwrap();
    let path = format!("path={}", file.display());
    let ended = mqscript(&["run", "--real", "--core-option", &path]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    for part in ["notes.txt is not an SQLite database", "refuses its options", "mqscript core info sqlite"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(fs::read_to_string(&file).unwrap().starts_with("these are my notes"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing is left beside it");
}

#[test]
fn it_is_listed_as_live() {
    let ended = mqscript(&["core", "list"]);
    let line = ended.stdout.lines().find(|line| line.starts_with("sqlite ")).expect("a line for it");
    assert!(line.contains("live"), "{line}");
    let ended = mqscript(&["core", "info", "sqlite"]);
    for part in
        ["DURABLE", "TOUCHES_FILES", "visibility_timeout = 30s", "synchronous = normal", "normal | full"]
    {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn what_the_core_has_to_say_is_told() {
    let folder = folder();
    let script = script(folder.path(), "false");
    let mut command = command(&["run", &script, "--real", "--core-option", "keep=true"]);
    let ended: support::program::Ended = command.env("TMPDIR", folder.path()).output().unwrap().into();
    assert_eq!(ended.code, 0, "{ended:?}");
    let note = ended.stderr.lines().find(|line| line.starts_with("note: core `sqlite`: the queue stays in "));
    let file = note.expect("a note").rsplit_once(' ').unwrap().1;
    assert!(Path::new(file).starts_with(folder.path()) && Path::new(file).is_file(), "{file}");
}

/// Spins on every processor until it is dropped, as programs of others do.
struct OthersAtWork {
    over: std::sync::Arc<std::sync::atomic::AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl OthersAtWork {
    fn begin() -> OthersAtWork {
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let spin = |_| {
            let over = over.clone();
            // At most two minutes, should the test not come to its end.
            let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
            std::thread::spawn(move || {
                while !over.load(std::sync::atomic::Ordering::Relaxed) && std::time::Instant::now() < end {
                    (0..1_000).for_each(|_| std::hint::spin_loop());
                }
            })
        };
        let threads = (0..processors).map(spin).collect();
        OthersAtWork { over, threads }
    }
}

impl Drop for OthersAtWork {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| _ = thread.join());
    }
}

/// The live commands of the README. Only where the machine gave others so much that a promise of nine_agents (a p99 of less
/// than 100 ms) cannot be told from its lag, the run is undecided; it never fails, and nothing is "not produced".
#[test]
fn live_runs_end_well_on_a_machine_that_others_use() {
    let _others = OthersAtWork::begin();
    let ended = mqscript(&["run", "real_and_mock"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    for arguments in
        [&["run", "--real", "--duration", "5"][..], &["run", "--compare=mock,sqlite", "--duration", "5"]]
    {
        let ended = mqscript(arguments);
        let told = format!("{arguments:?}\n{}\n{}", ended.stdout, ended.stderr);
        assert!(!ended.stdout.contains("generator-limited"), "{told}");
        match ended.code {
            0 => {}
            9 => assert!(ended.stdout.contains(" undecided: messages were sent up to "), "{told}"),
            _ => panic!("{told}"),
        }
    }
}

/// One message a second whose callback takes its time: so much it is sent late, and then delivered in a millisecond.
fn late_by_its_callback(folder: &Path, name: &str, more: &str) -> String {
    let path = folder.join(name);
    let text = format!(
        "fn slow(me) {{ let n = 0; for i in 0..100000 {{ n += i; }} \"direct\" }}\n\
         run(scenario(#{{ agents: [#{{ name: \"a\", count: 2, next: slow, arrival: constant(\"1/s\") }}], \
         mix: [\"direct\"], duration: \"3s\", clock: \"wall\", {more} }}), \
         core(\"mock\", #{{ latency: \"1ms\", success_rate: 1 }}));"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_check_that_lag_could_have_turned_is_undecided_and_no_other() {
    let folder = folder();
    let played = |name: &str, more: &str| {
        let script = late_by_its_callback(folder.path(), name, more);
        let ended = mqscript(&["run", &script, "--format", "json", "--quiet"]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        (ended.code, report["runs"][0].clone(), script)
    };
    // Without lag it is 1 ms, with it at least 2: the callback takes that long on any machine.
    let (code, run, script) = played("turned.rhai", "checks: [\"total.p50 < 2ms\", \"delivery.p99 < 5s\"]");
    assert_eq!(code, 9, "{run}");
    let added = run["without_lag"]["added"]["p50_ns"].as_u64().unwrap();
    assert!(added > 1_000_000, "{added}");
    assert_eq!(run["without_lag"]["total"]["p50_ns"], json!(1_000_000), "{}", run["without_lag"]);
    let check = &run["checks"][0];
    assert!(check["undecided"].as_str().unwrap().starts_with("messages were sent up to "), "{check}");
    assert!(check["seen"].as_str().unwrap().ends_with(", or 1.00 ms without the lag"), "{check}");
    assert_eq!(run["checks"][1].get("undecided"), None, "{run}");
    assert_eq!(run["warnings"][0]["kind"], json!("sent_late"), "{}", run["warnings"]);
    let told = mqscript(&["run", &script]).stdout;
    assert!(told.contains("? 1 of 2 checks is undecided: messages were sent up to "), "{told}");
    assert!(told.contains("? total.p50 < 2ms"), "{told}");

    // What lag cannot have turned is decided, either way.
    let (code, run, _) = played("holds.rhai", "checks: [\"total.p99 < 20s\", \"total.p50 > 0.5ms\"]");
    assert_eq!(code, 0, "{run}");
    let (code, run, _) = played("fails.rhai", "checks: [\"total.p50 < 0.5ms\"]");
    assert_eq!(code, 7, "{run}");
    assert_eq!(run["checks"][0].get("undecided"), None, "{run}");

    // The strict rule takes the place of it all.
    let (code, run, _) = played("strict.rhai", "max_schedule_lag: \"1ms\", checks: [\"total.p50 > 1ms\"]");
    assert_eq!((code, run.get("without_lag")), (9, None), "{run}");
    assert_eq!(run["warnings"][0]["kind"], json!("generator_limited"), "{}", run["warnings"]);
    let (code, run, _) = played("lax.rhai", "max_schedule_lag: \"20s\", checks: [\"total.p50 < 2ms\"]");
    assert_eq!(code, 7, "{run}");
}

/// A load that the machine cannot produce is told as such, with how much of it was late.
#[test]
fn a_load_that_was_not_produced_is_not_called_in_time() {
    let folder = folder();
    let path = folder.path().join("too_much.rhai");
    let text = "fn slow(me) { let n = 0; for i in 0..200000 { n += i; } \"direct\" }\n\
                run(scenario(#{ agents: [#{ name: \"a\", count: 9, next: slow, arrival: \"20/s\" }], mix: [\"direct\"], \
                duration: \"500ms\", clock: \"wall\" }), core(\"mock\", #{ success_rate: 1 }));";
    fs::write(&path, text).unwrap();
    let ended = mqscript(&["run", path.to_str().unwrap()]);
    assert_eq!(ended.code, 9, "{}\n{}", ended.stdout, ended.stderr);
    let head = "? generator-limited: this machine could not produce the load: ";
    assert!(ended.stdout.contains(head), "{}", ended.stdout);
    assert!(!ended.stdout.contains("100.0 %"), "{}", ended.stdout);
}
