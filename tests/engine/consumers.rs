//! Agents that work on what they receive, over the broker core: against closed forms, against plain recursions on the same
//! numbers, and against a checker that knows only the executions one by one.

use mqscript::engine::{ExecutionRecord, Observer, Progress, Started};
use mqscript::plan::distribution::Distribution;
use mqscript::plan::{Consumer, ConsumerQueue, End, LayerSpec, Lease, Plan, Recipient, SettleWhen};
use mqscript::results::Run;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use support::consumers::{consumer, pool};
use support::engine::{MS, S, interval_of_20, play_with, side_by_side};

/// Two-sided 99.9 % of the normal distribution.
const Z_999: f64 = 3.2905;
/// The time from acceptance to the queue, where it is the same for all.
const LATENCY_NS: u64 = MS;

/// One execution, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    message: (String, u64),
    consumer: String,
    to_all: bool,
    hand_over: u32,
    intended_ns: u64,
    handed_ns: u64,
    began_ns: u64,
    ended_ns: u64,
    end: &'static str,
    lease_expired: bool,
    settled: Option<&'static str>,
}

impl Told {
    fn service_ns(&self) -> u64 {
        self.ended_ns - self.began_ns
    }

    /// What it completes: a message, or a message for one agent if it was for all.
    fn target(&self) -> (String, u64, Option<String>) {
        (self.message.0.clone(), self.message.1, self.to_all.then(|| self.consumer.clone()))
    }
}

/// Keeps every execution, in the order in which they ended.
#[derive(Debug, Default)]
struct Executions(Vec<Told>);

impl Observer for Executions {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        true
    }

    fn wants_messages(&self) -> bool {
        true
    }

    fn execution(&mut self, record: &ExecutionRecord<'_>) -> Result<(), String> {
        self.0.push(Told {
            message: (record.agent.to_owned(), record.sequence),
            consumer: record.consumer.to_owned(),
            to_all: record.to_all,
            hand_over: record.hand_over,
            intended_ns: record.intended_ns,
            handed_ns: record.handed_ns,
            began_ns: record.began_ns,
            ended_ns: record.ended_ns,
            end: record.end.name(),
            lease_expired: record.lease_expired,
            settled: record.settled,
        });
        Ok(())
    }
}

fn executions(plan: &Plan) -> (Run, Vec<Told>) {
    let mut executions = Executions::default();
    let played = play_with(plan, &mut executions);
    assert!(played.stop.is_none(), "{:?}", played.stop);
    (played.run, executions.0)
}

fn with(plan: &Plan, key: &str, value: Value) -> Plan {
    let mut plan = plan.clone();
    plan.core.options.insert(key.to_owned(), value);
    plan
}

/// Whether a mean of `n` values with this standard deviation lies within its 99.9 % interval about `expected`.
#[track_caller]
fn near(what: &str, mean: f64, expected: f64, deviation: f64, n: f64) {
    let half = Z_999 * deviation / n.sqrt();
    println!("{what}: {mean:.5}, expected {expected:.5} ± {half:.5}");
    assert!((mean - expected).abs() <= half, "{what}: {mean}, expected {expected} ± {half}");
}

/// "P(an execution outlives its lease) = e^(−L/s)"; a message whose late settlements are ignored is executed a geometric
/// number of times, 1 / (1 − e^(−L/s)) on average.
#[test]
fn work_outlives_its_lease_as_often_as_the_exponential_law_says() {
    let (service_s, lease_s): (f64, f64) = (4.0, 5.0);
    let consumer = Consumer { lease: Lease::For(5 * S), ..consumer(4 * S) };
    // An agent whose lease has ended counts as free while it works on: with very many, none gets another copy then.
    let (run, told) = executions(&pool(50.0, 200 * S, 20_000, consumer));
    let (late, n) = (told.iter().filter(|e| e.lease_expired).count() as f64, told.len() as f64);
    let q = (-lease_s / service_s).exp();
    near("share that outlives its lease", late / n, q, (q * (1.0 - q)).sqrt(), n);
    let messages = run.ledger.counts.delivered as f64;
    near("executions of a message", n / messages, 1.0 / (1.0 - q), q.sqrt() / (1.0 - q), messages);
    let all = &run.consumers.as_ref().unwrap().all;
    assert_eq!((all.lease_expired, all.late_settlements), (Some(late as u64), Some(late as u64)));
    assert_eq!((all.completed, all.unfinished), (run.ledger.counts.delivered, 0));
}

