//! What limits a run, as its summary says: each suggestion is followed to the letter and helps, and is not made where it
//! would not.

mod cli_support;

use cli_support::{folder, mqscript};
use serde_json::Value;

/// The results of one run of a scenario with these settings laid over it.
fn played(scenario: &str, settings: &[&str]) -> Value {
    let folder = folder();
    let script = folder.path().join("limits.rhai");
    std::fs::write(&script, scenario).unwrap();
    let mut arguments = vec!["run", "-q", "--format", "json", script.to_str().unwrap()];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    let ended = mqscript(&arguments);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    report["runs"][0].clone()
}

fn scenario(keys: &str, core: &str) -> String {
    format!(
        "run(scenario(#{{ agents: 9, mix: [\"direct\"], duration: \"20s\", {keys} }}), core(\"mock\", #{{ {core} }}));"
    )
}

/// The first limit: its kind, what was seen, the setting to try.
fn first(run: &Value) -> (String, String, Option<String>) {
    let limit = &run["limits"][0];
    println!("{limit:#}");
    let text = |key: &str| limit[key].as_str().map(str::to_owned);
    (text("kind").unwrap_or_default(), text("seen").unwrap_or_default(), text("setting"))
}

fn figure(run: &Value, path: &str) -> f64 {
    run.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {run:#}"))
}

const SURE: &str = "latency: \"10ms\", success_rate: 1.0";

#[test]
fn batches_that_cap_the_throughput() {
    let text = scenario(
        "arrival: \"20/s\", processor: #{ batch_size: 10, batch_interval: \"100ms\", workers: 10 }",
        "latency: \"6ms\", success_rate: 1.0",
    );
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "processor");
    assert!(
        seen.contains("sleeps 94.3 % of the time: batches of 10 every 100 ms cap it at 94.3/s"),
        "{seen}"
    );
    let setting = setting.unwrap();
    assert!(setting.starts_with("processor.batch_size="), "{setting}");
    let better = played(&text, &[&setting]);
    // The same traffic: the backlog that took ten seconds more to work off is gone.
    assert!(figure(&better, "/duration_ns") < 0.6 * figure(&run, "/duration_ns"));
    assert!(!first(&better).1.contains("cap it at"));
}

#[test]
fn a_pause_between_cycles_that_makes_messages_wait() {
    let text = scenario(
        "arrival: \"2/s\", processor: #{ batch_size: 50, batch_interval: \"80ms\", workers: 50 }",
        SURE,
    );
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "processor");
    assert!(seen.starts_with("the pause between cycles"), "{seen}");
    let better = played(&text, &[&setting.unwrap()]);
    assert!(figure(&better, "/queue_wait/mean_ns") < 0.5 * figure(&run, "/queue_wait/mean_ns"));
    // Without cycles nothing waits, and nothing is said of them.
    let without = played(&text, &["processor.batch_interval=0s"]);
    assert_eq!(first(&without).0, "core");
}

#[test]
fn workers_that_are_too_few() {
    let text = scenario("arrival: \"20/s\", processor: #{ workers: 2 }", SURE);
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "processor");
    assert!(seen.starts_with("the workers: 1.") && seen.contains("of 2 busy"), "{seen}");
    let better = played(&text, &[&setting.unwrap()]);
    assert!(figure(&better, "/queue_wait/mean_ns") < 0.1 * figure(&run, "/queue_wait/mean_ns"));
    assert_eq!(first(&better).0, "core", "with enough workers they are no limit");
}

#[test]
fn a_burst_that_meets_too_few_workers() {
    let text =
        scenario("arrival: #{ burst: #{ size: 20, every: \"5s\" } }, processor: #{ workers: 4 }", SURE);
    let run = played(&text, &[]);
    let (kind, _, setting) = first(&run);
    assert_eq!((kind.as_str(), setting.as_deref()), ("processor", Some("processor.workers=8")));
    let better = played(&text, &["processor.workers=8"]);
    assert!(figure(&better, "/total/mean_ns") < 0.6 * figure(&run, "/total/mean_ns"));
}

#[test]
fn a_queue_that_is_too_short_for_a_burst() {
    let text = scenario(
        "arrival: #{ burst: #{ size: 20, every: \"5s\" } }, queue: #{ capacity: 50 }, processor: #{ workers: 4 }",
        SURE,
    );
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "queue");
    assert!(seen.contains("it holds 50"), "{seen}");
    let better = played(&text, &[&setting.unwrap()]);
    assert!(figure(&run, "/rejected") > 0.0);
    assert_eq!(figure(&better, "/rejected"), 0.0);
    assert_ne!(first(&better).0, "queue");
    // Before workers that are busy all the time a longer queue only makes messages wait longer.
    let overloaded =
        scenario("arrival: \"30/s\", queue: #{ capacity: 50 }, processor: #{ workers: 2 }", SURE);
    let run = played(&overloaded, &[]);
    assert_eq!((first(&run).0.as_str(), first(&run).2), ("queue", None));
    assert_eq!(run["limits"][1]["kind"], "processor");
}

#[test]
fn retries_that_make_the_tail() {
    let text = scenario(
        "arrival: \"20/s\", processor: #{ workers: 20, retry: #{ attempts: 5, backoff: \"400ms\" } }",
        "latency: \"10ms\", success_rate: 0.95",
    );
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "retries");
    assert!(seen.contains("backoff 400 ms"), "{seen}");
    let better = played(&text, &[&setting.unwrap()]);
    assert!(figure(&better, "/total/p99_ns") < 0.5 * figure(&run, "/total/p99_ns"));
    let sure = text.replace("0.95", "1.0");
    assert_eq!(first(&played(&sure, &[])).0, "core", "without failures retries limit nothing");
}

