//! What limits a run, as its summary says: each suggestion is followed to the letter and helps, and is not made where it
//! would not: every setting was played before it was told.

use serde_json::Value;
use support::program::{folder, mqscript};

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
        + &*scenario("arrival: \"200/s\", next: slow, clock: \"wall\"", SURE)
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

/// A setting that was told, and the run with it.
struct Advice {
    setting: String,
    figure: String,
    without: Value,
    with: Value,
}

/// Follows each advice on a scenario to the letter; a setting that is refused gives no results.
fn followed(text: &str) -> Vec<Advice> {
    let run = played(text, &[]);
    let limits = run["limits"].as_array().unwrap().clone();
    let told = limits.iter().filter(|limit| limit["setting"].is_string());
    let advice = told.map(|limit| Advice {
        setting: limit["setting"].as_str().unwrap().to_owned(),
        figure: limit["tried"]["figure"].as_str().expect("it was played").to_owned(),
        without: run.clone(),
        with: played(text, &[limit["setting"].as_str().unwrap()]),
    });
    advice.collect()
}

/// What an advice does that it must not do, if anything.
fn harm(advice: &Advice) -> Option<String> {
    let Advice { figure: name, without, with, .. } = advice;
    let path = format!("/{}", name.replace('.', "/").replace("throughput", "throughput_per_s"));
    let path = if path.matches('/').count() > 1 { path + "_ns" } else { path };
    let (before, after) = (figure(without, &path), figure(with, &path));
    let better =
        if name.contains("wait") || name.contains("total") { after < before } else { after > before };
    let rate = |run: &Value| figure(run, "/success_rate");
    let broken = |(before, after): (&Value, &Value)| before["holds"] == true && after["holds"] == false;
    let checks = |run: &Value| run["checks"].as_array().unwrap().clone();
    if !better {
        Some(format!("{name} is {after} instead of {before}"))
    } else if rate(with) < rate(without) - 1e-3 {
        Some(format!("{} delivered instead of {}", rate(with), rate(without)))
    } else if checks(without).iter().zip(&checks(with)).any(broken) {
        Some("a check does not hold any more".to_owned())
    } else {
        None
    }
}

/// No limit of a run has a setting of this path; what is told instead of the first that would.
fn unsaid(text: &str, path: &str) -> Value {
    let run = played(text, &[]);
    let limits = run["limits"].as_array().unwrap();
    let told = limits.iter().find(|limit| limit["setting"].as_str().is_some_and(|s| s.contains(path)));
    assert!(told.is_none(), "{told:#?}");
    run
}

/// More workers do not make a throttle let more through, nor undo `max_messages`.
#[test]
fn no_workers_are_asked_for_where_they_do_not_help() {
    let throttled = scenario("arrival: \"10/s\", processor: #{ workers: 4 }", SURE)
        .replace("core(\"mock\", #{ latency: \"10ms\", success_rate: 1.0 })", "layer(\"chaos\", core(\"mock\", #{ latency: \"10ms\", success_rate: 1.0 }), #{ throttle: \"60/s\" })")
        .replace("20s", "5s");
    unsaid(&throttled, "workers");
    let stopped = scenario("arrival: \"20/s\", processor: #{ workers: 2, max_messages: 500 }", SURE);
    let run = unsaid(&stopped, "workers");
    assert!(first(&run).1.contains("stops after 500 hand-overs"), "{:#}", run["limits"]);
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("raise processor.max_messages") && !warnings.contains("workers"), "{warnings}");
}

/// Attempts that follow each other four times as fast are spent while the outage lasts.
#[test]
fn no_shorter_backoff_is_asked_for_in_outages() {
    let text = scenario(
        "arrival: \"1/s\", processor: #{ workers: 50, retry: #{ attempts: 5, backoff: \"500ms\" } }",
        SURE,
    )
    .replace("core(\"mock\", #{ latency: \"10ms\", success_rate: 1.0 })", "layer(\"chaos\", core(\"mock\", #{ latency: \"10ms\", success_rate: 1.0 }), #{ outage: #{ at: \"5s\", lasts: \"6s\" } })");
    let run = unsaid(&text, "backoff");
    assert_eq!(figure(&run, "/success_rate"), 1.0);
    assert!(figure(&played(&text, &["processor.retry.backoff=125ms"]), "/success_rate") < 0.95);
}

