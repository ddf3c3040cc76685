//! Whole runs of processors with one planted fault, and of correct ones: the verdict finds the fault by its class and no other, and
//! the ledger agrees with what the processor itself wrote down.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use support::program::{folder, mqscript, there_is_python};

/// What the processor wrote down: of each message, how often it was taken, tried and sent.
#[derive(Debug, Default)]
struct Audit {
    took: BTreeSet<String>,
    tried: BTreeMap<String, u64>,
    sent: BTreeMap<String, u64>,
}

impl Audit {
    fn read(file: &Path) -> Audit {
        let mut audit = Audit::default();
        for line in fs::read_to_string(file).unwrap_or_default().lines() {
            let (what, stamp) = line.split_once(' ').unwrap();
            match what {
                "took" => drop(audit.took.insert(stamp.to_owned())),
                "tried" => *audit.tried.entry(stamp.to_owned()).or_default() += 1,
                "sent" => *audit.sent.entry(stamp.to_owned()).or_default() += 1,
                other => panic!("{other}"),
            }
        }
        audit
    }
}

/// Plays a processor; the exit code, the run, and its own record.
#[track_caller]
fn play(program: &str, how: &str, seed: u64, scenario: &str, options: &str) -> (i32, Value, Audit) {
    let folder = folder();
    let (script, audit) = (folder.path().join("script.rhai"), folder.path().join("audit"));
    let text = format!(
        "run(scenario(#{{ agents: 6, {scenario} }}), core(\"exec\", #{{ mode: \"processor\", \
         command: [\"python3\", \"tests/exec/programs/processors/{program}.py\", \"{how}\", {audit:?}], {options} }}));",
    );
    fs::write(&script, text).unwrap();
    let seed = seed.to_string();
    let arguments = ["run", "--format", "json", "--quiet", "--seed", &seed, script.to_str().unwrap()];
    let ended = mqscript(&arguments);
    let report: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{how}: {}: {}\n{}", ended.code, ended.stdout, ended.stderr));
    (ended.code, report["runs"][0].clone(), Audit::read(&audit))
}

const AT_ONCE: &str =
    "arrival: all_at_once(), messages_per_agent: 40, mix: [\"direct\"], drain: \"1500ms\", linger: \"300ms\"";
