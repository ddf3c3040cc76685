//! Every message has exactly one name, whatever the plan; and each name has a run in which it alone moves.

use mqscript::plan::{Arrival, End, Overflow, Plan, Priority, Retry};
use mqscript::results::Run;
use proptest::prelude::*;
use serde_json::json;
use support::engine::{MS, S, plan, play, stories, sure};

/// The classes that moved, beside `delivered`.
fn moved(run: &Run) -> Vec<&'static str> {
    assert!(run.ledger.balanced && run.valid == Some(true), "{:?}", run.invalid_because);
    let c = run.ledger.counts;
    assert_eq!(c.generated, c.accounted());
    for (class, count) in [("failed", c.failed), ("rejected", c.rejected), ("expired", c.expired)] {
        assert_eq!(run.ledger.by_reason[class].values().sum::<u64>(), count, "{class}");
    }
    let counts = [
        ("failed", c.failed),
        ("dead_lettered", c.dead_lettered),
        ("rejected", c.rejected),
        ("expired", c.expired),
        ("uncertain", c.uncertain),
        ("unanswered", c.unanswered),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect()
}

fn base() -> Plan {
    plan(20.0, 10 * S, sure("4ms"))
}

#[test]
fn delivered_alone() {
    let run = play(&base());
    assert_eq!(moved(&run), [""; 0]);
    assert_eq!(run.ledger.counts.delivered, run.ledger.counts.generated);
    assert!(run.ledger.counts.generated > 1_500);
}

#[test]
fn failed_alone() {
    let mut plan = base();
    plan.core.options.insert("success_rate".to_owned(), json!(0.0));
    let run = play(&plan);
    assert_eq!(moved(&run), ["failed"]);
    assert_eq!(run.ledger.counts.failed, run.ledger.counts.generated);
    assert!(run.ledger.by_reason["failed"].keys().all(|reason| reason != "unnamed"));
}

#[test]
fn dead_lettered_alone() {
    let mut plan = base();
    plan.core.options.insert("success_rate".to_owned(), json!(0.0));
    plan.processor.dead_letter = true;
    assert_eq!(moved(&play(&plan)), ["dead_lettered"]);
}

#[test]
fn rejected_alone_by_a_full_queue() {
    for (overflow, reason) in [(Overflow::Reject, "queue_full"), (Overflow::DropOldest, "dropped_oldest")] {
        let mut plan = base();
        plan.queue.capacity = 2;
        plan.queue.overflow = overflow;
        let run = play(&plan);
        assert_eq!(moved(&run), ["rejected"]);
        assert_eq!(run.ledger.by_reason["rejected"].keys().collect::<Vec<_>>(), [reason]);
        assert_eq!(run.ledger.blocked, 0);
    }
}

#[test]
fn a_full_queue_that_blocks_loses_nothing() {
    let mut plan = base();
    plan.queue.capacity = 2;
    plan.queue.overflow = Overflow::Block;
    plan.groups[0].arrival = Arrival::Poisson { rate_per_s: 60.0 };
    let (run, stories) = stories(&plan);
    assert_eq!(moved(&run), [""; 0]);
    assert!(run.ledger.blocked > 1_000, "{}", run.ledger.blocked);
    // Held agents keep their intended times: the wait shows in full.
    assert!(run.figures.queue_wait.max_ns.unwrap() > S && stories.iter().all(|s| s.intended_ns < 10 * S));
    let free = {
        let mut free = plan.clone();
        free.queue.capacity = 1_000_000;
        play(&free)
    };
    assert_eq!(free.ledger.counts.generated, run.ledger.counts.generated);
}

#[test]
fn expired_alone() {
    let mut plan = base();
    plan.processor.time_to_live_ns = Some(MS);
    let run = play(&plan);
    assert_eq!(moved(&run), ["expired"]);
    assert_eq!(run.ledger.by_reason["expired"].keys().collect::<Vec<_>>(), ["time_to_live"]);
}

