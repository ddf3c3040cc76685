//! Completed messages per wall second with agents that work on what they receive, over the broker core on the virtual
//! clock; and the memory of a consumer.
//!
//! `cargo bench --bench consumers` prints one line a run, with its ratio to the yardstick *mini* (`benches/peers/mini/`),
//! played just before.

use mqscript::plan::{Consumer, Lease, Plan};
use support::bench::yardstick;
use support::consumers::{consumer, pool};
use support::engine::{S, play};

/// The share of the workers' time that is work.
const BUSY: f64 = 0.95;

/// Nine senders that keep so many consumers busy, whose work is `service_ns` on average.
fn busy(consumers: u32, service_ns: u64, messages: f64) -> Plan {
    let rate_per_s = f64::from(consumers) * BUSY * S as f64 / service_ns as f64;
    let consumer = Consumer { lease: Lease::For(100 * service_ns), ..consumer(service_ns) };
    pool(rate_per_s, (messages / rate_per_s * S as f64) as u64, consumers, consumer)
}

fn report(name: &str, plan: &Plan) -> f64 {
    let mini = yardstick();
    let run = play(plan);
    let consumers = run.consumers.as_ref().expect("consumers");
    let completed = consumers.all.completed;
    assert_eq!((consumers.all.unfinished, completed), (0, run.ledger.counts.delivered));
    let rss = run.environment.max_rss_bytes as f64;
    println!(
        "{name}: {completed} messages in {:.2} s = {:.2} million/s, {:.3} of mini, busy {:.2}, {:.1} MB resident at most",
        run.environment.wall_s,
        completed as f64 / run.environment.wall_s / 1e6,
        mini.cpu_ns * completed as f64 / run.environment.cpu_s / 1e9,
        consumers.all.busy,
        rss / 1e6
    );
    rss
}

fn main() {
    let few = report("forty_consumers", &busy(40, S / 100, 3e6));
    let many = report("hundred_thousand_consumers", &busy(100_000, 20 * S, 3e6));
    println!("a consumer of 100,000 takes {:.0} bytes", (many - few) / 100_000.0);
}
