//! Golden summaries of hand-made results. `UPDATE_GOLDEN=1 cargo test` writes the files anew.

use super::document::{Document, Element, Section};
use super::look::Look;
use super::run::of_run;
use super::style::Palette;
use super::summary::{Asked, closing};
use super::text::write;
use crate::results::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr;

const MS: u64 = 1_000_000;

fn times(count: u64, ms: [f64; 6]) -> Times {
    let ns = |ms: f64| Some((ms * MS as f64) as u64);
    let [min, p50, p90, p99, max, mean] = ms;
    Times {
        count,
        mean_ns: Some(mean * MS as f64),
        min_ns: ns(min),
        p10_ns: ns(min),
        p50_ns: ns(p50),
        p90_ns: ns(p90),
        p95_ns: ns(p90),
        p99_ns: ns(p99),
        p999_ns: ns(p99),
        max_ns: ns(max),
    }
}

fn counts(generated: u64, failed: u64) -> Counts {
    Counts { generated, delivered: generated - failed, failed, attempts: generated + 9, ..Counts::default() }
}

fn figures(generated: u64, failed: u64, seconds: f64) -> Figures {
    let delivered = generated - failed;
    let rate = |count: u64| count as f64 / seconds;
    Figures {
        counts: counts(generated, failed),
        offered_per_s: Some(rate(generated)),
        throughput_per_s: Some(rate(delivered)),
        delivered_rate_per_s: Some(rate(delivered)),
        success_rate: (generated > 0).then(|| delivered as f64 / generated as f64),
        attempt_success_rate: Some(0.9503),
        queue_wait: times(generated, [0.0, 0.0, 4.2, 12.3, 31.0, 1.7]),
        delivery: times(generated, [1.0, 5.5, 9.1, 9.91, 10.0, 5.5]),
        total: times(delivered, [1.0, 6.21, 14.3, 38.2, 81.5, 7.6]),
        total_all: TimesOfAll::default(),
        gave_up: times(failed, [40.0, 50.0, 60.0, 60.0, 61.0, 50.0]),
        end_to_end: Times::default(),
        transit: Times::default(),
    }
}

fn check(expression: &str, holds: bool, seen: &str) -> CheckResult {
    CheckResult { expression: expression.into(), holds, seen: seen.into(), undecided: None, note: None }
}

fn environment(wall_s: f64, messages_per_wall_s: f64) -> Environment {
    Environment { version: "0.1.0".into(), wall_s, messages_per_wall_s, ..Environment::default() }
}

