//! Proof 6: one seed, the same bytes; another seed, others. Settings change what they are about, and nothing else.

use mqscript::plan::{Plan, Retry};
use mqscript::results::{Environment, Run};
use serde_json::json;
use std::collections::BTreeMap;
use support::engine::{S, Story, plan, play, stories};

fn base() -> Plan {
    let mut plan = plan(30.0, 20 * S, json!({}));
    plan.processor.workers = 2;
    plan.processor.retry = Retry { attempts: 3, ..Retry::default() };
    plan.processor.retry.backoff.jitter = 0.1;
    plan
}

fn bytes(mut run: Run) -> Vec<u8> {
    run.environment = Environment::default();
    serde_json::to_vec(&run).unwrap()
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_does_not() {
    let first = play(&base());
    let digest = first.digest.clone();
    assert_eq!(bytes(first), bytes(play(&base())));
    let other = play(&Plan { seed: 2, ..base() });
    assert_ne!(digest, other.digest);
}

/// Holds in debug and in release builds, and on every machine: the digest stands here.
#[test]
fn the_digest_is_the_same_everywhere() {
    let expected = "c4ba07fb635948678578cff086221eaef04cb36e1426803ff2bf4667d59a3efb";
    assert_eq!(play(&base()).digest, expected);
}

/// What befell each message, by identity.
fn fates(stories: &[Story]) -> BTreeMap<(String, u64), (u8, String, String)> {
    let fate = |s: &Story| {
        ((s.agent.clone(), s.sequence), (s.attempts, s.outcome.name().to_owned(), s.reason.clone()))
    };
    stories.iter().map(fate).collect()
}

#[test]
fn batches_regrouped_or_cores_slowed_leave_each_fate_unchanged() {
    let expected = fates(&stories(&base()).1);
    assert!(expected.values().any(|fate| fate.0 == 3) && expected.len() > 5_000);
    let mut regrouped = base();
    regrouped.processor.batch_size = 3;
    regrouped.processor.workers = 7;
    regrouped.processor.batch_interval_ns = 1_000_000;
    assert_eq!(fates(&stories(&regrouped).1), expected);
    let mut slowed = base();
    slowed.core.options.insert("latency".to_owned(), json!("5ms..50ms"));
    slowed.processor.workers = 20;
    assert_eq!(fates(&stories(&slowed).1), expected);
}

#[test]
fn a_new_agent_leaves_the_gaps_of_the_others_alone() {
    let times = |stories: &[Story]| -> BTreeMap<(String, u64), u64> {
        stories.iter().map(|s| ((s.agent.clone(), s.sequence), s.intended_ns)).collect()
    };
    let before = times(&stories(&base()).1);
    let mut more = base();
    more.groups[0].count = 10;
    let after = times(&stories(&more).1);
    assert!(before.iter().all(|(identity, time)| after[identity] == *time));
    assert!(after.len() > before.len());
}
