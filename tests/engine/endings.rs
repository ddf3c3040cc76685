//! When a load ends, and what becomes of what is held back then: by counts, on both clocks, whatever the arrival.

use mqscript::engine::{
    self, Behaviour, BehaviourError, Draft, MessageAnswer, MessageView, OutcomeView, Sending, Setting, Silent,
};
use mqscript::plan::distribution::Distribution;
use mqscript::plan::{
    Arrival, Callback, ClockKind, End, LayerSpec, Overflow, Plan, Recipient, Retry, Spacing,
};
use mqscript::results::Run;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use support::engine::{MS, S, finder, judged, plan, play, play_with, stories, sure};

fn closed(think_ns: u64, in_flight: u32) -> Arrival {
    Arrival::Closed { think: Distribution::Constant(think_ns), in_flight }
}

fn closed_plan(think_ns: u64, in_flight: u32, end: End) -> Plan {
    let mut plan = plan(1.0, S, sure("4ms"));
    plan.groups[0].arrival = closed(think_ns, in_flight);
    plan.end = end;
    plan
}

fn under_chaos(plan: &mut Plan, options: Value) {
    let options = options.as_object().unwrap().clone();
    plan.core.layers.push(LayerSpec::new("chaos", options));
}

#[test]
fn closed_agents_reach_their_count_though_all_wait_for_answers_at_times() {
    for (think_ns, in_flight) in [(S, 1), (0, 1), (10 * MS, 3)] {
        for (end, count) in [(End::Messages(1_000), 1_000), (End::MessagesPerAgent(100), 900)] {
            let run = play(&closed_plan(think_ns, in_flight, end));
            let counts = run.ledger.counts;
            assert_eq!(
                (counts.generated, counts.delivered),
                (count, count),
                "{think_ns} {in_flight} {end:?}"
            );
        }
    }
    // One agent, one slot: each message 1 s after the outcome of the one before, which takes 4 ms.
    let mut alone = closed_plan(S, 1, End::Messages(50));
    alone.groups[0].count = 1;
    let (run, stories) = stories(&alone);
    assert!(stories.iter().zip(1..).all(|(s, n)| s.intended_ns == n * S + (n - 1) * 4 * MS));
    assert_eq!(run.duration_ns, 50 * S + 50 * 4 * MS);
}

#[test]
fn a_closed_load_by_count_ends_where_the_last_is_generated() {
    // The outcome of the last takes longer than the drain: it is cut as in every other load.
    let mut plan = closed_plan(S, 1, End::MessagesPerAgent(3));
    plan.core.options.insert("latency".to_owned(), json!("2s"));
    plan.processor.workers = 9;
    plan.drain_max_ns = Some(S);
    let run = play(&plan);
    assert_eq!((run.ledger.counts.generated, run.ledger.counts.unanswered), (27, 9));
}

#[test]
fn closed_agents_whose_attempts_fail_or_are_turned_away_go_on() {
    let mut failing = closed_plan(MS, 2, End::Messages(2_000));
    failing.core.options.insert("success_rate".to_owned(), json!(0.5));
    failing.processor.retry = Retry { attempts: 3, ..Retry::default() };
    failing.processor.timeout_ns = Some(4 * MS);
    assert_eq!(play(&failing).ledger.counts.generated, 2_000);
    for overflow in Overflow::ALL {
        let mut full = closed_plan(MS, 2, End::Messages(2_000));
        full.queue.capacity = 3;
        full.queue.overflow = overflow;
        assert_eq!(play(&full).ledger.counts.generated, 2_000, "{overflow:?}");
    }
}

/// Messages pass at 0 and then every 200 ms; each takes 1 ms.
#[test]
fn a_throttle_that_holds_lets_all_through_after_the_load() {
    let mut plan = plan(1.0, S, sure("1ms"));
    plan.groups[0].count = 1;
    plan.groups[0].arrival = Arrival::Constant { rate_per_s: 20.0 };
    plan.end = End::Messages(3);
    under_chaos(&mut plan, json!({ "throttle": "5/s" }));
    let (run, all) = stories(&plan);
    assert_eq!(run.ledger.counts.delivered, 3);
    let first = all[0].intended_ns;
    let ends: Vec<u64> = all.iter().map(|story| story.ended_ns - first).collect();
    assert_eq!(ends, [MS, 201 * MS, 401 * MS]);
    assert_eq!(all.iter().map(|story| story.ended_ns / MS).collect::<Vec<_>>(), [42, 242, 442]);
}

