//! Whole runs: over a server that is killed with `kill -9` under load and started again, over a healthy one, and over one
//! that does not let anybody publish.

use mqscript::cores::Finder;
use mqscript::diagnostics::Diagnostics;
use mqscript::engine::{self, Behaviour, Observer, Progress, Setting, Started};
use mqscript::plan::Plan;
use mqscript::results::Run;
use mqscript::script::{self, PlanPlayer, Settings, Source};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::engine::judged;
use support::nats::server::Server;

/// Messages delivered before the server is killed.
const BEFORE: u64 = 300;

/// Says how many messages were delivered.
struct Delivered(Arc<AtomicU64>);

impl Observer for Delivered {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, progress: &Progress) -> bool {
        self.0.store(progress.delivered, Ordering::Release);
        true
    }
}

impl PlanPlayer for Delivered {
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let finder = Finder::new(&[]);
        let setting = Setting { finder: &finder, base_dir: base, pure: false, confined: None };
        let played = judged(engine::run(plan, setting, behaviour, self).expect("the run starts"), plan);
        assert!(played.stop.is_none(), "{:?}", played.stop);
        Ok(played.run)
    }
}

fn scenario(server: &Server) -> String {
    format!(
        r#"run(scenario(#{{
            agents: 9,
            arrival: "80/s",
            mix: #{{ direct: 80, broadcast: 20 }},
            duration: "4s",
            processor: #{{ workers: 256, batch_size: 64, retry: #{{ attempts: 40, backoff: "20ms", factor: 1.2, max_backoff: "200ms" }} }},
        }}), core("nats", #{{ url: "{}", ack_wait: "1s" }}));"#,
        server.url()
    )
}

#[test]
fn the_ledger_proves_that_a_killed_server_lost_nothing_acknowledged() {
    let Some(mut server) = Server::start() else { return };
    let source = Source::from_text("kill.rhai", &scenario(&server));
    let delivered = Arc::new(AtomicU64::new(0));
    let mut player = Delivered(Arc::clone(&delivered));
    let execution = std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            // The load goes on for seconds: this ends because messages are delivered.
            while delivered.load(Ordering::Acquire) < BEFORE {
                std::thread::sleep(Duration::from_millis(5));
            }
            server.kill();
            server.start_again();
        });
        let execution = script::execute(&source, &Settings::default(), &mut player, &Arc::default());
        killer.join().expect("the server was killed and is back");
        execution
    });
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    let run = &execution.runs[0];
    let copies = run.ledger.copies.as_ref().expect("every copy is followed");
    println!("{:?}\n{copies:?}\n{:?}", run.ledger, run.core.stats);
    assert_eq!(run.valid, Some(true), "{:?}", run.invalid_because);
    assert!(run.ledger.balanced);
    assert_eq!((copies.lost, copies.corrupted, copies.unexpected), (0, 0, 0));
    assert!(
        run.core.stats["nats"]["reconnects"].as_u64() >= Some(1),
        "it was killed in mid-run: {}",
        run.core.stats
    );
    assert!(!run.ledger.attempts_by_reason.is_empty(), "and the run felt it");
    assert!(copies.received > copies.recovered && copies.expected > BEFORE, "{copies:?}");
}

/// A whole run over this server, and its results.
fn played(server: &Server, options: &str, more: &str) -> Run {
    let text = format!(
        r#"run(scenario(#{{ agents: 9, mix: #{{ direct: 50, broadcast: 50 }}, processor: #{{ workers: 256, batch_size: 64 }},
            {more} }}), core("nats", #{{ url: "{}", {options} }}));"#,
        server.url()
    );
    play(&text)
}

/// Plays a script, and gives its only run.
pub fn play(text: &str) -> Run {
    let source = Source::from_text("whole.rhai", text);
    let mut player = Delivered(Arc::default());
    let execution = script::execute(&source, &Settings::default(), &mut player, &Arc::default());
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    execution.runs[0].clone()
}

/// An agent listens to two subjects. In each of them nothing passes anything; how the two are merged is nobody's promise.
#[test]
fn a_healthy_server_puts_no_copy_out_of_order() {
    let Some(server) = Server::start() else { return };
    for options in ["mode: \"core\"", ""] {
        for seed in 1..=3 {
            let more = format!("arrival: constant(\"160/s\"), duration: \"1s\", seed: {seed}");
            let run = played(&server, options, &more);
            let copies = run.ledger.copies.as_ref().expect("every copy is followed");
            assert!(copies.received > 5_000, "{copies:?}");
            assert_eq!(
                (run.valid, copies.out_of_order),
                (Some(true), Some(0)),
                "{options} {seed}: {copies:?}"
            );
        }
    }
}

/// What is written to the socket counts as delivered; that the server throws it away shows in what arrives.
#[test]
fn a_run_of_which_nothing_arrives_is_undecided_and_the_server_s_complaints_are_counted() {
    let config = "authorization: { users: [{ user: me, password: secret, permissions: { publish: { deny: \"mqscript.>\" } } }] }";
    let Some(server) = Server::configured(config, &[]) else { return };
    let options = "mode: \"core\", user: \"me\", password: \"secret\"";
    let run = played(&server, options, "arrival: all_at_once(), messages_per_agent: 5");
    let copies = run.ledger.copies.as_ref().expect("every copy is followed");
    assert_eq!((run.ledger.counts.delivered, copies.received), (45, 0), "{copies:?}");
    assert!(copies.missing > 0 && copies.missing == copies.expected, "{copies:?}");
    assert_eq!(run.valid, None);
    assert!(run.invalid_because[0].contains("not one copy"), "{:?}", run.invalid_because);
    let notice = &run.notices["nats_not_permitted"];
    // The client's own way to us holds 128 at a time.
    assert!(notice.count > 0 && notice.count <= 45, "{notice:?}");
    assert!(notice.sample[0].text.contains("Permissions Violation for Publish"), "{notice:?}");
}
