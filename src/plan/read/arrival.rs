//! Arrivals.

use super::fields::Fields;
use super::reader::{Reader, number_json};
use super::tree::{MapEntry, TreeNode, Written};
use crate::diagnostics::did_you_mean;
use crate::plan::units::{Rate, RateScope};
use crate::plan::{Arrival, Spacing, Stage};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::Dimension;
use serde_json::{Map, Value};

/// Every arrival by its key.
pub(super) const ARRIVALS: [&str; 8] =
    ["poisson", "constant", "burst", "ramp", "stages", "closed", "all_at_once", "on_demand"];

const SPACINGS: [(&str, Spacing); 2] = [("poisson", Spacing::Poisson), ("constant", Spacing::Constant)];
const DEFAULT_RAMP_NS: u64 = 60_000_000_000;

/// Reads an arrival for `agents` agents, among whom a total rate is shared out, with its canonical form.
pub(super) fn read_arrival(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    agents: u32,
) -> Option<(Arrival, Value)> {
    let expected = format!("an arrival such as \"20/s\", or a map with one of {}", ARRIVALS.join(", "));
    let said = node.entries().unwrap_or_default().iter().filter(|entry| !entry.is_nothing());
    let said: Vec<&MapEntry> = said.collect();
    let [entry] = said[..] else {
        reader.wrong(path, node, &expected);
        return None;
    };
    let law = entry.key.as_str();
    let inner = super::tree::join(path, law);
    if law == "stages" {
        let (stages, written) = read_stages(reader, &inner, &entry.node, agents)?;
        return Some((Arrival::Stages(stages), wrap(law, written)));
    }
    if !ARRIVALS.contains(&law) {
        let fault = reader.fault(
            path,
            &TreeNode { at: entry.at, ..node.clone() },
            format!("unknown arrival `{law}`"),
        );
        reader.push(fault.expected(expected).help_if(did_you_mean(law, ARRIVALS)));
        return None;
    }
    let mut fields = reader.fields(&inner, &entry.node)?;
    let read = match law {
        "poisson" => read_rate(reader, &mut fields, agents).map(|rate_per_s| Arrival::Poisson { rate_per_s }),
        "constant" => {
            read_rate(reader, &mut fields, agents).map(|rate_per_s| Arrival::Constant { rate_per_s })
        }
        "burst" => read_burst(reader, &mut fields),
        "ramp" => read_ramp(reader, &mut fields, agents),
        "closed" => Some(read_closed(reader, &mut fields)),
        "all_at_once" => Some(Arrival::AllAtOnce),
        _ => Some(Arrival::OnDemand),
    };
    let written = fields.finish(reader);
    Some((read?, wrap(law, Value::Object(written))))
}

