//! Verdicts on made-up replications.

use super::*;
use crate::plan::{Figure, FigureNames, parse_figure};
use crate::results::Core;
use crate::results::comparisons::{
    Alternative, CoarseSeries, Comparison, Interval, Method, Never, Replication, Row, Verdict, Within,
};
use serde_json::Value;
use std::collections::BTreeMap;

fn figure(text: &str) -> Figure {
    parse_figure(text, &FigureNames::default()).unwrap()
}

fn alternative(name: &str, clock: &str, values: &[Option<f64>], text: &str) -> Alternative {
    let replication = |(index, value): (usize, &Option<f64>)| Replication {
        seed: index as u64,
        digest: format!("{name}{index}"),
        partial: None,
        valid: Some(true),
        failed_checks: Vec::new(),
        undecided_checks: Default::default(),
        warnings: Vec::new(),
        version: "1".to_owned(),
        host: "here".to_owned(),
        values: [(text.to_owned(), *value)].into(),
        never: Vec::new(),
        without_lag: BTreeMap::new(),
    };
    Alternative {
        name: name.to_owned(),
        scenario: "s".to_owned(),
        core: Core::default(),
        clock: clock.to_owned(),
        plan: Value::Null,
        replications: values.iter().enumerate().map(replication).collect(),
        course: CoarseSeries::default(),
    }
}

fn judged(alternatives: Vec<Alternative>, text: &str, within: Within) -> Comparison {
    let mut comparison = Comparison {
        confidence: CONFIDENCE,
        verdicts: 0,
        within,
        figures: vec![text.to_owned()],
        alternatives,
        contenders: Vec::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
    };
    judge(&mut comparison, &[&figure(text)]);
    comparison
}

/// The row of `text` for simulated values a and b.
fn row(text: &str, a: &[f64], b: &[f64], within: Within) -> Row {
    let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
    let both = vec![alternative("a", "virtual", &some(a), text), alternative("b", "virtual", &some(b), text)];
    judged(both, text, within).contenders.remove(0).rows.remove(0)
}

const NOISE: [f64; 6] = [0.1, -0.2, 0.15, -0.1, 0.0, 0.05];

fn around(mean: f64, by: f64) -> Vec<f64> {
    NOISE.iter().map(|noise| mean * (1.0 + by * noise)).collect()
}

#[test]
fn every_verdict_has_its_case() {
    let verdict = |text, a: &[f64], b: &[f64]| row(text, a, b, WITHIN_DEFAULT).verdict.unwrap();
    let (base, more) = (around(100.0, 1.0), around(110.0, 1.0));
    assert_eq!(verdict("total.p99", &base, &more), Verdict::Worse);
    assert_eq!(verdict("total.p99", &more, &base), Verdict::Better);
    assert_eq!(verdict("throughput", &base, &more), Verdict::Better);
    assert_eq!(verdict("throughput", &more, &base), Verdict::Worse);
    assert_eq!(verdict("offered", &base, &more), Verdict::Different);
    assert_eq!(verdict("total.p99", &base, &around(100.5, 1.0)), Verdict::Equivalent);
    let scattered: Vec<f64> = base.iter().rev().copied().collect();
    assert_eq!(verdict("total.p99", &base, &scattered), Verdict::Undecided);
}

#[test]
fn an_undecided_figure_says_how_many_replications_it_takes() {
    let base = around(100.0, 1.0);
    let scattered: Vec<f64> = base.iter().rev().copied().collect();
    let seen = row("total.p99", &base, &scattered, WITHIN_DEFAULT);
    let needs = seen.needs.unwrap();
    assert!(needs > 100, "{seen:?}");
    // As many replications of the same spread do decide.
    let (mut a, mut b) = (Vec::new(), Vec::new());
    while a.len() < needs as usize {
        a.extend(&base);
        b.extend(&scattered);
    }
    assert_eq!(row("total.p99", &a, &b, WITHIN_DEFAULT).verdict, Some(Verdict::Equivalent));
    let few = a.len() / 8;
    assert_eq!(row("total.p99", &a[..few], &b[..few], WITHIN_DEFAULT).verdict, Some(Verdict::Undecided));
}

