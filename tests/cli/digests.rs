//! What forty random plans come to: the digests of their results, written down. A change of the engine that is meant to
//! change nothing must leave every one as it is.

use mqscript_plugin::random::Stream;
use serde_json::Value;
use std::fmt::Write;
use support::program::{folder, golden, mqscript};

const PLANS: u64 = 40;

/// Draws the parts of a plan.
struct Draw(Stream);

impl Draw {
    fn one<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.0.below(texts.len() as u64) as usize]
    }

    /// One of these texts in so many of ten plans, else nothing.
    fn at_times<'t>(&mut self, tenths: u64, texts: &[&'t str]) -> &'t str {
        if self.0.below(10) < tenths { self.one(texts) } else { "" }
    }
}

const CALLBACKS: &str = r#"
fn answer(me, message) {
    me.state.seen += 1;
    if message.type == "ask" && me.random() < 0.7 {
        me.send(#{ type: "reply", recipient: message.sender, content: `re: ${message.content}`, after: "1ms..30ms" });
    }
}

fn complain(me, message, outcome) {
    if outcome.result != "delivered" && message.type == "ask" {
        me.send(#{ type: "alarm", priority: "urgent", content: `${outcome.reason} after ${outcome.attempts}` });
    }
}
"#;

fn agents(draw: &mut Draw) -> String {
    let arrival = |draw: &mut Draw| {
        draw.one(&[
            r#"poisson("40/s")"#,
            r#"constant("30/s")"#,
            r#"burst(#{ size: 7, every: "300ms" })"#,
            r#"ramp(#{ from: "5/s", to: "80/s" })"#,
            r#"closed(#{ think: "5ms..40ms", in_flight: 2 })"#,
        ])
        .to_owned()
    };
    let callbacks = draw.at_times(
        4,
        &[
            r#"on_message: answer, state: #{ seen: 0 },"#,
            r#"on_outcome: complain,"#,
            r#"on_message: answer, on_outcome: complain, state: #{ seen: 0 },"#,
        ],
    );
    let count = draw.one(&["1", "3", "9", "40", "300"]);
    if draw.0.below(2) == 0 {
        let many = if count == "300" {
            "#{ name: \"Agent\", count: 300, "
        } else {
            "#{ name: \"Agent\", count: 9, "
        };
        return format!("agents: [{many} {callbacks} arrival: {} }}],", arrival(draw));
    }
    let (first, second) = (arrival(draw), arrival(draw));
    format!(
        "agents: [#{{ name: \"lead\", arrival: {first}, mix: [\"ask\"], {callbacks} }}, \
         #{{ name: \"worker\", count: {count}, {callbacks} arrival: {second} }}],"
    )
}

fn processor(draw: &mut Draw) -> String {
    let mut text = format!("workers: {}, ", draw.one(&["1", "2", "4", "16", "200"]));
    text += draw.at_times(4, &["batch_size: 1, ", "batch_size: 3, ", "batch_size: 50, "]);
    text += draw.at_times(2, &[r#"batch_interval: "20ms", "#]);
    text += draw.at_times(
        6,
        &[
            r#"retry: #{ attempts: 3 }, "#,
            r#"retry: #{ attempts: 4, backoff: "5ms", jitter: 0.5 }, "#,
            r#"retry: #{ attempts: 2, backoff: "0ms", on: ["refused", "uncertain"] }, "#,
        ],
    );
    text += draw.at_times(3, &[r#"timeout: "8ms", "#, r#"timeout: "20ms", "#]);
    text += draw.at_times(3, &[r#"time_to_live: "50ms", "#, r#"time_to_live: "500ms", "#]);
    text += draw.at_times(2, &["dead_letter: true, "]);
    text += draw.at_times(1, &["max_messages: 700, "]);
    text
}

fn core(draw: &mut Draw) -> String {
    let latency = draw.one(&[
        r#""5ms""#,
        r#""0ms""#,
        r#""1ms..10ms""#,
        r#"lognormal(#{ median: "4ms", p99: "60ms" })"#,
        r#"exponential("6ms")"#,
    ]);
    let success = draw.one(&["1.0", "0.95", "0.6"]);
    let more = draw.at_times(
        4,
        &[
            r#"failures: #{ busy: 3, gone: 1 },"#,
            r#"stall: [#{ at: "500ms", lasts: "200ms" }],"#,
            r#"types: #{ ask: #{ latency: "2ms" } },"#,
        ],
    );
    let mock = format!("core(\"mock\", #{{ latency: {latency}, success_rate: {success}, {more} }})");
    let faults = draw.at_times(
        5,
        &[
            r#"crash: "2%", uncertain: "3%""#,
            r#"spike: #{ rate: "5%", by: "5ms..50ms" }, refuse: "1%""#,
            r#"drop: "2%", duplicate: "3%", reorder: "4%""#,
            r#"corrupt: "3%", delay: "1ms..4ms""#,
            r#"outage: [#{ at: "400ms", lasts: "300ms" }]"#,
            r#"throttle: "150/s""#,
            r#"crash: "1%", drop: "1%", duplicate: "1%", spike: "2%""#,
        ],
    );
    if faults.is_empty() { mock } else { format!("layer(\"chaos\", {mock}, #{{ {faults} }})") }
}

fn script(number: u64) -> String {
    let mut draw = Draw(Stream::from_key(number));
    let draw = &mut draw;
    let mut text = String::from(CALLBACKS);
    text += "run(scenario(#{\n    name: \"random\",\n    ";
    text += &agents(draw);
    text += "\n    types: #{ ask: #{ wire_type: \"TEXT\" }, reply: #{ wire_type: \"TEXT\" }, alarm: #{ wire_type: \"TEXT\", recipient: \"all\" } },\n    mix: ";
    text += draw.one(&[
        r#"["ask"]"#,
        r#"["ask", "broadcast", "urgent"]"#,
        r#"#{ ask: 60, broadcast: 10, hard_onboard: #{ weight: 10, priority: "urgent" }, soft_onboard: #{ weight: 20, content: "Welcome {recipient}: {sequence}" } }"#,
        r#"#{ ask: #{ weight: 3, time_to_live: "60ms", tags: ["x"] }, reply: 1, broadcast: 1 }"#,
    ]);
    text += ",\n    ";
    text += draw.one(&[
        r#"duration: "3s","#,
        r#"duration: "3s", warm_up: "500ms","#,
        r#"messages_per_agent: 60,"#,
    ]);
    text += draw.at_times(
        3,
        &[
            r#" queue: #{ capacity: 20 },"#,
            r#" queue: #{ capacity: 20, overflow: "drop_oldest" },"#,
            r#" queue: #{ capacity: 5, overflow: "block" },"#,
        ],
    );
    text += draw.at_times(3, &[" receive: true,"]);
    write!(text, "\n    processor: #{{ {} }},\n", processor(draw)).unwrap();
    writeln!(text, "}}), {});", core(draw)).unwrap();
    text
}

#[test]
fn forty_random_plans_come_to_what_is_written_down() {
    let place = folder();
    let mut table = String::new();
    for number in 0..PLANS {
        let path = place.path().join(format!("{number}.rhai"));
        std::fs::write(&path, script(number)).unwrap();
        let ended = mqscript(&["run", path.to_str().unwrap(), "-q", "--in-process", "--format", "json"]);
        let report: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|_| panic!("{number}: {}\n{}", ended.stderr, script(number)));
        let run = &report["runs"][0];
        let digest = run["digest"].as_str().unwrap();
        let figures = &run["ledger"]["attempts"];
        writeln!(
            table,
            "{number:2} exit {} {digest} generated {} attempts {figures}",
            ended.code, run["generated"]
        )
        .unwrap();
    }
    golden("random_plans.txt", &table);
}
