//! `mqscript run` as its users meet it: results, files, streams, exit codes.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
#[cfg(unix)]
use support::place::names_in;
use support::processes::{kill, until_written, wait_until};
use support::program::{Ended, command, folder, mqscript};

/// A short script, so that tests do not wait.
const SHORT: &str = r#"run(scenario(#{
    agents: 3,
    arrival: poisson("20/s"),
    mix: ["direct", "broadcast"],
    duration: "5s",
    processor: #{ workers: 4, retry: #{ attempts: 3 } },
    checks: ["success_rate > 50%"],
}));
"#;

fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("script.rhai");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
fn expect(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "stdout:\n{}\nstderr:\n{}", ended.stdout, ended.stderr);
}

#[test]
fn the_main_job_runs_without_a_word() {
    let ended = mqscript(&["run"]);
    expect(&ended, 0);
    for part in ["nine agents", "✓ valid", "9 agents × 30/s", "simulated in", "mqscript run --seed 1"] {
        assert!(ended.stdout.contains(part), "{part}:\n{}", ended.stdout);
    }
    assert_eq!(ended.stderr, "", "a short run says nothing on the way");
}

#[test]
fn slow_rates_and_long_times_have_units_that_fit() {
    let folder = folder();
    let text = r#"run(scenario(#{
        agents: 1, arrival: constant("1/h"), mix: ["direct"], duration: "10h", checks: ["generated <= 1296"],
    }));"#;
    let ended = mqscript(&["run", &script(folder.path(), text)]);
    expect(&ended, 0);
    assert!(ended.stdout.contains("offered    1/h (1 agent × 1/h) over 10 h"), "{}", ended.stdout);
    let agent = ended.stdout.lines().find(|line| line.starts_with("  Agent")).unwrap();
    assert!(agent.contains(" h ") && agent.ends_with(" m"), "{agent}");
    assert!(!ended.stdout.contains(" 0/s"), "{}", ended.stdout);
}

#[test]
fn the_summary_has_no_colours_unless_a_terminal_reads_it() {
    let folder = folder();
    let script = script(folder.path(), SHORT);
    assert!(!mqscript(&["run", &script]).stdout.contains('\x1b'));
    let forced = command(&["run", &script]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(Ended::from(forced).stdout.contains('\x1b'));
    let refused =
        command(&["run", &script]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!Ended::from(refused).stdout.contains('\x1b'), "NO_COLOR wins");
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let folder = folder();
    let ended = mqscript(&["run", &script(folder.path(), SHORT), "--format", "json"]);
    expect(&ended, 0);
    let report: Value = serde_json::from_str(&ended.stdout).expect("exactly one document");
    assert_eq!(report["format"], "mqscript.report/1");
    let run = &report["runs"][0];
    assert_eq!((run["seed"].as_u64(), run["clock"].as_str()), (Some(1), Some("virtual")));
    assert_eq!(run["checks"][0]["holds"], true);
    assert!(run["ledger"]["generated"].as_u64() > Some(100), "{}", run["ledger"]);
}

#[test]
fn the_same_seed_gives_the_same_results() {
    let folder = folder();
    let script = script(folder.path(), SHORT);
    let digest = |arguments: &[&str]| {
        let ended = mqscript(&[&["run", &script, "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        (
            report["runs"][0]["digest"].as_str().unwrap().to_owned(),
            report["runs"][0]["seed"].as_u64().unwrap(),
        )
    };
    assert_eq!(digest(&["--seed", "7"]), digest(&["-s", "7"]));
    assert_ne!(digest(&["--seed", "7"]).0, digest(&["--seed", "8"]).0);
    assert_ne!(digest(&["--seed", "random"]).1, digest(&["--seed", "random"]).1);
}

#[test]
fn the_seed_comes_from_the_environment_unless_a_flag_says_otherwise() {
    let folder = folder();
    let script = script(folder.path(), SHORT);
    let with = |arguments: &[&str]| {
        let arguments = [&["run", script.as_str()], arguments].concat();
        Ended::from(command(&arguments).env("MQSCRIPT_SEED", "42").output().unwrap()).stdout
    };
    assert!(with(&[]).contains("seed 42"));
    assert!(with(&["--seed", "7"]).contains("seed 7"));
}

#[test]
fn results_and_events_are_saved() {
    let folder = folder();
    let script = script(folder.path(), SHORT);
    let (results, events) = (folder.path().join("results.json"), folder.path().join("events.ndjson"));
    let ended = mqscript(&[
        "run",
        &script,
        "-o",
        results.to_str().unwrap(),
        "--events",
        events.to_str().unwrap(),
        "--seed",
        "3",
    ]);
    expect(&ended, 0);
    assert_eq!(names_in(folder.path()), ["events.ndjson", "results.json", "script.rhai"]);
    let repeat = ended.stdout.lines().find(|line| line.contains("repeat")).unwrap();
    assert!(repeat.ends_with(&format!("mqscript run {script} --seed 3")), "{repeat}");

    let report: Value = serde_json::from_str(&fs::read_to_string(&results).unwrap()).unwrap();
    let ledger = &report["runs"][0]["ledger"];
    let text = fs::read_to_string(&events).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len() as u64, ledger["generated"].as_u64().unwrap());
    let delivered = events.iter().filter(|event| event["outcome"] == "delivered").count();
    assert_eq!(delivered as u64, ledger["delivered"].as_u64().unwrap());
    for event in &events {
        for field in ["content", "sender", "recipient", "message_type", "priority", "tags", "metadata"] {
            assert!(!event[field].is_null(), "{field}: {event}");
        }
        assert!(event["intended_ns"].as_u64() <= event["first_accepted_ns"].as_u64(), "{event}");
        assert!(event["last_accepted_ns"].as_u64() <= event["ended_ns"].as_u64(), "{event}");
    }
    let mut identities: Vec<(&str, u64)> = events
        .iter()
        .map(|event| (event["agent"].as_str().unwrap(), event["sequence"].as_u64().unwrap()))
        .collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), events.len(), "every message has an identity of its own");
}