const USUAL: &str = "mock: #{ latency: \"0ms..1ms\", success_rate: 0.9 }";

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// The classes of copies that were found, and their numbers.
fn classes(run: &Value) -> BTreeMap<&'static str, u64> {
    let copies = &run["ledger"]["copies"];
    let altered = copies["altered"].as_object().map_or(0, |fields| fields.values().map(number).sum());
    let all = [
        ("never_tried", number(&copies["lost_by"]["never_tried"])),
        ("tried_and_given_up", number(&copies["lost_by"]["tried_and_given_up"])),
        ("sent_but_not_received", number(&copies["lost_by"]["sent_but_not_received"])),
        ("duplicated", number(&copies["duplicated"])),
        ("out_of_order", number(&copies["out_of_order"])),
        ("altered", altered),
        ("unexpected", number(&copies["unexpected"])),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The ledger says what the processor wrote down, to the message.
#[track_caller]
fn agrees(how: &str, run: &Value, audit: &Audit) {
    let (copies, stats) = (&run["ledger"]["copies"], &run["core"]["stats"]["exec"]);
    let found = classes(run);
    let of = |class: &str| found.get(class).copied().unwrap_or(0);
    let sent: u64 = audit.sent.values().sum();
    let tried: u64 = audit.tried.values().sum();
    assert_eq!(number(&stats["sent"]), sent, "{how}: {stats}");
    assert_eq!(number(&stats["calls"]), tried, "{how}: {stats}");
    assert_eq!(number(&copies["received"]), audit.sent.len() as u64, "{how}: {copies}");
    assert_eq!(of("duplicated"), sent - audit.sent.len() as u64, "{how}: {copies}");
    assert_eq!(number(&run["ledger"]["delivered"]), audit.took.len() as u64, "{how}: {}", run["ledger"]);
    let untried = audit.took.iter().filter(|stamp| !audit.tried.contains_key(*stamp)).count() as u64;
    let unsent = audit.took.iter().filter(|stamp| !audit.sent.contains_key(*stamp)).count() as u64;
    assert_eq!((of("never_tried"), of("tried_and_given_up")), (untried, unsent - untried), "{how}: {copies}");
}

/// One planted fault; the run is invalid, and of all classes these alone are found.
#[track_caller]
fn found(fault: &str, scenario: &str, options: &str, expected: &[&str]) {
    if !there_is_python() {
        return;
    }
    let (code, run, audit) = play("planted", fault, 1, scenario, options);
    let seen = classes(&run);
    assert!(seen.keys().eq(expected), "{fault}: {seen:?}");
    assert_eq!(code, 8, "{fault}: {}", run["ledger"]["copies"]);
    agrees(fault, &run, &audit);
}

#[test]
fn an_update_lost_for_want_of_a_lock_is_found() {
    found("lost_update", AT_ONCE, USUAL, &["never_tried"]);
}

#[test]
fn the_rest_of_a_batch_that_is_abandoned_is_found() {
    found("batch_rest_abandoned", AT_ONCE, USUAL, &["never_tried"]);
}

#[test]
fn a_message_that_is_never_tried_again_is_found() {
    found("never_again", AT_ONCE, USUAL, &["tried_and_given_up"]);
}

#[test]
fn a_large_content_that_is_dropped_silently_is_found() {
    let mix = "arrival: all_at_once(), messages_per_agent: 40, drain: \"1500ms\", linger: \"300ms\", \
        types: #{ small: #{ wire_type: \"TEXT\", content: \"small\" }, \
        large: #{ wire_type: \"TEXT\", content: \"large\", size: \"4KiB\" } }, mix: #{ small: 80, large: 20 }";
    found("large_dropped", mix, USUAL, &["never_tried"]);
}

#[test]
fn a_message_that_is_sent_twice_after_a_timeout_is_found() {
    let slow = "promises: [\"exactly_once\"], mock: #{ latency: \"0ms..1ms\", success_rate: 1.0, spike: #{ rate: 0.1, by: \"40ms\" } }";
    found("twice_after_a_timeout", AT_ONCE, slow, &["duplicated"]);
}

#[test]
fn a_queue_that_reorders_is_found() {
    let ordered = "promises: [\"ordered\"], mock: #{ latency: \"1ms\", success_rate: 1.0 }";
    found("reordered", AT_ONCE, ordered, &["out_of_order"]);
}

#[test]
fn a_message_that_is_altered_is_found() {
    let unaltered = "promises: [\"unaltered\"], mock: #{ latency: \"0ms\", success_rate: 1.0 }";
    found("altered", AT_ONCE, unaltered, &["altered"]);
}

#[test]
fn an_entry_that_is_stuck_after_a_kill_is_found() {
    if !there_is_python() {
        return;
    }
    let steady = "arrival: constant(\"15/s\"), mix: [\"direct\"], duration: \"3s\", drain: \"1500ms\", linger: \"300ms\", \
        max_schedule_lag: \"9s\"";
    let kills = "faults: #{ kill: #{ at: [\"1s\", \"1500ms\", \"2s\", \"2500ms\"] } }, mock: #{ latency: \"12ms\", success_rate: 1.0 }";
    let (code, run, _) = play("planted", "stuck_after_a_kill", 1, steady, kills);
    let seen = classes(&run);
    assert_eq!(code, 8, "{}", run["ledger"]["copies"]);
    assert!(seen.keys().all(|class| ["never_tried", "tried_and_given_up"].contains(class)), "{seen:?}");
    let (stuck, kills) = (seen.values().sum::<u64>(), number(&run["notices"]["exec_fault_kill"]["count"]));
    assert!((1..=kills).contains(&stuck), "one for each kill at most: {seen:?}, {kills} kills");
}

#[test]
fn a_message_that_is_tried_for_ever_leaves_the_run_undecided() {
    if !there_is_python() {
        return;
    }
    let scenario = "arrival: all_at_once(), messages_per_agent: 2, mix: [\"direct\"], drain: \"300ms\", drain_max: \"1500ms\"";
    let never = "mock: #{ latency: \"1ms\", success_rate: 0 }";
    let (code, run, audit) = play("planted", "none", 1, scenario, never);
    let copies = &run["ledger"]["copies"];
    assert_eq!(code, 9, "{copies}");
    assert_eq!((number(&copies["received"]), audit.sent.len()), (0, 0), "{copies}");
    assert!(number(&run["core"]["stats"]["exec"]["failed_calls"]) > 100, "{}", run["core"]["stats"]);
}

#[test]
fn a_queue_that_ignores_priorities_fails_a_check_of_them() {
    if !there_is_python() {
        return;
    }
    let scenario = "arrival: all_at_once(), messages_per_agent: 40, mix: #{ text: 90, urgent: 10 }, \
        checks: [\"by_type.urgent.end_to_end.p90 < 250ms\"]";
    let (code, run, audit) =
        play("planted", "priority_ignored", 1, scenario, "mock: #{ latency: \"2ms\", success_rate: 1.0 }");
    // 24 urgent messages take 48 ms; in the order in which they came, their last comes after some 480.
    assert_eq!((code, classes(&run).len()), (7, 0), "{}", run["checks"]);
    agrees("priority_ignored", &run, &audit);
}

#[test]
fn correct_processors_of_all_styles_are_valid_and_their_own_records_agree() {
    if !there_is_python() {
        return;
    }
    for (seed, style) in (1..).zip(["threads", "asyncio", "forked", "other_process", "slow_poller"]) {
        let failing = "promises: [\"exactly_once\", \"unaltered\"], \
            mock: #{ latency: \"0ms..2ms\", success_rate: 0.8, crash: 0.05 }";
        let (code, run, audit) = play("correct", style, seed, AT_ONCE, failing);
        let seen = classes(&run);
        assert!(seen.keys().all(|class| *class == "out_of_order"), "{style}: {seen:?}");
        assert_eq!((code, &run["valid"]), (0, &json!(true)), "{style}: {}", run["ledger"]["copies"]);
        agrees(style, &run, &audit);
    }
}

/// `cargo test --release --test exec -- --ignored verdicts::`
#[test]
#[ignore = "takes minutes"]
fn correct_processors_are_valid_on_fifty_seeds() {
    for seed in 1..=50 {
        for style in ["threads", "asyncio", "forked", "other_process", "slow_poller"] {
            let failing = "promises: [\"exactly_once\", \"unaltered\"], \
                mock: #{ latency: \"0ms..1ms\", success_rate: 0.8, crash: 0.05 }";
            let (code, run, audit) = play("correct", style, seed, AT_ONCE, failing);
            assert_eq!(
                (code, &run["valid"]),
                (0, &json!(true)),
                "{style}, {seed}: {}",
                run["ledger"]["copies"]
            );
            agrees(style, &run, &audit);
        }
    }
}
