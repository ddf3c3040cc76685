//! The collecting reader from outside: what is right gives a plan, what is wrong is told, all of it.

use super::tree::{Origin, TreeNode};
use super::*;
use crate::diagnostics::{Diagnostics, Exit};
use serde_json::json;

const NINE: &str = r#"
name: nine agents
agents: 9
arrival: { poisson: { rate: 30/s } }
mix:
  direct: 55
  broadcast: 15
  hard_onboard: { weight: 10, priority: urgent }
  soft_onboard: { weight: 20, content: "Welcome {recipient}, from {sender}: message {sequence}" }
duration: 60s
warm_up: 5s
processor:
  workers: 2
  retry: { attempts: 3, backoff: 10ms, factor: 2.0, jitter: 0.1 }
checks:
  - success_rate >= 99.9%
  - total.p99 < 100ms
  - by_type.hard_onboard.queue_wait.p90 <= by_type.direct.queue_wait.p99
"#;

fn read_with(file: &str, text: &str, overrides: &Overrides) -> Result<Planned, Diagnostics> {
    let source = SourceText { file: file.to_owned(), text: text.to_owned() };
    let functions = Functions::from([("work".to_owned(), vec![2]), ("tick".to_owned(), vec![1])]);
    let core = CoreSpec::plain("mock");
    let node = text::parse_text(file, text)?;
    let context = ReadContext { source: &source, functions: &functions, overrides, core: &core };
    read_scenario(&node, &context)
}

fn read(text: &str) -> Result<Planned, Diagnostics> {
    read_with("a.yaml", text, &Overrides::default())
}

/// A scenario with nothing but what must be said, and these lines.
fn with(lines: &str) -> Result<Planned, Diagnostics> {
    read(&format!("arrival: 20/s\nmix: [direct]\n{lines}"))
}

fn titles(result: Result<Planned, Diagnostics>) -> Vec<String> {
    match result {
        Ok(planned) => panic!("no fault in {}", planned.plan.written),
        Err(faults) => faults.iter().map(|fault| fault.title.clone()).collect(),
    }
}

#[test]
fn nine_agents_are_read() {
    let plan = read(NINE).unwrap().plan;
    assert_eq!((plan.agents(), plan.end, plan.warm_up_ns), (9, End::Duration(60_000_000_000), 5_000_000_000));
    assert_eq!(plan.groups[0].arrival, Arrival::Poisson { rate_per_s: 30.0 });
    let names: Vec<&str> = plan.types.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, ["broadcast", "direct", "hard_onboard", "soft_onboard"]);
    assert_eq!(plan.types[0].settings.recipient, Recipient::All);
    assert_eq!(plan.types[2].settings.priority, Priority::Urgent);
    assert_eq!(plan.groups[0].mix.iter().map(|entry| entry.weight).sum::<f64>(), 100.0);
    assert_eq!((plan.processor.workers, plan.processor.retry.attempts), (2, 3));
    assert_eq!(plan.checks.len(), 3);
}

#[test]
fn what_is_written_reads_back_to_the_same() {
    for text in [
        NINE,
        "arrival: all_at_once\nmix: [direct, urgent]\nmessage: { sender: SYSTEM, metadata: { id: \"{sequence}\" } }\n",
        "agents: [{ name: lead, arrival: 40/s, mix: { task: { weight: 2, priority: high } }, on_message: work }, { name: w, count: 3, arrival: on_demand }]\nmix: [task]\ntypes: { task: { wire_type: X, recipient: w, size: 1KiB..2KiB } }\n",
        "arrival: { stages: [{ name: calm, duration: 1s, rate: 10/s }, { name: up, duration: 2s, from: 1/s, to: 180/s total }] }\nmix: [text]\n",
        "arrival: { closed: { think: 1ms..5ms } }\nmix: [text]\nmessages: 100\ntolerate: [lost]\nreceive: false\nclock: wall\n",
    ] {
        let first = read(text).unwrap();
        let written = serde_json::to_string(&first.plan.written).unwrap();
        let second = read_with("b.json", &written, &Overrides::default()).unwrap();
        assert_eq!(first.plan.written, second.plan.written);
        assert_eq!(first.plan, second.plan);
        let stored = serde_json::to_string(&first.plan).unwrap();
        assert_eq!(
            serde_json::from_str::<Plan>(&stored).unwrap(),
            first.plan,
            "a plan is data: stored and read again"
        );
    }
}

