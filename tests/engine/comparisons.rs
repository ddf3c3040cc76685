//! What a comparison says of simulated runs: no false alarms, real differences found, common luck that pays.

use mqscript::compare::{Candidate, Moments, PRIMARY, Question, WITHIN_DEFAULT, compare};
use mqscript::plan::{FigureNames, Literal, Plan, Retry, parse_figure};
use mqscript::results::Run;
use mqscript::results::comparisons::{Comparison, Verdict, Within};
use mqscript::results::figures::lookup;
use serde_json::{Value, json};
use support::engine::{S, plan, play, side_by_side};

/// Seeds of two comparisons must not overlap.
const APART: u64 = 1_000;

/// The system under comparison: nine agents, 20/s each.
#[derive(Clone, Copy)]
struct System {
    workers: u32,
    seconds: u64,
    /// The latency's factor.
    slower: f64,
    /// Whether the cores' luck is its own.
    other_luck: bool,
}

const CALM: System = System { workers: 64, seconds: 60, slower: 1.0, other_luck: false };

impl System {
    fn mock(&self) -> Value {
        let ns = |ms: f64| (ms * 1e6 * self.slower).round() as u64;
        json!({ "latency": format!("{}ns..{}ns", ns(1.0), ns(10.0)), "success_rate": 0.95 })
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = plan(20.0, self.seconds * S, self.mock());
        plan.seed = seed;
        plan.core_seed = self.other_luck.then_some(seed + 500_000_000);
        plan.processor.workers = self.workers;
        plan.processor.retry = Retry { attempts: 3, ..Retry::default() };
        plan
    }

    fn run(&self, seed: u64) -> Run {
        play(&self.plan(seed))
    }
}

/// Nothing is too small to matter: the hardest case for false alarms, which equivalence would otherwise hide.
const EXACTLY: Within = Within { share: 0.0, time_ns: None };

fn question(within: Within) -> Question {
    let read = |text: &str| (text.to_owned(), parse_figure(text, &FigureNames::default()).unwrap());
    Question { figures: PRIMARY.map(read).into(), by_default: false, within }
}

fn share(share: f64) -> Within {
    Within { share, time_ns: None }
}

/// One comparison of `b` with `a` in this many replications.
fn compared(a: System, b: System, number: u64, replications: u64, within: Within) -> Comparison {
    let seeds = (0..replications).map(|i| 1 + number * APART + i);
    let runs: Vec<(Run, Run)> = seeds.map(|seed| (a.run(seed), b.run(seed))).collect();
    let candidates = [
        Candidate { name: "a".to_owned(), runs: runs.iter().map(|(a, _)| a).collect() },
        Candidate { name: "b".to_owned(), runs: runs.iter().map(|(_, b)| b).collect() },
    ];
    compare(&candidates, &question(within))
}

fn verdicts(comparison: &Comparison) -> Vec<(&str, Verdict)> {
    let rows = comparison.contenders[0].rows.iter();
    rows.map(|row| (row.figure.as_str(), row.verdict.unwrap())).collect()
}

/// How many of so many comparisons of equals raise a mark, and of how many all figures are equivalent.
fn equals(system: System, comparisons: u64, replications: u64, within: Within) -> (usize, usize) {
    let other = System { other_luck: true, ..system };
    let seen = side_by_side(comparisons as usize, |number| {
        let comparison = compared(system, other, number as u64, replications, within);
        let verdicts = verdicts(&comparison);
        let marked = verdicts.iter().any(|(_, v)| matches!(v, Verdict::Better | Verdict::Worse));
        let equivalent = verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Equivalent);
        (marked, equivalent)
    });
    let marked = seen.iter().filter(|(marked, _)| *marked).count();
    (marked, seen.iter().filter(|(_, equivalent)| *equivalent).count())
}

/// In how many comparisons a figure of a slower core is found to be worse.
fn found(slower: f64, figure: &str, comparisons: u64, replications: u64, seconds: u64) -> usize {
    let a = System { seconds, ..CALM };
    let b = System { slower, other_luck: false, ..a };
    let seen = side_by_side(comparisons as usize, |number| {
        let comparison = compared(a, b, number as u64, replications, share(0.005));
        verdicts(&comparison).contains(&(figure, Verdict::Worse))
    });
    seen.iter().filter(|found| **found).count()
}