#[test]
fn constant_figures_are_compared_exactly() {
    let exact = |estimate| Some(Interval { estimate, low: Some(estimate), high: Some(estimate) });
    let same = row("success_rate", &[1.0; 5], &[1.0; 5], Within { share: 0.0, time_ns: None });
    assert_eq!((same.change, same.verdict), (exact(0.0), Some(Verdict::Equivalent)));
    let less = row("success_rate", &[1.0; 5], &[0.75; 5], WITHIN_DEFAULT);
    assert_eq!((less.change, less.verdict), (exact(-0.25), Some(Verdict::Worse)));
    let hardly = row("total.p99", &[1024.0; 5], &[1032.0; 5], WITHIN_DEFAULT);
    assert_eq!((hardly.change, hardly.verdict), (exact(0.0078125), Some(Verdict::Equivalent)));
    let noughts = row("queue_wait.mean", &[0.0; 5], &[0.0; 5], WITHIN_DEFAULT);
    assert_eq!((noughts.change, noughts.verdict), (exact(0.0), Some(Verdict::Equivalent)));
    // From nothing to something there is no share, but a difference.
    let some = row("queue_wait.mean", &[0.0; 5], &[7.0; 5], WITHIN_DEFAULT);
    assert_eq!((some.change, some.difference, some.verdict), (None, exact(7.0), Some(Verdict::Worse)));
    let small = Within { time_ns: Some(10.0), ..WITHIN_DEFAULT };
    let within = row("queue_wait.mean", &[0.0; 5], &[7.0; 5], small);
    assert_eq!((within.within, within.verdict), (Some(10.0), Some(Verdict::Equivalent)));
}

#[test]
fn few_replications_give_numbers_and_no_verdict() {
    for count in 1..=6 {
        let seen = row("total.p99", &[100.0; 6][..count], &around(110.0, 0.01)[..count], WITHIN_DEFAULT);
        assert_eq!(seen.verdict.is_some(), count >= REPLICATIONS_MIN, "{seen:?}");
        assert_eq!(seen.because.is_some(), count < REPLICATIONS_MIN);
        assert!((seen.change.unwrap().estimate - 0.1).abs() < 0.01 && seen.difference.is_some());
        assert_eq!(seen.change.unwrap().low.is_some(), count > 1, "one run has no spread");
    }
}

#[test]
fn what_is_missing_is_said() {
    let text = "total.p99";
    for lacking in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        let whole = alternative("a", "virtual", &[Some(1.0); 5], text);
        let values = [Some(1.0), Some(1.0), lacking, Some(1.0), Some(1.0)];
        let comparison =
            judged(vec![whole, alternative("b", "virtual", &values, text)], text, WITHIN_DEFAULT);
        let row = &comparison.contenders[0].rows[0];
        assert_eq!((row.verdict, row.change), (None, None));
        assert_eq!(row.because.as_deref(), Some("no samples in replication 3 of b"));
        assert!(row.baseline.is_some() && row.contender.is_none());
    }
    let mut cut = alternative("b", "virtual", &[Some(1.0); 5], text);
    cut.replications[1].partial = Some("interrupted".to_owned());
    let comparison =
        judged(vec![alternative("a", "virtual", &[Some(1.0); 5], text), cut], text, WITHIN_DEFAULT);
    assert_eq!(comparison.contenders[0].rows[0].verdict, None);
    assert_eq!(comparison.notes, ["`b`: replication 2 is partial: interrupted"]);
}

#[test]
fn what_must_be_known_beside_the_numbers_is_noted() {
    let text = "total.p99";
    let whole = |name| alternative(name, "virtual", &[Some(1.0); 5], text);
    let notes = |change: fn(&mut Alternative)| {
        let mut other = whole("b");
        change(&mut other);
        judged(vec![whole("a"), other], text, WITHIN_DEFAULT).notes
    };
    assert!(notes(|_| {}).is_empty());
    assert_eq!(notes(|b| b.replications[0].valid = None), ["`b`: 1 of 5 replications are not valid"]);
    assert_eq!(
        notes(|b| b.scenario = "another".to_owned()),
        ["they played different scenarios: s and another"]
    );
    let same =
        judged(vec![whole("a"), Alternative { name: "b".to_owned(), ..whole("a") }], text, WITHIN_DEFAULT);
    assert_eq!(same.notes, ["`a` and `b` are the same runs, to the byte"]);
}

