//! A whole scenario.

use super::agents::{Functions, Traffic, default_agents, read_traffic};
use super::checks::parse_check;
use super::end::read_end;
use super::fields::Fields;
use super::processor::{read_processor, read_queue, section};
use super::reader::{Reader, SourceText, WHOLE_MAX};
use super::short_forms::write_out;
use super::syntax::Syntax;
use super::tree::{Origin, TreeNode, Written};
use super::types::Common;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::effect::without_effect;
use crate::plan::figure_path::FigureNames;
use crate::plan::overrides::Overrides;
use crate::plan::{
    Arrival, Check, ClockKind, CoreSpec, End, LEDGER_MEMORY, MAX_GENERATED, Plan, Receive, SEED_MAX, Stage,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The receiver's classes that a scenario may tolerate.
const TOLERABLE: [&str; 5] = ["lost", "unexpected", "corrupted", "duplicated", "out_of_order"];
const DEFAULT_SEED: u64 = 1;
const GROUP_KEYS: [&str; 7] = ["name", "count", "state", "on_start", "next", "on_message", "on_outcome"];

/// A plan with the origin of everything in it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan that was read.
    pub plan: Plan,
    /// Key paths of [`Plan::written`], each with who said its value.
    pub origins: BTreeMap<String, Origin>,
    /// Flags that change nothing in this plan, each with why.
    pub idle: BTreeMap<String, Diagnostic>,
}

impl Planned {
    /// Every value of the plan: its key path, its canonical form, and who said it.
    pub fn values(&self) -> Vec<(String, String, Origin)> {
        let mut rows = Vec::new();
        self.collect("", &self.plan.written, &Origin::Default, &mut rows);
        rows
    }

    fn collect(&self, path: &str, value: &Value, above: &Origin, rows: &mut Vec<(String, String, Origin)>) {
        let origin = self.origins.get(path).unwrap_or(above);
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    self.collect(&super::tree::join(path, key), value, origin, rows);
                }
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (index, value) in items.iter().enumerate() {
                    self.collect(&format!("{path}[{index}]"), value, origin, rows);
                }
            }
            Value::String(text) => rows.push((path.to_owned(), text.clone(), origin.clone())),
            other => rows.push((path.to_owned(), other.to_string(), origin.clone())),
        }
    }
}

/// Everything that is needed to read a scenario.
#[derive(Debug, Clone, Copy)]
pub struct ReadContext<'a> {
    /// The text that the tree's positions refer to.
    pub source: &'a SourceText,
    /// The functions that the script defines.
    pub functions: &'a Functions,
    /// The changes that flags make.
    pub overrides: &'a Overrides,
    /// The core that delivers the messages.
    pub core: &'a CoreSpec,
}

/// Reads a scenario and checks all of it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_scenario(scenario: &TreeNode, context: &ReadContext<'_>) -> Result<Planned, Diagnostics> {
    let mut reader = Reader::new(context.source);
    let mut scenario = scenario.clone();
    write_out(&mut scenario);
    context.overrides.apply(&mut scenario, &mut reader.faults);
    write_out(&mut scenario);
    let Some(fields) = reader.fields("", &scenario) else { return Err(reader.faults) };
    let plan = read_fields(&mut reader, fields, context);
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    let idle = without_effect(&plan, &reader.origins, context.overrides);
    Ok(Planned { plan, origins: reader.origins, idle })
}

