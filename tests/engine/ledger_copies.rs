//! The receiver's ledger against chaos: what was injected is what is found, in every class.

use mqscript::plan::{
    Arrival, Callback, End, LayerSpec, MessageType, MixEntry, Plan, Receive, Recipient, TypeId,
};
use mqscript::results::Run;
use serde_json::{Value, json};
use support::engine::{MS, plan, play, side_by_side, sure};

const AGENTS: u64 = 9;

/// Direct messages and broadcasts, one attempt each, a constant millisecond, under these layers of chaos.
fn traffic(seed: u64, messages: u64, layers: &[Value]) -> Plan {
    let mut plan = plan(1_000.0, 0, sure("1ms"));
    (plan.seed, plan.end, plan.receive) = (seed, End::Messages(messages), Receive::Always);
    plan.processor.workers = 1_000;
    let mut settings = plan.types[0].settings.clone();
    settings.recipient = Recipient::All;
    plan.types.push(MessageType {
        name: "broadcast".to_owned(),
        wire_type: "BROADCAST".to_owned(),
        settings: settings.clone(),
    });
    plan.groups[0].mix.push(MixEntry { type_id: TypeId(1), weight: 0.2, settings });
    for options in layers {
        let options = options.as_object().unwrap().clone();
        plan.core.layers.push(LayerSpec::new("chaos", options));
    }
    plan
}

fn injected(run: &Run, kind: &str) -> u64 {
    run.notices.get(kind).map_or(0, |notice| notice.count)
}

/// Copies of the messages of both types of which `count` says how many.
fn in_copies(run: &Run, count: impl Fn(&mqscript::results::Counts) -> u64) -> u64 {
    count(&run.by_type["direct"].counts) + (AGENTS - 1) * count(&run.by_type["broadcast"].counts)
}

/// Every class of the ledger is what was injected.
fn assert_all_found(run: &Run) {
    let copies = run.ledger.copies.as_ref().unwrap();
    let seen = [
        ("drop", copies.lost),
        ("duplicate", copies.duplicated),
        ("corrupt", copies.corrupted),
        ("reorder", copies.out_of_order.unwrap()),
    ];
    for (kind, found) in seen {
        assert_eq!(found, injected(run, kind), "{kind}, seed {}: {copies:?}", run.seed);
    }
    assert_eq!(copies.recovered, in_copies(run, |counts| counts.uncertain), "seed {}", run.seed);
    assert_eq!(copies.expected, in_copies(run, |counts| counts.delivered), "seed {}", run.seed);
    assert_eq!(copies.received, copies.expected - copies.lost + copies.recovered, "seed {}", run.seed);
    assert_eq!((copies.unexpected, copies.foreign, copies.missing, copies.late), (0, 0, 0, 0));
    assert_eq!(run.figures.end_to_end.count, copies.received);
    assert_eq!(injected(run, "crash"), run.ledger.by_reason["failed"]["chaos_crash"]);
    assert_eq!(injected(run, "uncertain"), run.ledger.by_reason["uncertain"]["chaos_uncertain"]);
    let by_recipient: Vec<_> = run.by_recipient.values().collect();
    assert_eq!(by_recipient.iter().filter_map(|r| r.lost).sum::<u64>(), copies.lost);
    assert_eq!(by_recipient.iter().filter_map(|r| r.received).sum::<u64>(), copies.received);
    assert_eq!(by_recipient.iter().filter_map(|r| r.duplicated).sum::<u64>(), copies.duplicated);
}

fn everything() -> Value {
    json!({ "crash": 0.01, "refuse": 0.01, "uncertain": 0.02, "drop": 0.02, "duplicate": 0.02, "corrupt": 0.02,
            "reorder": 0.02 })
}

/// Rates that differ from seed to seed, so that some are nought and some are large.
fn varied(seed: u64) -> Value {
    let rate = |salt: u64| {
        let draw = mqscript_plugin::random::mix(seed * 31 + salt) % 6;
        [0.0, 0.001, 0.01, 0.05, 0.1, 0.2][draw as usize]
    };
    json!({ "crash": rate(1), "refuse": rate(2), "uncertain": rate(3), "drop": rate(4), "duplicate": rate(5),
            "corrupt": rate(6), "reorder": rate(7) })
}

fn sweep(seeds: std::ops::Range<u64>, messages: u64) {
    let first = seeds.start;
    side_by_side((seeds.end - first) as usize, |i| {
        let seed = first + i as u64;
        let options = if seed.is_multiple_of(2) { everything() } else { varied(seed) };
        let mut run = play(&traffic(seed, messages, &[options]));
        // Classes that no message met are not listed.
        for (class, reason) in [("failed", "chaos_crash"), ("uncertain", "chaos_uncertain")] {
            run.ledger.by_reason.get_mut(class).unwrap().entry(reason.to_owned()).or_default();
        }
        assert_all_found(&run);
    });
}

