//! Callbacks, called as the engine calls them.

use super::*;
use crate::diagnostics::{Diagnostics, Exit};
use crate::engine::{Behaviour, Draft, MessageTexts, MessageView, OutcomeView, Sending};
use crate::plan::{Plan, Priority, Recipient};
use crate::results::Run;
use mqscript_plugin::random::Stream;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The texts of the message that all callbacks are told of.
#[derive(Debug)]
struct Task17;

impl MessageTexts for Task17 {
    fn sender(&self) -> String {
        "lead".into()
    }

    fn recipient(&self) -> String {
        "worker-1".into()
    }

    fn content(&self) -> String {
        "task 17".into()
    }

    fn tags(&self) -> Vec<String> {
        vec!["SYSTEM".into()]
    }

    fn metadata(&self) -> BTreeMap<String, serde_json::Value> {
        BTreeMap::new()
    }
}

/// Calls the callbacks of agent 0 as an engine would, and returns what was sent.
struct Caller {
    calls: usize,
    sent: Vec<Draft>,
    seconds: f64,
}

impl Caller {
    fn new(calls: usize) -> Caller {
        Caller { calls, sent: Vec::new(), seconds: 0.0 }
    }
}

impl PlanPlayer for Caller {
    fn play(&mut self, plan: &Plan, _base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let mut random = Stream::from_key(7);
        let (mut drafts, mut suppressed) = (Vec::new(), 0);
        let message = MessageView {
            type_id: crate::plan::TypeId(0),
            priority: Priority::Regular,
            sequence: 17,
            texts: Arc::new(Task17),
        };
        let outcome =
            OutcomeView { result: "failed", reason: "refused".into(), attempts: 2, total_ns: 5_000_000 };
        for index in 0..self.calls {
            let mut sending = Sending {
                agent: (index % plan.agents() as usize) as u32,
                now_ns: 1_500_000_000,
                closed: false,
                random: &mut random,
                drafts: &mut drafts,
                suppressed: &mut suppressed,
            };
            let called = behaviour
                .on_start(&mut sending)
                .and_then(|()| behaviour.next(&mut sending))
                .map(|draft| self.sent.extend(draft))
                .and_then(|()| behaviour.on_message(&mut sending, message.clone()))
                .and_then(|_| behaviour.on_outcome(&mut sending, message.clone(), outcome.clone()));
            called.map_err(behaviour_diagnostics)?;
            self.sent.append(&mut drafts);
        }
        self.seconds = behaviour.seconds().unwrap_or(-1.0);
        Ok(placeholder(plan))
    }
}

fn call(text: &str, calls: usize) -> (Execution, Caller) {
    let mut player = Caller::new(calls);
    let source = Source::from_text("a.rhai", text);
    let execution = execute(&source, &Settings::default(), &mut player, &Arc::new(AtomicBool::new(false)));
    (execution, player)
}

