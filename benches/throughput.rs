//! Messages per wall second on the virtual clock, on one core, with every feature on.
//!
//! `cargo bench --bench throughput` prints one line a model; a name after `--` picks one.

use mqscript::plan::{Arrival, Plan};
use serde_json::json;
use support::engine::{S, plan, play};

/// Arrivals per second that keep 64 workers of 5.5 ms 95 % busy.
const RATE_PER_S: f64 = 64.0 * 0.95 / 0.0055;

/// Poisson agents, mock 1–10 ms uniform with success 0.95, 64 workers at 95 % utilisation.
fn agents(count: u32, messages: f64) -> Plan {
    let mut plan = plan(1.0, (messages / RATE_PER_S * S as f64) as u64, json!({}));
    plan.groups[0].count = count;
    plan.groups[0].arrival = Arrival::Poisson { rate_per_s: RATE_PER_S / f64::from(count) };
    plan.processor.workers = 64;
    plan
}

fn report(name: &str, plan: &Plan) {
    let run = play(plan);
    println!(
        "{name}: {} messages in {:.2} s = {:.2} million/s, {:.1} MB resident at most",
        run.ledger.counts.generated,
        run.environment.wall_s,
        run.environment.messages_per_wall_s / 1e6,
        run.environment.max_rss_bytes as f64 / 1e6,
    );
}

fn main() {
    let picked = std::env::args().skip(1).find(|name| !name.starts_with("--"));
    let wanted = |name: &str| picked.as_deref().is_none_or(|picked| picked == name);
    for (name, count, messages, times) in [
        ("one_million_messages", 9, 1e6, 1),
        ("nine_agents", 9, 10e6, 3),
        ("hundred_million_messages", 9, 99e6, 1),
        ("million_agents", 1_000_000, 10e6, 2),
    ] {
        if wanted(name) {
            (0..times).for_each(|_| report(name, &agents(count, messages)));
        }
    }
}