#[test]
fn what_is_injected_is_found() {
    sweep(0..12, 20_000);
}

/// `cargo test --release --test engine -- --ignored ledger_copies::`: 1,000 seeds of 100,000 messages.
#[test]
#[ignore = "minutes; see CONTRIBUTING.md"]
fn what_is_injected_is_found_on_a_thousand_seeds() {
    sweep(0..1_000, 100_000);
}

#[test]
fn without_faults_every_copy_comes_once_and_in_order() {
    let run = play(&traffic(1, 20_000, &[]));
    let copies = run.ledger.copies.as_ref().unwrap();
    assert_eq!(copies.expected, in_copies(&run, |counts| counts.generated));
    assert_eq!((copies.received, copies.out_of_order), (copies.expected, Some(0)));
    assert_eq!(run.valid, Some(true));
    assert_eq!((run.figures.end_to_end.min_ns, run.figures.end_to_end.max_ns), (Some(MS), Some(MS)));
}

#[test]
fn equal_numbers_of_losses_and_duplicates_do_not_cancel() {
    let run = play(&traffic(3, 20_000, &[json!({ "drop": 0.1, "duplicate": 0.1 })]));
    let copies = run.ledger.copies.as_ref().unwrap();
    assert!(copies.lost > 1_000 && copies.duplicated > 1_000, "{copies:?}");
    assert_eq!(run.valid, Some(false));
    assert_eq!(run.invalid_because, [format!("{} copies lost", mqscript::numbers::count(copies.lost))]);
}

/// Whether a run under one fault is valid, and what is tolerated.
fn verdict(fault: &str, tolerate: &[&str]) -> (Option<bool>, Vec<String>) {
    let mut plan = traffic(5, 2_000, &[json!({ fault: 0.05 })]);
    plan.tolerate = tolerate.iter().map(|name| (*name).to_owned()).collect();
    let run = play(&plan);
    (run.valid, run.tolerated)
}

#[test]
fn what_makes_a_run_invalid_can_be_tolerated() {
    for (fault, class) in [("drop", "lost"), ("corrupt", "corrupted")] {
        assert_eq!(verdict(fault, &[]).0, Some(false), "{fault}");
        assert_eq!(verdict(fault, &["unexpected"]).0, Some(false), "{fault}");
        let (valid, tolerated) = verdict(fault, &[class]);
        assert_eq!(valid, Some(true), "{fault}");
        assert!(tolerated.len() == 1 && tolerated[0].contains(class), "{tolerated:?}");
    }
    // The mock promises neither order nor exactly one.
    for fault in ["duplicate", "reorder", "uncertain"] {
        assert_eq!(verdict(fault, &[]), (Some(true), Vec::new()), "{fault}");
    }
}

#[test]
fn retries_after_uncertain_outcomes_show_as_duplicates() {
    let mut plan = traffic(7, 10_000, &[json!({ "uncertain": 0.1 })]);
    plan.processor.retry.attempts = 5;
    let run = play(&plan);
    let copies = run.ledger.copies.as_ref().unwrap();
    // Each uncertain attempt's copies arrived, and so did those of the attempt after it.
    assert!(copies.duplicated > 1_000 && copies.lost == 0, "{copies:?}");
    assert_eq!(run.valid, Some(true));
}

/// Copies that come with their outcomes and copies that come alone meet at one nanosecond: the bursts of all agents come
/// together, every message takes the same time, and some copies are repeated or held back. Where callbacks read the
/// copies, each of them comes alone; the ledger must be the same.
#[test]
fn copies_arrive_in_the_order_in_which_the_core_told_of_them() {
    let mut late = 0;
    for seed in 0..20 {
        let faults = json!({ "duplicate": 0.2, "reorder": 0.2 });
        let mut plan = traffic(seed, 3_000, &[faults]);
        plan.groups[0].arrival = Arrival::Burst { size: 3, every_ns: 10 * MS, spread_ns: 0 };
        // In one call each, most copies come with their outcomes; in calls of many, none does.
        plan.processor.batch_size = [1, 64][seed as usize % 2];
        let together = play(&plan);
        plan.groups[0].callbacks.on_message = Some(Callback::Named("on_message".to_owned()));
        let alone = play(&plan);
        let seen = |run: &Run| (run.ledger.copies.clone(), run.figures.end_to_end, run.by_recipient.clone());
        assert_eq!(format!("{:?}", seen(&together)), format!("{:?}", seen(&alone)), "seed {seed}");
        late += together.ledger.copies.as_ref().unwrap().out_of_order.unwrap();
    }
    assert!(late > 1_000, "{late}");
}