#[test]
fn callbacks_send_and_remember() {
    let text = "
        const LIMIT = 2;
        fn double(n) { n * 2 }
        fn start(me) { me.state.started = me.now; }
        fn pick(me) { me.state.n += 1; if me.state.n > global::LIMIT { () } else { #{ type: \"direct\", content: `${me.name} ${me.state.n} ${me.state.started}` } } }
        fn hear(me, message) {
            if message.type != \"direct\" || message.message_type != \"SYSTEM_TO_AGENT\" || message.tags != [\"SYSTEM\"] { throw \"wrong\"; }
            me.send(#{ type: \"direct\", recipient: message.sender, content: `re: ${message.content} ${double(message.sequence)}`, priority: \"high\", after: \"50ms\", tags: [\"x\"], metadata: #{ a: 1 } });
        }
        let seen = 0;
        run(scenario(#{
            agents: [#{ name: \"worker\", count: 2, arrival: \"1/s\", mix: [\"direct\"], state: #{ n: 0 },
                on_start: start, next: \"pick\", on_message: hear,
                on_outcome: |me, message, outcome| {
                    seen += 1;
                    if outcome.total == \"5ms\" && outcome.result == \"failed\" && outcome.attempts == 2 {
                        me.send(#{ type: \"direct\", recipient: \"worker\", content: seen });
                    }
                } },
                #{ name: \"lead\", arrival: on_demand() }],
        }));";
    let (execution, player) = call(text, 3);
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    let sent: Vec<(String, Option<Recipient>)> =
        player.sent.iter().map(|draft| (draft.content.clone().unwrap(), draft.recipient.clone())).collect();
    let lead = Some(Recipient::Agent(2));
    let workers = Some(Recipient::Group(0));
    assert_eq!(
        sent,
        [
            ("worker-1 1 1.5".to_owned(), None),
            ("re: task 17 34".to_owned(), lead.clone()),
            ("1".to_owned(), workers.clone()),
            ("worker-2 1 1.5".to_owned(), None),
            ("re: task 17 34".to_owned(), lead),
            ("2".to_owned(), workers),
        ]
    );
    assert_eq!((player.sent[1].after_ns, player.sent[1].priority), (50_000_000, Some(Priority::High)));
    assert_eq!(execution.plans[0].plan.written["agents"][0]["on_outcome"]["closure"], "a.rhai:14");
}

#[test]
fn runs_with_closures_repeat() {
    let text = "let n = 0;
        let s = scenario(#{ agents: [#{ name: \"a\", next: |me| { n += 1; #{ type: \"direct\", content: n } } }], arrival: \"1/s\", mix: [\"direct\"] });
        run(s); run(s);";
    let (execution, player) = call(text, 2);
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    let contents: Vec<String> = player.sent.iter().map(|draft| draft.content.clone().unwrap()).collect();
    assert_eq!(contents, ["1", "2", "1", "2"]);
}

#[test]
fn what_fails_in_a_callback_has_its_place() {
    let script = |body: &str| {
        format!(
            "fn deep(me) {{\n    {body}\n}}\nfn hear(me, message) {{ deep(me); }}\nrun(scenario(#{{ agents: [#{{ name: \"a\", on_message: hear }}], arrival: \"1/s\", mix: [\"direct\"] }}));"
        )
    };
    for (body, word) in [
        ("throw \"no\";", "no"),
        ("me.send(#{ type: \"drect\" });", "did you mean `direct`?"),
        ("me.send(#{ type: \"direct\", recpient: \"a\" });", "did you mean `recipient`?"),
        ("me.send(#{ type: \"direct\", recipient: \"b\" });", "an agent, a group"),
        ("me.send(#{ type: \"direct\", recipient: \"other\" });", "there is one agent only"),
        ("me.send(#{ type: \"direct\", recipient: \"any\" });", "there is one agent only"),
        ("me.send(#{ type: \"direct\", recipient: \"all\" });", "there is one agent only"),
        ("me.send(#{ type: \"direct\", after: \"5\" });", "5 what?"),
        ("me.send(#{ content: \"x\" });", "needs a `type`"),
        ("me.choose([]);", "nothing to choose"),
        ("me.state = 5;", "`state` cannot be replaced"),
        ("me.nme;", "did you mean `name`?"),
        ("loop { }", "does not come to an end"),
        ("deep(me);", "too deeply"),
        ("timestamp();", "`timestamp` is off"),
        ("poisson(\"20/s\");", "poisson"),
    ] {
        let (execution, _) = call(&script(body), 1);
        let text = execution.diagnostics.render(false);
        assert!(text.contains(word), "{body}: {text}");
        let line = if matches!(body, "loop { }" | "deep(me);") { 4 } else { 2 };
        assert!(text.contains(&format!("a.rhai:{line}")), "{text}");
        assert_eq!(execution.diagnostics.exit(), Exit::Thrown, "{text}");
    }
}

#[test]
fn the_time_in_callbacks_is_told() {
    let text = "
        fn hear(me, message) { if message.sender == \"lead\" && message.sequence > 0 { me.send(#{ type: \"direct\" }); } }
        run(scenario(#{ agents: [#{ name: \"a\", count: 9, on_message: hear }], arrival: \"1/s\", mix: [\"direct\"] }));";
    let (execution, player) = call(text, 50_000);
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    assert_eq!(player.sent.len(), 50_000);
    assert!(player.seconds > 0.0);
}

#[test]
fn callbacks_have_the_distributions() {
    let text = "fn act(me) {
            for law in [constant(\"5ms\"), uniform(\"1ms\", \"2ms\"), exponential(\"5ms\"), normal(#{ mean: \"5ms\", sd: \"1ms\" }),
                lognormal(#{ median: \"5ms\", p99: \"40ms\" }), empirical(#{ quantiles: [[0, \"1ms\"], [1, \"2ms\"]] })] {
                me.send(#{ type: \"direct\", after: law });
            }
        }
        run(scenario(#{ agents: [#{ name: \"a\", count: 2, on_start: act }], arrival: on_demand(), mix: [\"direct\"] }));";
    let (execution, caller) = call(text, 1);
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    let delays: Vec<u64> = caller.sent.iter().map(|draft| draft.after_ns).collect();
    assert_eq!(delays.len(), 6);
    assert_eq!(delays[0], 5_000_000);
    assert!((1_000_000..=2_000_000).contains(&delays[1]) && (1_000_000..=2_000_000).contains(&delays[5]));
    assert!(delays.iter().all(|delay| *delay > 0), "{delays:?}");
}

/// A fault of a callback, rendered.
fn fault_of(callback: &str, group: &str) -> String {
    let text = format!(
        "{callback}\nrun(scenario(#{{ agents: [#{{ name: \"a\", count: 2, {group} }}], arrival: \"5/s\" }}));"
    );
    let (execution, _) = call(&text, 1);
    assert!(!execution.diagnostics.is_empty(), "{text}");
    execution.diagnostics.render(false)
}

#[test]
fn faults_of_callbacks_say_what_helps() {
    let said = fault_of("fn act(me) { me.state.count += 1; }", "mix: [\"direct\"], on_start: act");
    assert!(said.contains("`me.state.count` is not set: give the group `state: #{ count: 0 }`"), "{said}");
    let said = fault_of("fn pick(me) { \"direct\" }", "next: pick");
    assert!(said.contains("mix: [\"direct\"]") && !said.contains("one of \n"), "{said}");
    let said = fault_of(
        "fn act(me) { me.send(#{ type: \"direct\", after: poisson(\"5/s\") }); }",
        "mix: [\"direct\"], on_start: act",
    );
    assert!(
        said.contains("`poisson` cannot be called in a callback") && said.contains("distributions"),
        "{said}"
    );
    let said = fault_of("fn act(me) { run(5); }", "mix: [\"direct\"], on_start: act");
    assert!(said.contains("`run` cannot be called in a callback"), "{said}");
    let said = fault_of("fn act(me) { me.nme; }", "mix: [\"direct\"], on_start: act");
    assert!(said.contains("`me` has no property `nme`") && said.contains("did you mean `name`?"), "{said}");
    let said = fault_of("fn act(me) { loop { } }", "mix: [\"direct\"], on_start: act");
    assert!(
        said.contains("a callback does not come to an end") && said.contains("5000000 operations"),
        "{said}"
    );
}