#[test]
fn uncertain_alone_and_every_late_outcome_is_counted() {
    let mut plan = base();
    plan.processor.timeout_ns = Some(2 * MS);
    let run = play(&plan);
    assert_eq!(moved(&run), ["uncertain"]);
    assert_eq!(run.ledger.by_reason["uncertain"].keys().collect::<Vec<_>>(), ["timeout"]);
    assert_eq!(run.figures.delivery.max_ns, Some(2 * MS));
    // The last one's outcome may come after the end.
    assert!(run.ledger.counts.uncertain - run.ledger.late_outcomes <= 3);
    assert_eq!(run.ledger.counts.answered, 0);
}

#[test]
fn an_outcome_at_exactly_the_limit_is_in_time() {
    let mut plan = base();
    plan.processor.timeout_ns = Some(4 * MS);
    assert_eq!(moved(&play(&plan)), [""; 0]);
}

#[test]
fn unanswered_alone() {
    let mut plan = base();
    plan.processor.max_messages = Some(100);
    let run = play(&plan);
    assert_eq!(moved(&run), ["unanswered"]);
    assert_eq!((run.ledger.counts.delivered, run.ledger.counts.attempts), (100, 100));
    assert_eq!(run.ledger.by_reason["unanswered"].keys().collect::<Vec<_>>(), ["unsent"]);

    let mut plan = base();
    plan.drain_ns = Some(0);
    plan.core.options.insert("latency".to_owned(), json!("2s"));
    plan.processor.workers = 10_000;
    let run = play(&plan);
    assert_eq!(moved(&run), ["unanswered"]);
    assert_eq!(run.ledger.by_reason["unanswered"].keys().collect::<Vec<_>>(), ["no_outcome"]);
}

#[test]
fn cycles_take_their_pauses() {
    let mut plan = plan(1.0, S, sure("1ms"));
    plan.groups[0].arrival = Arrival::AllAtOnce;
    plan.end = End::MessagesPerAgent(100);
    plan.processor.batch_interval_ns = 100 * MS;
    let run = play(&plan);
    assert_eq!((run.ledger.counts.delivered, run.duration_ns), (900, 9_800 * MS));
    plan.processor.workers = 10;
    assert_eq!(play(&plan).duration_ns, 90 * MS + 89 * 100 * MS);
    plan.end = End::Messages(25);
    assert_eq!(play(&plan).ledger.counts.generated, 25);
}

#[test]
fn a_load_ends_at_whichever_of_its_ends_comes_first() {
    let mut plan = plan(1.0, S, sure("1ms"));
    plan.groups[0].arrival = Arrival::Constant { rate_per_s: 100.0 };
    plan.processor.workers = 100;
    let first = |duration: Option<u64>, messages: Option<u64>, messages_per_agent: Option<u64>| End::First {
        duration_ns: duration,
        messages,
        messages_per_agent,
    };
    let mut ended = |end: End| {
        plan.end = end;
        let run = play(&plan);
        (run.ledger.counts.generated, run.window_ns)
    };
    let by_time = ended(End::Duration(2 * S));
    assert_eq!(by_time.1, 2 * S);
    assert_eq!(ended(first(Some(2 * S), Some(1_000_000), None)), by_time);
    assert_eq!(ended(first(Some(2 * S), None, Some(1_000_000))), by_time);
    let by_count = ended(End::Messages(300));
    assert_eq!(by_count.0, 300);
    assert_eq!(ended(first(Some(60 * S), Some(300), None)), by_count);
    let by_agent = ended(End::MessagesPerAgent(20));
    assert_eq!(ended(first(Some(60 * S), None, Some(20))), by_agent);
    assert_eq!(ended(first(None, Some(1_000_000), Some(20))), by_agent);
}

#[test]
fn closed_agents_wait_for_their_outcomes() {
    let think = mqscript::plan::distribution::Distribution::Constant(6 * MS);
    let mut plan = base();
    plan.groups[0].arrival = Arrival::Closed { think, in_flight: 2 };
    plan.processor.workers = 18;
    let run = play(&plan);
    // Each of eighteen slots: 6 ms to think, 4 ms to deliver.
    assert_eq!(run.ledger.counts.generated, 18 * 1_000);
    assert_eq!(run.figures.total.max_ns, Some(4 * MS));
}

