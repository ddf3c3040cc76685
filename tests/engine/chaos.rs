//! Plans played over the chaos layer: what a run's results say of it.

use mqscript::engine::{self, NoBehaviour, RunError, Setting, Silent};
use mqscript::plan::{LayerSpec, Plan, Receive, Retry};
use mqscript::results::{Outage, RecipientFigures, Run};
use serde_json::{Value, json};
use std::path::Path;
use support::engine::{MS, S, finder, judged, plan, play, sure};

/// Nine agents, ten messages a second each, one worker, a millisecond each, under these layers of chaos.
fn under(layers: &[Value], seconds: u64) -> Plan {
    let mut plan = plan(10.0, seconds * S, sure("1ms"));
    for options in layers {
        let options = options.as_object().unwrap().clone();
        plan.core.layers.push(LayerSpec::new("chaos", options));
    }
    plan
}

fn retrying(mut plan: Plan) -> Plan {
    plan.processor.retry = Retry { attempts: 100, ..Retry::default() };
    (plan.processor.retry.backoff.first_ns, plan.processor.retry.backoff.factor) = (10 * MS, 1.0);
    plan
}

fn the_outage(run: &Run) -> &Outage {
    assert_eq!(run.outages.len(), 1);
    &run.outages[0]
}

#[test]
fn an_outage_that_refuses_is_measured() {
    let run = play(&retrying(under(&[json!({ "outage": { "at": "2s", "lasts": "500ms" } })], 5)));
    assert_eq!(run.ledger.counts.delivered, run.ledger.counts.generated);
    let outage = the_outage(&run);
    assert_eq!((outage.start_ns, outage.end_ns), (2 * S, Some(2_500 * MS)));
    assert_eq!(outage.text, "outage 1 refuses for 500 ms");
    // 90 a second: some 45 messages come within, each tried again every 10 ms.
    assert!(outage.first_failure_after_ns.unwrap() < 100 * MS, "{outage:?}");
    assert!((25..70).contains(&outage.backlog_max) && outage.backlog_before < 5, "{outage:?}");
    assert!((1..20 * MS).contains(&outage.recovered_after_ns.unwrap()), "{outage:?}");
    assert!(
        (outage.backlog_max / 2 * MS..200 * MS).contains(&outage.drained_after_ns.unwrap()),
        "{outage:?}"
    );
    let refused = run.ledger.attempts_by_reason["chaos_outage"];
    assert!(refused > 45 * 10, "{refused}");
    assert_eq!((run.notices["outage"].count, run.notices["outage"].first_ns), (1, 2 * S));
    assert_eq!((run.notices["outage_end"].count, run.notices["outage_end"].last_ns), (1, 2_500 * MS));
}

#[test]
fn an_outage_that_holds_fails_nothing() {
    let hold = json!({ "outage": { "at": "2s", "lasts": "500ms", "mode": "hold" } });
    let run = play(&under(&[hold], 5));
    assert_eq!(run.ledger.counts.delivered, run.ledger.counts.generated);
    let outage = the_outage(&run);
    assert_eq!((outage.first_failure_after_ns, outage.recovered_after_ns), (None, Some(0)));
    assert!((25..70).contains(&outage.backlog_max), "{outage:?}");
    // The one in flight is answered at the end, the others take a millisecond each.
    let drained = outage.drained_after_ns.unwrap();
    assert!((outage.backlog_max * MS / 2..outage.backlog_max * 2 * MS).contains(&drained), "{outage:?}");
    let longest = run.figures.total.max_ns.unwrap();
    assert!((400 * MS..600 * MS).contains(&longest), "{longest}");
}

#[test]
fn an_outage_without_an_end_has_none() {
    let run = play(&under(&[json!({ "outage": { "at": "1s", "lasts": "1h" } })], 2));
    let outage = the_outage(&run);
    assert_eq!((outage.end_ns, outage.recovered_after_ns, outage.drained_after_ns), (None, None, None));
    assert!(outage.first_failure_after_ns.is_some() && run.ledger.counts.failed > 50);
    assert!(!run.notices.contains_key("outage_end"));
}

#[test]
fn runs_without_outages_tell_of_none() {
    let run = play(&under(&[json!({ "crash": 0.1 })], 5));
    assert!(run.outages.is_empty());
    let crash = &run.notices["crash"];
    assert_eq!(crash.count, run.ledger.by_reason["failed"]["chaos_crash"]);
    assert!((20..90).contains(&crash.count), "{}", crash.count);
    assert_eq!(crash.sample.len(), 20);
    assert!(crash.sample[0].text.starts_with("direct ") && crash.sample[0].text.contains(" from Agent-"));
    assert_eq!(crash.sample[0].at_ns, crash.first_ns);
    assert!(crash.first_ns < crash.last_ns && crash.last_ns < 5 * S);
    assert_eq!(run.core.stats["chaos"]["crash"], json!(crash.count));
}

#[test]
fn no_event_is_lost_however_many_there_are() {
    let mut plan = under(&[json!({ "delay": "1ms" })], 20);
    plan.groups[0].arrival = mqscript::plan::Arrival::Poisson { rate_per_s: 1_000.0 };
    plan.processor.workers = 64;
    let run = play(&plan);
    assert!(run.ledger.counts.generated > 150_000);
    assert_eq!(run.notices["delay"].count, run.ledger.counts.generated);
    assert!(!run.notices.contains_key("events_lost"));
}

#[test]
fn stacked_layers_and_their_order_stand_in_the_results() {
    let run = play(&under(&[json!({ "delay": "1ms" }), json!({ "delay": "5ms" })], 2));
    let layers: Vec<&str> = run.core.layers.iter().map(|layer| layer.id.as_str()).collect();
    assert_eq!(layers, ["chaos", "chaos"]);
    assert_eq!(run.figures.delivery.min_ns, Some(7 * MS));
    assert_eq!(run.notices["delay"].count, 2 * run.ledger.counts.generated);
}

#[test]
fn a_fault_of_copies_makes_the_run_receive() {
    let run = play(&under(&[json!({ "duplicate": 0.1 })], 5));
    let sum =
        |of: fn(&RecipientFigures) -> Option<u64>| run.by_recipient.values().filter_map(of).sum::<u64>();
    assert_eq!(sum(|row| row.received), run.ledger.counts.delivered);
    assert_eq!(sum(|row| row.duplicated), run.notices["duplicate"].count);

    let mut never = under(&[json!({ "duplicate": 0.1 })], 5);
    never.receive = Receive::Never;
    let told = refused(&never);
    assert!(told.contains("`duplicate` befalls copies that arrive, but nothing is received"), "{told}");

    let mut deaf = under(&[json!({ "duplicate": 0.1 })], 5);
    deaf.core.core = "panicking".to_owned();
    deaf.core.options.clear();
    let library = mqscript::cores::core_info(&finder(), Path::new("."), "panicking").unwrap().path;
    deaf.core.core = format!("{}#panicking", library.display());
    match run_of(&deaf) {
        Err(RunError::CannotReceive { core, because }) => {
            assert_eq!((core.as_str(), because.as_str()), ("panicking", "the option `duplicate` of `chaos`"));
        }
        other => panic!("{other:?}"),
    }
}

fn run_of(plan: &Plan) -> Result<engine::Played, RunError> {
    let finder = finder();
    let setting = Setting { finder: &finder, base_dir: Path::new("."), pure: false, confined: None };
    Ok(judged(engine::run(plan, setting, &mut NoBehaviour, &mut Silent)?, plan))
}

fn refused(plan: &Plan) -> String {
    run_of(plan).map(|_| ()).unwrap_err().to_string()
}
