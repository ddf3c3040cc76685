//! Proofs 3 to 5: Little's law as an identity, the stall, and the geometric law of retries.

use mqscript::plan::{Arrival, FigureNames, Overflow, Plan, Retry, Spacing, Stage, parse_check};
use mqscript::results::FinalOutcome;
use mqscript::results::{CheckResult, Run, TimesOfAll};
use serde_json::json;
use support::engine::{MS, S, plan, play, stories, sure};

#[test]
fn littles_law_is_an_identity_in_integers() {
    for (workers, attempts, capacity, overflow) in [
        (1, 1, 1_000_000, Overflow::Reject),
        (2, 3, 1_000_000, Overflow::Reject),
        (1, 2, 5, Overflow::DropOldest),
        (1, 1, 3, Overflow::Block),
    ] {
        let mut plan = plan(20.0, 60 * S, json!({ "success_rate": 0.7 }));
        plan.processor.workers = workers;
        plan.processor.retry = Retry { attempts, ..Retry::default() };
        plan.queue.capacity = capacity;
        plan.queue.overflow = overflow;
        let run = play(&plan);
        let number = |text: &str| text.parse::<u128>().unwrap();
        let places = [&run.occupancy.queue, &run.occupancy.processor, &run.occupancy.backoff];
        let integral: u128 = places.iter().map(|place| number(place)).sum();
        assert_eq!(integral, number(&run.occupancy.in_system));
        assert!(number(&run.occupancy.queue) > 0 && number(&run.occupancy.processor) > 0);
        assert_eq!(attempts > 1, number(&run.occupancy.backoff) > 0);
        assert_eq!(overflow == Overflow::Block, run.ledger.blocked > 0);
    }
}

/// Constant rate λ, constant delivery s, w workers: a stall of D makes λD/(1 − ρ) messages late, by D/2 on average,
/// but at most w of them in their delivery time.
#[test]
fn a_stall_shows_in_full_in_total_and_hardly_in_delivery() {
    let (stall_ns, workers, rate) = (2 * S, 4u32, 400.0);
    for utilisation in [0.1, 0.5, 0.8] {
        let service_ns = (utilisation * f64::from(workers) / rate * S as f64) as u64;
        let mut plan = plan(rate, 30 * S, sure("1ms"));
        plan.groups[0].count = 1;
        plan.groups[0].arrival = Arrival::Constant { rate_per_s: rate };
        plan.processor.workers = workers;
        plan.core.options.insert("latency".to_owned(), json!(format!("{service_ns}ns")));
        plan.core.options.insert("stall".to_owned(), json!([{ "at": "5s", "lasts": "2s" }]));
        let (_, stories) = stories(&plan);
        // A nanosecond of rounding in the arrivals is not lateness.
        let late: Vec<f64> = stories
            .iter()
            .map(|s| (s.ended_ns - s.intended_ns - service_ns) as f64)
            .filter(|late| *late > MS as f64 / 1_000.0)
            .collect();
        let expected = rate * stall_ns as f64 / 1e9 / (1.0 - utilisation);
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        println!("ρ {utilisation}: {} late, expected {expected}, mean {mean}", late.len());
        assert!((late.len() as f64 - expected).abs() <= f64::from(workers) + 1.0);
        assert!((mean / (stall_ns as f64 / 2.0) - 1.0).abs() < 0.01);
        let slow = stories.iter().filter(|s| s.ended_ns - s.last_accepted_ns.unwrap() > service_ns).count();
        assert!(slow >= 1 && slow <= workers as usize, "{slow} late in delivery");
    }
}

