//! `--real`: the bundled scripts through a queue that truly delivers, on the wall clock.

mod cli_support;

use cli_support::{command, folder, mqscript};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

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
    for part in ["notes.txt is not an SQLite database", "CONFIG", "mqscript core info sqlite"] {
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
    let ended: cli_support::Ended = command.env("TMPDIR", folder.path()).output().unwrap().into();
    assert_eq!(ended.code, 0, "{ended:?}");
    let note = ended.stderr.lines().find(|line| line.starts_with("note: core `sqlite`: the queue stays in "));
    let file = note.expect("a note").rsplit_once(' ').unwrap().1;
    assert!(Path::new(file).starts_with(folder.path()) && Path::new(file).is_file(), "{file}");
}