/// More attempts help where there is time for them, and only there.
#[test]
fn more_attempts_are_asked_for_where_the_workers_have_time_for_them() {
    let of = |workers: u32| {
        scenario(
            &format!("arrival: \"20/s\", processor: #{{ workers: {workers} }}"),
            "latency: \"10ms\", success_rate: 0.8",
        )
    };
    let advice = followed(&of(4));
    let attempts =
        advice.iter().find(|advice| advice.setting.contains("retry.attempts")).expect("it is told");
    assert!(figure(&attempts.with, "/success_rate") > 0.98);
    unsaid(&of(1), "attempts");
    unsaid(&of(2), "attempts");
}

/// A few messages too many now and then, before workers that are idle half the time.
#[test]
fn a_short_queue_before_idle_workers_is_made_longer() {
    let text = scenario("arrival: \"6/s\", queue: #{ capacity: 2 }, processor: #{ workers: 1 }", SURE);
    let advice = followed(&text);
    assert!(
        advice.iter().any(|advice| advice.setting.starts_with("queue.capacity=")),
        "{:#}",
        played(&text, &[])["limits"]
    );
    assert!(advice.iter().all(|advice| harm(advice).is_none()));
}

/// Where the arrival stands in the group, so does the setting; where there are several groups, no one's bound is
/// everybody's.
#[test]
fn a_closed_load_is_told_of_where_it_stands() {
    let group = |name: &str| {
        format!(
            "#{{ name: \"{name}\", count: 3, mix: [\"direct\"], arrival: #{{ closed: #{{ think: \"500ms\" }} }} }}"
        )
    };
    let of = |groups: &str| {
        format!(
            "run(scenario(#{{ agents: [{groups}], duration: \"20s\", processor: #{{ workers: 30 }} }}), core(\"mock\", #{{ {SURE} }}));"
        )
    };
    let one = followed(&of(&group("one")));
    assert_eq!(one[0].setting, "agents[0].arrival.closed.in_flight=2");
    assert!(harm(&one[0]).is_none());
    let run = unsaid(&of(&[group("one"), group("two")].join(", ")), "in_flight");
    assert!(first(&run).1.contains("6 agents in 2 groups"), "{:#}", run["limits"]);
}

/// A check that holds is not given up for a shorter wait.
#[test]
fn no_advice_breaks_a_check() {
    let text = scenario("arrival: \"20/s\", processor: #{ workers: 2 }", SURE);
    assert_eq!(followed(&text).len(), 1);
    let checked = text.replace("agents: 9", "checks: [\"queue_wait.max > 20ms\"], agents: 9");
    let run = unsaid(&checked, "workers");
    assert!(run["limits"][0]["help"].as_str().unwrap().contains("`queue_wait.max > 20ms` may not hold then"));
}