#[test]
fn warm_up_is_played_but_not_measured() {
    let mut plan = base();
    plan.warm_up_ns = 5 * S;
    let run = play(&plan);
    let (all, window) = (run.ledger.counts.generated, run.figures.counts.generated);
    assert!(all > window + 700 && window > 1_500);
    assert_eq!(run.by_agent.values().map(|a| a.counts.generated).sum::<u64>(), window);
    assert_eq!(run.window_ns, 10 * S);
}

#[test]
fn arrivals_of_one_instant_find_idle_workers_before_a_full_queue() {
    for (overflow, reason) in [
        (Overflow::Reject, Some("queue_full")),
        (Overflow::DropOldest, Some("dropped_oldest")),
        (Overflow::Block, None),
    ] {
        let mut plan = base();
        plan.groups[0].count = 1;
        plan.groups[0].arrival = Arrival::AllAtOnce;
        plan.end = End::Messages(20);
        plan.processor.workers = 10;
        plan.queue.capacity = 5;
        plan.queue.overflow = overflow;
        let (run, all) = stories(&plan);
        assert_eq!(run.ledger.counts.delivered, if reason.is_some() { 15 } else { 20 });
        assert_eq!(all.iter().filter(|s| s.first_accepted_ns == Some(0)).count(), 10);
        assert_eq!(run.ledger.by_reason["rejected"].keys().next().map(String::as_str), reason);
        assert_eq!(run.ledger.blocked, if overflow == Overflow::Block { 1 } else { 0 });
    }
    // A worker that falls free at the very instant of an arrival takes what waits before that is turned away.
    let mut plan = base();
    plan.groups[0].count = 1;
    plan.groups[0].arrival = Arrival::Burst { size: 2, every_ns: 4 * MS, spread_ns: 0 };
    plan.end = End::Messages(100);
    plan.processor.workers = 2;
    plan.queue.capacity = 1;
    assert_eq!(play(&plan).ledger.counts.delivered, 100);
}

#[test]
fn a_low_newcomer_pushes_out_no_urgent_message() {
    let mut plan = base();
    plan.groups[0].count = 1;
    plan.groups[0].arrival = Arrival::AllAtOnce;
    plan.groups[0].mix[0].settings.priority = Priority::Urgent;
    let mut low = plan.groups[0].clone();
    low.name = "Low".to_owned();
    low.mix[0].settings.priority = Priority::Low;
    plan.groups.push(low);
    plan.end = End::MessagesPerAgent(10);
    plan.queue.capacity = 4;
    plan.queue.overflow = Overflow::DropOldest;
    let (run, all) = stories(&plan);
    assert_eq!((run.ledger.counts.delivered, run.ledger.counts.rejected), (5, 15));
    let fates = |agent: &str, reason: &str| {
        all.iter().filter(|s| s.agent.starts_with(agent) && s.reason == reason).count()
    };
    // The first goes to the worker at once; of the nine urgent ones that follow the newest four stay.
    assert_eq!((fates("Agent", ""), fates("Low", "")), (5, 0));
    assert_eq!(fates("Agent", "dropped_oldest"), 5);
    assert!(fates("Low", "queue_full") > 0);
}

/// Messages that were handed over, refused, and expired before another attempt.
#[test]
fn what_was_handed_over_and_expired_has_its_delivery_time() {
    let mut plan = plan(100.0, 10 * S, json!({ "success_rate": 0.5, "latency": "1ms..3ms" }));
    plan.processor.workers = 3;
    plan.processor.retry = Retry { attempts: 5, ..Retry::default() };
    plan.processor.time_to_live_ns = Some(15 * MS);
    let (run, all) = stories(&plan);
    let tried = all.iter().filter(|s| s.attempts > 0).count() as u64;
    let expired = all.iter().filter(|s| s.outcome.name() == "expired" && s.attempts > 0).count();
    assert!(expired > 500, "{expired} of {tried}");
    assert!(all.iter().all(|s| s.last_accepted_ns.is_some() == (s.attempts > 0)));
    assert_eq!((run.figures.delivery.count, run.figures.queue_wait.count), (tried, tried));
    assert!(run.figures.delivery.max_ns.unwrap() <= 3 * MS);
}

