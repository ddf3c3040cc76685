//! Every function that a script may call, in one table: errors, the check for shadowed names and the reference in
//! the docs are made from it.

/// A function of the script API.
#[derive(Debug, Clone, Copy)]
pub struct ApiFunction {
    /// The name of the function.
    pub name: &'static str,
    /// Under which heading it stands.
    pub group: &'static str,
    /// Each form: the names of its parameters.
    pub forms: &'static [&'static [&'static str]],
    /// A description of the function, in a sentence or two.
    pub summary: &'static str,
    /// The signature of the function, as it is written.
    pub example: &'static str,
}

const fn api(
    name: &'static str,
    group: &'static str,
    forms: &'static [&'static [&'static str]],
    summary: &'static str,
    example: &'static str,
) -> ApiFunction {
    ApiFunction { name, group, forms, summary, example }
}

const RUNNING: &str = "Parameters, runs and checks";
const ARRIVALS: &str = "Arrivals";
const LAWS: &str = "Distributions";
const CORES: &str = "Cores";

/// All functions of the script API.
pub const FUNCTIONS: &[ApiFunction] = &[
    api(
        "param",
        RUNNING,
        &[&["name", "default", "doc"], &["name", "default"]],
        "Declares a parameter and returns its value: that of `--param NAME=VALUE` or of a flag of the same name, else the default. The default also says the type: a number, true or false, or a text; a text that is a duration, a rate or a share must be replaced by one.",
        "let rate = param(\"rate\", \"30/s\", \"messages per second from each agent\");",
    ),
    api(
        "scenario",
        RUNNING,
        &[&["map"]],
        "Reads a scenario, tells everything that is wrong with it, and returns it.",
        "let s = scenario(#{ arrival: \"20/s\", mix: [\"direct\"] });",
    ),
    api(
        "run",
        RUNNING,
        &[&["scenario"], &["scenario", "core"]],
        "Plays a scenario and returns its results: on the session's core (`--core`, else `default_core`, else `mock`), or on exactly the core given.",
        "let result = run(s, core(\"mock\", #{ latency: \"2ms\" }));",
    ),
    api(
        "check",
        RUNNING,
        &[&["result", "text"], &["truth", "label"]],
        "States what must hold: a check on a result, or what only the script knows. All are collected; none stops the script.",
        "check(result, \"total.p99 < 100ms\");",
    ),
    api(
        "variant",
        RUNNING,
        &[&["scenario", "map"]],
        "Returns a scenario with the map laid over it; keys that are not named stay as they are.",
        "let wide = variant(s, #{ processor: #{ workers: 8 } });",
    ),
    api(
        "compare",
        RUNNING,
        &[&["map"]],
        "Plays a `scenario` on several `cores`, or `variants` of it (maps laid over it, each with a `name`), `repeats` times each (5), and compares them with the first; or compares `results` that are there already. `within` says what is too small to matter (\"2%\", or a time), `figures` which figures get a verdict. The comparison has a `table` and `names`.",
        "let c = compare(#{ scenario: s, cores: [core(\"mock\"), core(\"sqlite\")], repeats: 10, within: \"2%\" });",
    ),
    api(
        "verdict",
        RUNNING,
        &[&["comparison", "figure"], &["comparison", "name", "figure"]],
        "What a comparison says of a figure: \"better\", \"worse\", \"different\", \"equivalent\", \"undecided\" or \"no verdict\". The name may be left out where there are two alternatives.",
        "check(c.verdict(\"sqlite\", \"total.p99\") != \"worse\", \"sqlite is not slower\");",
    ),
    api(
        "change",
        RUNNING,
        &[&["comparison", "figure"], &["comparison", "name", "figure"]],
        "By how much a figure differs from the baseline's, as a share of it: 0.05 is 5 % more; () where the baseline is 0.",
        "let slower = c.change(\"sqlite\", \"total.p99\");",
    ),
    api(
        "load",
        RUNNING,
        &[&["name"]],
        "Reads a YAML or JSON file from the script's folder. Results that `run --output` or `save` wrote are for `compare`.",
        "let s = scenario(load(\"traffic.yaml\"));",
    ),
    api(
        "save",
        RUNNING,
        &[&["result", "name"]],
        "Writes a result as JSON below the output folder; never over an existing file without `--force`.",
        "result.save(\"calm.json\");",
    ),
    api(
        "shown",
        RUNNING,
        &[&["number"], &["number", "unit"]],
        "Writes a number for people, as reports do: three significant digits, commas between thousands. With \"/s\" it is a rate, in the unit that fits; with \"%\" a share.",
        "print(`${shown(result.throughput, \"/s\")}, ${shown(result.success_rate, \"%\")} delivered`);",
    ),
    api("poisson", ARRIVALS, &[&["rate"]], "Independent exponential gaps.", "poisson(\"20/s\")"),
    api(
        "constant",
        ARRIVALS,
        &[&["rate"]],
        "As an arrival: equal gaps from a random phase. As a distribution: always this value.",
        "constant(\"20/s\")",
    ),
    api(
        "burst",
        ARRIVALS,
        &[&["map"]],
        "`size` messages at once `every` so often, `spread` over a while.",
        "burst(#{ size: 50, every: \"10s\" })",
    ),
    api(
        "ramp",
        ARRIVALS,
        &[&["map"]],
        "The rate goes evenly `from` one `to` another `over` a time and stays there.",
        "ramp(#{ from: \"10/s\", to: \"200/s\", over: \"60s\" })",
    ),
    api(
        "stages",
        ARRIVALS,
        &[&["list"]],
        "Named stretches of constant or changing rate; they set the duration, and each is a phase of the results.",
        "stages([#{ name: \"calm\", duration: \"20s\", rate: \"10/s\" }])",
    ),
    api(
        "closed",
        ARRIVALS,
        &[&["map"]],
        "Each agent thinks, sends, waits for the outcome, and thinks again.",
        "closed(#{ think: \"1s\" })",
    ),
    api(
        "all_at_once",
        ARRIVALS,
        &[&[]],
        "Everything at the start; `messages` or `messages_per_agent` says how much.",
        "all_at_once()",
    ),
    api(
        "on_demand",
        ARRIVALS,
        &[&[]],
        "Nothing of its own accord: the agents send from callbacks only.",
        "on_demand()",
    ),
    api(
        "uniform",
        LAWS,
        &[&["min", "max"]],
        "Every value from `min` to `max` equally likely.",
        "uniform(\"1ms\", \"10ms\")",
    ),
    api(
        "normal",
        LAWS,
        &[&["map"]],
        "Normal with `mean` and `sd`, truncated below at `min` (0).",
        "normal(#{ mean: \"5ms\", sd: \"1ms\" })",
    ),
    api("exponential", LAWS, &[&["mean"]], "Exponential with this mean.", "exponential(\"5ms\")"),
    api(
        "lognormal",
        LAWS,
        &[&["map"]],
        "Log-normal with `median` and `p99`, or `mean` and `sd`.",
        "lognormal(#{ median: \"5ms\", p99: \"40ms\" })",
    ),
    api(
        "empirical",
        LAWS,
        &[&["map"]],
        "Piecewise linear between `quantiles`, [share, value] pairs.",
        "empirical(#{ quantiles: [[0, \"1ms\"], [0.5, \"3ms\"], [1, \"80ms\"]] })",
    ),
    api(
        "core",
        CORES,
        &[&["id"], &["id", "options"]],
        "A core by name, or by file if the text has a `/` in it (relative to the script); the options may come from `load`.",
        "core(\"mock\", #{ latency: \"2ms\", success_rate: \"99%\" })",
    ),
    api(
        "named",
        CORES,
        &[&["core", "name"]],
        "Gives a core the name under which it is shown.",
        "core(\"mock\").named(\"fast\")",
    ),
    api(
        "layer",
        CORES,
        &[&["id", "core"], &["id", "core", "options"]],
        "Lays a layer over a core or another layer.",
        "layer(\"chaos\", core(\"mock\"), #{ crash: \"1%\" })",
    ),
    api(
        "default_core",
        CORES,
        &[&["core"], &["id", "options"]],
        "Says which core is the session's unless `--core` says otherwise, and returns the session's core: a name, or what `core`, `layer` and `named` make.",
        "default_core(layer(\"chaos\", core(\"mock\"), #{ crash: \"1%\" }))",
    ),
];

/// What `me` has in a callback: name, whether it is a method, what it is.
pub const ME: &[(&str, &str)] = &[
    ("me.name", "the agent's name"),
    ("me.now", "the run's time in seconds"),
    ("me.state", "the agent's own state, kept from call to call; starts as the group's `state`"),
    ("me.random()", "a number in 0 ≤ x < 1 from the agent's own stream"),
    ("me.choose(list)", "one value of a list, equally likely"),
    (
        "me.send(map)",
        "sends a message: `type`, and optionally `recipient`, `content`, `priority`, `tags`, `metadata`, `after`; false if the load has ended",
    ),
];

/// What `message` has in a callback.
pub const MESSAGE: &[(&str, &str)] = &[
    ("message.type", "the type's name in the mix"),
    ("message.message_type", "the type on the wire"),
    ("message.sender", "the sender shown"),
    ("message.recipient", "the recipient, or ALL"),
    ("message.content", "the content"),
    ("message.priority", "low, regular, high or urgent"),
    ("message.tags", "the tags"),
    ("message.metadata", "the metadata"),
    ("message.sequence", "the number among its agent's, from 1"),
];

/// What `outcome` has in a callback.
pub const OUTCOME: &[(&str, &str)] = &[
    ("outcome.result", "delivered, failed, dead_lettered, rejected, expired, uncertain or unanswered"),
    ("outcome.reason", "why, if it was not delivered"),
    ("outcome.attempts", "attempts made"),
    ("outcome.total", "from the intended arrival to the end, as a time"),
];

/// The forms of a function as they are written: "core(id, options)".
pub(super) fn forms(name: &str) -> Vec<String> {
    let functions = FUNCTIONS.iter().filter(|function| function.name == name);
    functions.flat_map(|f| f.forms.iter().map(|form| format!("{name}({})", form.join(", ")))).collect()
}

/// Whether callbacks have a function, too.
pub(super) fn in_callbacks(name: &str) -> bool {
    matches!(name, "constant" | "shown")
        || FUNCTIONS.iter().any(|function| function.name == name && function.group == LAWS)
}

/// Whether the API has a function with this name and number of parameters.
pub(super) fn has(name: &str, parameters: usize) -> bool {
    FUNCTIONS
        .iter()
        .any(|function| function.name == name && function.forms.iter().any(|form| form.len() == parameters))
}

/// The reference of the script API in Markdown.
pub fn reference() -> String {
    use crate::plan::{FIGURES, FigureKind, STATISTICS};
    let mut text = String::from(
        "# The script API\n\nMade from the table of functions in the code; a test compares. The guide explains how they play together.\n",
    );
    let mut group = "";
    for function in FUNCTIONS {
        if function.group != group {
            group = function.group;
            text.push_str(&format!("\n## {group}\n"));
        }
        let forms: Vec<String> = forms(function.name).iter().map(|form| format!("`{form}`")).collect();
        text.push_str(&format!(
            "\n### {}\n\n{}\n\n{}\n\n```rhai\n{}\n```\n",
            function.name,
            forms.join(" · "),
            function.summary,
            function.example
        ));
    }
    let section = |text: &mut String, title: &str, rows: &[(&str, &str)]| {
        text.push_str(&format!("\n## {title}\n\n| | |\n|---|---|\n"));
        for (name, meaning) in rows {
            text.push_str(&format!("| `{name}` | {meaning} |\n"));
        }
    };
    text.push_str("\nCallbacks have the distributions, for `after`; everything else above belongs to the script itself.\n");
    section(&mut text, "In callbacks: me", ME);
    section(&mut text, "In callbacks: message", MESSAGE);
    section(&mut text, "In callbacks: outcome", OUTCOME);
    text.push_str("\n## Figures\n\nIn checks and as properties of a result. Scopes: `by_type.NAME`, `by_agent[\"NAME\"]`, `by_recipient[\"NAME\"]`, `phases.NAME`.\n\n");
    text.push_str(&format!(
        "A time is followed by a statistic: {}.\n\n| figure | kind | meaning |\n|---|---|---|\n",
        STATISTICS.join(", ")
    ));
    for figure in FIGURES {
        let kind = match figure.kind {
            FigureKind::Times => "times",
            FigureKind::Duration => "time",
            FigureKind::Share => "share",
            FigureKind::Rate => "rate",
            FigureKind::Count => "count",
        };
        text.push_str(&format!("| `{}` | {kind} | {} |\n", figure.name, figure.meaning));
    }
    text
}
