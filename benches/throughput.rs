//! Messages per wall second on the virtual clock, on one core, with every feature on.
//!
//! `cargo bench --bench throughput` prints one line a run, with its ratio to the yardstick *mini*
//! (`benches/peers/mini/`), played just before; a name after `--` picks one model.

use mqscript::plan::{Arrival, Plan};
use serde_json::json;
use support::bench::{median, yardstick};
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

/// Plays it, prints a line, and gives the ratio to the yardstick, of processor time.
fn report(name: &str, plan: &Plan) -> f64 {
    let mini = yardstick();
    let run = play(plan);
    let generated = run.ledger.counts.generated;
    let ratio = mini.cpu_ns * generated as f64 / run.environment.cpu_s / 1e9;
    println!(
        "{name}: {generated} messages in {:.2} s = {:.2} million/s, {ratio:.3} of mini, {:.1} MB resident at most",
        run.environment.wall_s,
        run.environment.messages_per_wall_s / 1e6,
        run.environment.max_rss_bytes as f64 / 1e6,
    );
    ratio
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
            let ratios: Vec<f64> = (0..times).map(|_| report(name, &agents(count, messages))).collect();
            if times > 2 {
                println!("{name}: {:.3} of mini, the median of {times}", median(ratios));
            }
        }
    }
}
