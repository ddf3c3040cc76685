//! A user's own processor, as the verdict, the figures and the flags show it: `mqscript run --processor FILE`.

use serde_json::Value;
use std::path::Path;
use support::program::{Ended, folder, mqscript, there_is_python};

/// The head of every processor here; what follows says what it does.
const HEAD: &str = "import collections, json, os, threading, time\n\
                    from mqscript_adapter import messaging_core, serve_processor\n\
                    queue = collections.deque()\n";

/// A queue that sends until it succeeds, `how` being the body of `process`.
fn sending(how: &str) -> String {
    format!(
        "{HEAD}\ndef send(m):\n    while not messaging_core.send_message(*m): pass\n\n{how}\n\
         serve_processor(lambda *m: queue.append(m), process)\n"
    )
}

const PLAIN: &str = "def process():\n    while queue: send(queue.popleft())\n";

/// Plays a scenario on a processor; how it ended, and its run.
fn played(folder: &Path, program: &str, scenario: &str, flags: &[&str]) -> (Ended, Value) {
    let (script, file, saved) =
        (folder.join("load.rhai"), folder.join("my_queue.py"), folder.join("results.json"));
    std::fs::write(&script, format!("run(scenario(#{{ max_schedule_lag: \"9s\", {scenario} }}));")).unwrap();
    std::fs::write(&file, program).unwrap();
    let [script, file, saved] = [script, file, saved].map(|path| path.display().to_string());
    let ended =
        mqscript(&[&["run", &script, "--processor", &file, "-q", "--force", "-o", &saved], flags].concat());
    let report = std::fs::read(&saved).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let run = report.map_or(Value::Null, |report: Value| report["runs"][0].clone());
    (ended, run)
}

const SURE: &str = "--core-option=mock.success_rate=1";
const AT_ONCE: &str = "--core-option=mock.latency=0ms";
const FEW: &str = r#"agents: 2, arrival: constant("5/s"), mix: ["direct"], duration: "1s""#;

#[track_caller]
fn expect(ended: &Ended, code: i32, told: &str) {
    assert_eq!(ended.code, code, "stdout:\n{}\nstderr:\n{}", ended.stdout, ended.stderr);
    let flat = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(told), "{told}:\n{}", ended.stdout);
}

#[test]
fn a_slow_poller_loses_nothing() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let slow = sending("def process():\n    time.sleep(3)\n    while queue: send(queue.popleft())\n");
    let (ended, run) = played(folder.path(), &slow, FEW, &["--linger", "0.2"]);
    expect(&ended, 0, "valid: every message is accounted for");
    let copies = &run["ledger"]["copies"];
    assert_eq!((&copies["received"], &copies["lost"]), (&10.into(), &0.into()));
    assert!(run["environment"]["started_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn what_is_lost_is_named_with_what_was_tried_after_the_silence_that_was_asked_for() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    // The third message is never tried, the fifth tried twice in vain, the seventh given up by the processor's own word.
    let losing = format!(
        "{HEAD}\nrefused = set()\nclass Core:\n    def send_message(self, content, *rest): return content not in \
         refused\nn = 0\ndef process():\n    global n\n    while queue:\n        m = queue.popleft(); n += 1\n        \
         if n == 3: continue\n        if n == 5: refused.add(m[0])\n        if n == 7: messaging_core.give_up(m, \
         'too old'); continue\n        messaging_core.send_message(*m) or messaging_core.send_message(*m)\n\
         serve_processor(lambda *m: queue.append(m), process, core=Core())\n"
    );
    let flags = ["--drain", "1.5", "--linger", "0.2", "--core-option", "probe=false"];
    let load = r#"agents: 2, arrival: constant("5/s"), mix: #{ direct: #{ weight: 1, content: "{sender} {sequence}" } }, duration: "1s""#;
    let (ended, run) = played(folder.path(), &losing, load, &flags);
    let copies = &run["ledger"]["copies"];
    assert_eq!((&copies["given_up"], &copies["lost"]), (&1.into(), &2.into()), "{copies}");
    assert_eq!((&copies["waited"], &copies["failed_calls"]), (&"silence".into(), &2.into()), "{copies}");
    assert_eq!(copies["lost_by"]["never_tried"], 1, "{run}");
    assert_eq!(copies["lost_by"]["tried_and_given_up"], 1, "{run}");
    let named = copies["named"]["lost"].as_array().unwrap();
    assert_eq!(named.len(), 2);
    assert!(named.iter().all(|name| name["type"] == "direct" && name["intended_ns"].is_u64()), "{named:?}");
    assert_eq!(named[1]["failed_calls"], 2, "{named:?}");
    let given_up = &copies["named"]["given_up"][0];
    assert_eq!(given_up["reason"], "too old");
    assert!(given_up["recipient"].as_str().unwrap().starts_with("Agent-"), "{given_up}");
    expect(&ended, 8, "not received within 1.50 s of silence");
    expect(&ended, 8, "lost: 1 never tried, 1 tried and given up: Agent-");
}

#[test]
fn late_duplicates_are_seen() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let twice = sending(
        "again = collections.deque()\ndef process():\n    while queue:\n        m = queue.popleft(); send(m); \
         again.append((time.time() + 1.2, m))\n    while again and again[0][0] <= time.time(): \
         messaging_core.send_message(*again.popleft()[1])\n",
    );
    let (ended, run) =
        played(folder.path(), &twice, FEW, &[SURE, "--core-option", "promises=[exactly_once]"]);
    expect(&ended, 8, "10 copies duplicated");
    assert_eq!(run["ledger"]["copies"]["named"]["duplicated"].as_array().unwrap().len(), 10);
}

