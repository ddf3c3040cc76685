//! Proof 1: every queue wait equals the Lindley or Kiefer–Wolfowitz recursion, to the nanosecond.

use mqscript_plugin::random::Stream;
use support::engine::{S, plan, side_by_side, stories, sure};

/// When each message starts with `workers` servers (Kiefer and Wolfowitz 1955; Lindley 1952 for one server):
/// at its arrival or when the first server is free, whichever is later.
fn starts(arrivals_and_services: &[(u64, u64)], workers: usize) -> Vec<u64> {
    let mut free_at = vec![0u64; workers];
    let start = |&(arrival, service): &(u64, u64)| {
        let first = (0..workers).min_by_key(|&w| free_at[w]).unwrap();
        let start = arrival.max(free_at[first]);
        free_at[first] = start + service;
        start
    };
    arrivals_and_services.iter().map(start).collect()
}

#[test]
fn queue_waits_equal_the_recursion_to_the_nanosecond() {
    let laws = [
        "5ms",
        "1ms..10ms",
        r#"{"exponential":{"mean":"5ms"}}"#,
        r#"{"lognormal":{"median":"3ms","p99":"40ms"}}"#,
    ];
    side_by_side(100, |number| {
        let mut stream = Stream::from_key(number as u64);
        let law = laws[number % laws.len()];
        let latency = serde_json::from_str(law).unwrap_or_else(|_| serde_json::Value::String(law.to_owned()));
        let workers = 1 + (number % 8) as u32;
        let utilisation = 0.3 + 0.68 * stream.unit();
        let rate = utilisation * f64::from(workers) / 0.0055 / 9.0;
        let duration = (10_000.0 / (9.0 * rate) * S as f64) as u64;
        let mut plan = plan(rate, duration, sure("1ms"));
        plan.core.options.insert("latency".to_owned(), latency);
        plan.seed = number as u64;
        plan.processor.workers = workers;
        plan.processor.batch_size = 1 + stream.below(20) as u32;
        let (run, stories) = stories(&plan);
        assert!(stories.len() > 9_000 && run.ledger.balanced);
        let times: Vec<(u64, u64)> =
            stories.iter().map(|s| (s.intended_ns, s.ended_ns - s.last_accepted_ns.unwrap())).collect();
        for (story, start) in stories.iter().zip(starts(&times, workers as usize)) {
            assert_eq!(story.first_accepted_ns, Some(start), "plan {number}, message {}", story.number);
        }
    });
}
