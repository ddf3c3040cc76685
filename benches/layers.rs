//! What a layer costs that does nothing: simulated messages per second with and without it, in turns.
//!
//! `cargo bench --bench layers` prints one line a model. With all rates zero the layer is to cost less than 15 %.

use mqscript::plan::{Arrival, LayerSpec, Plan};
use serde_json::{Value, json};
use support::bench::{median, yardstick};
use support::engine::{S, plan, play};

/// Arrivals per second that keep 64 workers of 5.5 ms 95 % busy.
const RATE_PER_S: f64 = 64.0 * 0.95 / 0.0055;
const MESSAGES: f64 = 2e6;
const ROUNDS: usize = 11;

/// Nine Poisson agents on 64 workers at 95 % utilisation, under these layers.
fn under(layers: &[Value]) -> Plan {
    let mut plan = plan(1.0, (MESSAGES / RATE_PER_S * S as f64) as u64, json!({}));
    plan.groups[0].arrival = Arrival::Poisson { rate_per_s: RATE_PER_S / 9.0 };
    plan.processor.workers = 64;
    for options in layers {
        let options = options.as_object().expect("options are a map").clone();
        plan.core.layers.push(LayerSpec::new("chaos", options));
    }
    plan
}

/// Messages per second of processor time: what else the machine does counts less than on the wall clock.
fn speed(plan: &Plan) -> f64 {
    let run = play(plan);
    run.ledger.counts.generated as f64 / run.environment.cpu_s
}

fn main() {
    let calm = json!({ "crash": 0, "spike": 0 });
    let (bare, models) =
        (under(&[]), [("all rates zero", under(&[calm])), ("as of old", under(&[json!({})]))]);
    speed(&bare);
    for (name, layered) in models {
        // In turns, so that what the machine does meanwhile falls on both.
        let round = |_| (1e9 / yardstick().cpu_ns, speed(&bare), speed(&layered));
        let rounds: Vec<(f64, f64, f64)> = (0..ROUNDS).map(round).collect();
        let ratio = median(rounds.iter().map(|(_, without, with)| with / without));
        let of_mini = median(rounds.iter().map(|(mini, _, with)| with / mini));
        let (without, with) =
            rounds.into_iter().map(|(_, without, with)| (without, with)).unzip::<f64, f64, Vec<_>, Vec<_>>();
        println!(
            "chaos, {name}: {:.2} of {:.2} million/s, ratio {ratio:.3}, cost {:.1} %; {of_mini:.3} of mini",
            median(with) / 1e6,
            median(without) / 1e6,
            (1.0 - ratio) * 100.0
        );
    }
}
