//! Flags that change nothing, ends of which the first counts, and windows in which nothing would be measured.

use super::*;
use crate::diagnostics::{Diagnostics, Exit};

const TEAM: &str = "agents:\n  - { name: lead, arrival: 20/s, mix: { direct: { weight: 1, priority: high } } }\n  \
                    - { name: worker, count: 8, arrival: { closed: { think: 1s } }, mix: [direct] }\n";
const ONE: &str = "arrival: 20/s\nmix: [direct]\n";

fn read_with(text: &str, overrides: &Overrides) -> Result<Planned, Diagnostics> {
    let source = SourceText { file: "a.yaml".to_owned(), text: text.to_owned() };
    let core = CoreSpec::plain("mock");
    let node = text::parse_text("a.yaml", text)?;
    let functions = Functions::from([("tick".to_owned(), vec![1])]);
    read_scenario(&node, &ReadContext { source: &source, functions: &functions, overrides, core: &core })
}

fn set(pairs: &[(&str, &str)]) -> Overrides {
    let set = pairs.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    Overrides { set, ..Overrides::default() }
}

fn idle(text: &str, overrides: &Overrides) -> Vec<String> {
    let planned = read_with(text, overrides).unwrap();
    planned.idle.into_iter().map(|(flag, fault)| format!("{flag}: {}", fault.found.unwrap())).collect()
}

#[test]
fn what_something_nearer_lays_over_has_no_effect() {
    let groups = "--set arrival: every group of agents has an arrival of its own: lead, worker";
    assert_eq!(idle(TEAM, &set(&[("arrival", "20/s")])), [groups]);
    assert_eq!(idle(ONE, &set(&[("arrival", "20/s")])), [""; 0]);
    for (text, path, value, why) in [
        (TEAM, "mix", "[direct]", "no group of agents draws from it"),
        (TEAM, "mix", "{ direct: 3 }", "no group of agents draws from it"),
        (TEAM, "mix", "{ report: { weight: 1, wire_type: TEXT } }", "no group of agents sends `report`"),
        (ONE, "message.recipient", "any", "every message type says it itself"),
        (ONE, "types.text.priority", "high", "no group of agents sends `text`"),
        (ONE, "processor.retry.backoff", "5ms", "`processor.retry.attempts` is 1"),
        (ONE, "processor.retry.jitter", "0.5", "`processor.retry.attempts` is 1"),
    ] {
        let found = idle(text, &set(&[(path, value)]));
        assert!(found.len() == 1 && found[0].contains(why), "{path}: {found:?}");
    }
    let own = TEAM.replace("mix: [direct]", "mix: { direct: { weight: 1, priority: low } }");
    assert!(idle(&own, &set(&[("types.direct.priority", "urgent")]))[0].contains("in its own mix"));
    let lives = format!("{ONE}types: {{ direct: {{ time_to_live: 1s }} }}\n");
    assert!(idle(&lives, &set(&[("processor.time_to_live", "2s")]))[0].contains("of its own"));
}

#[test]
fn what_is_looked_at_has_an_effect() {
    for (text, pairs) in [
        (TEAM, &[("agents[0].arrival", "5/s")][..]),
        (TEAM, &[("types.direct.priority", "urgent")]),
        (ONE, &[("message.priority", "high")]),
        (ONE, &[("message", "{ content: x }")]),
        (ONE, &[("processor.retry.attempts", "3"), ("processor.retry.backoff", "5ms")]),
        (ONE, &[("processor.timeout", "null")]),
        (ONE, &[("processor.time_to_live", "2s")]),
        (ONE, &[("processor", "{ workers: 3 }"), ("processor.workers", "4")]),
        (ONE, &[("agents", "5"), ("agents[0].count", "3")]),
    ] {
        let found = idle(text, &set(pairs));
        assert!(found.iter().all(|idle| idle.starts_with("--set processor:")), "{pairs:?}: {found:?}");
    }
    let team = format!("{TEAM}processor: {{ retry: {{ attempts: 3 }} }}\n");
    assert_eq!(idle(&team, &set(&[("processor.retry.backoff", "5ms")])), [""; 0]);
}

#[test]
fn a_flag_that_a_later_one_replaces_has_no_effect() {
    let found = idle(ONE, &set(&[("processor.workers", "3"), ("processor", "{ workers: 2 }")]));
    assert_eq!(found, ["--set processor.workers: `--set processor` comes after it, and sets the same"]);
    let flags = Overrides { agents: Some("5".to_owned()), ..set(&[("agents", "3")]) };
    assert_eq!(idle(ONE, &flags), ["--agents: `--set agents` comes after it, and sets the same"]);
    let flags = Overrides { rate: Some("5".to_owned()), ..set(&[("arrival", "3/s")]) };
    assert_eq!(idle(ONE, &flags), ["--rate: `--set arrival` comes after it, and sets the same"]);
}

#[test]
fn a_rate_that_no_group_takes_has_no_effect() {
    let own = "agents: [{ name: a, arrival: { closed: { think: 1s } } }]\narrival: 20/s\nmix: [direct]\n";
    let flags = Overrides { rate: Some("5".to_owned()), ..Overrides::default() };
    assert!(idle(own, &flags)[0].starts_with("--rate: every group"), "{:?}", idle(own, &flags));
}