/// Where a late settlement counts, a message is executed until any execution has ended: with k of them under way, none ends
/// within a lease with e^(−kL/s), so that the mean number is Σ e^(−k(k+1)/2 · L/s).
#[test]
fn late_settlements_that_count_save_executions() {
    let consumer = Consumer { lease: Lease::For(2 * S), ..consumer(4 * S) };
    let plan = with(&pool(50.0, 200 * S, 20_000, consumer), "late_settlements", json!("taken"));
    let (run, told) = executions(&plan);
    let x = (-0.5f64).exp();
    let beyond = |k: i32| x.powi(k * (k + 1) / 2);
    let mean: f64 = (0..40).map(beyond).sum();
    // E[N²] = Σ (2k + 1) P(N > k).
    let square: f64 = (0..40).map(|k| f64::from(2 * k + 1) * beyond(k)).sum();
    let messages = run.ledger.counts.delivered as f64;
    let deviation = (square - mean * mean).sqrt();
    near("executions of a message", told.len() as f64 / messages, mean, deviation, messages);
    let ignored = with(&plan, "late_settlements", json!("ignored"));
    assert!(executions(&ignored).1.len() > told.len() + 1_000, "and without it there are more");
}

/// A message comes to the queue LATENCY_NS after its intended time, if a worker of the processor is free at once.
fn arrivals(told: &[Told]) -> Vec<&Told> {
    let mut first: Vec<&Told> = told.iter().filter(|e| e.hand_over == 1).collect();
    first.sort_by_key(|e| (e.intended_ns, e.message.clone()));
    first
}

/// Kiefer and Wolfowitz: whoever comes next gets the server that is free first.
#[test]
fn a_shared_queue_is_a_queue_with_many_servers_to_the_nanosecond() {
    for (agents, workers) in [(1, 1), (7, 1), (3, 2)] {
        let c = agents * workers;
        let consumer = Consumer { workers, prefetch: Some(workers), ..consumer(S / 10) };
        let (_, told) = executions(&pool(8.5 * f64::from(c), 100 * S, agents, consumer));
        let mut free: BinaryHeap<std::cmp::Reverse<u64>> = (0..c).map(|_| std::cmp::Reverse(0)).collect();
        let arrivals = arrivals(&told);
        assert!(arrivals.len() > 700);
        for e in arrivals {
            let std::cmp::Reverse(free_ns) = free.pop().unwrap();
            let began_ns = free_ns.max(e.intended_ns + LATENCY_NS);
            assert_eq!((e.began_ns, e.handed_ns), (began_ns, began_ns), "{c} servers: {e:?}");
            free.push(std::cmp::Reverse(began_ns + e.service_ns()));
        }
    }
}