/// With success p, attempts up to n: P(attempts = k) = p(1 − p)^(k−1) for k < n.
#[test]
fn attempts_follow_the_geometric_law() {
    let mut plan = plan(200.0, 60 * S, json!({ "success_rate": 0.6, "latency": "1ms" }));
    plan.processor.workers = 50;
    plan.processor.retry = Retry { attempts: 6, ..Retry::default() };
    let (run, stories) = stories(&plan);
    let n = stories.len() as f64;
    for attempts in 1..=6u8 {
        let failed_before = 0.4f64.powi(i32::from(attempts) - 1);
        let expected = if attempts == 6 { failed_before } else { 0.6 * failed_before };
        let seen = stories.iter().filter(|s| s.attempts == attempts).count() as f64 / n;
        let sigma = (expected * (1.0 - expected) / n).sqrt();
        assert!((seen - expected).abs() < 4.0 * sigma, "{attempts}: {seen}, expected {expected} ± {sigma}");
    }
    let counts = run.ledger.counts;
    assert_eq!(counts.attempts, stories.iter().map(|s| u64::from(s.attempts)).sum::<u64>());
    assert_eq!(counts.retries, counts.attempts - counts.generated);
    assert_eq!(
        counts.failed,
        stories.iter().filter(|s| s.attempts == 6 && !s.reason.is_empty()).count() as u64
    );
    assert_eq!(run.ledger.attempts_by_reason.values().sum::<u64>(), counts.attempts - counts.delivered);
}

/// Waits before attempts grow by the factor up to the maximum, and jitter spreads them evenly.
#[test]
fn backoff_grows_and_jitters() {
    let mut plan = plan(1.0, 100 * S, json!({ "success_rate": 0.0, "latency": "1ms" }));
    plan.processor.workers = 1_000;
    plan.processor.retry.attempts = 5;
    plan.processor.retry.backoff.max_ns = 50 * MS;
    let (_, exact) = stories(&plan);
    // Five attempts of 1 ms, and waits of 10, 20, 40 and 50 ms.
    assert!(exact.iter().all(|s| s.ended_ns - s.intended_ns == 125 * MS));
    plan.processor.retry.attempts = 2;
    plan.processor.retry.backoff.jitter = 0.5;
    let (_, spread) = stories(&plan);
    let waits: Vec<u64> = spread.iter().map(|s| s.ended_ns - s.intended_ns - 2 * MS).collect();
    assert!(waits.iter().all(|w| (5 * MS..=15 * MS).contains(w)));
    assert!(waits.iter().any(|w| *w < 6 * MS) && waits.iter().any(|w| *w > 14 * MS));
    // The maximum is one, jitter or not: what would be longer lies on it, and the rest is spread below as before.
    plan.processor.retry.backoff.max_ns = 12 * MS;
    let (_, cut) = stories(&plan);
    let cut: Vec<u64> = cut.iter().map(|s| s.ended_ns - s.intended_ns - 2 * MS).collect();
    assert_eq!(cut, waits.iter().map(|wait| *wait.min(&(12 * MS))).collect::<Vec<_>>());
    assert!(cut.contains(&(12 * MS)));
}

/// Equal spacing is equal spacing, whichever arrival says so: agents start at phases of their own, and nobody waits for
/// the whole of a first gap.
#[test]
fn equal_spacing_is_the_same_in_every_arrival() {
    let even = |arrival: Arrival| {
        let mut plan = plan(20.0, 30 * S, sure("4ms"));
        plan.groups[0].arrival = arrival;
        play(&plan)
    };
    let (rate, spacing) = (20.0, Spacing::Constant);
    let stage = |name: &str, duration_ns| Stage {
        name: name.to_owned(),
        duration_ns,
        from_per_s: rate,
        to_per_s: rate,
        spacing,
    };
    let constant = even(Arrival::Constant { rate_per_s: rate });
    assert_eq!(constant.ledger.counts.generated, 5_400);
    let ramp = Arrival::Ramp { from_per_s: rate, to_per_s: rate, over_ns: 10 * S, spacing };
    let stages = Arrival::Stages(vec![stage("a", 11 * S), stage("b", 19 * S)]);
    for other in [ramp, stages] {
        let run = even(other);
        assert_eq!(run.ledger.counts.generated, 5_400);
        let mean_ns = |run: &Run| run.figures.queue_wait.mean_ns.unwrap();
        assert!((mean_ns(&run) - mean_ns(&constant)).abs() <= 2.0, "{}", mean_ns(&run));
    }
    // A rate that is less than one message an agent in the whole run.
    let mut slow = plan(0.1, 9 * S, sure("1ms"));
    slow.groups[0].count = 1_000;
    slow.groups[0].arrival = Arrival::Ramp { from_per_s: 0.1, to_per_s: 0.1, over_ns: S, spacing };
    let sent = play(&slow).ledger.counts.generated as f64;
    assert!((sent - 900.0).abs() < 4.0 * (1_000.0f64 * 0.9 * 0.1).sqrt(), "{sent}");
}