#[test]
fn only_simulated_runs_of_the_same_seeds_are_paired() {
    let text = "total.p99";
    let values = [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0)];
    let method =
        |a: Alternative, b: Alternative| judged(vec![a, b], text, WITHIN_DEFAULT).contenders.remove(0).method;
    let simulated = |name| alternative(name, "virtual", &values, text);
    assert_eq!(method(simulated("a"), simulated("b")), Method::Paired);
    assert_eq!(method(simulated("a"), alternative("b", "wall", &values, text)), Method::Welch);
    let mut other = simulated("b");
    other.replications[0].seed = 99;
    assert_eq!(method(simulated("a"), other), Method::Welch);
    assert_eq!(method(simulated("a"), alternative("b", "virtual", &values[..4], text)), Method::Welch);
}

#[test]
fn verdicts_share_the_confidence() {
    let text = "total.p99";
    let some = |values: Vec<f64>| values.into_iter().map(Some).collect::<Vec<_>>();
    let alternatives = |contenders: usize| -> Vec<Alternative> {
        let other = (0..contenders)
            .map(|i| alternative(&format!("b{i}"), "virtual", &some(around(101.0, 0.5)), text));
        std::iter::once(alternative("a", "virtual", &some(around(100.0, 1.0)), text)).chain(other).collect()
    };
    let length = |contenders| {
        let comparison = judged(alternatives(contenders), text, WITHIN_DEFAULT);
        assert_eq!(comparison.verdicts, contenders as u64);
        let difference = comparison.contenders[0].rows[0].difference.unwrap();
        difference.high.unwrap() - difference.low.unwrap()
    };
    let ratio = length(3) / length(1);
    let expected = two_sided_quantile(1.0 - 0.05 / 3.0, 5.0) / two_sided_quantile(0.95, 5.0);
    assert!((ratio / expected - 1.0).abs() < 1e-9, "{ratio}, not {expected}");
}

#[test]
fn only_what_is_worse_and_matters_is_a_regression() {
    let beside = |b: Vec<f64>, within| {
        let some = |values: Vec<f64>| values.into_iter().map(Some).collect::<Vec<_>>();
        let text = "total.p99";
        let alternatives = vec![
            alternative("a", "virtual", &some(around(100.0, 1.0)), text),
            alternative("b", "virtual", &some(b), text),
        ];
        let comparison = judged(alternatives, text, within);
        let verdict = comparison.contenders[0].rows[0].verdict.unwrap();
        (verdict, regressions(&comparison).len())
    };
    let share = |share| Within { share, time_ns: None };
    assert_eq!(beside(around(110.0, 1.0), share(0.02)), (Verdict::Worse, 1));
    assert_eq!(beside(around(90.0, 1.0), share(0.02)), (Verdict::Better, 0));
    // Surely worse, by 10 % give or take 0.3 %, but the estimate is not beyond 10.1 %.
    assert_eq!(beside(around(110.0, 1.02), share(0.101)).1, 0);
}

#[test]
fn a_saved_comparison_can_be_done_again() {
    let some = |values: Vec<f64>| values.into_iter().map(Some).collect::<Vec<_>>();
    let text = "total.p99";
    let alternatives = vec![
        alternative("a", "virtual", &some(around(100.0, 1.0)), text),
        alternative("b", "wall", &some(around(103.0, 0.7)), text),
    ];
    let comparison = judged(alternatives, text, WITHIN_DEFAULT);
    let mut again: Comparison = serde_json::from_str(&serde_json::to_string(&comparison).unwrap()).unwrap();
    (again.contenders, again.notes, again.verdicts) = (Vec::new(), Vec::new(), 0);
    judge(&mut again, &[&figure(text)]);
    assert_eq!(again, comparison);
}

