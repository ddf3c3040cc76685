//! What casts doubt on the numbers: each warning fires where it should, and only there.

use mqscript::compare::{Candidate, Question, WITHIN_DEFAULT, compare};
use mqscript::plan::{Arrival, ClockKind, FigureNames, Plan, Retry, parse_figure};
use mqscript::results::comparisons::Comparison;
use mqscript::results::{Run, Warning};
use serde_json::json;
use std::collections::BTreeMap;
use support::engine::{S, plan, play, side_by_side, sure};

/// Nine agents as in the bundled script: 30/s each on two workers, with retries.
fn healthy(seed: u64) -> Plan {
    let mut plan = plan(30.0, 60 * S, json!({}));
    plan.seed = seed;
    plan.warm_up_ns = 5 * S;
    plan.processor.workers = 2;
    plan.processor.retry = Retry { attempts: 3, ..Retry::default() };
    plan
}

fn stalled(at: &str, lasts: &str) -> Plan {
    let mut plan = plan(20.0, 60 * S, sure("1ms..10ms"));
    plan.processor.workers = 8;
    plan.core.options.insert("stall".to_owned(), json!([{ "at": at, "lasts": lasts }]));
    plan
}

fn kinds(run: &Run) -> Vec<&str> {
    run.warnings.iter().map(|warning| warning.kind.as_str()).collect()
}

fn only(run: &Run) -> &Warning {
    assert_eq!(run.warnings.len(), 1, "{:#?}", run.warnings);
    println!("{:#?}", run.warnings[0]);
    &run.warnings[0]
}

/// One worker that answers after times of this law, on average a `utilisation` of the time between two messages of nine
/// agents with `rate` each; for a minute.
fn stationary(heavy: bool, utilisation: f64, rate: f64, seed: u64) -> Plan {
    let mean_ms = 1e3 * utilisation / (9.0 * rate);
    // The mean of a lognormal law whose p99 is fifty times its median is exp(σ²/2) medians, with σ = ln 50 / 2.3263.
    let sigma = 50f64.ln() / 2.326_347_9;
    let median_ms = mean_ms / (sigma * sigma / 2.0).exp();
    let latency = match heavy {
        false => json!({ "exponential": { "mean": format!("{mean_ms}ms") } }),
        true => {
            json!({ "lognormal": { "median": format!("{median_ms}ms"), "p99": format!("{}ms", 50.0 * median_ms) } })
        }
    };
    let mut plan = plan(rate, 60 * S, json!({ "latency": latency, "success_rate": 1.0 }));
    plan.seed = seed;
    plan
}

/// How many of so many stationary runs are said to be growing, unsettled or held up, for each law and rate.
fn false_alarms(seeds: u64) -> Vec<(String, BTreeMap<String, usize>)> {
    let laws = [(false, 0.5), (false, 0.8), (false, 0.9), (true, 0.7)];
    let each = laws.into_iter().flat_map(|law| [(law, 20.0), (law, 2.0)]);
    let counted = each.map(|((heavy, utilisation), rate)| {
        let runs = side_by_side(seeds as usize, |seed| {
            play(&stationary(heavy, utilisation, rate, 1 + seed as u64)).warnings
        });
        let mut counts = BTreeMap::new();
        for warning in runs.iter().flatten() {
            if ["queue_growing", "not_settled", "outliers"].contains(&warning.kind.as_str()) {
                *counts.entry(warning.kind.clone()).or_default() += 1;
            }
        }
        let law = if heavy { "lognormal" } else { "exponential" };
        let row = (format!("{law} at {utilisation}, {rate}/s each"), counts);
        println!("{row:?}");
        row
    });
    counted.collect()
}

/// A queue at a high load, or with times of a heavy tail, comes and goes by itself.
#[test]
fn a_queue_that_comes_and_goes_is_no_fault() {
    let alarms: usize = false_alarms(10).iter().flat_map(|(_, counts)| counts.values()).sum();
    assert!(alarms <= 2, "{alarms} of 80");
}

#[test]
#[ignore = "1,600 runs: cargo test --release --test engine -- --ignored --nocapture warnings::"]
fn of_two_hundred_stationary_runs_at_most_four_raise_an_alarm() {
    for (law, counts) in false_alarms(200) {
        assert!(counts.values().all(|count| *count <= 4), "{law}: {counts:?}");
    }
}

/// What grows must be what waits, not what is with the core.
#[test]
fn a_long_latency_before_idle_workers_is_no_growing_queue() {
    for seed in 1..=40 {
        let mut plan = plan(2.0, 30 * S, sure("20s"));
        (plan.seed, plan.processor.workers) = (seed, 1_000);
        let run = play(&plan);
        assert!(!kinds(&run).contains(&"queue_growing"), "{:#?}", run.warnings);
    }
}