fn read_fields(reader: &mut Reader<'_>, mut fields: Fields<'_>, context: &ReadContext<'_>) -> Plan {
    let f = &mut fields;
    let scenario = f.node;
    let text = |r: &mut Reader<'_>, p: &str, n: &TreeNode| r.text(p, n, "a name");
    let name = f.read_or(reader, "name", name_of(context.source), text, |name| json!(name));
    let default_agents = default_agents();
    let agents = f.take("agents").unwrap_or(&default_agents);
    let common = Common {
        arrival: f.take("arrival"),
        mix: f.take("mix"),
        types: f.take("types"),
        message: f.take("message"),
    };
    let Traffic { groups, types, names, written } =
        read_traffic(reader, scenario, agents, &common, context.functions);
    f.written.extend(written);
    let stages = read_common_stages(reader, agents, &groups);
    let end = read_end(reader, f, &groups, stages);
    let warm_up_ns = f.duration_or(reader, "warm_up", 0);
    let drain_ns = f.duration(reader, "drain");
    let drain_max_ns = f.duration(reader, "drain_max");
    let linger_ns = f.duration(reader, "linger");
    let queue = section(reader, f, "queue", read_queue);
    let processor = section(reader, f, "processor", read_processor);
    let receive =
        f.read_or(reader, "receive", ("auto", Receive::Auto), read_receive, |(name, _)| match *name {
            "auto" => json!("auto"),
            name => json!(name == "true"),
        });
    let tolerate = f.read_or(reader, "tolerate", Vec::new(), read_tolerate, |names| json!(names));
    let max_schedule_lag_ns = f.duration(reader, "max_schedule_lag");
    let max_generated = f.whole_or(reader, "max_generated", MAX_GENERATED, 1, WHOLE_MAX);
    let ledger_memory = f.read_or(reader, "ledger_memory", LEDGER_MEMORY, read_memory, |bytes| json!(bytes));
    let seed = f.whole_or(reader, "seed", DEFAULT_SEED, 0, SEED_MAX);
    let core_seed = f.whole(reader, "core_seed", 0);
    let clocks = [ClockKind::Virtual, ClockKind::Wall].map(|clock| (clock.name(), clock));
    let clock = f.read(reader, "clock", |r, p, n| r.one_of(p, n, &clocks), |(name, _)| json!(name));
    let figure_names = FigureNames {
        types: types.iter().map(|kind| kind.name.as_str()).collect(),
        agents: names,
        phases: stages.iter().map(|stage| stage.name.as_str()).collect(),
    };
    let checks = |r: &mut Reader<'_>, p: &str, n: &TreeNode| read_checks(r, p, n, &figure_names);
    let checks = f.read_or(reader, "checks", Vec::new(), checks, |checks| {
        Value::Array(checks.iter().map(|check| json!(check.text)).collect())
    });
    silence(reader, scenario, &groups);
    in_vain(reader, scenario, &groups, warm_up_ns, end);
    let syntax = reader.syntax(scenario);
    let written = fields.finish_with(reader, |key| key_of_group(syntax, key));
    Plan {
        name,
        seed,
        core_seed,
        clock: clock.map(|(_, clock)| clock),
        groups,
        types,
        warm_up_ns,
        end,
        drain_ns,
        drain_max_ns,
        linger_ns,
        queue,
        processor,
        receive: receive.1,
        counts_copies: false,
        checks,
        tolerate,
        max_schedule_lag_ns,
        max_generated,
        ledger_memory,
        core: context.core.clone(),
        written: Value::Object(written),
    }
}

/// Where a key stands that is none of a scenario, but one of a group of agents.
fn key_of_group(syntax: Syntax, key: &str) -> Option<String> {
    let group = json!({ "name": "worker", "count": 8 });
    let groups = syntax.entry("agents", &json!([group]));
    GROUP_KEYS
        .contains(&key)
        .then(|| format!("`{key}` stands in a group of agents: `{groups}` with `{key}` in it"))
}

/// What a scenario without a name is called: as the file it stands in, without its ending.
fn name_of(source: &SourceText) -> String {
    let stem = std::path::Path::new(&source.file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "scenario".to_owned())
}

/// The stages of the scenario; all groups that have stages must have the same.
fn read_common_stages<'g>(
    reader: &mut Reader<'_>,
    agents: &TreeNode,
    groups: &'g [crate::plan::Group],
) -> &'g [Stage] {
    let mut found: Option<&[Stage]> = None;
    for group in groups {
        let Arrival::Stages(stages) = &group.arrival else { continue };
        let outline = |stages: &[Stage]| -> Vec<(String, u64)> {
            stages.iter().map(|stage| (stage.name.clone(), stage.duration_ns)).collect()
        };
        match found {
            None => found = Some(stages),
            Some(first) if outline(first) != outline(stages) => {
                let fault = reader.fault("agents", agents, "two groups have different stages");
                reader.push(
                    fault.expected("the same names and durations in all groups: stages are the run's phases"),
                );
            }
            Some(_) => {}
        }
    }
    found.unwrap_or(&[])
}