#[test]
fn json_and_yaml_are_one() {
    let json = super::text::parse_yaml("a.yaml", NINE).unwrap().to_json().to_string();
    let json = read_with("a.json", &json, &Overrides::default()).unwrap();
    assert_eq!(format!("{:?}", read(NINE).unwrap().plan), format!("{:?}", json.plan));
}

#[test]
fn every_value_has_an_origin() {
    let overrides = Overrides { rate: Some("5".to_owned()), ..Overrides::default() };
    let planned = read_with("a.yaml", NINE, &overrides).unwrap();
    let origin = |path: &str| planned.origins.get(path).cloned();
    assert_eq!(origin("arrival.poisson.rate"), Some(Origin::Flag("--rate".to_owned())));
    assert_eq!(origin("processor.workers"), Some(Origin::Script));
    assert_eq!(origin("processor.batch_size"), Some(Origin::Default));
    assert_eq!(origin("processor.retry.max_backoff"), Some(Origin::Default));
    assert_eq!(origin("types.broadcast.recipient"), Some(Origin::BuiltIn));
    assert_eq!(origin("types.hard_onboard.priority"), Some(Origin::Script));
    assert_eq!(origin("mix.direct.weight"), Some(Origin::Script));
    assert_eq!(origin("agents[0].count"), Some(Origin::Script));
    let values = planned.values();
    let row =
        |path: &str| values.iter().find(|(known, ..)| known == path).map(|row| (row.1.as_str(), &row.2));
    assert_eq!(row("agents[0].count"), Some(("9", &Origin::Script)));
    assert_eq!(row("processor.retry.backoff"), Some(("10ms", &Origin::Script)));
    assert_eq!(row("queue.overflow"), Some(("reject", &Origin::Default)));
}

#[test]
fn total_rates_are_shared_out_among_those_concerned() {
    let text = "agents: [{ name: a, count: 3 }, { name: b, count: 6 }, { name: c, count: 2, arrival: 10/s total }]\narrival: 180/s total\nmix: [text]\n";
    let plan = read(text).unwrap().plan;
    let rates: Vec<&Arrival> = plan.groups.iter().map(|group| &group.arrival).collect();
    assert_eq!(rates[0], &Arrival::Poisson { rate_per_s: 20.0 });
    assert_eq!(rates[1], rates[0]);
    assert_eq!(rates[2], &Arrival::Poisson { rate_per_s: 5.0 });
}