#[test]
fn events_say_which_run_they_belong_to() {
    let folder = folder();
    let twice = format!("{SHORT}{SHORT}");
    let events = folder.path().join("events.ndjson");
    expect(&mqscript(&["run", &script(folder.path(), &twice), "--events", events.to_str().unwrap()]), 0);
    let text = fs::read_to_string(&events).unwrap();
    let runs: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["run"].as_u64().unwrap())
        .collect();
    assert!(runs.contains(&0) && runs.contains(&1) && runs.is_sorted());
}

#[test]
fn an_existing_file_is_refused_before_the_run() {
    let folder = folder();
    let script = script(folder.path(), SHORT);
    let path = folder.path().join("results.json");
    fs::write(&path, "precious").unwrap();
    for flag in ["--output", "--events"] {
        let ended = mqscript(&["run", &script, flag, path.to_str().unwrap()]);
        expect(&ended, 2);
        assert!(
            ended.stderr.contains("already there") && ended.stderr.contains("--force"),
            "{}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "nothing was run");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
    expect(&mqscript(&["run", &script, "--output", path.to_str().unwrap(), "--force"]), 0);
    assert!(fs::read_to_string(&path).unwrap().contains("mqscript.report/1"));
    assert_eq!(names_in(folder.path()), ["results.json", "script.rhai"]);
}

#[test]
fn a_missing_folder_is_refused_before_the_run() {
    let folder = folder();
    let path = folder.path().join("missing/results.json");
    let ended = mqscript(&["run", "--output", path.to_str().unwrap()]);
    expect(&ended, 2);
    assert!(ended.stderr.contains("there is no folder"), "{}", ended.stderr);
    assert!(ended.stdout.is_empty() && names_in(folder.path()).is_empty());
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let folder = folder();
    let failing = SHORT.replace("> 50%", "> 100%");
    for (text, code) in [(SHORT, 0), (failing.as_str(), 7)] {
        for format in ["text", "json"] {
            let results = folder.path().join("results.json");
            let script = script(folder.path(), text);
            let arguments =
                ["run", &script, "-q", "--force", "--format", format, "--output", results.to_str().unwrap()];
            let mut child =
                command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let ended = Ended { stdout: String::new(), ..Ended::from(child.wait_with_output().unwrap()) };
            expect(&ended, code);
            assert!(ended.stderr.is_empty(), "{}", ended.stderr);
            assert!(results.exists());
        }
    }
}

#[test]
fn a_failed_check_has_its_own_exit() {
    let folder = folder();
    let ended = mqscript(&["run", &script(folder.path(), &SHORT.replace("> 50%", "> 100%"))]);
    expect(&ended, 7);
    assert!(ended.stdout.contains("✗ its check does not hold"), "{}", ended.stdout);
}

/// A run that lasts for minutes, on either clock.
const LONG: &str = r#"run(scenario(#{
    name: "long",
    agents: 9,
    arrival: poisson("20/s"),
    mix: ["direct"],
    duration: "1000s",
    clock: "wall",
}));
"#;

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_what_it_has() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = folder();
        let results = folder.path().join("results.json");
        let events = folder.path().join("events.ndjson");
        let script = script(folder.path(), LONG);
        let arguments =
            ["run", &script, "-o", results.to_str().unwrap(), "--events", events.to_str().unwrap()];
        let child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Some messages have gone out.
        until_written(&events);
        kill(child.id(), signal);
        let ended = Ended::from(child.wait_with_output().unwrap());
        expect(&ended, code);
        assert!(ended.stdout.contains("! partial after"), "{}", ended.stdout);
        let report: Value = serde_json::from_str(&fs::read_to_string(&results).unwrap()).unwrap();
        assert!(report["runs"][0]["partial"].is_string());
        assert_eq!(report["runs"][0]["ledger"]["balanced"], true);
        assert!(BufReader::new(fs::File::open(&events).unwrap()).lines().count() > 10);
        assert_eq!(names_in(folder.path()), ["events.ndjson", "results.json", "script.rhai"]);
    }
}