/// Forty messages every second, each forty spread over 30 s: what lies before the end comes, in time.
#[test]
fn overlapping_bursts_wait_for_nothing_and_lose_nothing() {
    let mut plan = plan(1.0, 60 * S, sure("1ms"));
    plan.groups[0].arrival = Arrival::Burst { size: 40, every_ns: S, spread_ns: 30 * S };
    plan.processor.workers = 100_000;
    plan.groups[0].count = 1;
    let run = play(&plan);
    // The burst at b s has min(1, (60 − b)/30) of its messages before the end; one more or less each.
    let expected: f64 = (0..60).map(|b| 40.0 * (f64::from(60 - b) / 30.0).min(1.0)).sum();
    assert_eq!(expected, 1_820.0);
    assert!((run.ledger.counts.generated as f64 - expected).abs() <= 30.0, "{}", run.ledger.counts.generated);
    assert_eq!(run.figures.queue_wait.max_ns, Some(0));
    plan.end = mqscript::plan::End::MessagesPerAgent(500);
    plan.groups[0].count = 7;
    let run = play(&plan);
    assert_eq!((run.ledger.counts.generated, run.figures.queue_wait.max_ns), (3_500, Some(0)));
}

/// Plays a plan with these checks.
fn checked(plan: &mut Plan, checks: &[&str]) -> (Run, Vec<CheckResult>) {
    let read = |check: &&str| parse_check(check, &FigureNames::default()).unwrap();
    plan.checks = checks.iter().map(read).collect();
    let run = play(plan);
    let results = run.checks.clone();
    (run, results)
}

#[test]
fn throughput_is_what_one_worker_can_do_however_much_is_offered() {
    let mut plan = plan(600.0 / 9.0, 30 * S, sure("5ms"));
    plan.processor.workers = 1;
    let (run, checks) =
        checked(&mut plan, &["throughput > 205/s", "throughput > 195/s", "delivered_rate > 550/s"]);
    let figures = &run.figures;
    assert!((figures.throughput_per_s.unwrap() / 200.0 - 1.0).abs() < 0.01, "{:?}", figures.throughput_per_s);
    assert_eq!(figures.delivered_rate_per_s, figures.offered_per_s, "all are delivered in the end");
    assert_eq!(run.by_type["direct"].throughput_per_s, figures.throughput_per_s);
    let holds: Vec<bool> = checks.iter().map(|check| check.holds).collect();
    assert_eq!(holds, [false, true, true], "{checks:?}");
}

#[test]
fn a_delivery_counts_where_it_falls_whenever_its_message_fell_due() {
    let stage = |name: &str, rate: f64| Stage {
        name: name.to_owned(),
        duration_ns: 10 * S,
        from_per_s: rate,
        to_per_s: rate,
        spacing: Spacing::Poisson,
    };
    let mut plan = plan(1.0, 30 * S, sure("1ms..9ms"));
    plan.groups[0].arrival =
        Arrival::Stages(vec![stage("calm", 10.0), stage("peak", 60.0), stage("after", 10.0)]);
    plan.warm_up_ns = 5 * S;
    plan.processor.workers = 1;
    let (run, stories) = stories(&plan);
    let delivered = |from_ns: u64, to_ns: u64| {
        stories.iter().filter(|story| (from_ns..to_ns).contains(&story.ended_ns)).count() as f64
    };
    let seen = |figure: Option<f64>, seconds: f64| (figure.unwrap() * seconds).round();
    assert_eq!(seen(run.figures.throughput_per_s, 30.0), delivered(5 * S, 35 * S));
    for phase in &run.phases {
        let expected = delivered(phase.start_ns, phase.end_ns);
        assert_eq!(seen(phase.figures.throughput_per_s, 10.0), expected, "{}", phase.name);
        assert!(expected > 0.0, "{}", phase.name);
    }
    let peak = &run.phases[1].figures;
    assert!(peak.delivered_rate_per_s.unwrap() > 2.0 * peak.throughput_per_s.unwrap(), "{peak:?}");
}