#[test]
fn a_throttle_that_holds_never_kills_a_run() {
    let ends = [End::Duration(2 * S), End::Messages(37), End::MessagesPerAgent(4)];
    let arrivals = [
        Arrival::Poisson { rate_per_s: 4.0 },
        Arrival::Constant { rate_per_s: 4.0 },
        Arrival::Burst { size: 5, every_ns: S / 2, spread_ns: S / 4 },
        closed(100 * MS, 2),
        Arrival::AllAtOnce,
    ];
    for (seed, (end, arrival)) in
        ends.iter().flat_map(|end| arrivals.iter().map(move |a| (end, a))).enumerate().cycle().take(60)
    {
        if (*arrival == Arrival::AllAtOnce) && matches!(end, End::Duration(_)) {
            continue;
        }
        for (workers, interval_ns, throttle) in [(1, 0, "5/s"), (4, 0, "7/m"), (3, 50 * MS, "1/m")] {
            let mut plan = plan(1.0, S, sure("1ms..20ms"));
            plan.seed = seed as u64;
            plan.groups[0].arrival = arrival.clone();
            plan.end = *end;
            plan.processor.workers = workers;
            plan.processor.batch_interval_ns = interval_ns;
            under_chaos(&mut plan, json!({ "throttle": { "rate": throttle, "bucket": 1 + seed % 3 } }));
            let played = play_with(&plan, &mut Silent);
            assert!(played.stop.is_none(), "{arrival:?} {end:?} {throttle}: {:?}", played.stop);
            let counts = played.run.ledger.counts;
            assert_eq!(counts.delivered, counts.generated, "{arrival:?} {end:?} {throttle}");
            assert!(counts.generated > 0);
        }
    }
}

#[test]
fn a_throttle_that_holds_lets_all_through_on_the_wall_clock() {
    let mut plan = plan(1.0, S, sure("1ms"));
    plan.groups[0].count = 1;
    plan.groups[0].arrival = Arrival::AllAtOnce;
    plan.clock = Some(ClockKind::Wall);
    plan.processor.workers = 4;
    for end in [End::Messages(12), End::MessagesPerAgent(12)] {
        plan.end = end;
        let mut plan = plan.clone();
        under_chaos(&mut plan, json!({ "throttle": "40/s" }));
        let run = play(&plan);
        assert_eq!((run.ledger.counts.generated, run.ledger.counts.delivered), (12, 12));
        assert!(run.duration_ns >= 11 * 25 * MS);
    }
    plan.end = End::Messages(40);
    plan.groups[0].arrival = closed(MS, 2);
    let run = play(&plan);
    assert_eq!((run.ledger.counts.generated, run.ledger.counts.delivered), (40, 40));
}

#[test]
fn a_load_by_count_ends_though_nothing_is_handed_over_any_more() {
    for clock in [ClockKind::Virtual, ClockKind::Wall] {
        for (arrival, capacity, overflow) in [
            (closed(MS, 1), 1_000, Overflow::Reject),
            (closed(MS, 3), 2, Overflow::Block),
            (Arrival::Constant { rate_per_s: 2_000.0 }, 2, Overflow::Block),
        ] {
            let mut plan = closed_plan(MS, 1, End::Messages(100));
            plan.clock = Some(clock);
            plan.groups[0].arrival = arrival;
            plan.queue.capacity = capacity;
            plan.queue.overflow = overflow;
            plan.processor.max_messages = Some(20);
            let run = play(&plan);
            assert_eq!(run.ledger.counts.delivered, 20);
            assert!(run.ledger.counts.generated < 100);
            let warning = run.warnings.iter().find(|w| w.kind == "count_not_reached").unwrap();
            assert!(warning.seen.contains("of 100 messages"), "{}", warning.seen);
            assert!(warning.why.contains("max_messages"), "{}", warning.why);
        }
    }
}

/// Answers every outcome with another message, so that only callbacks keep the load alive.
struct Chatter {
    sent: u64,
    delay_ns: u64,
    next: fn(u64) -> Option<Draft>,
    slots: u64,
}

impl Chatter {
    fn draft(&self) -> Draft {
        Draft { after_ns: self.delay_ns, recipient: Some(Recipient::Other), ..Draft::default() }
    }
}

impl Behaviour for Chatter {
    fn on_start(&mut self, sending: &mut Sending<'_>) -> Result<(), BehaviourError> {
        sending.drafts.push(self.draft());
        Ok(())
    }

    fn next(&mut self, _sending: &mut Sending<'_>) -> Result<Option<Draft>, BehaviourError> {
        self.slots += 1;
        Ok((self.next)(self.slots))
    }

    fn on_message(&mut self, s: &mut Sending<'_>, _m: MessageView) -> Result<MessageAnswer, BehaviourError> {
        if !s.closed {
            self.sent += 1;
            s.drafts.push(self.draft());
        }
        Ok(MessageAnswer::Accepted)
    }

