//! Plans made by hand, and what it takes to play them against the mock core.

use crate::place;
use mqscript::cores::Finder;
use mqscript::engine::{self, MessageRecord, NoBehaviour, Observer, Played, Progress, Setting, Started};
use mqscript::judgement::judge;
use mqscript::plan::{
    Arrival, Callbacks, Content, CoreSpec, End, Group, MessageSettings, MessageType, MixEntry, Plan,
    Processor, Queue, Receive, Template, TypeId,
};
use mqscript::results::{FinalOutcome, Run};
use serde_json::{Value, json};
use std::path::Path;

/// Nanoseconds in a second.
pub const S: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MS: u64 = 1_000_000;

/// Nine agents, each Poisson with `rate_per_s`, one type, for `duration_ns`, on the mock core with these options.
pub fn plan(rate_per_s: f64, duration_ns: u64, mock: Value) -> Plan {
    let content = Content { template: Template::parse("{number}").unwrap(), size: None };
    let settings = MessageSettings { content, ..MessageSettings::default() };
    Plan {
        name: "by hand".to_owned(),
        seed: 1,
        core_seed: None,
        clock: None,
        groups: vec![Group {
            name: "Agent".to_owned(),
            count: 9,
            numbered: true,
            arrival: Arrival::Poisson { rate_per_s },
            mix: vec![MixEntry { type_id: TypeId(0), weight: 1.0, settings: settings.clone() }],
            state: Value::Null,
            callbacks: Callbacks::default(),
            consumer: None,
        }],
        types: vec![MessageType { name: "direct".to_owned(), wire_type: "TEXT".to_owned(), settings }],
        warm_up_ns: 0,
        end: End::Duration(duration_ns),
        drain_ns: None,
        drain_max_ns: None,
        linger_ns: None,
        queue: Queue::default(),
        processor: Processor::default(),
        receive: Receive::Auto,
        counts_copies: false,
        checks: Vec::new(),
        tolerate: Vec::new(),
        max_schedule_lag_ns: None,
        max_generated: mqscript::plan::MAX_GENERATED,
        ledger_memory: mqscript::plan::LEDGER_MEMORY,
        core: CoreSpec { options: mock.as_object().unwrap().clone(), ..CoreSpec::plain("mock") },
        written: json!({}),
    }
}

/// A mock that always succeeds after `latency`.
pub fn sure(latency: &str) -> Value {
    json!({ "latency": latency, "success_rate": 1.0 })
}

/// The cores of this build: they lie beside the program.
pub fn finder() -> Finder {
    Finder::new(&[place::built()])
}

/// Plays a plan to its end.
pub fn play(plan: &Plan) -> Run {
    let played = play_with(plan, &mut engine::Silent);
    assert!(played.stop.is_none(), "{:?}", played.stop);
    played.run
}

/// Plays a plan and tells `observer`.
pub fn play_with(plan: &Plan, observer: &mut dyn Observer) -> Played {
    let finder = finder();
    let setting = Setting { finder: &finder, base_dir: Path::new("."), pure: false, confined: None };
    judged(engine::run(plan, setting, &mut NoBehaviour, observer).unwrap(), plan)
}

/// The run, judged, as the program does it.
pub fn judged(mut played: Played, plan: &Plan) -> Played {
    judge(&mut played.run, plan, &played.facts);
    played
}

/// One message, as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub agent: String,
    pub sequence: u64,
    pub number: u64,
    pub intended_ns: u64,
    pub first_accepted_ns: Option<u64>,
    pub last_accepted_ns: Option<u64>,
    pub ended_ns: u64,
    pub attempts: u8,
    pub outcome: FinalOutcome,
    pub reason: String,
    pub content: String,
}

/// Keeps every message's story.
#[derive(Debug, Default)]
pub struct Stories(pub Vec<Story>);

impl Observer for Stories {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        true
    }

    fn wants_messages(&self) -> bool {
        true
    }

    fn message(&mut self, record: &MessageRecord<'_>) -> Result<(), String> {
        self.0.push(Story {
            agent: record.agent.to_owned(),
            sequence: record.sequence,
            number: record.content.parse().unwrap_or(0),
            intended_ns: record.intended_ns,
            first_accepted_ns: record.first_accepted_ns,
            last_accepted_ns: record.last_accepted_ns,
            ended_ns: record.ended_ns,
            attempts: record.attempts,
            outcome: record.outcome,
            reason: record.reason.to_owned(),
            content: record.content.to_owned(),
        });
        Ok(())
    }
}

/// Plays a plan and gives every message's story, in order of generation.
pub fn stories(plan: &Plan) -> (Run, Vec<Story>) {
    let mut stories = Stories::default();
    let played = play_with(plan, &mut stories);
    assert!(played.stop.is_none(), "{:?}", played.stop);
    stories.0.sort_by_key(|story| story.number);
    (played.run, stories.0)
}

/// Mean and half-width of the two-sided 99.9 % interval (Student's t) of 20 replications.
pub fn interval_of_20(values: &[f64]) -> (f64, f64) {
    assert_eq!(values.len(), 20);
    const T_999_19: f64 = 3.883;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, T_999_19 * (variance / n).sqrt())
}

/// Runs `job` for each of 0 … n − 1 on both processors, and gives the results in order.
pub fn side_by_side<T: Send>(n: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut found: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || {
            let mut mine = Vec::new();
            loop {
                let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if i >= n {
                    return mine;
                }
                mine.push((i, job(i)));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    found.sort_by_key(|(i, _)| *i);
    found.into_iter().map(|(_, value)| value).collect()
}