#[test]
fn rates_of_no_time_are_not_nought() {
    let mut plan = plan(20.0, S, sure("1ms"));
    plan.warm_up_ns = 10 * S;
    plan.end = mqscript::plan::End::Messages(20);
    let (run, checks) = checked(&mut plan, &["throughput < 5/s", "offered < 5/s"]);
    assert_eq!((run.figures.throughput_per_s, run.figures.offered_per_s), (None, None));
    assert!(checks.iter().all(|check| !check.holds && check.seen == "no samples"), "{checks:?}");
}

#[test]
fn no_time_is_cut_at_an_hour() {
    let mut plan = plan(1.0, 5 * 3_600 * S, sure("2s"));
    plan.groups[0].count = 1;
    plan.groups[0].arrival = Arrival::Constant { rate_per_s: 1.0 };
    plan.processor.workers = 1;
    let (run, checks) = checked(&mut plan, &["total.p90 < 61m", "total.p90 > 4h"]);
    assert!((run.figures.total.p90_ns.unwrap() as f64 / 16_200e9 - 1.0).abs() < 0.001);
    assert_eq!((checks[0].holds, checks[0].seen.as_str()), (false, "4 h 30 m"));
    assert!(checks[1].holds, "{checks:?}");
    let of_agent = run.by_agent.values().next().unwrap().total.p90_ns.unwrap();
    assert!((of_agent as f64 / 16_200e9 - 1.0).abs() < 0.01, "{of_agent}");
    let last = run.series.total_p99_ns.iter().rev().find_map(|p99| *p99).unwrap();
    assert!((last as f64 / 18_000e9 - 1.0).abs() < 0.07, "{last}");
    assert!(run.warnings.iter().all(|warning| warning.kind != "histogram_saturated"));
}

#[test]
fn what_was_not_delivered_is_later_than_any_time() {
    let mut plan = plan(20.0, 60 * S, json!({ "success_rate": 0.7, "latency": "1ms..9ms" }));
    let asked =
        ["total_all.p50 < 1s", "total_all.p99 < 1s", "total.p99 < 1s", "total_all.p99 >= total_all.p95"];
    let (run, checks) = checked(&mut plan, &asked);
    let (_, stories) = stories(&plan);
    let mut times: Vec<u64> = stories
        .iter()
        .map(|story| match story.outcome {
            FinalOutcome::Delivered => story.ended_ns - story.intended_ns,
            _ => u64::MAX,
        })
        .collect();
    times.sort_unstable();
    let TimesOfAll { never, times: all } = run.figures.total_all;
    assert_eq!(
        (all.count, never),
        (times.len() as u64, times.iter().filter(|t| **t == u64::MAX).count() as u64)
    );
    let p50 = times[times.len().div_ceil(2) - 1] as f64;
    assert!((all.p50_ns.unwrap() as f64 / p50 - 1.0).abs() < 0.002 && all.p50_ns > run.figures.total.p50_ns);
    assert_eq!((all.min_ns, all.p90_ns, all.p99_ns, all.max_ns), (Some(times[0]), None, None, None));
    assert_eq!(all.mean_ns, None);
    let seen: Vec<(bool, &str)> = checks.iter().map(|check| (check.holds, check.seen.as_str())).collect();
    assert_eq!(seen[1], (false, "never"));
    assert_eq!(seen[3], (true, "never against never"));
    assert!(seen[0].0 && seen[2].0, "{seen:?}");
}

#[test]
fn a_check_shows_the_digits_that_decide_it() {
    let mut plan = plan(20.0, 60 * S, sure("1.0001ms"));
    plan.processor.workers = 100;
    let asked = ["total.max <= 1ms", "total.max > 1ms", "total.max < 2ms", "total.max == delivery.max"];
    let (_, checks) = checked(&mut plan, &asked);
    let seen: Vec<(bool, &str)> = checks.iter().map(|check| (check.holds, check.seen.as_str())).collect();
    let against = "1.00 ms against 1.00 ms";
    assert_eq!(seen, [(false, "1.0001 ms"), (true, "1.0001 ms"), (true, "1.00 ms"), (true, against)]);
}