/// The main job, as it usually goes.
pub(super) fn nine_agents() -> Run {
    let agents = (1..=9).map(|number| {
        let figures = AgentFigures {
            agents: 1,
            counts: counts(1_800 + number, u64::from(number == 3) * 2),
            addressed: 1_500 + 7 * number,
            success_rate: Some(if number == 3 { 0.99889 } else { 1.0 }),
            last_activity_ns: Some(65_000 * MS - number * 11 * MS),
            total: times(1_800, [1.0, 6.2, 14.0, 38.0, 80.0, 7.6]),
        };
        (format!("Agent-{number}"), figures)
    });
    Run {
        name: "nine agents".into(),
        seed: 1,
        clock: "virtual".into(),
        core: Core { name: "mock".into(), id: "mock".into(), version: "0.1.0".into(), ..Core::default() },
        digest: "0".repeat(64),
        valid: Some(true),
        invalid_because: Vec::new(),
        tolerated: Vec::new(),
        partial: None,
        ledger: Ledger {
            balanced: true,
            counts: Counts { retries: 873, attempts: 18_435, ..counts(17_562, 2) },
            by_reason: BTreeMap::from([("failed".into(), BTreeMap::from([("network_error".into(), 2)]))]),
            attempts_by_reason: BTreeMap::from([("network_error".into(), 875)]),
            ..Ledger::default()
        },
        duration_ns: 65_012 * MS,
        window_ns: 60_000 * MS,
        figures: figures(16_203, 2, 60.0),
        schedule_lag: times(16_203, [0.0; 6]),
        without_lag: None,
        histograms: Default::default(),
        by_type: BTreeMap::from([
            ("broadcast".into(), figures(2_431, 1, 60.0)),
            ("direct".into(), figures(8_910, 1, 60.0)),
            ("hard_onboard".into(), figures(1_620, 0, 60.0)),
            ("soft_onboard".into(), figures(3_242, 0, 60.0)),
        ]),
        by_agent: agents.collect(),
        by_group: BTreeMap::new(),
        by_recipient: BTreeMap::from([(
            "ALL".into(),
            RecipientFigures { addressed: 2_431, delivered: 2_430, ..RecipientFigures::default() },
        )]),
        phases: Vec::new(),
        series: Series::default(),
        occupancy: Occupancy::default(),
        cycles: None,
        consumers: None,
        notices: BTreeMap::new(),
        outages: Vec::new(),
        checks: vec![
            check("success_rate >= 99.9%", true, "99.99 %"),
            check("total.p99 < 100ms", true, "38.2 ms"),
            check(
                "by_type.hard_onboard.queue_wait.p99 <= by_type.direct.queue_wait.p99",
                true,
                "4.10 ms, 12.3 ms",
            ),
        ],
        warnings: Vec::new(),
        limits: vec![Bottleneck {
            kind: "processor".into(),
            seen: "the workers: 1.62 of 2 busy on average, and messages wait 5.10 ms for one".into(),
            help: "more workers, if the core can serve them".into(),
            setting: Some("processor.workers=4".into()),
            tried: Some(Tried { figure: "queue_wait.mean".into(), without: 5.1e6, with: 4e5 }),
        }],
        plan: json!({
            "name": "nine agents",
            "arrival": { "poisson": { "rate": "30/s" } },
            "warm_up": "5s",
            "processor": { "workers": 2, "retry": { "attempts": 3 } },
        }),
        environment: environment(0.0121, 1_451_000.0),
    }
}

/// Phases, a climbing time, checks that fail, notices, warnings, callbacks, few messages of one type.
pub(super) fn stages() -> Run {
    let phase = |name: &str, start_s: u64, rate: f64| Phase {
        name: name.into(),
        start_ns: start_s * 1_000 * MS,
        end_ns: (start_s + 20) * 1_000 * MS,
        figures: Figures { offered_per_s: Some(rate), ..figures((rate * 20.0) as u64, 0, 20.0) },
        completion: None,
    };
    let point = |second: u64| SeriesPoint {
        generated: 100,
        delivered: 100,
        total_mean_ns: Some((5.0 + second as f64 * second as f64 / 40.0) * MS as f64),
        ..SeriesPoint::default()
    };
    let mut run = nine_agents();
    run.name = "ramp up".into();
    run.ledger.counts.uncertain = 14;
    run.ledger.counts.delivered -= 14;
    run.ledger
        .by_reason
        .insert("uncertain".into(), BTreeMap::from([("timeout".into(), 12), ("core_failed".into(), 2)]));
    run.ledger.late_outcomes = 3;
    run.by_type.insert("rare".into(), figures(12, 0, 60.0));
    run.phases = vec![phase("calm", 0, 90.0), phase("climb", 20, 450.0), phase("overload", 40, 810.0)];
    run.series = Series {
        of_copies: false,
        interval_ns: 1_000 * MS,
        points: (0..60).map(point).collect(),
        p99_intervals: 2,
        total_p99_ns: (0..30).map(|i: u64| (i != 7).then(|| (9 + i * i * 2) * MS)).collect(),
    };
    run.plan = json!({ "arrival": { "stages": [] }, "processor": { "workers": 4 } });
    run.figures.queue_wait.mean_ns = Some(40.0 * MS as f64);
    run.checks = vec![
        check("phases.calm.total.p99 < 20ms", true, "14.3 ms"),
        check("phases.overload.total.p99 < 100ms", false, "2.31 s"),
    ];
    run.notices.insert(
        "crash".into(),
        Notice {
            count: 31,
            first_ns: 412 * MS,
            last_ns: 59_800 * MS,
            sample: vec![NoticeSample { at_ns: 412 * MS, text: "worker 2 went away".into() }],
        },
    );
    run.outages = vec![
        Outage {
            text: "outage 1 refuses for 2.00 s".into(),
            start_ns: 10_000 * MS,
            end_ns: Some(12_000 * MS),
            first_failure_after_ns: Some(0),
            recovered_after_ns: Some(31 * MS),
            backlog_before: 2,
            backlog_max: 1_412,
            drained_after_ns: Some(1_200 * MS),
        },
        Outage { start_ns: 59_000 * MS, backlog_max: 3, ..Outage::default() },
    ];
    run.warnings = vec![Warning {
        kind: "uncertain".into(),
        seen: "14 messages ended uncertain".into(),
        why: "nobody knows whether they were delivered: the success rate may be up to 0.08 % higher".into(),
        help: "a longer processor.timeout leaves fewer of them".into(),
    }];
    run.environment.script_share = Some(0.42);
    run
}