/// Lindley: with no bound on what an agent holds, agents take turns, and each has a queue of its own.
#[test]
fn without_a_bound_agents_take_turns_and_messages_wait_at_them() {
    let agents = 4;
    let consumer = Consumer { prefetch: None, ..consumer(S / 10) };
    let (run, told) = executions(&pool(32.0, 200 * S, agents, consumer));
    let mut free = vec![0; agents as usize];
    let (mut waited, arrivals) = (0, arrivals(&told));
    for (number, e) in arrivals.iter().enumerate() {
        let (turn, came_ns) = (number % agents as usize, e.intended_ns + LATENCY_NS);
        let began_ns = came_ns.max(free[turn]);
        let expected = (format!("Worker-{}", turn + 1), came_ns, began_ns);
        assert_eq!((e.consumer.clone(), e.handed_ns, e.began_ns), expected);
        free[turn] = e.ended_ns;
        waited += began_ns - came_ns;
    }
    let held = &run.consumers.as_ref().unwrap().all.held;
    assert_eq!((held.mean_ns, held.count), (Some(waited as f64 / told.len() as f64), told.len() as u64));
    let (_, shared) = executions(&pool(32.0, 200 * S, agents, self::consumer(S / 10)));
    let waits_ns: u64 = shared.iter().map(|e| e.began_ns - e.intended_ns - LATENCY_NS).sum();
    assert!(waited > 2 * waits_ns, "waiting at one's agent is worse: {waited} and {waits_ns}");
}

/// Erlang C: with c servers and a erlangs, the mean wait is C(c, a) · s / (c − a).
#[test]
fn waits_at_a_shared_queue_are_those_of_erlang_c() {
    let (c, service_s, rate) = (8_u32, 0.1, 64.0);
    let offered = rate * service_s;
    let mut blocking = 1.0;
    for n in 1..=c {
        blocking = offered * blocking / (f64::from(n) + offered * blocking);
    }
    let utilisation = offered / f64::from(c);
    let waits = blocking / (1.0 - utilisation * (1.0 - blocking));
    let expected_s = waits * service_s / (f64::from(c) - offered);
    let means = side_by_side(20, |replication| {
        let mut plan = pool(rate, 160 * S, c, consumer(S / 10));
        plan.seed = 77 + replication as u64;
        let (_, told) = executions(&plan);
        let measured = told.iter().filter(|e| e.intended_ns > 10 * S);
        let waits: Vec<f64> =
            measured.map(|e| (e.began_ns - e.intended_ns - LATENCY_NS) as f64 * 1e-9).collect();
        waits.iter().sum::<f64>() / waits.len() as f64
    });
    let (mean, half) = interval_of_20(&means);
    println!("M/M/8: {mean:.6} ± {half:.6} s, Erlang C {expected_s:.6} s");
    assert!((mean - expected_s).abs() <= half && half < 0.2 * mean, "{mean} ± {half}, expected {expected_s}");
}

/// A message fails m times in a row with p^m, and is handed over again after exactly the delays that were asked for.
#[test]
fn dead_letters_are_as_many_as_the_failures_say_and_delays_are_exact() {
    let consumer =
        Consumer { fails: 0.4, max_deliveries: Some(3), redelivery_ns: vec![S, 30 * S], ..consumer(S / 2) };
    let (run, told) = executions(&pool(50.0, 200 * S, 400, consumer));
    let (dead, messages) =
        (run.consumers.as_ref().unwrap().all.dead_letters as f64, run.ledger.counts.delivered as f64);
    let p = 0.4f64.powi(3);
    near("share of dead letters", dead / messages, p, (p * (1.0 - p)).sqrt(), messages);
    let mut by_message: BTreeMap<(String, u64), Vec<&Told>> = BTreeMap::new();
    told.iter().for_each(|e| by_message.entry(e.message.clone()).or_default().push(e));
    let mut gaps = [0; 3];
    for executions in by_message.values() {
        assert!(
            executions.len() <= 3 && executions.iter().rev().skip(1).all(|e| e.settled == Some("given_back"))
        );
        for (pair, delay_ns) in executions.windows(2).zip([S, 30 * S]) {
            assert_eq!(pair[1].handed_ns - pair[0].ended_ns, delay_ns);
            gaps[pair[0].hand_over as usize] += 1;
        }
    }
    assert!(gaps[1] > 3_000 && gaps[2] > 1_000, "{gaps:?}");
    assert_eq!(run.consumers.as_ref().unwrap().all.unfinished, 0);
    // Of poison, every execution fails.
    let poison = Consumer { poison: 0.1, max_deliveries: Some(2), ..self::consumer(S / 2) };
    let (run, told) = executions(&pool(50.0, 100 * S, 400, poison));
    let all = &run.consumers.as_ref().unwrap().all;
    near("share of poison", all.dead_letters as f64 / 5_000.0, 0.1, 0.3, 5_000.0);
    assert_eq!((all.failed, told.len() as u64), (2 * all.dead_letters, all.executions));
}

