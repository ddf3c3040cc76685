//! A library that was built to version 1.0 of the contract: it holds the contract, and runs as it did.

use serde_json::Value;
use std::fs;
use support::compile;
use support::program::{folder, mqscript};

/// Plays a scenario on the core of 1.0, and returns its run in the report.
fn played(scenario: &str) -> Value {
    let library = compile("of_1_0.c", &[]).display().to_string();
    let folder = folder();
    let script = folder.path().join("first_minor.rhai");
    fs::write(&script, format!("run(scenario({scenario}), core(\"{library}\", #{{}}));")).unwrap();
    let ended = mqscript(&["run", &script.display().to_string(), "-q", "--format", "json"]);
    let mut report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    report["runs"][0].take()
}

/// Every copy was acknowledged, and there were some.
fn acknowledged(run: &Value) -> u64 {
    let stats = &run["core"]["stats"]["of_1_0"];
    assert_eq!((&run["valid"], &stats["acknowledged"]), (&true.into(), &stats["copies"]), "{run}");
    stats["copies"].as_u64().expect("copies")
}

#[test]
fn it_holds_the_contract_and_is_asked_for_nothing_newer() {
    let library = compile("of_1_0.c", &[]).display().to_string();
    let ended = mqscript(&["core", "check", &library]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    for part in ["✓ acknowledge", "✓ confirmed", "– shares", "– leases", "– gives_back", "– unsubscribed"]
    {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let info = mqscript(&["core", "info", &library]);
    assert!(info.stdout.contains("1.0"), "{}", info.stdout);
}

#[test]
fn a_run_without_groups_acknowledges_every_copy() {
    let run = played(
        r#"#{ arrival: poisson("50/s"), mix: ["direct", "broadcast"], duration: "10s", receive: true }"#,
    );
    assert!(acknowledged(&run) > 1_000, "{run}");
}

#[test]
fn consumers_acknowledge_and_ask_for_nothing_that_it_cannot_do() {
    let run = played(
        r#"#{
            agents: [
                #{ name: "Planner", count: 2, arrival: poisson("20/s"), mix: #{ task: 100 } },
                #{ name: "Worker", count: 3, arrival: on_demand(), consumer: #{ service: "5ms" } },
            ],
            types: #{ task: #{ wire_type: "TASK", recipient: "Worker" } },
            duration: "10s",
            receive: true,
        }"#,
    );
    let copies = acknowledged(&run);
    assert!(copies > 200, "{run}");
    assert_eq!(run["consumers"]["completed"], copies);
}