fn invalid() -> Run {
    let mut run = nine_agents();
    run.valid = Some(false);
    run.invalid_because = vec!["the ledger does not balance: 3 messages are missing".into()];
    run.ledger.counts.delivered -= 3;
    run.ledger.balanced = false;
    run.checks.clear();
    run
}

fn interrupted_on_the_wall_clock() -> Run {
    let mut run = nine_agents();
    run.clock = "wall".into();
    run.partial = Some("interrupted".into());
    run.valid = None;
    run.invalid_because = vec!["the run did not reach its end".into()];
    run.checks.truncate(1);
    run.environment = environment(12.0, 270.0);
    run.duration_ns = 12_000 * MS;
    run
}

fn names_of_all_kinds() -> Run {
    let mut run = nine_agents();
    let names =
        ["漢字の名前", "👩‍👩‍👧 family", "שלום עולם", "two\nlines\x1b[31m", "a name that goes on and on and on"];
    run.by_type = names.iter().map(|name| ((*name).to_owned(), figures(1_000, 0, 60.0))).collect();
    run.by_agent = (1..=40)
        .map(|number| {
            (format!("{}-{number}", names[0]), AgentFigures { agents: 1, ..AgentFigures::default() })
        })
        .collect();
    run.name = names[3].into();
    run
}

fn nothing_sent() -> Run {
    let mut run = nine_agents();
    run.ledger = Ledger { balanced: true, ..Ledger::default() };
    run.figures = Figures::default();
    run.by_type.clear();
    run.by_agent.clear();
    run.checks.clear();
    run
}

/// Compares a text with a file under `tests/golden/summary`.
pub(super) fn golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/summary").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} differs (UPDATE_GOLDEN=1 accepts it):\n{text}");
}

/// The summary of one run.
fn summary(run: &Run, look: &Look) -> String {
    write(&Document { elements: of_run(run, false) }, look)
}

pub(super) fn plain(width: usize) -> Look {
    Look::new(Some(width), Palette::plain())
}

#[test]
fn summaries_read_from_the_top_down() {
    let cases = [
        ("nine_agents", nine_agents()),
        ("stages", stages()),
        ("invalid", invalid()),
        ("interrupted", interrupted_on_the_wall_clock()),
        ("names", names_of_all_kinds()),
        ("nothing_sent", nothing_sent()),
    ];
    for (name, run) in cases {
        let repeat = format!("mqscript run {name} --seed {}", run.seed);
        for width in [100, 60] {
            let look = plain(width);
            let closing = Section { apart: 0, elements: closing(Asked::default(), &repeat) };
            let elements = of_run(&run, false).into_iter().chain([Element::Section(closing)]).collect();
            golden(&format!("{name}.{width}.txt"), &write(&Document { elements }, &look));
        }
    }
}

#[test]
fn lines_fit_their_terminal() {
    for run in [nine_agents(), stages(), names_of_all_kinds()] {
        for width in [60, 80, 100] {
            for line in summary(&run, &plain(width)).lines() {
                // The expression of a check is never cut: it may be all there is to say what failed.
                let expression = run.checks.iter().any(|check| line.contains(&check.expression));
                assert!(expression || line.width() <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_colour() {
    let coloured = summary(&stages(), &Look::new(Some(100), Palette::coloured()));
    assert!(coloured.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), summary(&stages(), &plain(100)));
}