/// A crash costs the rest of its lease: with constant work s, crashes with q and a lease L, a message is completed after
/// s + L · q / (1 − q) on average.
#[test]
fn a_crash_costs_its_lease_and_loses_nothing_that_was_not_settled() {
    let (q, lease_s) = (0.2, 10.0);
    let crashing = Consumer {
        service: Distribution::Constant(S),
        crash: q,
        restart_ns: 3 * S,
        lease: Lease::For(10 * S),
        ..consumer(S)
    };
    let (run, told) = executions(&pool(30.0, 200 * S, 500, crashing.clone()));
    let all = &run.consumers.as_ref().unwrap().all;
    let (completion, n) = (&all.completion, all.completed as f64);
    assert_eq!((all.completed, all.unfinished, all.forgotten), (run.ledger.counts.delivered, 0, 0));
    let expected_s = 0.001 + 1.0 + lease_s * q / (1.0 - q);
    near("completion", completion.mean_ns.unwrap() * 1e-9, expected_s, lease_s * q.sqrt() / (1.0 - q), n);
    let crashed = told.iter().filter(|e| e.end == "crashed").count() as f64;
    near("share of crashes", crashed / told.len() as f64, q, (q * (1.0 - q)).sqrt(), told.len() as f64);
    // A crash comes at a uniform moment of the work.
    let moments = told.iter().filter(|e| e.end == "crashed").map(|e| e.service_ns() as f64 * 1e-9);
    near("moment of a crash", moments.sum::<f64>() / crashed, 0.5, (1.0f64 / 12.0).sqrt(), crashed);
    let before = Consumer { settle: SettleWhen::Before, lease: Lease::OfMedium, ..crashing };
    let (run, told) = executions(&pool(30.0, 200 * S, 500, before));
    let all = &run.consumers.as_ref().unwrap().all;
    let lost = told.iter().filter(|e| e.end == "crashed").count() as u64;
    assert!(lost > 500);
    // An agent that is away takes copies, too, and they are settled as they come.
    assert_eq!((all.unfinished, all.redelivered), (lost + all.forgotten, 0));
}

/// "While it works, an agent asks for more time": no lease ends then, however long the work takes.
#[test]
fn an_extended_lease_does_not_end() {
    let extending = Consumer { lease: Lease::For(2 * S), extend_ns: Some(S), ..consumer(4 * S) };
    let (run, told) = executions(&pool(50.0, 60 * S, 600, extending));
    let all = &run.consumers.as_ref().unwrap().all;
    assert!(told.iter().filter(|e| e.service_ns() > 2 * S).count() > 1_000);
    assert_eq!((all.lease_expired, all.redelivered, all.repeated), (Some(0), 0, 0));
    assert_eq!(all.wasted_service, Some(0.0));
}

/// A copy that comes again for ever: the run ends all the same, and says what is left.
#[test]
fn a_message_that_always_comes_again_does_not_keep_the_run() {
    let forever = Consumer { poison: 1.0, ..consumer(S) };
    let mut plan = pool(9.0, 2 * S, 30, forever);
    plan.end = End::Duration(2 * S);
    let (run, told) = executions(&plan);
    let all = &run.consumers.as_ref().unwrap().all;
    assert_eq!((all.completed, all.unfinished), (0, run.ledger.counts.delivered));
    assert!(told.len() as u64 > 3 * all.unfinished && all.unfinished > 0);
    assert_eq!(run.valid, Some(true), "{:?}", run.invalid_because);
}

