//! The bundled scripts on the real engine and the real mock core: their checks hold on many seeds, and each of them
//! can fail.

use mqscript::cores::Finder;
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::engine::{self, Behaviour, Setting, Silent};
use mqscript::judgement::{exit_of_checks, exit_of_run, judge};
use mqscript::plan::tree::TreeNode;
use mqscript::plan::{Overrides, Plan};
use mqscript::results::Run;
use mqscript::script::{BUNDLED, Execution, PlanPlayer, Settings, Source, execute};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Seeds on which every check must hold.
const SEEDS: u64 = 200;

struct EnginePlayer {
    finder: Finder,
}

impl PlanPlayer for EnginePlayer {
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let setting = Setting { finder: &self.finder, base_dir: base, pure: false, confined: None };
        match engine::run(plan, setting, behaviour, &mut Silent) {
            Ok(mut played) => match played.stop {
                None => {
                    judge(&mut played.run, plan, &played.facts);
                    Ok(played.run)
                }
                Some(stop) => Err(Diagnostic::new(Exit::Core, format!("{stop:?}")).into()),
            },
            Err(error) => Err(Diagnostic::new(Exit::Core, error.to_string()).into()),
        }
    }
}

/// The exit code of what a script has played and checked.
fn exit_of(execution: &Execution) -> Exit {
    let of_script = execution.diagnostics.exit().worst(exit_of_checks(&execution.checks));
    execution.runs.iter().map(exit_of_run).fold(of_script, Exit::worst)
}

fn play(name: &str, overrides: Overrides) -> Execution {
    play_with(name, overrides, &[])
}

fn play_with(name: &str, overrides: Overrides, params: &[(&str, &str)]) -> Execution {
    let source = Source::bundled(name).unwrap();
    let params = params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let settings = Settings { overrides, params, ..Settings::default() };
    let mut player = EnginePlayer { finder: Finder::new(&[]) };
    let execution = execute(&source, &settings, &mut player, &Arc::new(AtomicBool::new(false)));
    assert!(execution.diagnostics.is_empty(), "{name}: {}", execution.diagnostics);
    execution
}

/// What keeps a script on the virtual clock: the one with a real core gets the mock core in its place.
fn simulated(name: &str) -> Overrides {
    let core = (name == "real_and_mock").then(|| TreeNode::text("mock"));
    Overrides { core, ..Overrides::default() }
}

fn all_checks(execution: &Execution) -> impl Iterator<Item = (&str, bool, &str)> {
    let of_runs = execution.runs.iter().flat_map(|run| &run.checks);
    of_runs
        .chain(&execution.checks)
        .map(|check| (check.expression.as_str(), check.holds, check.seen.as_str()))
}

/// Scripts of which one evaluation is many runs.
const COMPARING: [&str; 2] = ["compare_cores", "tune_processor"];

fn every_check_holds(names: &[&str], seeds: u64) {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for name in names {
                    for seed in (1..=seeds).filter(|seed| seed % 2 == half) {
                        let overrides = Overrides { seed: Some(seed), ..simulated(name) };
                        let execution = play(name, overrides);
                        let wrong: Vec<_> = all_checks(&execution).filter(|(_, holds, _)| !holds).collect();
                        assert!(wrong.is_empty(), "{name}, seed {seed}: {wrong:?}");
                        assert_eq!(exit_of(&execution), Exit::Success, "{name}, seed {seed}");
                    }
                }
            });
        }
    });
}

#[test]
fn every_check_holds_on_many_seeds() {
    let names: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
    let (comparing, single): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| COMPARING.contains(name));
    every_check_holds(&single, SEEDS);
    every_check_holds(&comparing, SEEDS / 20);
}

/// `cargo test --release --test docs -- --ignored scripts::`: 200 evaluations of 20 and of 30 runs.
#[test]
#[ignore = "a minute or two; see CONTRIBUTING.md"]
fn every_check_of_a_comparison_holds_on_all_seeds() {
    every_check_holds(&COMPARING, SEEDS);
}