/// In flight, backing off, or in the queue again when the drain ends: each attempt that ended has its time.
#[test]
fn what_is_unfinished_has_the_times_of_the_attempts_that_ended() {
    let mut plan = plan(20.0, 2 * S, json!({ "success_rate": 0.0, "latency": "10ms" }));
    plan.processor.workers = 100;
    plan.processor.retry = Retry { attempts: 9, ..Retry::default() };
    plan.processor.retry.backoff.first_ns = S;
    plan.drain_ns = Some(0);
    let (run, all) = stories(&plan);
    assert!(run.ledger.counts.unanswered > 100);
    assert!(all.iter().all(|s| s.last_accepted_ns.is_some()));
    let in_flight = run.ledger.counts.attempts - run.ledger.counts.answered;
    assert_eq!(run.figures.delivery.count, all.len() as u64 - in_flight);
    assert_eq!(run.figures.delivery.max_ns, Some(10 * MS));
}

/// A message whose first attempt nobody knows about stays uncertain until a later one is confirmed, whatever ends it.
#[test]
fn once_uncertain_is_uncertain_until_confirmed() {
    let seen = |change: &dyn Fn(&mut Plan)| {
        let mut plan = plan(20.0, 5 * S, json!({ "success_rate": 0.0, "latency": "1ms" }));
        plan.processor.workers = 50;
        plan.processor.retry = Retry { attempts: 2, ..Retry::default() };
        let uncertain = json!({ "uncertain": { "rate": 1, "to": "5s" } });
        let chaos = mqscript::plan::LayerSpec::new("chaos", uncertain.as_object().unwrap().clone());
        plan.core.layers.push(chaos);
        change(&mut plan);
        play(&plan)
    };
    // The second attempts are made after 5 s, and refused.
    let later = |plan: &mut Plan| plan.processor.retry.backoff.first_ns = 6 * S;
    let run = seen(&later);
    assert_eq!(moved(&run), ["uncertain"]);
    assert!(run.ledger.by_reason["uncertain"].keys().all(|reason| reason != "chaos_uncertain"));
    // … and delivered: then they are.
    let confirmed = seen(&|plan| {
        later(plan);
        plan.core.options.insert("success_rate".to_owned(), json!(1));
    });
    assert_eq!(moved(&confirmed), [""; 0]);
    // Expired between the two, kept as dead letters, cut off by the end of the drain.
    let expired = seen(&|plan| {
        later(plan);
        plan.processor.time_to_live_ns = Some(S);
    });
    assert_eq!(moved(&expired), ["uncertain"]);
    assert!(expired.ledger.by_reason["uncertain"].keys().all(|reason| reason == "time_to_live"));
    let kept = seen(&|plan| {
        later(plan);
        plan.processor.dead_letter = true;
    });
    assert_eq!(moved(&kept), ["dead_lettered"]);
    let cut = seen(&|plan| {
        later(plan);
        plan.drain_max_ns = Some(S);
    });
    assert_eq!(moved(&cut), ["uncertain"]);
    assert!(cut.ledger.by_reason["uncertain"].contains_key("no_outcome"));
    // A timeout is a doubt, too; what was refused each time is not in doubt.
    let timed_out = seen(&|plan| {
        plan.core.layers[0].options =
            json!({ "spike": { "rate": 1, "by": "1s", "to": "5s" } }).as_object().unwrap().clone();
        plan.processor.timeout_ns = Some(10 * MS);
        later(plan);
    });
    assert_eq!(moved(&timed_out), ["uncertain"]);
    let refused = seen(&|plan| {
        plan.core.layers.clear();
        later(plan);
    });
    assert_eq!(moved(&refused), ["failed"]);
}

