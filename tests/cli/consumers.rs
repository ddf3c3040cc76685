//! Consumers on the command line: what a core lacks, what a callback answers, what is fitted, and the lines of executions.

use serde_json::Value;
use std::fs;
use support::program::{command, folder};

/// Three agents send tasks to four, which have these keys and this consumer.
fn script(keys: &str, consumer: &str, core: &str) -> String {
    format!(
        "run(scenario(#{{ agents: [\n\
         #{{ name: \"Planner\", count: 3, arrival: \"5/s\", mix: [\"task\"] }},\n\
         #{{ name: \"Worker\", count: 4, {keys}consumer: #{{ {consumer} }} }},\n\
         ], types: #{{ task: #{{ wire_type: \"TASK\", recipient: \"Worker\" }} }}, duration: \"2s\" }}), core({core}));\n"
    )
}

/// Plays a script. Returns the exit code, what was printed, and what was complained about.
fn play(text: &str, flags: &[&str]) -> (i32, String, String) {
    let place = folder();
    let path = place.path().join("pool.rhai");
    fs::write(&path, text).unwrap();
    let output = command(&["run", "--quiet"]).arg(&path).args(flags).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_core_that_lacks_what_is_asked_is_named_with_those_that_have_it() {
    for (consumer, key, capability) in [
        ("queue: \"shared\"", "queue", "SHARES"),
        ("lease: \"30s\"", "lease", "LEASES"),
        ("prefetch: 2", "prefetch", "LIMITS"),
        ("extend: \"1s\"", "extend", "EXTENDS"),
        ("max_deliveries: 2", "max_deliveries", "DEAD_LETTERS"),
        ("fails: 0.1", "fails", "SETTLES"),
        ("poison: 0.1", "poison", "SETTLES"),
        ("redelivery: [\"1s\"]", "redelivery", "SETTLES"),
    ] {
        let (code, _, told) = play(&script("", consumer, "\"mock\""), &[]);
        let title =
            format!("the core `mock` lacks {capability}, which `consumer.{key}` of `Worker` asks for");
        assert!(code == 6 && told.contains(&title), "{code}: {told}");
        let help = "choose a core that has it: broker";
        assert!(told.contains(help) && told.contains(&format!("leave out `consumer.{key}`")), "{told}");
    }
    // A consumer that asks for nothing works over every core that receives.
    let (code, _, told) = play(&script("", "service: \"10ms\", lease: \"none\"", "\"mock\""), &[]);
    assert_eq!((code, told.as_str()), (0, ""));
    let nothing =
        script("", "service: \"10ms\"", "\"mock\"").replace("duration:", "receive: false, duration:");
    let (code, _, told) = play(&nothing, &[]);
    assert!(
        code == 6 && told.contains("the agents of `Worker` work on what they receive, and receive nothing"),
        "{told}"
    );
}

#[test]
fn a_callback_refuses_rejects_or_is_told_what_it_may_say() {
    let answering = |body: &str, core: &str| {
        let pool = script("on_message: answer, state: #{ tasks: 0 }, ", "service: \"10ms\"", core);
        format!("fn answer(me, message) {{ {body} }}\n{pool}")
    };
    let (code, out, told) = play(&answering("\"reject\"", "\"broker\""), &["--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code}: {told}"));
    let consumers = &report["runs"][0]["consumers"];
    let sent = report["runs"][0]["ledger"]["delivered"].as_u64().unwrap();
    assert_eq!((consumers["dead_letters"].as_u64(), consumers["failed"].as_u64()), (Some(sent), Some(sent)));
    assert!(sent > 10 && consumers["completed"] == 0 && consumers["unfinished"] == 0, "{consumers}");
    // Every third is given back, and comes again.
    let third = "me.state.tasks += 1; if me.state.tasks % 3 == 0 { return \"refuse\"; }";
    let (code, out, told) = play(&answering(third, "\"broker\""), &["--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code}: {told}"));
    let consumers = &report["runs"][0]["consumers"];
    let of = |name: &str| consumers[name].as_u64().unwrap();
    assert!(of("failed") > 5 && of("failed") == of("redelivered") && of("unfinished") == 0, "{consumers}");
    assert_eq!(of("completed"), report["runs"][0]["ledger"]["delivered"].as_u64().unwrap());
    let (code, _, told) = play(&answering("\"maybe\"", "\"broker\""), &[]);
    assert!(code == 5 && told.contains("`on_message` returned what is no answer"), "{code}: {told}");
    assert!(told.contains("\"refuse\", \"reject\", or () where the work is done"), "{told}");
    let (code, _, told) = play(&answering("\"refuse\"", "\"mock\""), &[]);
    assert!(code == 5 && told.contains("the core takes no copies back"), "{code}: {told}");
    let alone = answering("\"refuse\"", "\"broker\"").replace(", consumer: #{ service: \"10ms\" }", "");
    let alone = alone.replace("count: 4,", "count: 4, arrival: \"1/s\", mix: [\"task\"],");
    let (code, _, told) = play(&alone, &[]);
    assert!(code == 5 && told.contains("only a consumer can refuse or reject a message"), "{code}: {told}");
}

#[test]
fn the_work_of_consumers_is_fitted() {
    let place = folder();
    let (saved, fitted) = (place.path().join("pool.json"), place.path().join("work.json"));
    let text = script("", "service: exponential(\"40ms\")", "\"broker\"").replace("2s", "400s");
    let (code, _, told) = play(&text, &["--output", saved.to_str().unwrap()]);
    assert_eq!(code, 0, "{told}");
    let output = command(&["fit", "--service"]).arg(&saved).arg("-o").arg(&fitted).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("consumer: load(\"work.json\")"), "{told}");
    let law = fs::read_to_string(&fitted).unwrap();
    let again = script("", "service: #{}", "\"broker\"").replace("2s", "400s");
    let again = again.replace("consumer: #{ service: #{} }", "consumer: load(\"work.json\")");
    fs::write(place.path().join("again.rhai"), again).unwrap();
    let output = command(&["run", "--quiet", "--format", "json"])
        .arg(place.path().join("again.rhai"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{law}: {}", String::from_utf8_lossy(&output.stderr)));
    let mean_ms = report["runs"][0]["consumers"]["service"]["mean_ns"].as_f64().unwrap() / 1e6;
    assert!((38.0..42.0).contains(&mean_ms), "{mean_ms}");
    // Without consumers there is nothing to fit to.
    let none = place.path().join("none.json");
    let output =
        command(&["run", "nine_agents", "--quiet", "--duration", "1", "-o"]).arg(&none).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code == 0 || code == 8));
    let output = command(&["fit", "--service"]).arg(&none).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("no execution of a consumer was measured"), "{told}");
}