/// One changed setting, and the checks that fail by it.
#[test]
fn every_check_can_fail() {
    let set = |path: &str, value: &str| Overrides {
        set: vec![(path.to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    let option = |key: &str, value: &str| Overrides {
        core_options: vec![(key.to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    let text = |value: &str| Some(value.to_owned());
    let chaos = |faults: &str| Overrides { chaos: text(faults), ..Overrides::default() };
    let cases: Vec<(&str, Overrides, &str)> = vec![
        ("nine_agents", set("processor.retry.attempts", "1"), "success_rate >= 99.9%"),
        ("nine_agents", set("processor.workers", "1"), "total.p99 < 100ms"),
        (
            "nine_agents",
            set("mix.hard_onboard.priority", "low"),
            "by_type.hard_onboard.queue_wait.p90 <= by_type.direct.queue_wait.p99",
        ),
        ("urgent_mix", Overrides { success_rate: text("0.5"), ..Overrides::default() }, "success_rate > 93%"),
        ("urgent_mix", option("latency", "40ms"), "by_type.urgent.queue_wait.p99 < 30ms"),
        (
            "urgent_mix",
            set("types.text.priority", "urgent"),
            "by_type.urgent.queue_wait.p99 <= by_type.text.queue_wait.p99",
        ),
        (
            "classic_stress",
            Overrides { success_rate: text("0.5"), ..Overrides::default() },
            "success_rate > 93%",
        ),
        ("classic_stress", set("processor.workers", "1"), "queue_wait.max == 0s"),
        ("onboarding_burst", set("messages_per_agent", "99"), "generated == 900"),
        (
            "onboarding_burst",
            Overrides { success_rate: text("0.5"), ..Overrides::default() },
            "success_rate == 100%",
        ),
        ("onboarding_burst", set("processor.batch_interval", "101ms"), "duration == 9.8s"),
        ("ramp_up", option("latency", "40ms"), "phases.calm.total.p99 < 50ms"),
        ("ramp_up", set("processor.workers", "64"), "phases.peak.queue_wait.p50 > 1s"),
        (
            "reactive_agents",
            Overrides { duration: text("5"), ..Overrides::default() },
            "by_type.report.generated > 1000",
        ),
        (
            "reactive_agents",
            Overrides { chaos: text("duplicate=20%"), ..Overrides::default() },
            "no more reports than tasks",
        ),
        (
            "real_and_mock",
            Overrides { core: Some(TreeNode::text("mock")), ..set("processor.retry.attempts", "1") },
            "success_rate >= 99%",
        ),
        ("real_and_mock", Overrides { chaos: text("drop=5%"), ..simulated("real_and_mock") }, "lost == 0"),
        ("compare_cores", set("processor.retry.attempts", "1"), "crashes cost time"),
        ("tune_processor", set("processor.workers", "4"), "four workers are faster than two"),
        (
            "tune_processor",
            set("queue", "{capacity: 1, overflow: reject}"),
            "workers do not change what succeeds",
        ),
        ("tune_processor", set("processor.batch_interval", "20ms"), "polling costs time"),
        ("worker_pool", set("agents[0].arrival", "0.1/s"), "24 workers fall behind"),
        ("worker_pool", set("agents[1].consumer.fails", "100%"), "unfinished == 0"),
        ("worker_pool", set("agents[0].arrival", "2/s"), "busy < 80%"),
        ("worker_pool", set("agents[0].arrival", "2/s"), "60 workers are enough"),
        (
            "lease_too_short",
            set("agents[1].consumer.service", "1s"),
            "messages 3 to 8 are worked on more than once",
        ),
        ("lease_too_short", set("agents[1].consumer.lease", "10m"), "wasted_service > 50%"),
        ("lease_too_short", set("agents[1].consumer.lease", "20s"), "repeated == 0"),
        ("lease_too_short", set("agents[1].consumer.lease", "20s"), "lease_expired == 0"),
        ("poison", set("agents[1].consumer.max_deliveries", "1000000"), "unfinished == 0"),
        ("poison", set("agents[1].consumer.poison", "0"), "dead_letters > 0"),
        ("poison", chaos("drop=5%"), "each is completed or a dead letter"),
        ("crash_at_work", chaos("drop=5%"), "exactly those of the crashes are missing"),
        ("poison", set("agents[1].consumer.max_deliveries", "2"), "a dead letter was tried five times"),
        ("crash_at_work", set("agents[1].consumer.fails", "100%"), "unfinished == 0"),
        ("crash_at_work", set("agents[1].consumer.crash", "0"), "crashed > 0"),
        ("crash_at_work", set("agents[1].consumer.crash", "0"), "a crash costs its lease"),
        (
            "crash_at_work",
            set("agents[1].consumer.crash", "0"),
            "acknowledged before, a crash loses the message",
        ),
    ];
    let mut failed = Vec::new();
    for (name, overrides, expression) in cases {
        let execution = play(name, overrides);
        // Where a script runs several times, one of them is enough.
        let seen: Vec<_> = all_checks(&execution).filter(|(known, ..)| *known == expression).collect();
        assert!(!seen.is_empty(), "{name} has no check {expression}");
        if seen.iter().all(|(_, holds, _)| *holds) {
            failed.push(format!("{name}: {expression} still holds, seen {seen:?}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_surer_core_with_a_long_tail_is_slower() {
    let execution = play_with("compare_cores", Overrides::default(), &[("tail", "60ms")]);
    let failed: Vec<&str> =
        execution.checks.iter().filter(|check| !check.holds).map(|check| check.expression.as_str()).collect();
    assert_eq!(failed, ["the surer core is not slower"]);
    assert_eq!(exit_of(&execution), Exit::CheckFailed);
}

#[test]
fn the_burst_takes_as_long_as_it_says() {
    let execution = play("onboarding_burst", Overrides::default());
    assert_eq!(execution.runs[0].duration_ns, 9_800_000_000);
}

#[test]
fn callbacks_repeat() {
    let digests: Vec<String> =
        (0..2).map(|_| play("reactive_agents", Overrides::default()).runs[0].digest.clone()).collect();
    assert_eq!(digests[0], digests[1]);
    assert!(!digests[0].is_empty());
}