#[test]
fn agents_that_wait_for_their_own_outcomes() {
    let text = scenario("arrival: #{ closed: #{ think: \"500ms\" } }, processor: #{ workers: 30 }", SURE);
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!(kind, "generator");
    assert!(seen.contains("send 17.6/s at most"), "{seen}");
    assert!((figure(&run, "/throughput_per_s") / 17.6 - 1.0).abs() < 0.05);
    let better = played(&text, &[&setting.unwrap()]);
    assert!(figure(&better, "/throughput_per_s") > 1.9 * figure(&run, "/throughput_per_s"));
    let open = text.replace("closed: #{ think: \"500ms\" }", "poisson: #{ rate: \"2/s\" }");
    assert_eq!(first(&played(&open, &[])).0, "core");
}

/// No setting is suggested, and none helps but a faster core.
#[test]
fn a_core_that_takes_all_the_time() {
    let text = scenario("arrival: \"10/s\", processor: #{ workers: 20 }", SURE);
    let run = played(&text, &[]);
    let (kind, seen, setting) = first(&run);
    assert_eq!((kind.as_str(), setting), ("core", None));
    assert_eq!(seen, "the core: its delivery takes 10.0 ms of 10.0 ms on average");
    let more_workers = played(&text, &["processor.workers=40"]);
    assert_eq!(figure(&more_workers, "/total/mean_ns"), figure(&run, "/total/mean_ns"));
    let faster = played(&text.replace("10ms", "5ms"), &[]);
    assert_eq!(2.0 * figure(&faster, "/total/mean_ns"), figure(&run, "/total/mean_ns"));
}

#[test]
fn a_core_that_makes_the_tail() {
    let tail = "latency: lognormal(#{ median: \"5ms\", p99: \"200ms\" }), success_rate: 1.0";
    let text = scenario("arrival: \"10/s\", processor: #{ workers: 200 }", tail);
    let run = played(&text, &[]);
    assert!(first(&run).1.starts_with("the core makes the tail"));
    let even = played(&text.replace("200ms", "10ms"), &[]);
    assert!(!first(&even).1.contains("tail"));
}

/// Callbacks that take longer than the time between two messages; at a hundredth of the rate they do not. On the wall
/// clock only the order of things is certain, so what counts as late is far from both.
#[test]
fn callbacks_that_cannot_keep_up() {
    let text = "fn slow(me) { let n = 0; for i in 0..20000 { n += i; } #{ type: \"direct\" } }\n".to_owned()
        + &scenario("arrival: \"200/s\", next: slow, clock: \"wall\", max_schedule_lag: \"300ms\"", SURE)
            .replace("20s", "600ms")
            .replace("arrival", "processor: #{ workers: 100 }, arrival")
            .replace(
                "agents: 9, mix: [\"direct\"],",
                "agents: [#{ name: \"a\", count: 9, next: slow }], mix: [\"direct\"],",
            )
            .replace("next: slow, clock", "clock");
    let run = played(&text, &[]);
    let (kind, seen, _) = first(&run);
    assert_eq!(kind, "generator");
    assert!(seen.contains("the script's callbacks take"), "{seen}");
    assert!(run["limits"][0]["help"].as_str().unwrap().contains("lower the rate"));
    let lower = played(&text.replace("200/s", "2/s"), &[]);
    assert_ne!(first(&lower).0, "generator");
}

#[test]
fn nothing_sent_is_limited_by_nothing() {
    let run = played(&scenario("arrival: \"0.0001/s\"", SURE).replace("20s", "1s"), &[]);
    assert_eq!(run["limits"], Value::Array(Vec::new()));
}

#[test]
fn scripts_read_limits_and_warnings() {
    let text = scenario("arrival: \"20/s\", processor: #{ workers: 1 }", SURE)
        .replace("run(", "let result = run(")
        + "check(result.limits[0].kind == \"processor\", result.limits[0].seen);\
           check(type_of(result.limits[0].setting) == \"string\", \"there is a setting\");\
           check(result.warnings.map(|w| w.kind) == [\"queue_growing\"], \"one warning\");";
    let folder = folder();
    let script = folder.path().join("reads.rhai");
    std::fs::write(&script, text).unwrap();
    let path = script.to_str().unwrap();
    for command in [&["run", "-q", path][..], &["check", path]] {
        let ended = mqscript(command);
        println!("{}{}", ended.stdout, ended.stderr);
        // Nothing was played in a check, so there is no first limit.
        let expected = if command[0] == "run" { 0 } else { 5 };
        assert_eq!(ended.code, expected);
    }
}

/// Uniform between 1 and 10 ms: nine tenths at 9.1 ms, one tenth at 1.9 ms.
#[test]
fn the_spread_is_from_p10_to_p90() {
    let text = scenario(
        "arrival: \"50/s\", processor: #{ workers: 100 }, checks: [\"delivery.p10 < 2ms\", \
         \"delivery.spread > 7ms\", \"delivery.spread < 7.4ms\"]",
        "latency: \"1ms..10ms\", success_rate: 1.0",
    );
    let run = played(&text, &[]);
    let checks = run["checks"].as_array().unwrap();
    assert!(checks.len() == 3 && checks.iter().all(|check| check["holds"] == true), "{checks:#?}");
    assert!(figure(&run, "/delivery/p10_ns") > 1.8e6);
}