#[test]
fn the_last_word_on_a_message_counts() {
    let text = "agents: [{ name: a, mix: { broadcast: { weight: 1, tags: [own] }, text: 1 } }, { name: b }]\narrival: 1/s\nmessage: { recipient: any, priority: low, tags: [general] }\ntypes: { text: { priority: high } }\nmix: { urgent: 1 }\n";
    let plan = read(text).unwrap().plan;
    let of = |name: &str| plan.types.iter().find(|kind| kind.name == name).unwrap().settings.clone();
    assert_eq!(of("broadcast").recipient, Recipient::All);
    assert_eq!(of("broadcast").tags, ["general"]);
    assert_eq!((of("text").priority, of("text").recipient), (Priority::High, Recipient::Any));
    assert_eq!(of("urgent").priority, Priority::Urgent);
    assert_eq!(plan.groups[0].mix[0].settings.tags, ["own"]);
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let text = "\
agnets: 9
arrival: { poisson: { rte: 20/s } }
mix: { direct: 5, chatt: 1 }
warm_up: 5
processor: { workers: -1, retry: { attempts: lots, backoff: 10 parsecs } }
checks: [total.p99 < 5, \"success_rat > 1\"]
";
    let faults = read(text).unwrap_err();
    let all: Vec<(String, usize)> = faults
        .iter()
        .map(|fault| (fault.title.clone(), fault.place.as_ref().map_or(0, |place| place.line)))
        .collect();
    let expected = [
        ("`arrival.poisson.rate` is missing", 2),
        ("unknown key `rte` in `arrival.poisson`", 2),
        ("the message type `chatt` has no `wire_type`", 3),
        ("wrong value for `processor.workers`", 5),
        ("wrong value for `processor.retry.attempts`", 5),
        ("wrong value for `processor.retry.backoff`", 5),
        ("`total.p99` cannot be compared with `5`", 6),
        ("unknown figure `success_rat`", 6),
        ("unknown key `agnets` in a scenario", 1),
    ];
    let expected: Vec<(String, usize)> =
        expected.iter().map(|(title, line)| ((*title).to_owned(), *line)).collect();
    assert_eq!(all, expected);
    assert_eq!(faults.exit(), Exit::Contents);
}

#[test]
fn each_fault_has_its_text() {
    for (lines, title) in [
        ("agents: 0", "wrong value for `agents[0].count`"),
        ("agents: []", "wrong value for `agents`"),
        ("agents: nine", "wrong value for `agents`"),
        ("agents: 60000000", "wrong value for `agents[0].count`"),
        ("agents: [{ name: a }, { name: a }]", "the name `a` belongs to two groups or agents"),
        ("agents: [{ name: all }]", "wrong value for `agents[0].name`"),
        ("agents: [{ name: a, on_message: wrok }]", "there is no function `wrok`"),
        ("agents: [{ name: a, on_message: tick }]", "the function `tick` has another number of parameters"),
        ("agents: [{ name: a, state: 5 }]", "wrong value for `agents[0].state`"),
        ("on_message: work", "unknown key `on_message` in a scenario"),
        ("duration: 1s\nmessages: 5", "the end is said twice: duration, messages"),
        ("duration: 0s", "wrong value for `duration`"),
        ("duration: 9000h", "wrong value for `duration`"),
        ("warm_up: -1s", "wrong value for `warm_up`"),
        ("seed: -1", "wrong value for `seed`"),
        ("seed: 9007199254740992", "wrong value for `seed`"),
        ("clock: real", "wrong value for `clock`"),
        ("receive: maybe", "wrong value for `receive`"),
        ("tolerate: [losst]", "wrong value for `tolerate[0]`"),
        ("queue: { overflow: drop }", "wrong value for `queue.overflow`"),
        ("processor: { retry: { jitter: 10 } }", "wrong value for `processor.retry.jitter`"),
        ("processor: { retry: { factor: .nan } }", "wrong value for `processor.retry.factor`"),
        ("processor: { retry: { on: [refusd] } }", "wrong value for `processor.retry.on[0]`"),
        ("processor: 5", "wrong value for `processor`"),
        ("message: { content: \"{sendr}\" }", "unknown placeholder `{sendr}`"),
        ("message: { metadata: { a: [\"{nobody}\"] } }", "unknown placeholder `{nobody}`"),
        ("message: { recipient: Agent-10 }", "wrong value for `message.recipient`"),
        ("message: { priority: 3 }", "wrong value for `message.priority`"),
        ("message: { size: 1000ms }", "wrong value for `message.size`"),
        ("types: { own: {} }", "the message type `own` has no `wire_type`"),
        ("types: { text: { weight: 3 } }", "unknown key `weight` in `types.text`"),
        ("checks: [\"by_type.text.generated > 5\"]", "unknown message type `text`"),
    ] {
        assert_eq!(titles(with(lines))[0], title, "{lines}");
    }
    for (text, title) in [
        ("mix: [direct]", "`arrival` is missing"),
        ("arrival: 20/s", "`mix` is missing"),
        ("arrival: -1/s\nmix: [direct]", "wrong value for `arrival.poisson.rate`"),
        ("arrival: 0/s\nmix: [direct]", "wrong value for `arrival.poisson.rate`"),
        ("arrival: 20\nmix: { direct: .nan }", "wrong value for `mix.direct.weight`"),
        ("arrival: 20/s\nmix: { direct: 0 }", "the weights of `mix` sum to 0"),
        ("arrival: 20/s\nmix: { direct: -1 }", "wrong value for `mix.direct.weight`"),
        ("arrival: 20/s\nmix: { direct: {} }", "`mix.direct.weight` is missing"),
        ("arrival: 20/s\nmix: [direct, direct]", "`direct` stands twice in `mix`"),
        ("arrival: 20 per second\nmix: [direct]", "wrong value for `arrival.poisson.rate`"),
        ("arrival: { poison: { rate: 1/s } }\nmix: [direct]", "unknown arrival `poison`"),
        ("arrival: all_at_once\nduration: 5s\nmix: [direct]", "`duration` has no meaning with all_at_once"),
        ("arrival: on_demand\nmix: [direct]", "no agent would ever send anything"),
        (
            "arrival: { stages: [{ name: a, duration: 1s, rate: 1/s }] }\nmix: [text]\nmessages: 5",
            "`messages` has no meaning with stages",
        ),
        (
            "arrival: { stages: [{ name: a, duration: 1s, rate: 1/s, to: 5/s }] }\nmix: [text]",
            "wrong value for `arrival.stages[0]`",
        ),
        ("arrival: { stages: [] }\nmix: [text]", "wrong value for `arrival.stages`"),
        ("arrival: { burst: { size: 0, every: 0s } }\nmix: [text]", "wrong value for `arrival.burst.size`"),
        ("arrival: { closed: {} }\nmix: [text]", "`arrival.closed.think` is missing"),
        ("- 5", "wrong value"),
    ] {
        assert_eq!(titles(read(text))[0], title, "{text}");
    }
}

#[test]
fn flags_go_before_the_script() {
    let overrides = Overrides {
        duration: Some("7".to_owned()),
        rate: Some("3/s".to_owned()),
        agents: Some("2".to_owned()),
        seed: Some(4),
        clock: Some(ClockKind::Wall),
        set: vec![("processor.workers".to_owned(), "8".to_owned())],
        ..Overrides::default()
    };
    let plan = read_with("a.yaml", NINE, &overrides).unwrap().plan;
    assert_eq!((plan.agents(), plan.seed, plan.clock), (2, 4, Some(ClockKind::Wall)));
    assert_eq!((plan.end, plan.processor.workers), (End::Duration(7_000_000_000), 8));
    assert_eq!(plan.groups[0].arrival, Arrival::Poisson { rate_per_s: 3.0 });
}

#[test]
fn flags_without_meaning_say_what_there_is() {
    let stages = "arrival: { stages: [{ name: a, duration: 1s, rate: 1/s }] }\nmix: [text]\n";
    let groups = "agents: [{ name: a }, { name: b }]\narrival: all_at_once\nmix: [text]\n";
    let flag = |overrides: Overrides, text: &str| {
        let faults = read_with("a.yaml", text, &overrides).unwrap_err();
        assert_eq!(faults.exit(), Exit::Usage, "{faults}");
        faults.iter().next().unwrap().found.clone().unwrap_or_default()
    };
    let some = |text: &str| Some(text.to_owned());
    let found = flag(Overrides { rate: some("5"), ..Overrides::default() }, stages);
    assert_eq!(found, "its arrival is `stages`");
    let found = flag(Overrides { duration: some("5"), ..Overrides::default() }, stages);
    assert!(found.contains("stages"));
    let found = flag(Overrides { duration: some("5s"), ..Overrides::default() }, groups);
    assert!(found.contains("all_at_once"));
    let found = flag(Overrides { agents: some("5"), ..Overrides::default() }, groups);
    assert_eq!(found, "groups of agents: \"a\", \"b\"");
    let set = |path: &str, value: &str| Overrides {
        set: vec![(path.to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    assert!(flag(set("processor.wrokers", "8"), NINE).is_empty());
    assert_eq!(flag(set("processor.workers", "none"), NINE), "the text \"none\"");
    flag(set("agents[7].count", "3"), NINE);
    flag(set("..", "3"), NINE);
}

#[test]
fn mock_cores_take_the_old_flags() {
    let some = |text: &str| Some(text.to_owned());
    let mut core = CoreSpec::plain("mock");
    let flags = Overrides { success_rate: some("0.9"), min_latency: some("2ms"), ..Overrides::default() };
    assert_eq!(flags.apply_to_core(&mut core), Ok(true));
    assert_eq!(
        serde_json::Value::Object(core.options.clone()),
        json!({ "success_rate": 0.9, "latency": { "uniform": { "min": "2ms", "max": "10ms" } } })
    );
    let fault = Overrides { min_latency: some("5"), ..Overrides::default() }.faults();
    assert_eq!(fault.iter().next().unwrap().help[0], "5 what? write \"5ms\" or \"5s\"");
    assert_eq!(flags.apply_to_core(&mut CoreSpec::plain("nats")), Ok(false));
}

#[test]
fn variants_are_laid_over() {
    let base = text::parse_yaml("a.yaml", NINE).unwrap();
    let over =
        TreeNode::from_json(&json!({ "processor": { "workers": 8 }, "arrival": "5/s", "messages": 1000 }));
    let merged = variant(&base, &over).to_json().to_string();
    let plan = read_with("a.json", &merged, &Overrides::default()).unwrap().plan;
    assert_eq!((plan.processor.workers, plan.processor.retry.attempts), (8, 3));
    assert_eq!(
        (plan.end, &plan.groups[0].arrival),
        (End::Messages(1_000), &Arrival::Poisson { rate_per_s: 5.0 })
    );
}

/// The titles of what is wrong where flags set these places.
fn set(lines: &str, pairs: &[(&str, &str)]) -> Result<Planned, Diagnostics> {
    let set = pairs.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    read_with("a.yaml", &format!("arrival: 20/s\nmix: [direct]\n{lines}"), &overrides)
}

#[test]
fn an_index_into_no_list_is_one_fault_with_what_makes_the_list() {
    for (path, value, title, help) in [
        ("agents[0].count", "3", "there is no list of groups of agents", "--agents 3"),
        (
            "checks[0]",
            "total.p99 < 5ms",
            "there is no list `checks`",
            "`--set 'checks=[\"total.p99 < 5ms\"]'`",
        ),
        (
            "processor.retry.on[0]",
            "refused",
            "there is no list `processor.retry.on`",
            "processor.retry.on=[\"refused\"]",
        ),
        ("mix[0]", "text", "`mix` is a map, and has no `[0]`", "type `--set mix.direct=VALUE`"),
    ] {
        let faults = set("", &[(path, value)]).unwrap_err();
        let fault = faults.iter().next().unwrap();
        assert_eq!((faults.len(), fault.title.as_str()), (1, title), "{path}: {faults}");
        assert!(fault.help[0].contains(help) && faults.exit() == Exit::Usage, "{path}: {faults}");
    }
    // What is proposed is accepted.
    for (path, value) in [
        ("agents", "[{name: worker, count: 3}]"),
        ("checks", "[\"total.p99 < 5ms\"]"),
        ("processor.retry.on", "[\"refused\"]"),
        ("mix.direct", "2"),
    ] {
        assert!(set("", &[(path, value)]).is_ok(), "{path}");
    }
    let short = titles(set("checks: [success_rate > 1%]", &[("checks[1]", "total.p99 < 5ms")]));
    assert_eq!(short, ["there is no `checks[1]`"]);
    assert!(set("agents: 5", &[("agents[0].count", "3")]).is_ok());
}

#[test]
fn nothing_is_as_if_the_key_were_not_there() {
    assert_eq!(
        titles(read("arrival: 20/s\nmix: { text: { weight: null } }")),
        ["`mix.text.weight` is missing"]
    );
    let plan = read("arrival: { poisson: { rate: 20/s }, burst: null }\nmix: { text: 1, direct: null }\n")
        .unwrap()
        .plan;
    assert_eq!((plan.types.len(), plan.groups[0].mix.len()), (1, 1));
    let stages =
        "arrival: { stages: [{ name: a, duration: 1s, rate: 5/s, from: null, to: null }] }\nmix: [text]";
    assert!(read(stages).is_ok());
}

#[test]
fn an_entry_of_a_mix_is_a_weight_or_a_map() {
    let told = |result: Result<Planned, Diagnostics>| {
        let faults = result.unwrap_err();
        let fault = faults.iter().next().unwrap().clone();
        (fault.path.unwrap(), fault.found.unwrap(), fault.expected.unwrap(), fault.help)
    };
    let weight = "a weight such as 10, or a map with `weight`";
    let (path, _, expected, help) = told(read("arrival: 20/s\nmix: { text: \"55\" }"));
    assert_eq!(
        (path.as_str(), expected.as_str(), help[0].as_str()),
        ("mix.text", weight, "write `55`, without quotes")
    );
    let (path, found, expected, _) = told(set("", &[("mix.direct", "")]));
    assert_eq!((path.as_str(), found.as_str(), expected.as_str()), ("mix.direct", "nothing", weight));
    let (path, found, ..) = told(read("arrival: 20/s\nmix: [0]"));
    assert_eq!((path.as_str(), found.as_str()), ("mix[0]", "the number 0"));
    assert_eq!(titles(read("arrival: 20/s\nmix: [text, text]")), ["`text` stands twice in `mix`"]);
}

#[test]
fn a_name_that_cannot_be_read_breeds_no_fault_about_who_is_meant() {
    let lines = "agents: [{ nam: a, count: 2 }]\nmessage: { recipient: a }\nchecks: ['by_agent[\"a-1\"].generated > 1']";
    assert_eq!(titles(with(lines)), ["`agents[0].name` is missing", "unknown key `nam` in `agents[0]`"]);
}

#[test]
fn a_list_of_checks_is_proposed_for_a_check_alone() {
    let help = |lines: &str| with(lines).unwrap_err().iter().next().unwrap().help.clone();
    assert_eq!(help("checks: total.p99 < 5ms"), ["write `checks: [\"total.p99 < 5ms\"]`"]);
    assert!(help("checks: 20/s").is_empty());
}

#[test]
fn a_latency_below_the_shortest_is_proposed_with_the_shortest() {
    let told = |min: Option<&str>, max: &str| {
        let overrides = Overrides {
            min_latency: min.map(str::to_owned),
            max_latency: Some(max.to_owned()),
            ..Overrides::default()
        };
        let faults = overrides.faults();
        let help = faults.iter().next().map(|fault| fault.help[0].clone());
        help.or_else(|| {
            let faults = overrides.apply_to_core(&mut CoreSpec::plain("mock")).unwrap_err();
            Some(faults.iter().next().unwrap().help[0].clone())
        })
    };
    let both = |both: &str| Some(format!("give both: `{both}`"));
    assert_eq!(told(None, "0"), both("--min-latency 0s --max-latency 0s"));
    assert_eq!(told(None, "0ms"), both("--min-latency 0s --max-latency 0s"));
    assert_eq!(told(None, "5"), Some("5 what? write \"5ms\" or \"5s\"".to_owned()));
}

#[test]
fn a_name_that_a_flag_sets_twice_is_refused() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let told =
        |overrides: Overrides| overrides.faults().iter().map(|fault| fault.title.clone()).collect::<Vec<_>>();
    let set = vec![pair("seed", "1"), pair("agents", "2"), pair("seed", "2")];
    assert_eq!(told(Overrides { set, ..Overrides::default() }), ["`--set seed` is said twice"]);
    let core_options = vec![pair("latency", "1ms"), pair("latency", "1ms")];
    let told_twice = ["`--core-option latency` is said twice"];
    assert_eq!(told(Overrides { core_options, ..Overrides::default() }), told_twice);
}