#[test]
fn a_dash_is_standard_output_and_nothing_else_goes_there() {
    let folder = folder();
    script(folder.path(), SHORT);
    let here = |arguments: &[&str]| -> Ended {
        command(arguments).current_dir(folder.path()).output().unwrap().into()
    };
    for dash in ["-", "/dev/stdout"] {
        let ended = here(&["run", "script.rhai", "--output", dash, "--force"]);
        expect(&ended, 0);
        let report: Value = serde_json::from_str(&ended.stdout).expect("one document");
        assert_eq!(report["runs"].as_array().unwrap().len(), 1);
        assert!(ended.stderr.contains("✓ valid") && !ended.stderr.contains("saved"), "{}", ended.stderr);
    }
    let json = here(&["run", "script.rhai", "-o", "-", "--format", "json"]);
    assert!(serde_json::from_str::<Value>(&json.stdout).is_ok(), "once, not twice");
    let events = here(&["run", "script.rhai", "--events", "-", "-q"]);
    expect(&events, 0);
    assert!(events.stdout.lines().count() > 200 && events.stderr.is_empty(), "{}", events.stderr);
    assert!(events.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    for (arguments, told) in [
        (&["-o", "-", "--events", "-"][..], "both go to standard output"),
        (&["--events", "-", "--format", "json"], "both go to standard output"),
    ] {
        let ended = here(&[&["run", "script.rhai"], arguments].concat());
        expect(&ended, 2);
        assert!(ended.stderr.contains(told) && ended.stdout.is_empty(), "{ended:?}");
    }
    expect(&here(&["run", "script.rhai", "-o", "a.json"]), 0);
    let fitted = here(&["fit", "a.json", "-o", "-"]);
    assert!(serde_json::from_str::<Value>(&fitted.stdout).is_ok(), "{fitted:?}");
    let compared = here(&["compare", "a.json", "a.json", "-o", "-"]);
    assert!(serde_json::from_str::<Value>(&compared.stdout).is_ok(), "{compared:?}");
    assert!(here(&["man", "--out", "-"]).stdout.contains(".TH"));
    fs::write(folder.path().join("batch.yaml"), "script: script.rhai\n").unwrap();
    let batch = here(&["batch", "batch.yaml", "-o", "-"]);
    assert!(batch.code == 2 && batch.stderr.contains("is no folder"), "{batch:?}");
    assert_eq!(names_in(folder.path()), ["a.json", "batch.yaml", "script.rhai"]);
}

#[test]
fn what_was_saved_is_said_and_not_proposed_again() {
    let folder = folder();
    script(folder.path(), SHORT);
    let run = |more: &[&str]| -> Ended {
        let arguments = [&["run", "script.rhai"], more].concat();
        command(&arguments).current_dir(folder.path()).output().unwrap().into()
    };
    assert!(run(&[]).stdout.contains("--output results.json"));
    let saved = run(&["-o", "my results.json", "--events", "e.ndjson"]);
    expect(&saved, 0);
    assert_eq!(saved.stderr, "saved my results.json\nsaved e.ndjson\n");
    assert!(!saved.stdout.contains("--output"), "{}", saved.stdout);
    assert_eq!(run(&["-o", "my results.json", "--force", "-q"]).stderr, "");
}

#[test]
#[cfg(unix)]
fn a_stream_that_does_not_block_is_waited_for() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{OFlags, fcntl_setfl};
    use std::io::Read;
    let folder = folder();
    let script = script(folder.path(), SHORT);
    for arguments in [&["run", &script, "--events", "-", "--rate", "200/s", "-q"][..], &["schema", "report"]]
    {
        let (mut reader, writer) = std::io::pipe().unwrap();
        fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
        let own = writer.try_clone().unwrap();
        let mut child = command(arguments).stdout(writer).spawn().unwrap();
        // The pipe is full before anybody reads.
        wait_until("the pipe is full", || {
            poll(&mut [PollFd::new(&own, PollFlags::OUT)], Some(&Timespec::default())) == Ok(0)
        });
        drop(own);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
        let calm = mqscript(arguments);
        assert!(text == calm.stdout, "{arguments:?}: {} bytes of {}", text.len(), calm.stdout.len());
    }
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_and_a_file_that_is_replaced_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    script(folder.path(), SHORT);
    fs::create_dir(path("elsewhere")).unwrap();
    fs::write(path("elsewhere/real.json"), "old").unwrap();
    fs::set_permissions(path("elsewhere/real.json"), PermissionsExt::from_mode(0o600)).unwrap();
    symlink("elsewhere/real.json", path("link.json")).unwrap();
    symlink("/dev/null", path("null.json")).unwrap();
    let run = |output: &str| -> Ended {
        let arguments = ["run", "script.rhai", "-o", output, "--force", "-q"];
        command(&arguments).current_dir(folder.path()).output().unwrap().into()
    };
    for output in ["link.json", "null.json"] {
        expect(&run(output), 0);
        assert!(path(output).is_symlink(), "{output}");
    }
    let real = fs::metadata(path("elsewhere/real.json")).unwrap();
    assert_eq!(real.permissions().mode() & 0o777, 0o600);
    assert!(real.len() > 1000);
    assert_eq!(names_in(folder.path()), ["elsewhere", "link.json", "null.json", "script.rhai"]);
    assert_eq!(names_in(&path("elsewhere")), ["real.json"]);
}