/// A scenario in which nobody would ever send anything.
fn silence(reader: &mut Reader<'_>, scenario: &TreeNode, groups: &[crate::plan::Group]) {
    let speaks =
        |group: &crate::plan::Group| group.arrival != Arrival::OnDemand || group.callbacks.on_start.is_some();
    if !groups.is_empty() && reader.faults.is_empty() && !groups.iter().any(speaks) {
        let fault = reader.fault("arrival", scenario, "no agent would ever send anything");
        reader.push(
            fault
                .found("the arrival of every group is `on_demand`, and no group has `on_start`")
                .expected("one group at least that sends of its own accord"),
        );
    }
}

/// A load of which nothing would be measured, or that cannot come to its end.
fn in_vain(
    reader: &mut Reader<'_>,
    scenario: &TreeNode,
    groups: &[crate::plan::Group],
    warm_up_ns: u64,
    end: End,
) {
    if !reader.faults.is_empty() {
        return;
    }
    let empty = |end: End| crate::plan::nothing_measured(groups, warm_up_ns, end);
    let found =
        end.bounds().find_map(empty).or_else(|| crate::plan::count_out_of_reach(groups, warm_up_ns, end));
    let Some(crate::plan::LoadFault { key, title, found, help }) = found else { return };
    // A flag that asks for so few messages is to blame rather than the script's warm-up.
    let by_flag = ["messages", "duration", "end"]
        .into_iter()
        .find(|key| matches!(scenario.get(key).map(|node| &node.origin), Some(Origin::Flag(_))));
    let key = by_flag.unwrap_or(key);
    let fault = reader.fault(key, scenario.get(key).unwrap_or(scenario), title);
    reader.push(fault.found(found).help(help));
}

fn read_receive(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<(&'static str, Receive)> {
    match &node.value {
        Written::Bool(true) => Some(("true", Receive::Always)),
        Written::Bool(false) => Some(("false", Receive::Never)),
        Written::Text(text) if text == "auto" => Some(("auto", Receive::Auto)),
        _ => {
            reader.wrong(path, node, "true, false or \"auto\"");
            None
        }
    }
}

fn read_tolerate(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<Vec<String>> {
    let known = TOLERABLE.map(|name| (name, name));
    let Written::List(items) = &node.value else {
        reader.wrong(path, node, &format!("a list of some of {}", TOLERABLE.join(", ")));
        return None;
    };
    let read = |(index, item)| reader.one_of(&format!("{path}[{index}]"), item, &known);
    let names: Vec<_> = items.iter().enumerate().map(read).collect();
    names.into_iter().map(|name| name.map(|(name, _)| name.to_owned())).collect()
}

fn read_memory(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<u64> {
    const EXPECTED: &str = "a size such as \"256MiB\"";
    let parsed = match &node.value {
        Written::Text(text) => parse_memory(text),
        Written::Integer(bytes) => u64::try_from(*bytes).ok(),
        _ => None,
    };
    if parsed.is_none() {
        reader.wrong(path, node, EXPECTED);
    }
    parsed
}

/// A size that may be larger than a message: units up to GiB.
fn parse_memory(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit).filter(|bytes| *bytes <= 1 << 50)
}

fn read_checks(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    names: &FigureNames<'_>,
) -> Option<Vec<Check>> {
    const EXPECTED: &str = "a list of checks such as \"total.p99 < 100ms\"";
    let Written::List(items) = &node.value else {
        let a_check = |node: &TreeNode| node.as_text().is_some_and(|text| parse_check(text, names).is_ok());
        let one = a_check(node).then(|| Value::Array(vec![node.to_json()]));
        let help = one.map(|list| format!("write `{}`", reader.syntax(node).entry(path, &list)));
        reader.wrong_with(path, node, EXPECTED, help);
        return None;
    };
    let mut checks = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(text) = reader.text(&path, item, EXPECTED) else { continue };
        match parse_check(&text, names) {
            Ok(check) => checks.push(check),
            Err(error) => {
                let fault = reader.fault(&path, item, error.title).found(format!("the check `{text}`"));
                reader.push(fault.expected(error.expected).help_if(error.help));
            }
        }
    }
    Some(checks)
}
