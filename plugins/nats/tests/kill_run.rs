//! A whole run whose server is killed with `kill -9` under load and started again: the receiver's ledger finds every
//! acknowledged copy.

mod support;

use mqscript::cores::Finder;
use mqscript::diagnostics::Diagnostics;
use mqscript::engine::{self, Behaviour, Observer, Progress, Setting, Started};
use mqscript::metrics::results::Run;
use mqscript::plan::Plan;
use mqscript::script::{self, Player, Settings, Source};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::server::Server;

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

impl Player for Delivered {
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let finder = Finder::new(&[]);
        let setting = Setting { finder: &finder, base_dir: base, pure: false, confined: None };
        let played = engine::run(plan, setting, behaviour, self).expect("the run starts");
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