/// Replications whose p99 of all messages is never where the value is infinite.
fn of_all(name: &str, values: &[f64]) -> Alternative {
    let text = "total_all.p99";
    let mut made = alternative(name, "virtual", &values.iter().copied().map(Some).collect::<Vec<_>>(), text);
    for (replication, _) in made.replications.iter_mut().zip(values).filter(|(_, value)| value.is_infinite())
    {
        replication.never.push(text.to_owned());
        replication.values.insert(text.to_owned(), None);
    }
    made
}

#[test]
fn never_is_worse_than_any_time() {
    let never = f64::INFINITY;
    let judged = |a: &[f64], b: &[f64]| {
        let both = vec![of_all("a", a), of_all("b", b)];
        judged(both, "total_all.p99", WITHIN_DEFAULT)
    };
    let row = |a: &[f64], b: &[f64]| judged(a, b).contenders.remove(0).rows.remove(0);
    let times = [5e6, 6e6, 4e6, 7e6, 5e6];
    let worse = judged(&times, &[never; 5]);
    assert_eq!(worse.contenders[0].rows[0].verdict, Some(Verdict::Worse));
    assert_eq!(regressions(&worse).len(), 1, "whatever is too small to matter");
    let better = row(&[never; 5], &times);
    assert_eq!((better.verdict, better.change, better.baseline), (Some(Verdict::Better), None, None));
    assert_eq!(better.baseline_never, Some(Never { replications: 5, of: 5 }));
    assert_eq!(row(&[never; 5], &[never; 5]).verdict, Some(Verdict::Equivalent));
    assert_eq!(row(&times, &[9e6, never, 8e6, never, 9e6]).verdict, Some(Verdict::Worse));
    assert_eq!(row(&times, &[9e6, never, 3e6, never, 9e6]).verdict, Some(Verdict::Undecided));
    let few = row(&times[..4], &[never; 4]);
    assert_eq!((few.verdict, few.because.is_some()), (None, true));
}

/// Live replications that lag made slower: worse as measured, the same without it.
#[test]
fn what_only_the_lag_of_the_generator_shows_is_undecided() {
    let text = "total.p99";
    let measured = |times: [f64; 5]| times.map(|ms| Some(ms * 1e6));
    let live = |name: &str, times: [f64; 5], without: Option<[f64; 5]>| {
        let mut found = alternative(name, "wall", &measured(times), text);
        for (replication, ms) in found.replications.iter_mut().zip(without.into_iter().flatten()) {
            replication.without_lag.insert(text.to_owned(), ms * 1e6);
        }
        found
    };
    let calm = || live("a", [10.0, 10.1, 9.9, 10.0, 10.05], None);
    let slower = [13.0, 13.1, 12.9, 13.0, 13.05];
    let verdicts = |other: Alternative| {
        let comparison = judged(vec![calm(), other], text, WITHIN_DEFAULT);
        let row = &comparison.contenders[0].rows[0];
        (row.verdict, row.by_lag, regressions(&comparison).len(), may_regress(&comparison))
    };
    let worse = Some(Verdict::Worse);
    assert_eq!(verdicts(live("b", slower, None)), (worse, None, 1, false));
    let still_slower = live("b", slower, Some([12.9, 13.0, 12.8, 12.9, 12.9]));
    assert_eq!(verdicts(still_slower), (worse, None, 1, false));
    let by_lag_alone = live("b", slower, Some([10.0, 10.1, 9.9, 10.0, 10.05]));
    let seen = verdicts(by_lag_alone.clone());
    let both = Some([Verdict::Worse, Verdict::Equivalent]);
    assert_eq!(seen, (Some(Verdict::Undecided), both, 0, true));
    let comparison = judged(vec![calm(), by_lag_alone], text, WITHIN_DEFAULT);
    let because = comparison.contenders[0].rows[0].because.clone();
    let told = "messages were sent late: worse as measured, equivalent without the lag";
    assert_eq!(because.as_deref(), Some(told));
}
