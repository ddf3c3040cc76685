//! One script over the simulated broker, over sqlite and over a real server: what happens is counted alike.

use super::kill_run::play;
use mqscript::results::ConsumerFigures;
use support::nats::server::Server;

/// Work of 200 ms on average that fails, kills its agent, never succeeds for some messages, and in e^-2 of the executions
/// takes longer than its lease. What an agent that died held, and what was given back, comes again.
fn over(core: &str, options: &str, lease: &str) -> ConsumerFigures {
    let run = play(&format!(
        r#"run(scenario(#{{
            agents: [
                #{{ name: "Planner", count: 4, arrival: poisson("50/s"), mix: ["task"] }},
                #{{ name: "Worker", count: 90, consumer: #{{
                    queue: "shared", prefetch: 1, service: exponential("200ms"), lease: "{lease}", max_deliveries: 8,
                    redelivery: ["20ms"], fails: "20%", poison: "5%", crash: "10%", restart: "50ms",
                }} }},
            ],
            types: #{{ task: #{{ wire_type: "TASK", recipient: "Worker" }} }},
            duration: "3s", processor: #{{ workers: 64 }}, seed: 7,
        }}), core("{core}", #{{ {options} }}));"#
    ));
    assert_eq!((run.valid, run.ledger.balanced), (Some(true), true), "{core}: {:?}", run.invalid_because);
    let all = run.consumers.as_ref().expect("there are consumers").all.clone();
    assert_eq!(
        all.completed + all.dead_letters,
        run.ledger.counts.delivered,
        "{core}: each is done or given up"
    );
    println!("{core}: {all:?}");
    all
}

/// What is counted, each as so many of so many.
fn shares(of: &ConsumerFigures) -> [(&'static str, u64, u64); 6] {
    [
        ("failed", of.failed, of.executions),
        ("crashed", of.crashed, of.executions),
        ("lease_expired", of.lease_expired.expect("the scenario says the lease"), of.executions),
        ("redelivered", of.redelivered, of.handed_over),
        ("duplicate_executions", of.duplicate_executions, of.succeeded),
        ("dead_letters", of.dead_letters, of.completed + of.dead_letters),
    ]
}

/// What differs by more than five standard errors of the difference of two shares.
fn apart(one: &ConsumerFigures, other: &ConsumerFigures) -> Vec<String> {
    let differs = |((name, a, of_a), (_, b, of_b)): &((&str, u64, u64), (&str, u64, u64))| {
        let (n, m) = (*of_a as f64, *of_b as f64);
        let both = (a + b) as f64 / (n + m);
        let error = (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt();
        ((*a as f64 / n - *b as f64 / m).abs() > 5.0 * error)
            .then(|| format!("{name}: {a} of {n}, {b} of {m}"))
    };
    shares(one).into_iter().zip(shares(other)).filter_map(|both| differs(&both)).collect()
}

#[test]
fn simulated_and_real_media_agree_within_sampling_error() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let (broker, jetstream) = ("latency: \"1ms\"", "latency: \"1ms\", like: \"jetstream\"");
    let in_a_file = over("sqlite", &format!("path: {:?}", file.display().to_string()), "400ms");
    let at_a_server = over("nats", &format!("url: \"{}\"", server.url()), "400ms");
    assert_eq!(apart(&over("broker", broker, "400ms"), &in_a_file), [""; 0]);
    assert_eq!(apart(&over("broker", jetstream, "400ms"), &at_a_server), [""; 0]);
    // With another lease they would not agree.
    assert_ne!(apart(&over("broker", jetstream, "900ms"), &at_a_server), [""; 0]);
}
