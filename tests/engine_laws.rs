//! Proofs 3 to 5: Little's law as an identity, the stall, and the geometric law of retries.

mod common;

use common::{MS, S, plan, play, stories, sure};
use mqscript::plan::{Arrival, Overflow, Retry};
use serde_json::json;

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
}