fn wrap(key: &str, value: Value) -> Value {
    let mut map = Map::new();
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

fn each(rate: Rate, agents: u32) -> f64 {
    match rate.scope {
        RateScope::Each => rate.per_s,
        RateScope::Total => rate.per_s / f64::from(agents.max(1)),
    }
}

fn read_rate(reader: &mut Reader<'_>, fields: &mut Fields<'_>, agents: u32) -> Option<f64> {
    if !fields.required(reader, "rate", "a rate such as \"20/s\"") {
        return None;
    }
    let rate = fields.rate(reader, "rate")?;
    if rate.per_s > 0.0 {
        return Some(each(rate, agents));
    }
    let node = fields.node.get("rate").unwrap_or(fields.node);
    let help = "an agent that sends only from callbacks has the arrival `on_demand`";
    reader.wrong_with(&fields.at("rate"), node, "a rate above zero", Some(help.to_owned()));
    None
}

fn read_burst(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Arrival> {
    let size = fields.required(reader, "size", "messages in a burst, such as 50");
    let every = fields.required(reader, "every", "a duration such as \"10s\"");
    let size = fields.whole(reader, "size", 1).filter(|_| size);
    let every_ns = fields.duration(reader, "every").filter(|_| every);
    let spread_ns = fields.duration_or(reader, "spread", 0);
    if every_ns == Some(0) {
        let node = fields.node.get("every").unwrap_or(fields.node);
        reader.wrong(&fields.at("every"), node, "more than zero");
    }
    Some(Arrival::Burst { size: size?, every_ns: every_ns?, spread_ns })
}

fn read_ramp(reader: &mut Reader<'_>, fields: &mut Fields<'_>, agents: u32) -> Option<Arrival> {
    let both = [
        fields.required(reader, "from", "a rate such as \"10/s\""),
        fields.required(reader, "to", "a rate such as \"200/s\""),
    ];
    let from = fields.rate(reader, "from");
    let to = fields.rate(reader, "to");
    let over_ns = fields.duration_or(reader, "over", DEFAULT_RAMP_NS);
    let spacing = fields.one_of_or(reader, "spacing", SPACINGS[0], &SPACINGS);
    let (from, to) = (from.filter(|_| both[0])?, to.filter(|_| both[1])?);
    if from.per_s == 0.0 && to.per_s == 0.0 {
        reader.wrong(&fields.path, fields.node, "a rate above zero at one end at least");
    }
    Some(Arrival::Ramp { from_per_s: each(from, agents), to_per_s: each(to, agents), over_ns, spacing })
}

fn read_closed(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Arrival {
    let think = fields.distribution(reader, "think", Dimension::Duration);
    if think.is_none() && fields.node.get("think").is_none() {
        fields.required(reader, "think", "a duration such as \"1s\", or a distribution of durations");
    }
    let in_flight = fields.whole_or(reader, "in_flight", 1, 1, 1_000_000);
    Arrival::Closed { think: think.unwrap_or(Distribution::Constant(0)), in_flight: in_flight as u32 }
}

fn read_stages(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    agents: u32,
) -> Option<(Vec<Stage>, Value)> {
    let Written::List(items) = &node.value else {
        reader.wrong(path, node, "a list of stages, each a map with `name`, `duration` and `rate`");
        return None;
    };
    if items.is_empty() {
        reader.wrong(path, node, "at least one stage");
    }
    let mut stages: Vec<Stage> = Vec::new();
    let mut written = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = format!("{path}[{index}]");
        let Some((stage, value)) = read_stage(reader, &at, item, agents) else { continue };
        if stages.iter().any(|known| known.name == stage.name) {
            let fault = reader.fault(&at, item, format!("two stages are called `{}`", stage.name));
            reader.push(fault.expected("a name of its own for each stage: stages are phases of the results"));
        }
        stages.push(stage);
        written.push(value);
    }
    (stages.len() == items.len() && !stages.is_empty()).then(|| (stages, Value::Array(written)))
}

fn read_stage(reader: &mut Reader<'_>, path: &str, node: &TreeNode, agents: u32) -> Option<(Stage, Value)> {
    let mut fields = reader.fields(path, node)?;
    let has_name = fields.required(reader, "name", "a name such as \"calm\"");
    let has_duration = fields.required(reader, "duration", "a duration such as \"20s\"");
    let name = fields
        .read(reader, "name", |r, p, n| r.text(p, n, "a name such as \"calm\""), |t| Value::String(t.clone()))
        .filter(|_| has_name);
    let duration_ns = fields.duration(reader, "duration").filter(|_| has_duration);
    let rate = fields.rate(reader, "rate");
    let from = fields.rate(reader, "from");
    let to = fields.rate(reader, "to");
    let spacing = fields.one_of_or(reader, "spacing", SPACINGS[0], &SPACINGS);
    let said = |key| node.get(key).is_some();
    let ends = match (said("rate"), said("from"), said("to")) {
        (true, false, false) => rate.map(|rate| (rate, rate)),
        (false, true, true) => from.zip(to),
        _ => {
            reader.wrong(path, node, "either `rate`, or `from` and `to`");
            None
        }
    };
    if duration_ns == Some(0) {
        reader.wrong(path, node, "a duration above zero");
    }
    let written = Value::Object(fields.finish(reader));
    let (from, to) = ends?;
    let stage = Stage {
        name: name?,
        duration_ns: duration_ns?,
        from_per_s: each(from, agents),
        to_per_s: each(to, agents),
        spacing,
    };
    Some((stage, written))
}

/// A number at a key, with its bounds.
pub(super) fn read_number_or(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    default: f64,
    expected: &str,
    fits: impl Fn(f64) -> bool,
) -> f64 {
    let read = |r: &mut Reader<'_>, path: &str, node: &TreeNode| {
        let number = r.number(path, node, expected)?;
        if !fits(number) {
            r.wrong(path, node, expected);
        }
        fits(number).then_some(number)
    };
    fields.read_or(reader, key, default, read, number_json)
}