/// What comes again goes first: poison keeps all workers busy, and what waits behind it is never handed over.
#[test]
fn poison_that_starves_all_others_does_not_keep_the_run() {
    let starving = Consumer { fails: 1.0, lease: Lease::For(20 * S), ..consumer(S / 2) };
    let (run, _) = executions(&pool(9.0, 5 * S, 3, starving));
    let all = &run.consumers.as_ref().unwrap().all;
    assert_eq!((all.completed, all.unfinished), (0, run.ledger.counts.delivered));
    let copies = run.ledger.copies.as_ref().unwrap();
    assert!(copies.received < copies.expected && all.unfinished > 20);
    assert_eq!(
        run.valid, None,
        "nobody knows what would have become of the others: {:?}",
        run.invalid_because
    );
}

/// The same message meets the same work at the same agent, however it came there.
#[test]
fn other_settings_meet_the_same_work() {
    let own = Consumer { queue: ConsumerQueue::Own, ..consumer(S) };
    let plan = pool(40.0, 60 * S, 20, own.clone());
    let key = |e: &Told| (e.message.clone(), e.consumer.clone(), e.hand_over);
    let works = |plan: &Plan| -> BTreeMap<_, u64> {
        executions(plan).1.iter().map(|e| (key(e), e.service_ns())).collect()
    };
    let as_it_is = works(&plan);
    assert_eq!(works(&plan), as_it_is);
    let mut otherwise = pool(40.0, 60 * S, 20, Consumer { prefetch: Some(5), workers: 3, ..own });
    otherwise.processor.batch_size = 3;
    otherwise.processor.batch_interval_ns = 50 * MS;
    otherwise.processor.workers = 3;
    let changed = works(&otherwise);
    assert_eq!(changed.len(), as_it_is.len());
    assert_eq!(changed, as_it_is);
}

/// A consumer of any kind, beside what chaos does to its messages.
fn any_pool() -> impl Strategy<Value = Plan> {
    let queue = prop_oneof![Just(ConsumerQueue::Shared), Just(ConsumerQueue::Own)];
    let lease = prop_oneof![
        Just(Lease::OfMedium),
        Just(Lease::Never),
        (100..3_000_u64).prop_map(|ms| Lease::For(ms * MS))
    ];
    let share = || prop_oneof![Just(0.0), 0.0..0.3];
    let bounds =
        (prop::option::of(1..6_u32), prop::option::of(1..5_u32), prop::collection::vec(0..2_000_u64, 0..3));
    let luck = (share(), share(), share(), 0..3_000_u64);
    let like = prop_oneof![Just("plain"), Just("jetstream"), Just("sqs"), Just("celery_redis")];
    let chaos = prop_oneof![Just(json!({})), Just(json!({ "duplicate": "10%", "drop": "5%" }))];
    (queue, lease, bounds, luck, (1..4_u32, any::<bool>(), any::<bool>(), any::<u64>()), like, chaos)
        .prop_map(
            |(
                queue,
                lease,
                (prefetch, max, delays),
                (fails, poison, crash, restart),
                (workers, before, all, seed),
                like,
                chaos,
            )| {
                let settle = if before { SettleWhen::Before } else { SettleWhen::After };
                let consumer = Consumer {
                    queue,
                    workers,
                    // Without a bound, short leases make copies without end.
                    prefetch: prefetch
                        .or(matches!(lease, Lease::For(_)).then_some(3))
                        .map(|more| workers + more - 1),
                    settle,
                    lease: if before { Lease::OfMedium } else { lease },
                    extend_ns: matches!(lease, Lease::For(_)).then_some(70 * MS).filter(|_| !before && all),
                    max_deliveries: max,
                    redelivery_ns: delays.into_iter().map(|ms| ms * MS).collect(),
                    fails,
                    poison,
                    crash,
                    restart_ns: restart * MS,
                    ..consumer(S / 5)
                };
                let mut plan = with(&pool(30.0, 10 * S, 8, consumer), "like", json!(like));
                if queue == ConsumerQueue::Own && all {
                    plan.groups[0].mix[0].settings.recipient = Recipient::All;
                    plan.types[0].settings.recipient = Recipient::All;
                }
                let options = chaos.as_object().unwrap().clone();
                if !options.is_empty() {
                    plan.core.layers.push(LayerSpec::new("chaos", options));
                }
                plan.seed = seed >> 11;
                plan.drain_max_ns = Some(60 * S);
                plan
            },
        )
}