#[test]
fn every_execution_has_a_line() {
    let place = folder();
    let events = place.path().join("events.jsonl");
    let text = script("", "queue: \"shared\", service: \"50ms\", fails: 0.2", "\"broker\"");
    let (code, out, told) = play(&text, &["--format", "json", "--events", events.to_str().unwrap()]);
    assert_eq!(code, 0, "{told}");
    let consumers = &serde_json::from_str::<Value>(&out).unwrap()["runs"][0]["consumers"];
    let lines = fs::read_to_string(&events).unwrap();
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let executions: Vec<Value> = all.filter(|line| line["event"] == "execution").collect();
    let ended = |end: &str| executions.iter().filter(|line| line["end"] == end).count() as u64;
    let of = |name: &str| consumers[name].as_u64().unwrap();
    assert_eq!((of("succeeded"), of("failed")), (ended("succeeded"), ended("failed")));
    assert!(ended("failed") > 0 && of("executions") == executions.len() as u64);
    for line in &executions {
        let settled = if line["end"] == "failed" { "given_back" } else { "acknowledged" };
        assert_eq!(
            (&line["settled"], &line["type"], &line["lease_expired"]),
            (&settled.into(), &"task".into(), &false.into())
        );
        let ns = |name: &str| line[name].as_u64().unwrap();
        assert!(ns("intended_ns") <= ns("handed_ns") && ns("handed_ns") <= ns("began_ns"), "{line}");
        assert_eq!(ns("ended_ns") - ns("began_ns"), 50_000_000);
        assert!(line["consumer"].as_str().unwrap().starts_with("Worker-"), "{line}");
        assert!(line["agent"].as_str().unwrap().starts_with("Planner-") && ns("hand_over") >= 1, "{line}");
    }
}
