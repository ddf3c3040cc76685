//! The yardstick of the benches plays what the engine plays: a ratio to it compares equal work.

use serde_json::json;
use support::engine::{S, plan, play};
use support::mini;

#[test]
fn the_yardstick_counts_what_the_engine_counts() {
    const RATE_PER_S: f64 = 64.0 * 0.95 / 0.0055;
    const MESSAGES: f64 = 200_000.0;
    for seed in [1, 2, 3] {
        let mut plan = plan(RATE_PER_S / 9.0, (MESSAGES / RATE_PER_S * S as f64) as u64, json!({}));
        plan.seed = seed;
        plan.processor.workers = 64;
        let (run, mini) = (play(&plan), mini::play(MESSAGES, seed));
        let counts = &run.ledger.counts;
        assert_eq!(
            (mini.generated, mini.delivered, mini.failed),
            (counts.generated, counts.delivered, counts.failed)
        );
        // Of messages of one nanosecond the order is not the same.
        let alike = |own: f64, other: Option<f64>| (own / other.unwrap() - 1.0).abs() < 1e-3;
        assert!(alike(mini.mean_wait_ns, run.figures.queue_wait.mean_ns));
        assert!(alike(mini.mean_total_ns, run.figures.total.mean_ns));
    }
}