/// At two workers: the utilisation is 180/s × attempts × 5.5 ms / 2.
fn loaded(seconds: u64) -> System {
    let attempts = 1.0 + 0.05 + 0.0025;
    let slower = 0.8 * 2.0 / (180.0 * attempts * 5.5e-3);
    System { workers: 2, seconds, slower, ..CALM }
}

#[test]
fn equals_raise_few_marks() {
    for system in [System { seconds: 10, ..CALM }, loaded(10)] {
        let (marked, _) = equals(system, 100, 5, EXACTLY);
        // The 99 % bound of a binomial of 100 at 5 %.
        assert!(marked <= 11, "{marked} of 100 comparisons of equals with {} workers", system.workers);
    }
}

#[test]
fn differences_are_found() {
    let seen = found(1.02, "total.mean", 20, 5, 10);
    assert!(seen >= 16, "2 % in total.mean: {seen} of 20");
}

/// The 99 % bound of a binomial of 1,000 at 5 % is 66.
///
/// `cargo test --release --test engine -- --ignored comparisons::`
#[test]
#[ignore = "minutes; see CONTRIBUTING.md"]
fn equals_raise_few_marks_in_a_thousand() {
    for system in [CALM, loaded(60)] {
        let (marked, _) = equals(system, 1_000, 10, EXACTLY);
        println!("{} workers: {marked} of 1,000 marked", system.workers);
        assert!(marked <= 66, "{marked} of 1,000 comparisons of equals with {} workers", system.workers);
    }
}

#[test]
#[ignore = "minutes; see CONTRIBUTING.md"]
fn equals_are_told_to_be_equivalent() {
    let (marked, equivalent) = equals(CALM, 100, 20, WITHIN_DEFAULT);
    println!("20 replications: {equivalent} of 100 all equivalent, {marked} marked");
    assert!(equivalent >= 80, "{equivalent} of 100");
}

#[test]
#[ignore = "minutes; see CONTRIBUTING.md"]
fn differences_are_found_in_a_hundred() {
    for (slower, figure) in [(1.02, "total.mean"), (1.05, "total.p99")] {
        let seen = found(slower, figure, 100, 10, 60);
        println!("× {slower}: {figure} found in {seen} of 100");
        assert!(seen >= 80, "× {slower}: {figure} found in {seen} of 100");
    }
}

/// How many times smaller the variance of a paired difference is than that of independent runs.
fn paid(figure: &str, pairs: u64) -> f64 {
    let a = loaded(60);
    let b = System { slower: a.slower * 1.02, ..a };
    let runs = side_by_side(pairs as usize, |i| (a.run(1 + i as u64), b.run(1 + i as u64)));
    let figure = parse_figure(figure, &FigureNames::default()).unwrap();
    let value = |run: &Run| match lookup(run, &figure) {
        Some(Literal::Duration(ns)) => ns,
        other => panic!("{other:?}"),
    };
    let (a, b): (Vec<f64>, Vec<f64>) = runs.iter().map(|(a, b)| (value(a), value(b))).unzip();
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let variance = |values: &[f64]| Moments::of(values).variance;
    (variance(&a) + variance(&b)) / variance(&differences)
}

#[test]
fn common_luck_pays() {
    for (figure, times) in [("delivery.mean", 1_000.0), ("total.mean", 20.0)] {
        let seen = paid(figure, 40);
        println!("{figure}: variance {seen:.0} times smaller");
        assert!(seen >= times, "{figure}: {seen}");
    }
}

/// Every mark belongs to the figure it stands beside: what makes only one figure worse marks only that one.
#[test]
fn a_mark_belongs_to_its_figure() {
    let seeds = 1..=10;
    let all = |plan: fn(u64) -> Plan| -> Vec<Run> { seeds.clone().map(|seed| play(&plan(seed))).collect() };
    // A longer wait before the second attempt lengthens what 5 % of the messages take, and nothing else.
    let base = all(|seed| CALM.plan(seed));
    let patient = all(|seed| {
        let mut plan = CALM.plan(seed);
        plan.processor.retry.backoff.first_ns *= 3;
        plan
    });
    let candidates = [
        Candidate { name: "a".to_owned(), runs: base.iter().collect() },
        Candidate { name: "b".to_owned(), runs: patient.iter().collect() },
    ];
    let comparison = compare(&candidates, &question(WITHIN_DEFAULT));
    for (figure, verdict) in verdicts(&comparison) {
        let expected = match figure {
            "total.mean" | "total.p99" | "total_all.p99" => Verdict::Worse,
            _ => Verdict::Equivalent,
        };
        assert_eq!(verdict, expected, "{figure}");
    }
}