#[test]
fn options_of_a_mock_that_all_types_say_themselves_have_no_effect() {
    let read = |options: serde_json::Value, overrides: &Overrides| {
        let source = SourceText::default();
        let core = CoreSpec { options: options.as_object().unwrap().clone(), ..CoreSpec::plain("mock") };
        let node = text::parse_text("a.yaml", ONE).unwrap();
        let functions = Functions::new();
        let context = ReadContext { source: &source, functions: &functions, overrides, core: &core };
        read_scenario(&node, &context).unwrap().idle.into_keys().collect::<Vec<_>>()
    };
    let flags = Overrides { success_rate: Some("0.9".to_owned()), ..Overrides::default() };
    let nearer = serde_json::json!({ "types": { "direct": { "success_rate": 0.5 } } });
    assert_eq!(read(nearer.clone(), &flags), ["--success-rate"]);
    let option =
        Overrides { core_options: vec![("success_rate".into(), "1".into())], ..Overrides::default() };
    assert_eq!(read(nearer, &option), ["--core-option success_rate"]);
    let other = serde_json::json!({ "types": { "text": { "success_rate": 0.5 } } });
    assert_eq!(read(other, &flags), [""; 0]);
}

#[test]
fn whichever_end_comes_first_can_be_said() {
    let end = |lines: &str| read_with(&format!("{ONE}{lines}"), &Overrides::default()).map(|p| p.plan.end);
    let both = End::First { duration_ns: Some(1_000_000_000), messages: Some(500), messages_per_agent: None };
    assert_eq!(end("end: { duration: 1s, messages: 500 }"), Ok(both));
    assert_eq!(end("end: { messages: 500 }"), Ok(End::Messages(500)));
    for wrong in [
        "end: {}",
        "end: 5s",
        "end: { duration: 0s, messages: 5 }",
        "end: { duration: 1s, massages: 5 }",
        "end: { duration: 1s, messages: 500 }\nduration: 5s",
        "duration: 5s\nmessages: 5",
    ] {
        assert_eq!(end(wrong).unwrap_err().exit(), Exit::Contents, "{wrong}");
    }
    let flags = set(&[("end", "{ duration: 1s, messages: 500 }")]);
    let planned = read_with(&format!("{ONE}duration: 60s\n"), &flags).unwrap();
    assert_eq!(planned.plan.end, both);
    let again = read_with(&planned.plan.written.to_string(), &Overrides::default()).unwrap();
    assert_eq!(again.plan.end, both);
    let one_by_one = set(&[("end.duration", "1s"), ("end.messages", "500")]);
    assert_eq!(read_with(&format!("{ONE}messages: 9\n"), &one_by_one).unwrap().plan.end, both);
}

#[test]
fn two_flags_about_the_end_are_refused_with_what_to_type() {
    let said = |text: &str| Some(text.to_owned());
    let flags = Overrides { duration: said("1"), messages: said("500"), ..Overrides::default() };
    let faults = read_with(ONE, &flags).unwrap_err();
    let fault = faults.iter().next().unwrap();
    assert_eq!((faults.len(), fault.exit), (1, Exit::Usage));
    assert!(fault.help[0].contains("--set end='{duration: 1s, messages: 500}'"), "{fault:?}");
    let flags = Overrides { duration: said("1s"), ..set(&[("messages", "5")]) };
    assert_eq!(read_with(ONE, &flags).unwrap_err().exit(), Exit::Usage);
}

#[test]
fn a_window_without_messages_is_refused_before_the_run() {
    let read =
        |lines: &str| read_with(&format!("mix: [direct]\nwarm_up: 5s\n{lines}"), &Overrides::default());
    for empty in [
        "arrival: 30/s\nmessages: 500",
        "arrival: { constant: { rate: 30/s } }\nmessages_per_agent: 100",
        "arrival: all_at_once",
        "arrival: all_at_once\nmessages: 50",
        "arrival: { burst: { size: 5, every: 10m } }\nduration: 60s",
        "arrival: 30/s\nend: { duration: 60s, messages: 100 }",
        "arrival: { ramp: { from: 100/s, to: 200/s } }\nmessages: 1000",
    ] {
        let faults = read(empty).map(|planned| planned.plan.end).unwrap_err();
        let fault = faults.iter().next().unwrap();
        assert!(fault.title.starts_with("nothing would be measured"), "{empty}: {fault:?}");
        assert!(fault.help[0].contains("warm_up"), "{empty}: {fault:?}");
    }
    for some in [
        "arrival: 30/s\nmessages: 5000",
        "arrival: 30/s\nduration: 1s",
        "arrival: { closed: { think: 1s } }\nmessages: 10",
        "arrival: { burst: { size: 5, every: 10s } }\nduration: 60s",
        "arrival: { burst: { size: 5, every: 10m, spread: 10s } }\nduration: 60s",
    ] {
        assert!(read(some).is_ok(), "{some}: {:?}", read(some).err());
    }
    assert!(read_with(&format!("{ONE}messages: 5\n"), &Overrides::default()).is_ok());
}