#[test]
fn what_is_received_is_the_headline() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let load = r#"agents: 9, arrival: constant("10/s"), mix: ["text"], duration: "3s",
        checks: ["total.p99 < 500ms", "throughput > 80/s"]"#;
    let slow = sending(PLAIN);
    let (ended, run) = played(
        folder.path(),
        &slow,
        load,
        &[SURE, "--core-option=mock.latency=30ms", "--linger", "0.2", "--events", "-"],
    );
    let events: Vec<Value> =
        ended.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let count = |what: &str| events.iter().filter(|event| event["event"] == what).count();
    assert_eq!((count("message"), count("received")), (270, 270), "{}", ended.stderr);
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    let throughput = run["throughput_per_s"].as_f64().unwrap();
    assert!((20.0..40.0).contains(&throughput), "{throughput}");
    assert!(run["end_to_end"]["p50_ns"].as_u64() > Some(1_000_000_000), "{}", run["end_to_end"]);
    assert!(run["transit"]["count"] == 270 && run["series"]["of_copies"] == true);
    let check = &run["checks"][0];
    assert!(check["holds"] == true && check["note"].as_str().unwrap().contains("until received"), "{check}");
    let warnings: Vec<&str> =
        run["warnings"].as_array().unwrap().iter().filter_map(|warning| warning["kind"].as_str()).collect();
    assert!(warnings.contains(&"queue_growing"), "{warnings:?}");
    let limit = run["limits"][0]["seen"].as_str().unwrap();
    assert!(
        limit.starts_with("the processor under test: ") && limit.contains("its backlog grows"),
        "{limit}"
    );
}

#[test]
fn flags_about_mock_cores_and_chaos_strike_the_core_that_it_sends_through() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let failing = format!(
        "{HEAD}\ndef send(m):\n    try: return messaging_core.send_message(*m)\n    except ConnectionError: return \
         False\n\ndef process():\n    while queue:\n        m = queue.popleft()\n        while not send(m): pass\n\
         serve_processor(lambda *m: queue.append(m), process)\n"
    );
    let (ended, run) = played(
        folder.path(),
        &failing,
        r#"agents: 4, arrival: constant("25/s"), mix: ["direct"], duration: "1s""#,
        &[
            "--chaos=crash=20%",
            "--success-rate",
            "0.8",
            "--min-latency",
            "0ms",
            "--max-latency",
            "1ms",
            "--linger",
            "0.2",
        ],
    );
    expect(&ended, 0, "valid");
    let mock = &run["core"]["options"]["mock"];
    assert_eq!((mock["success_rate"].as_f64(), &mock["crash"]), (Some(0.8), &"20%".into()), "{mock}");
    assert!(run["ledger"]["copies"]["failed_calls"].as_u64() > Some(10));
    assert_eq!(run["ledger"]["delivered"], 100, "the hand-over itself never fails");
    let (ended, _) = played(folder.path(), &failing, FEW, &["--chaos=drop=5%"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("`--chaos` has no `drop` for a processor under test"), "{}", ended.stderr);
}