/// A pause in a queue that comes and goes stands out all the same, and so does a tenth more than can be done.
#[test]
fn a_fault_stands_out_of_a_queue_that_comes_and_goes() {
    for seed in 1..=5 {
        let mut paused = stationary(false, 0.5, 20.0, seed);
        paused.core.options.insert("stall".to_owned(), json!([{ "at": "31s", "lasts": "3s" }]));
        assert_eq!(kinds(&play(&paused)), ["outliers"], "seed {seed}");
        let overloaded = stationary(false, 1.2, 20.0, seed);
        assert_eq!(kinds(&play(&overloaded)), ["queue_growing"], "seed {seed}");
    }
}

/// Whatever is called doubtful on a healthy system is noise, and teaches people not to read warnings.
#[test]
fn healthy_runs_are_not_doubted() {
    let noisy: Vec<(u64, Vec<Warning>)> = side_by_side(200, |seed| {
        let run = play(&healthy(1 + seed as u64));
        (run.seed, run.warnings)
    })
    .into_iter()
    .filter(|(_, warnings)| !warnings.is_empty())
    .collect();
    println!("{noisy:#?}");
    assert!(noisy.len() <= 1, "{} of 200 raise a warning", noisy.len());
}

#[test]
fn a_slow_beginning_is_told_and_a_warm_up_silences_it() {
    let mut plan = stalled("0s", "3s");
    let warning = only(&play(&plan)).clone();
    assert_eq!(warning.kind, "not_settled");
    assert!(warning.help.contains("--set warm_up="), "{}", warning.help);
    // What the help says is followed to the letter.
    let seconds = warning.help.rsplit('=').next().unwrap().trim_end_matches('s').parse::<u64>().unwrap();
    plan.warm_up_ns = seconds * S;
    assert_eq!(kinds(&play(&plan)), [""; 0]);
}

#[test]
fn a_change_late_in_the_run_is_told_with_its_time() {
    let mut plan = plan(20.0, 60 * S, sure("1ms..10ms"));
    plan.processor.workers = 8;
    plan.core.layers = vec![mqscript::plan::LayerSpec::new(
        "chaos",
        json!({ "crash": 0, "spike": { "rate": 0.5, "by": "20ms", "from": "40s", "to": "10m" } })
            .as_object()
            .unwrap()
            .clone(),
    )];
    let run = play(&plan);
    let warning = only(&run);
    assert_eq!(warning.kind, "not_settled");
    assert!(warning.seen.contains("at 40 s"), "{}", warning.seen);
    assert!(!warning.help.contains("warm_up"), "{}", warning.help);
}

#[test]
fn a_backlog_that_grows_is_told_and_one_that_does_not_is_not() {
    let mut plan = plan(20.0, 20 * S, sure("10ms"));
    let run = play(&plan);
    assert_eq!(only(&run).kind, "queue_growing");
    assert!(run.warnings[0].seen.contains("100/s were done"), "{}", run.warnings[0].seen);
    plan.processor.workers = 3;
    assert_eq!(kinds(&play(&plan)), [""; 0]);
}

/// That waits grow while the load does is what such a scenario is for.
#[test]
fn a_load_that_is_meant_to_change_is_not_called_unsteady() {
    let mut plan = plan(20.0, 60 * S, sure("10ms"));
    plan.groups[0].arrival =
        Arrival::Ramp { from_per_s: 1.0, to_per_s: 30.0, over_ns: 60 * S, spacing: Default::default() };
    let run = play(&plan);
    assert!(run.figures.queue_wait.max_ns > Some(S), "it does grow");
    assert_eq!(kinds(&run), [""; 0]);
}

#[test]
fn a_pause_in_mid_run_is_an_outlier() {
    let run = play(&stalled("31s", "1s"));
    let warning = only(&run);
    assert_eq!(warning.kind, "outliers");
    assert!(warning.seen.contains("from 32 s on"), "{}", warning.seen);
    assert_eq!(kinds(&play(&stalled("31s", "1ms"))), [""; 0]);
}

#[test]
fn few_samples_name_what_can_be_relied_on() {
    let mut plan = plan(1.0, 60 * S, sure("1ms"));
    let warning = only(&play(&plan)).clone();
    assert_eq!((warning.kind.as_str(), &warning.help[..3]), ("few_samples", "p95"));
    plan.end = mqscript::plan::End::Duration(200 * S);
    assert_eq!(kinds(&play(&plan)), [""; 0]);
}

/// Some 2,000 messages serve a p99, and no p99.9.
#[test]
fn a_percentile_that_a_check_names_is_doubted_for_what_it_takes_itself() {
    let checked = |check: &str| {
        let mut plan = plan(1.0, 200 * S, sure("1ms"));
        let read = mqscript::plan::parse_check(check, &mqscript::plan::FigureNames::default());
        plan.checks.push(read.unwrap());
        play(&plan)
    };
    assert_eq!(kinds(&checked("total.p99 < 1s")), [""; 0]);
    assert_eq!(kinds(&checked("total.max < 1s")), [""; 0]);
    for check in ["total.p999 < 1s", "delivery.p50 <= total.p999"] {
        let run = checked(check);
        let warning = only(&run);
        assert_eq!(warning.kind, "few_samples");
        let count = run.figures.total.count;
        let count = mqscript::numbers::count(count);
        assert_eq!(warning.seen, format!("a check names total.p999 of {count} messages"));
        assert!(warning.help.ends_with("total.p999 takes 10,000 messages"), "{}", warning.help);
    }
}