/// Everything that is counted, counted again from the executions alone.
fn check(run: &Run, told: &[Told]) -> Result<(), TestCaseError> {
    let consumers = run.consumers.as_ref().unwrap();
    let all = &consumers.all;
    let ended = |end: &str| told.iter().filter(|e| e.end == end).count() as u64;
    prop_assert_eq!(
        (all.executions, all.succeeded, all.failed, all.crashed, all.cut_off),
        (told.len() as u64, ended("succeeded"), ended("failed"), ended("crashed"), ended("cut_off"))
    );
    prop_assert!(consumers.balance());
    let (mut completed, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    let (mut duplicates, mut wasted, mut service, mut completion) = (0, 0_u128, 0_u128, 0_u128);
    for e in told {
        prop_assert!(e.handed_ns <= e.began_ns && e.began_ns <= e.ended_ns && e.intended_ns <= e.handed_ns);
        service += u128::from(e.service_ns());
        if e.end == "cut_off" {
            continue;
        }
        let counts = match e.end {
            "succeeded" if completed.insert(e.target()) => {
                completion += u128::from(e.ended_ns - e.intended_ns);
                true
            }
            "succeeded" => {
                duplicates += 1;
                repeated.insert(e.target());
                false
            }
            _ => !e.lease_expired,
        };
        wasted += u128::from(if counts { 0 } else { e.service_ns() });
    }
    prop_assert_eq!(
        (all.completed, all.repeated, all.duplicate_executions),
        (completed.len() as u64, repeated.len() as u64, duplicates)
    );
    prop_assert_eq!(all.wasted_service, (service > 0).then(|| wasted as f64 / service as f64));
    prop_assert_eq!(all.completion.count, completed.len() as u64);
    if !completed.is_empty() {
        let mean_ns = all.completion.mean_ns.unwrap();
        prop_assert!((mean_ns - completion as f64 / completed.len() as f64).abs() < 1.0, "{}", mean_ns);
    }
    if let Some(expired) = all.lease_expired {
        let over = |e: &&Told| e.lease_expired && e.end != "cut_off";
        prop_assert_eq!(expired, told.iter().filter(over).count() as u64);
        let settled = told.iter().filter(over).filter(|e| e.settled.is_some()).count() as u64;
        prop_assert_eq!(all.late_settlements, Some(settled));
    }
    // The number of copies at consumers, integrated over time, is the sum of the times that they were there.
    prop_assert_eq!(run.occupancy.held.as_ref(), Some(&consumers.held_sum));
    // No agent works on more than it has workers for, and holds no copy twice.
    let by_agent: u64 = consumers.by_agent.values().map(|work| work.executions).sum();
    prop_assert_eq!(by_agent, all.executions);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
    #[test]
    fn every_count_is_that_of_the_executions(plan in any_pool()) {
        let (run, told) = executions(&plan);
        check(&run, &told)?;
        let (again, same) = executions(&plan);
        prop_assert_eq!(&told, &same);
        prop_assert_eq!(run.digest, again.digest);
        let workers = plan.groups[1].consumer.as_ref().unwrap().workers as usize;
        let mut at_work: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut begun: Vec<&Told> = told.iter().collect();
        begun.sort_by_key(|e| (e.began_ns, e.ended_ns));
        for e in begun {
            let ends = at_work.entry(&e.consumer).or_default();
            ends.retain(|ended_ns| *ended_ns > e.began_ns);
            ends.push(e.ended_ns);
            prop_assert!(ends.len() <= workers || e.service_ns() == 0, "{} works on {}", e.consumer, ends.len());
        }
    }
}