/// Neither what the script prints in callbacks, nor its agents' state, nor the messages written down know of it.
#[test]
fn advice_is_played_unseen() {
    let folder = folder();
    let script = folder.path().join("seen.rhai");
    let text = "fn send(me) { me.state.n += 1; if me.state.n == 5 { print(`${me.name} sends its fifth`); } #{ type: \"direct\" } }\n".to_owned()
        + &*scenario("arrival: \"20/s\", processor: #{ workers: 2 }", SURE)
            .replace("agents: 9,", "agents: [#{ name: \"a\", count: 9, next: send, state: #{ n: 0 } }],");
    std::fs::write(&script, text).unwrap();
    let (path, events) = (script.to_str().unwrap(), folder.path().join("events.ndjson"));
    let ended = mqscript(&["run", path, "-q", "--events", events.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("try --set"), "it was played: {}", ended.stdout);
    assert_eq!(ended.stdout.matches("sends its fifth").count(), 9, "{}", ended.stdout);
    let report: Value =
        serde_json::from_str(&mqscript(&["run", path, "-q", "--format", "json"]).stdout).unwrap();
    let generated = report["runs"][0]["generated"].as_u64().unwrap();
    let lines = std::fs::read_to_string(&events).unwrap();
    assert_eq!(lines.lines().count() as u64, generated);
}

/// A small generator of numbers (Knuth's MMIX), so that every configuration can be played again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Any scenario on a mock core, with or without chaos.
fn any_scenario(number: u64) -> String {
    let mut dice = Dice(number);
    for _ in 0..5 {
        dice.below(2);
    }
    let arrival = dice.one_of(&[
        "poisson(\"4/s\")",
        "poisson(\"20/s\")",
        "constant(\"10/s\")",
        "burst(#{ size: 20, every: \"5s\" })",
        "burst(#{ size: 5, every: \"1s\", spread: \"200ms\" })",
        "closed(#{ think: \"200ms\" })",
        "closed(#{ think: exponential(\"1s\"), in_flight: 2 })",
        "ramp(#{ from: \"1/s\", to: \"20/s\", over: \"20s\" })",
    ]);
    let count = 1 + dice.below(20);
    let agents = match dice.below(3) {
        0 => format!("agents: {count}, arrival: {arrival}, mix: [\"direct\"]"),
        1 => format!("agents: [#{{ name: \"a\", count: {count}, arrival: {arrival}, mix: [\"direct\"] }}]"),
        _ => format!(
            "agents: [#{{ name: \"a\", count: {count}, arrival: {arrival}, mix: [\"direct\"] }}, \
             #{{ name: \"b\", count: 2, arrival: poisson(\"5/s\"), mix: [\"direct\", \"broadcast\"] }}]"
        ),
    };
    let workers = dice.one_of(&[1, 1, 2, 3, 8, 50]);
    let batch = dice.one_of(&[
        "",
        "",
        "",
        ", batch_size: 5, batch_interval: \"100ms\"",
        ", batch_interval: \"400ms\"",
    ]);
    let (attempts, backoff) = (dice.one_of(&[1, 1, 3, 5]), dice.one_of(&["10ms", "500ms", "2s"]));
    let more = dice.one_of(&[
        "",
        "",
        "",
        ", timeout: \"30ms\"",
        ", time_to_live: \"1s\"",
        ", max_messages: 300",
        ", dead_letter: true",
    ]);
    let queue = dice.one_of(&[
        "",
        "",
        "",
        "queue: #{ capacity: 3 }, ",
        "queue: #{ capacity: 30, overflow: \"drop_oldest\" }, ",
        "queue: #{ capacity: 10, overflow: \"block\" }, ",
    ]);
    let latency = dice.one_of(&[
        "\"10ms\"",
        "\"1ms..30ms\"",
        "exponential(\"12ms\")",
        "lognormal(#{ median: \"4ms\", p99: \"100ms\" })",
    ]);
    let success = dice.one_of(&["1.0", "1.0", "0.97", "0.7"]);
    let stall = dice.one_of(&["", "", "", ", stall: [#{ at: \"4s\", lasts: \"2s\" }]"]);
    let chaos = dice.one_of(&[
        "",
        "",
        "",
        "throttle: \"40/s\"",
        "outage: #{ at: \"5s\", lasts: \"3s\" }",
        "outage: #{ every: \"7s\", lasts: \"1s\", mode: \"hold\" }",
        "crash: \"5%\"",
        "spike: #{ rate: 0.05, by: \"300ms\" }",
    ]);
    let checks = dice.one_of(&[
        "",
        "",
        "checks: [\"total.p99 < 300ms\", \"success_rate >= 95%\"], ",
        "checks: [\"queue_wait.mean < 20ms\", \"failed == 0\", \"throughput > 5/s\"], ",
    ]);
    let (duration, warm_up) = (5 + dice.below(30), dice.one_of(&["", "warm_up: \"2s\", "]));
    let core = format!("core(\"mock\", #{{ latency: {latency}, success_rate: {success}{stall} }})");
    let core = if chaos.is_empty() { core } else { format!("layer(\"chaos\", {core}, #{{ {chaos} }})") };
    format!(
        "run(scenario(#{{ {agents}, {queue}{checks}{warm_up}duration: \"{duration}s\", seed: {number}, \
         processor: #{{ workers: {workers}{batch}, retry: #{{ attempts: {attempts}, backoff: \"{backoff}\" }}{more} }} }}), {core});"
    )
}

/// How much advice is given on these scenarios, none of which is refused or harms.
fn advice_on(numbers: std::ops::Range<u64>) -> usize {
    let mut told = 0;
    let mut wrong = Vec::new();
    for number in numbers {
        let text = any_scenario(number);
        for advice in followed(&text) {
            told += 1;
            println!("{number}: {}", advice.setting);
            wrong.extend(harm(&advice).map(|harm| format!("{}: {harm}\n{text}", advice.setting)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    told
}

#[test]
fn advice_on_any_scenario_helps_and_does_no_harm() {
    let told = advice_on(1..21);
    assert!(told >= 5, "{told}");
}

#[test]
#[ignore = "200 scenarios: cargo test --release --test engine -- --ignored --nocapture bottlenecks::"]
fn advice_on_two_hundred_scenarios_helps_and_does_no_harm() {
    let told = advice_on(1..201);
    println!("{told} settings on 200 scenarios");
    assert!(told >= 50, "{told}");
}
