//! Consumers, read as users write them: what is right gives a plan that reads back, what is wrong is told with its place.

use super::*;
use crate::diagnostics::Diagnostics;

const POOL: &str = r#"
name: worker pool
agents:
  - { name: Planner, count: 9, arrival: 1/s, mix: { task: 9, note: 1 } }
  - name: Worker
    count: 40
    arrival: on_demand
    consumer:
      queue: shared
      workers: 2
      prefetch: 4
      service: { lognormal: { median: 8s, p99: 74s } }
      types: { note: { service: 100ms } }
      lease: 30s
      extend: 10s
      max_deliveries: 5
      redelivery: [1s, 30s]
      fails: 1%
      poison: 0.01%
      crash: 0.1%
      restart: 5s
types:
  task: { wire_type: TASK, recipient: Worker }
  note: { wire_type: NOTE, recipient: Worker }
duration: 60s
"#;

fn read(text: &str) -> Result<Planned, Diagnostics> {
    let source = SourceText { file: "a.yaml".to_owned(), text: text.to_owned() };
    let (functions, overrides) = (Functions::new(), Overrides::default());
    let core = CoreSpec::plain("mock");
    let node = text::parse_text("a.yaml", text)?;
    read_scenario(
        &node,
        &ReadContext { source: &source, functions: &functions, overrides: &overrides, core: &core },
    )
}

/// The one fault of the worker pool with one piece of it replaced: title, and what was expected.
fn fault(piece: &str, by: &str) -> (String, String) {
    assert!(POOL.contains(piece), "{piece}");
    let faults = read(&POOL.replace(piece, by)).expect_err("a fault");
    let all: Vec<_> = faults.iter().collect();
    assert_eq!(all.len(), 1, "{faults:?}");
    assert!(all[0].place.is_some(), "{faults:?}");
    (all[0].title.clone(), all[0].expected.clone().unwrap_or_default())
}

#[test]
fn a_worker_pool_is_read() {
    let plan = read(POOL).unwrap().plan;
    assert_eq!(plan.groups[0].consumer, None);
    let worker = plan.groups[1].consumer.as_ref().unwrap();
    assert_eq!((worker.queue, worker.workers, worker.prefetch), (ConsumerQueue::Shared, 2, Some(4)));
    assert_eq!((worker.lease, worker.extend_ns), (Lease::For(30_000_000_000), Some(10_000_000_000)));
    assert_eq!((worker.max_deliveries, worker.settle), (Some(5), SettleWhen::After));
    assert_eq!(worker.redelivery_ns, [1_000_000_000, 30_000_000_000]);
    assert_eq!((worker.fails, worker.poison, worker.crash), (0.01, 0.0001, 0.001));
    assert_eq!(worker.restart_ns, 5_000_000_000);
    // Types are in order of their names: note, task.
    assert_eq!(worker.service_of(TypeId(0)).mean(), 100e6);
    assert!(worker.service_of(TypeId(1)).mean() > 8e9);
}

#[test]
fn what_is_written_reads_back_to_the_same() {
    for text in [POOL.to_owned(), POOL.replace("lease: 30s", "lease: none")] {
        let planned = read(&text).unwrap();
        let again = read(&serde_json::to_string(&planned.plan.written).unwrap()).unwrap();
        assert_eq!(again.plan.groups, planned.plan.groups);
        assert_eq!(again.plan.written, planned.plan.written);
    }
}

#[test]
fn an_empty_consumer_takes_no_time_and_asks_for_nothing() {
    let text = "agents: [{ name: a, count: 2, consumer: {} }]\narrival: 1/s\nmix: [direct]\nduration: 1s";
    let plan = read(text).unwrap().plan;
    let consumer = plan.groups[0].consumer.as_ref().unwrap();
    assert_eq!(consumer.needs(), []);
    assert_eq!((consumer.workers, consumer.queue, consumer.lease), (1, ConsumerQueue::Own, Lease::OfMedium));
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    for (piece, by, title, expected) in [
        ("prefetch: 4", "prefetch: 0", "wrong value for `agents[1].consumer.prefetch`", "1"),
        (
            "prefetch: 4",
            "prefetch: 1",
            "an agent cannot work on more copies than it may hold",
            "`workers`: 2",
        ),
        (
            "max_deliveries: 5",
            "max_deliveries: 0",
            "wrong value for `agents[1].consumer.max_deliveries`",
            "1",
        ),
        ("extend: 10s", "extend: 30s", "the lease would end before it is extended", "less than `lease`"),
        ("lease: 30s", "lease: soon", "wrong value for `agents[1].consumer.lease`", "duration"),
        ("queue: shared", "queue: common", "wrong value for `agents[1].consumer.queue`", "shared"),
        (
            "note: { service: 100ms }",
            "note: { service: { exponential: { mean: 100d } } }",
            "366 days",
            "less than 366 days",
        ),
        ("note: { service: 100ms }", "nota: { service: 1s }", "there is no message type `nota`", "task"),
        ("note: { service: 100ms }", "note: {}", "service` is missing", ""),
        ("crash: 0.1%\n      restart: 5s", "crash: 100%", "every execution would crash", "`restart`"),
        (
            "redelivery: [1s, 30s]",
            "redelivery: 1s",
            "wrong value for `agents[1].consumer.redelivery`",
            "list",
        ),
        ("workers: 2", "workers: 2\n      leese: 3s", "unknown key `leese`", ""),
    ] {
        let (told, wanted) = fault(piece, by);
        assert!(told.contains(title), "{by}: {told}");
        assert!(wanted.contains(expected), "{by}: {wanted}");
    }
}

#[test]
fn settling_before_the_work_leaves_nothing_to_lease() {
    let text = POOL.replace("lease: 30s", "settle: before\n      lease: 30s");
    let faults = read(&text).expect_err("faults");
    let titles: Vec<&str> = faults.iter().map(|fault| fault.title.as_str()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles[0].starts_with("no copy is leased") && titles[1].starts_with("there is no lease"));
}

#[test]
fn who_sends_to_agents_with_one_queue_names_their_group() {
    for recipient in ["other", "any", "all", "Worker-3"] {
        let (title, expected) = fault(
            "task: { wire_type: TASK, recipient: Worker }",
            &format!("task: {{ wire_type: TASK, recipient: {recipient} }}"),
        );
        assert_eq!(title, "the agents of `Worker` have one queue together, and no inbox each", "{recipient}");
        assert!(expected.contains("`Worker`"), "{expected}");
    }
    let nobody = POOL.replace("recipient: Worker", "recipient: Planner");
    let faults = read(&nobody).expect_err("a fault");
    assert_eq!(faults.iter().next().unwrap().title, "nobody sends to the queue of `Worker`");
}