#[test]
#[cfg(unix)]
fn what_a_killed_run_has_left_goes_with_the_next() {
    let folder = folder();
    script(folder.path(), SHORT);
    fs::write(folder.path().join(".results.json.999999999.tmp"), "half").unwrap();
    let arguments = ["run", "script.rhai", "-o", "results.json", "-q"];
    expect(&command(&arguments).current_dir(folder.path()).output().unwrap().into(), 0);
    assert_eq!(names_in(folder.path()), ["results.json", "script.rhai"]);
}

#[test]
#[cfg(unix)]
fn a_file_without_an_end_is_refused_and_so_is_saving_through_a_folder_that_is_a_link() {
    let folder = folder();
    for arguments in
        [&["run", "/dev/zero"][..], &["check", "/dev/zero"], &["compare", "/dev/zero", "/dev/zero"]]
    {
        let ended = mqscript(arguments);
        assert!((2..=5).contains(&ended.code), "{ended:?}");
        assert!(ended.stderr.contains("it has more than"), "{ended:?}");
    }
    let outside = support::program::folder();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for (name, code) in [("out/a.json", 2), ("in/a.json", 0)] {
        script(folder.path(), &SHORT.replace("}));", &format!("}})).save(\"{name}\");")));
        let ended: Ended =
            command(&["run", "script.rhai", "-q"]).current_dir(folder.path()).output().unwrap().into();
        expect(&ended, code);
    }
    assert!(names_in(outside.path()).is_empty());
}