    fn on_outcome(
        &mut self,
        s: &mut Sending<'_>,
        _m: MessageView,
        _o: OutcomeView,
    ) -> Result<(), BehaviourError> {
        if !s.closed {
            self.sent += 1;
            s.drafts.push(self.draft());
        }
        Ok(())
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}

fn play_as(plan: &Plan, behaviour: &mut dyn Behaviour) -> engine::Played {
    let finder = finder();
    let setting = Setting { finder: &finder, base_dir: Path::new("."), pure: false, confined: None };
    judged(engine::run(plan, setting, behaviour, &mut Silent).unwrap(), plan)
}

#[test]
fn callbacks_alone_reach_the_count() {
    let callback = || Some(Callback::Named("again".to_owned()));
    for (by_message, end, count) in [
        (false, End::Messages(500), 500),
        (true, End::Messages(500), 500),
        (false, End::MessagesPerAgent(30), 270),
    ] {
        for delay_ns in [0, 20 * MS] {
            let mut plan = plan(1.0, S, sure("1ms..10ms"));
            plan.end = end;
            plan.processor.workers = 3;
            plan.groups[0].arrival = Arrival::OnDemand;
            plan.groups[0].callbacks.on_start = callback();
            if by_message {
                plan.groups[0].callbacks.on_message = callback();
            } else {
                plan.groups[0].callbacks.on_outcome = callback();
            }
            let mut chatter = Chatter { sent: 0, delay_ns, next: |_| None, slots: 0 };
            let played = play_as(&plan, &mut chatter);
            assert!(played.stop.is_none(), "{:?}", played.stop);
            assert_eq!(played.run.ledger.counts.generated, count, "{by_message} {end:?} {delay_ns}");
        }
    }
}

#[test]
fn a_load_whose_agents_fall_silent_says_so() {
    let mut plan = plan(1.0, S, sure("1ms"));
    plan.end = End::Messages(500);
    plan.groups[0].arrival = Arrival::OnDemand;
    plan.groups[0].callbacks.on_start = Some(Callback::Named("once".to_owned()));
    let mut chatter = Chatter { sent: 0, delay_ns: 0, next: |_| None, slots: 0 };
    let run = play_as(&plan, &mut chatter).run;
    assert_eq!(run.ledger.counts.generated, 9);
    let warning = run.warnings.iter().find(|w| w.kind == "count_not_reached").unwrap();
    assert_eq!(warning.seen, "9 of 500 messages were generated");
}

#[test]
fn a_next_that_never_sends_does_not_go_on_for_ever() {
    for arrival in [Arrival::Poisson { rate_per_s: 1_000.0 }, closed(MS, 1)] {
        let mut plan = plan(1.0, S, sure("1ms"));
        plan.end = End::Messages(100);
        plan.groups[0].arrival = arrival;
        plan.groups[0].callbacks.next = Some(Callback::Named("rarely".to_owned()));
        let next: fn(u64) -> Option<Draft> = |slot| (slot < 10).then(Draft::default);
        let mut chatter = Chatter { sent: 0, delay_ns: 0, next, slots: 0 };
        let played = play_as(&plan, &mut chatter);
        let stop = played.stop.expect("it cannot come to its end").in_words();
        assert!(stop.starts_with("`next` sent nothing 1000000 times in a row, after 9 messages"), "{stop}");
        // What sends now and then comes to its end.
        let next: fn(u64) -> Option<Draft> = |slot| (slot % 50 == 0).then(Draft::default);
        let mut chatter = Chatter { sent: 0, delay_ns: 0, next, slots: 0 };
        let played = play_as(&plan, &mut chatter);
        assert!(played.stop.is_none());
        assert_eq!((played.run.ledger.counts.generated, chatter.slots), (100, 5_000));
    }
}

/// A rate that falls to zero gives fewer than asked for, now and then, however the number was chosen.
#[test]
fn arrivals_that_run_out_say_so() {
    let mut plan = plan(1.0, S, sure("1ms"));
    let spacing = Spacing::Poisson;
    plan.groups[0].arrival = Arrival::Ramp { from_per_s: 10.0, to_per_s: 0.0, over_ns: 10 * S, spacing };
    plan.end = End::Messages(600);
    let run = play(&plan);
    let generated = run.ledger.counts.generated;
    assert!((350..550).contains(&generated), "{generated}");
    let warning = run.warnings.iter().find(|w| w.kind == "count_not_reached").unwrap();
    assert_eq!(warning.seen, format!("{generated} of 600 messages were generated"));
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    let spacing = any::<bool>().prop_map(|even| if even { Spacing::Constant } else { Spacing::Poisson });
    prop_oneof![
        (1.0..400.0).prop_map(|rate_per_s| Arrival::Poisson { rate_per_s }),
        (1.0..400.0).prop_map(|rate_per_s| Arrival::Constant { rate_per_s }),
        (1u64..30, 1u64..500, 0u64..1_500).prop_map(|(size, ms, spread)| Arrival::Burst {
            size,
            every_ns: ms * MS,
            spread_ns: spread * MS
        }),
        (0.0..100.0, 1.0..100.0, 0u64..2_000, spacing).prop_map(|(from_per_s, to_per_s, ms, spacing)| {
            Arrival::Ramp { from_per_s, to_per_s, over_ns: ms * MS, spacing }
        }),
        (0u64..20, 1u32..4).prop_map(|(ms, in_flight)| closed(ms * MS, in_flight)),
        (1u32..4).prop_map(|in_flight| Arrival::Closed {
            think: Distribution::Exponential { mean: 5e6 },
            in_flight
        }),
        Just(Arrival::AllAtOnce),
    ]
}

/// Plans whose load ends by a count that they can reach.
fn counted_plan() -> impl Strategy<Value = Plan> {
    let end = prop_oneof![(1u64..600).prop_map(End::Messages), (1u64..80).prop_map(End::MessagesPerAgent)];
    let processor = (1u32..9, 1u32..20, prop_oneof![Just(0), 1u64..50], 1u8..5, 0u64..1 << 50);
    let limits = (
        prop::option::of(1u64..20),
        prop::option::of(1u64..40),
        prop_oneof![1u64..30, Just(1_000_000)],
        0usize..3,
        prop::option::of(prop_oneof![Just("20/s"), Just("600/s")]),
    );
    (any_arrival(), any_arrival(), end, processor, limits, 0.0..1.0f64, (1u32..9, 1u32..4)).prop_map(
        |(one, other, end, (workers, batch, interval, attempts, seed), limits, success, agents)| {
            let (timeout, ttl, capacity, overflow, throttle) = limits;
            let mut plan = plan(1.0, S, json!({ "success_rate": success }));
            let mut second = plan.groups[0].clone();
            (plan.groups[0].arrival, plan.groups[0].count) = (one, agents.0);
            (second.name, second.arrival, second.count) = ("Other".to_owned(), other, agents.1);
            plan.groups.push(second);
            plan.end = end;
            plan.seed = seed;
            plan.processor.workers = workers;
            plan.processor.batch_size = batch;
            plan.processor.batch_interval_ns = interval * MS;
            plan.processor.retry = Retry { attempts, ..Retry::default() };
            plan.processor.retry.backoff.jitter = success;
            plan.processor.timeout_ns = timeout.map(|ms| ms * MS);
            plan.processor.time_to_live_ns = ttl.map(|ms| ms * MS);
            plan.queue.capacity = capacity;
            plan.queue.overflow = Overflow::ALL[overflow];
            if let Some(rate) = throttle {
                under_chaos(&mut plan, json!({ "throttle": rate }));
            }
            plan
        },
    )
}

fn reaches_its_count(plan: &Plan, run: &Run) -> Result<(), TestCaseError> {
    let counts = run.ledger.counts;
    let asked = match plan.end {
        End::Messages(count) => count,
        End::MessagesPerAgent(count) => count * u64::from(plan.agents()),
        End::Duration(_) | End::First { .. } => unreachable!("these plans end by a count"),
    };
    let said = run.warnings.iter().any(|warning| warning.kind == "count_not_reached");
    prop_assert_eq!((counts.generated, said), (asked, false));
    // Nothing is held back at the end: every message has a final outcome.
    prop_assert!(run.ledger.balanced && counts.unanswered == 0, "{:?}", counts);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]
    #[test]
    fn a_load_by_count_generates_exactly_that_count(plan in counted_plan()) {
        let played = play_with(&plan, &mut Silent);
        prop_assert!(played.stop.is_none(), "{:?}", played.stop);
        reaches_its_count(&plan, &played.run)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]
    #[test]
    fn a_load_by_count_generates_exactly_that_count_on_the_wall_clock(plan in counted_plan()) {
        let mut plan = plan;
        plan.clock = Some(ClockKind::Wall);
        // So few that a slow ramp or burst is over within a second or two.
        plan.end = End::Messages(20);
        for group in &mut plan.groups {
            if !matches!(group.arrival, Arrival::Closed { .. } | Arrival::AllAtOnce) {
                group.arrival = Arrival::Constant { rate_per_s: 100.0 };
            }
        }
        let played = play_with(&plan, &mut Silent);
        prop_assert!(played.stop.is_none(), "{:?}", played.stop);
        reaches_its_count(&plan, &played.run)?;
    }
}