#[test]
fn a_processor_is_compared_with_the_mock_by_what_is_received() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let (ended, _) = played(
        folder.path(),
        &sending(PLAIN),
        r#"agents: 3, arrival: constant("10/s"), mix: ["direct"], duration: "1s""#,
        &["--compare", "--repeats", "2", "--core-option=timeout=9s", "--linger", "0.1"],
    );
    assert_eq!(ended.code, 2, "an option that does not say of which core");
    assert!(ended.stderr.contains("--core-option mock.timeout=…"), "{}", ended.stderr);
    let (ended, _) = played(
        folder.path(),
        &sending(PLAIN),
        r#"agents: 3, arrival: constant("10/s"), mix: ["direct"], duration: "1s""#,
        &["--compare", "--repeats", "2", "--core-option=exec.mock.success_rate=1", "--linger", "0.1"],
    );
    assert!([0, 9].contains(&ended.code), "{}\n{}", ended.stdout, ended.stderr);
    for figure in ["end_to_end.p99", "lost", "throughput"] {
        assert!(ended.stdout.contains(figure), "{figure}:\n{}", ended.stdout);
    }
}

#[test]
fn a_program_that_is_none_is_refused_before_anything_runs() {
    let folder = folder();
    let here = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(here("queue.txt"), "").unwrap();
    for (arguments, told) in [
        (vec!["--processor", &here("none.py")], "cannot be read"),
        (vec!["--processor", &here("queue.txt")], "not executable"),
        (vec!["--send", folder.path().to_str().unwrap()], "is no file"),
        (vec!["--processor", &here("a.py"), "--send", &here("b.py")], "cannot be used with"),
        (vec!["--processor", &here("queue.txt"), "--real=sqlite"], "both say who delivers"),
        (vec!["--processor", &here("queue.txt"), "--core-option", "mode=send"], "both say the mode"),
        (vec!["--processor", &here("queue.txt"), "--compare=mock,sqlite"], "leaves your program out"),
    ] {
        let ended = mqscript(&[&["run", "-q"], arguments.as_slice()].concat());
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn what_new_writes_is_a_processor_under_test() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let place = folder.path().join("mine");
    let made = mqscript(&["new", "mine", place.to_str().unwrap(), "--processor"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let glue = place.join("glue.py").display().to_string();
    assert!(made.stdout.contains(&format!("mqscript run --processor {glue}")), "{}", made.stdout);
    let flags = ["--rate", "10", "--duration", "2", "--set", "warm_up=0s", "--set", "max_schedule_lag=9s"];
    let ended =
        mqscript(&[&["run", "-q", "--processor", &glue, "--linger", "0.2", AT_ONCE], &flags[..]].concat());
    // The bundled script's own checks are for a minute of it.
    assert!([0, 7].contains(&ended.code), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("valid: every message is accounted for"), "{}", ended.stdout);
}

#[test]
fn send_delivers_through_a_program() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let file = folder.path().join("my_send.py");
    std::fs::write(&file, "from mqscript_adapter import serve\nserve(lambda *m: True)\n").unwrap();
    let flags = ["--duration", "1", "--set", "warm_up=0s", "--set", "max_schedule_lag=9s"];
    let file = file.display().to_string();
    let ended = mqscript(&[&["run", "-q", "--send", &file], &flags[..]].concat());
    assert!([0, 7].contains(&ended.code), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("valid"), "{}", ended.stdout);
}

#[test]
fn what_should_end_in_order_is_told_that_all_is_over() {
    if !there_is_python() {
        return;
    }
    let folder = folder();
    let told = folder.path().join("told");
    let program = format!(
        "{HEAD}def stop():\n    open({told:?}, 'w').write('over'); raise RuntimeError('whatever')\n\
         serve_processor(lambda *m: messaging_core.send_message(*m), stop=stop)\n"
    );
    let (ended, _) = played(folder.path(), &program, FEW, &[SURE, "--linger", "0.1"]);
    expect(&ended, 0, "valid: every message is accounted for");
    assert_eq!(std::fs::read_to_string(told).unwrap(), "over");
}