fn random_plan() -> impl Strategy<Value = Plan> {
    let arrival = prop_oneof![
        (1.0..400.0).prop_map(|rate_per_s| Arrival::Poisson { rate_per_s }),
        (1.0..400.0).prop_map(|rate_per_s| Arrival::Constant { rate_per_s }),
        (1u64..30, 1u64..500).prop_map(|(size, ms)| Arrival::Burst {
            size,
            every_ns: ms * MS,
            spread_ns: ms * MS / 2
        }),
        (1u32..4).prop_map(|in_flight| Arrival::Closed {
            think: mqscript::plan::distribution::Distribution::Exponential { mean: 5e6 },
            in_flight,
        }),
    ];
    let end = prop_oneof![
        (1u64..2_000).prop_map(|ms| End::Duration(ms * MS)),
        (1u64..2_000).prop_map(End::Messages),
        (1u64..200).prop_map(End::MessagesPerAgent),
        (prop::option::of(1u64..2_000), 1u64..2_000, prop::option::of(1u64..200)).prop_map(
            |(ms, messages, messages_per_agent)| End::First {
                duration_ns: ms.map(|ms| ms * MS),
                messages: Some(messages),
                messages_per_agent,
            }
        ),
    ];
    let processor = (1u32..9, 1u32..20, prop_oneof![Just(0), 1u64..50], 1u8..5, any::<bool>(), any::<u64>());
    let limits = (
        prop::option::of(1u64..20),
        prop::option::of(1u64..40),
        prop::option::of(1u64..3_000),
        prop_oneof![1u64..30, Just(1_000_000)],
        0usize..3,
        prop::option::of(0u64..100),
    );
    (arrival, end, processor, limits, 0.0..1.0f64, 1u32..12).prop_map(
        |(arrival, end, (workers, batch, interval, attempts, dead, seed), limits, success, agents)| {
            let (timeout, ttl, max, capacity, overflow, drain) = limits;
            let mut plan = plan(1.0, S, json!({ "success_rate": success }));
            plan.groups[0].arrival = arrival;
            plan.groups[0].count = agents;
            plan.end = end;
            plan.seed = seed >> 11;
            plan.processor.workers = workers;
            plan.processor.batch_size = batch;
            plan.processor.batch_interval_ns = interval * MS;
            plan.processor.retry = Retry { attempts, ..Retry::default() };
            plan.processor.dead_letter = dead;
            plan.processor.timeout_ns = timeout.map(|ms| ms * MS);
            plan.processor.time_to_live_ns = ttl.map(|ms| ms * MS);
            plan.processor.max_messages = max;
            plan.queue.capacity = capacity;
            plan.queue.overflow = Overflow::ALL[overflow];
            plan.drain_ns = drain.map(|ms| ms * MS);
            let urgent = &mut plan.groups[0].mix[0].settings;
            urgent.priority = if dead { Priority::Urgent } else { Priority::Low };
            plan
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]
    #[test]
    fn random_plans_conserve_messages(plan in random_plan()) {
        let (run, stories) = stories(&plan);
        let c = run.ledger.counts;
        prop_assert!(run.ledger.balanced && c.generated == c.accounted());
        prop_assert_eq!(c.generated, stories.len() as u64);
        prop_assert_eq!(c.delivered, stories.iter().filter(|s| s.outcome.name() == "delivered").count() as u64);
        prop_assert_eq!(c.attempts, stories.iter().map(|s| u64::from(s.attempts)).sum::<u64>());
        prop_assert_eq!(c.generated, run.by_agent.values().map(|a| a.counts.accounted()).sum::<u64>());
        prop_assert_eq!(c.generated, run.by_recipient.values().map(|r| r.addressed).sum::<u64>());
        prop_assert_eq!(c.delivered, run.series.points.iter().map(|p| p.delivered).sum::<u64>());
        let mut numbers: Vec<u64> = stories.iter().map(|s| s.number).collect();
        numbers.dedup();
        prop_assert_eq!(numbers, (1..=c.generated).collect::<Vec<_>>());
        prop_assert!(c.attempts <= plan.processor.max_messages.unwrap_or(u64::MAX));
        let integral: u128 = [&run.occupancy.queue, &run.occupancy.processor, &run.occupancy.backoff]
            .iter().map(|place| place.parse::<u128>().unwrap()).sum();
        prop_assert_eq!(integral.to_string(), run.occupancy.in_system);
    }
}
