//! Proof 2: mean waits of M/M/1, M/M/4, M/D/1 and M/G/1 against their closed forms, samplers included.
//!
//! Twenty replications each, the first 20,000 messages dropped. The closed form lies inside the 99.9 % interval of
//! the mean, the interval is narrow, and the neighbouring wrong formula lies outside.

use serde_json::{Value, json};
use support::engine::{S, interval_of_20, plan, play, side_by_side, sure};

const SERVICE_S: f64 = 0.005;

struct Model {
    name: &'static str,
    latency: Value,
    workers: u32,
    utilisation: f64,
    messages: f64,
    /// Mean service time in seconds.
    service_s: f64,
    expected_s: f64,
    /// What a wrong engine or sampler would give.
    wrong_s: f64,
}

fn mean_waits(model: &Model) -> Vec<f64> {
    let rate = model.utilisation * f64::from(model.workers) / model.service_s;
    side_by_side(20, |replication| {
        let measured = model.messages / 20.0 / rate;
        let mut plan = plan(rate / 9.0, (measured * S as f64) as u64, sure("5ms"));
        plan.core.options.insert("latency".to_owned(), model.latency.clone());
        plan.warm_up_ns = (20_000.0 / rate * S as f64) as u64;
        plan.seed = 1_000 + replication as u64;
        plan.processor.workers = model.workers;
        play(&plan).figures.queue_wait.mean_ns.unwrap() * 1e-9
    })
}

fn prove(model: &Model) {
    let (mean, half_width) = interval_of_20(&mean_waits(model));
    let Model { name, utilisation, expected_s, wrong_s, .. } = *model;
    let widest = if utilisation > 0.9 { 0.12 } else { 0.045 };
    println!("{name} at {utilisation}: {mean:.6} ± {half_width:.6} s, closed form {expected_s:.6} s");
    assert!((mean - expected_s).abs() <= half_width, "{name}: {mean} ± {half_width}, expected {expected_s}");
    assert!(half_width <= widest * mean, "{name}: ± {half_width} of {mean} is wide");
    assert!((mean - wrong_s).abs() > half_width, "{name}: {mean} ± {half_width} does not exclude {wrong_s}");
}

/// M/M/1: ρ/(μ − λ), and the same with M/D/1's half as the wrong neighbour.
#[test]
fn one_exponential_server() {
    for (utilisation, messages) in [(0.5, 0.5e6), (0.8, 2e6), (0.95, 3.2e6)] {
        let expected_s = utilisation / (1.0 - utilisation) * SERVICE_S;
        prove(&Model {
            name: "M/M/1",
            latency: json!({ "exponential": { "mean": "5ms" } }),
            workers: 1,
            utilisation,
            messages,
            service_s: SERVICE_S,
            expected_s,
            wrong_s: expected_s / 2.0,
        });
    }
}

/// Erlang C: the share of arrivals that wait, with `servers` servers and `offered` erlangs.
fn erlang_c(servers: u32, offered: f64) -> f64 {
    let mut blocking = 1.0;
    for n in 1..=servers {
        blocking = offered * blocking / (f64::from(n) + offered * blocking);
    }
    let utilisation = offered / f64::from(servers);
    blocking / (1.0 - utilisation * (1.0 - blocking))
}

/// M/M/4: C(c, a)/(cμ − λ); the wrong neighbour is half of it, as if delivery times were constant.
#[test]
fn four_exponential_servers() {
    for (utilisation, messages) in [(0.5, 1.8e6), (0.8, 2.3e6), (0.95, 4.6e6)] {
        let offered = 4.0 * utilisation;
        let expected_s = erlang_c(4, offered) * SERVICE_S / (4.0 * (1.0 - utilisation));
        prove(&Model {
            name: "M/M/4",
            latency: json!({ "exponential": { "mean": "5ms" } }),
            workers: 4,
            utilisation,
            messages,
            service_s: SERVICE_S,
            expected_s,
            wrong_s: expected_s / 2.0,
        });
    }
}

/// M/D/1: half of M/M/1, which is the wrong neighbour.
#[test]
fn one_constant_server() {
    for (utilisation, messages) in [(0.5, 0.25e6), (0.8, 0.7e6), (0.95, 2.4e6)] {
        let expected_s = utilisation / (2.0 * (1.0 - utilisation)) * SERVICE_S;
        prove(&Model {
            name: "M/D/1",
            latency: json!("5ms"),
            workers: 1,
            utilisation,
            messages,
            service_s: SERVICE_S,
            expected_s,
            wrong_s: expected_s * 2.0,
        });
    }
}

/// Pollaczek and Khinchine: λE[S²]/2(1 − ρ), written with the squared coefficient of variation.
fn pollaczek_khinchine(utilisation: f64, service_s: f64, squared_variation: f64) -> f64 {
    utilisation * service_s * (1.0 + squared_variation) / (2.0 * (1.0 - utilisation))
}

#[test]
fn one_general_server() {
    let sd_ms = 5.0 * 2f64.sqrt();
    for (utilisation, messages) in [(0.5, 2.3e6), (0.8, 6.3e6)] {
        prove(&Model {
            name: "M/G/1 lognormal",
            latency: json!({ "lognormal": { "mean": "5ms", "sd": format!("{sd_ms}ms") } }),
            workers: 1,
            utilisation,
            messages,
            service_s: SERVICE_S,
            expected_s: pollaczek_khinchine(utilisation, SERVICE_S, 2.0),
            wrong_s: pollaczek_khinchine(utilisation, SERVICE_S, 1.0),
        });
    }
    let squared_variation = (0.009f64 * 0.009 / 12.0) / (0.0055 * 0.0055);
    prove(&Model {
        name: "M/G/1 uniform",
        latency: json!("1ms..10ms"),
        workers: 1,
        utilisation: 0.95,
        messages: 2.6e6,
        service_s: 0.0055,
        expected_s: pollaczek_khinchine(0.95, 0.0055, squared_variation),
        wrong_s: pollaczek_khinchine(0.95, 0.0055, 1.0),
    });
}
