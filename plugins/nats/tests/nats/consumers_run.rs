//! Whole runs of agents that take their time.

use super::kill_run::play;
use mqscript::results::{ConsumerFigures, Run};
use support::nats::server::Server;

/// Some senders, and workers that have one queue together.
fn worked(server: &Server, agents: &str, consumer: &str, more: &str) -> Run {
    let text = format!(
        r#"run(scenario(#{{
            agents: [{agents}, consumer: #{{ queue: "shared", {consumer} }} }}],
            types: #{{ task: #{{ wire_type: "TASK", recipient: "Worker" }} }},
            receive: true, processor: #{{ workers: 64 }}, {more}
        }}), core("nats", #{{ url: "{}" }}));"#,
        server.url()
    );
    play(&text)
}

/// What must hold whatever happened.
fn figures(run: &Run) -> &ConsumerFigures {
    assert_eq!((run.valid, run.ledger.balanced), (Some(true), true), "{:?}", run.invalid_because);
    let all = &run.consumers.as_ref().expect("there are consumers").all;
    assert_eq!(all.executions, all.succeeded + all.failed + all.crashed + all.cut_off);
    println!("{all:?}\n{}", run.core.stats);
    all
}

const PLANNERS: &str = r#"#{ name: "Planner", count: 3, arrival: poisson("20/s"), mix: #{ task: 100 } },
    #{ name: "Worker", count: 8, arrival: on_demand()"#;

#[test]
fn work_that_outlives_its_lease_is_done_twice_and_none_is_lost() {
    let Some(server) = Server::start() else { return };
    let consumer = r#"prefetch: 1, service: exponential("40ms"), lease: "50ms""#;
    let run = worked(&server, PLANNERS, consumer, "duration: \"3s\"");
    let all = figures(&run);
    assert_eq!((all.completed, all.unfinished), (run.ledger.counts.delivered, 0));
    assert!(all.duplicate_executions > 0 && all.redelivered > 0, "e^(-50/40) of the work takes longer");
    assert_eq!(all.duplicate_executions, all.succeeded - all.completed);
    let copies = run.core.stats["nats"]["copies"].as_u64().unwrap();
    assert_eq!(copies, all.executions, "each copy is worked on");
}

#[test]
fn what_a_dead_agent_held_comes_again_and_failures_are_given_up_at_last() {
    let Some(server) = Server::start() else { return };
    let consumer = r#"prefetch: 2, service: "5ms", lease: "300ms", max_deliveries: 6, redelivery: ["10ms", "20ms"],
        fails: "20%", poison: "10%", crash: "5%", restart: "50ms""#;
    let run = worked(&server, PLANNERS, consumer, "duration: \"3s\"");
    let all = figures(&run);
    assert!(all.crashed > 0 && all.failed > 0 && all.dead_letters > 0, "{all:?}");
    assert_eq!(all.completed + all.dead_letters, run.ledger.counts.delivered, "each is done or given up");
    assert_eq!(all.unfinished, 0);
    let stats = &run.core.stats["nats"];
    assert_eq!(stats["dead_letters"].as_u64(), Some(all.dead_letters));
    assert!(stats["lease_expired"].as_u64() >= Some(all.crashed), "{stats}");
}

/// The case of nats-io/nats.go issue 1929, twenty times as fast: handlers of 28 s, an `AckWait` of 30 s, two replicas whose
/// clients fetch ahead. What waits in a client for its turn outlives its lease, and is done again.
#[test]
fn what_is_fetched_ahead_of_long_work_is_done_twice() {
    let Some(server) = Server::start() else { return };
    let replicas = r#"#{ name: "Planner", count: 1, arrival: all_at_once(), mix: #{ task: 100 } },
        #{ name: "Worker", count: 2, arrival: on_demand()"#;
    let with_prefetch = |prefetch: u32| {
        let consumer = format!(r#"prefetch: {prefetch}, service: "1400ms", lease: "1500ms""#);
        worked(&server, replicas, &consumer, "messages_per_agent: 8")
    };
    let (many, one) = (with_prefetch(500), with_prefetch(1));
    let (many, one) = (figures(&many), figures(&one));
    assert_eq!((many.completed, one.completed), (8, 8));
    // Each replica had one in work; the six that waited were handed over again, those at the end more than once. The two
    // work as long as one alone would without fetching ahead.
    assert!(many.repeated >= 6 && many.executions >= 16, "{many:?}");
    // Only a machine that stops for a twentieth of the lease repeats anything.
    assert!(Some(one.repeated) <= one.lease_expired && one.executions < many.executions, "{one:?}");
}