#[test]
fn uncertain_and_unanswered_messages_are_told() {
    let mut plan = plan(20.0, 30 * S, sure("1ms..10ms"));
    plan.processor.workers = 64;
    assert_eq!(kinds(&play(&plan)), [""; 0]);
    plan.processor.timeout_ns = Some(5_000_000);
    assert_eq!(kinds(&play(&plan)), ["uncertain"]);
    plan.processor.timeout_ns = None;
    plan.processor.max_messages = Some(1_500);
    assert!(kinds(&play(&plan)).contains(&"unanswered"));
}

/// The largest lag allowed decides; on the virtual clock there is none.
#[test]
fn a_generator_that_is_late_is_told_on_the_wall_clock_alone() {
    let mut plan = plan(100.0, S / 2, sure("1ms"));
    plan.processor.workers = 64;
    plan.max_schedule_lag_ns = Some(0);
    assert!(!kinds(&play(&plan)).contains(&"generator_limited"));
    plan.clock = Some(ClockKind::Wall);
    assert!(kinds(&play(&plan)).contains(&"generator_limited"));
    plan.max_schedule_lag_ns = Some(60 * S);
    assert!(!kinds(&play(&plan)).contains(&"generator_limited"));
}

fn compared(runs: [&[Run]; 2]) -> Comparison {
    let read = |text: &str| (text.to_owned(), parse_figure(text, &FigureNames::default()).unwrap());
    let question = Question {
        figures: ["total.mean", "total.p99", "throughput"].map(read).into(),
        by_default: false,
        within: WITHIN_DEFAULT,
    };
    let candidates = ["a", "b"]
        .into_iter()
        .zip(runs)
        .map(|(name, runs)| Candidate { name: name.to_owned(), runs: runs.iter().collect() });
    compare(&candidates.collect::<Vec<_>>(), &question)
}

/// Ten replications of a calm system, which no comparison doubts.
fn calm() -> Vec<Run> {
    side_by_side(10, |seed| {
        let mut plan = plan(20.0, 10 * S, json!({}));
        plan.seed = 1 + seed as u64;
        plan.processor.workers = 64;
        play(&plan)
    })
}

#[test]
fn comparisons_tell_of_hosts_versions_and_outlying_replications() {
    let (a, b) = (calm(), calm());
    assert_eq!(compared([&a, &b]).warnings, []);

    let changed = |change: &dyn Fn(&mut Run)| {
        let mut b = b.clone();
        b.iter_mut().for_each(change);
        let warnings = compared([&a, &b]).warnings;
        println!("{warnings:#?}");
        warnings
    };
    let elsewhere = |run: &mut Run| run.environment.host = "another machine".to_owned();
    assert_eq!(changed(&elsewhere), [], "simulated runs are the same on every machine");
    let live_elsewhere = |run: &mut Run| {
        elsewhere(run);
        run.clock = "wall".to_owned();
    };
    assert_eq!(changed(&live_elsewhere), [], "one side alone is live: there is but one machine");
    let mut live = a.clone();
    live.iter_mut().for_each(|run| run.clock = "wall".to_owned());
    let mut other = live.clone();
    other.iter_mut().for_each(elsewhere);
    assert_eq!(compared([&live, &live]).warnings, []);
    assert_eq!(compared([&live, &other]).warnings[0].kind, "different_hosts");

    let newer = |run: &mut Run| run.environment.version = "9.9.9".to_owned();
    assert_eq!(changed(&newer)[0].kind, "different_versions");

    let slow = |run: &mut Run| {
        if run.seed == 7 {
            run.figures.total.mean_ns = run.figures.total.mean_ns.map(|mean| 3.0 * mean);
        }
    };
    let warnings = changed(&slow);
    assert_eq!((warnings.len(), warnings[0].kind.as_str()), (1, "outliers"));
    assert!(warnings[0].seen.contains("`b`: total.mean with seed 7"), "{}", warnings[0].seen);
}

#[test]
fn comparisons_sum_up_what_their_runs_warn_of() {
    let few = |seeds: std::ops::Range<u64>| -> Vec<Run> {
        seeds
            .map(|seed| {
                let mut plan = plan(20.0, if seed % 2 == 0 { 2 * S } else { 10 * S }, sure("1ms..10ms"));
                plan.seed = seed;
                plan.processor.workers = 64;
                play(&plan)
            })
            .collect()
    };
    let warnings = compared([&few(0..6), &few(10..15)]).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0].kind, "few_samples");
    assert!(
        warnings[0].seen.starts_with("in 3 of 6 of `a`, 3 of 5 of `b` replications: "),
        "{}",
        warnings[0].seen
    );
}
