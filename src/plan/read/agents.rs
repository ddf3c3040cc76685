//! Groups of agents, with their arrivals, mixes and callbacks.

use super::arrival::read_arrival;
use super::consumer::{check_shared_queues, read_consumer};
use super::fields::Fields;
use super::reader::Reader;
use super::recipients::check_recipients;
use super::short_forms::AGENT;
use super::tree::{Origin, TreeNode, Written, callback_json};
use super::types::{Common, GroupMix, TypeLayers, read_types};
use crate::diagnostics::did_you_mean;
use crate::plan::names::{AgentNames, RULES};
use crate::plan::{AGENTS_MAX, Arrival, Callback, Callbacks, Group, MessageType};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The functions of a script: name to numbers of parameters.
pub type Functions = BTreeMap<String, Vec<usize>>;

/// The number of agents where nobody says it.
const DEFAULT_AGENTS: i64 = 9;

/// Groups and types with their canonical forms.
pub(super) struct Traffic {
    pub groups: Vec<Group>,
    pub types: Vec<MessageType>,
    pub names: AgentNames,
    pub written: Map<String, Value>,
}

struct AgentDraft<'n> {
    fields: Fields<'n>,
    group: Group,
    /// Whether its name could be read.
    named: bool,
    arrival: Option<&'n TreeNode>,
    mix: Option<&'n TreeNode>,
    consumer: Option<&'n TreeNode>,
}

/// The tree of the default agents.
pub(super) fn default_agents() -> TreeNode {
    let mut group = TreeNode::new(Written::Map(Vec::new()));
    group.set("name", TreeNode::text(AGENT));
    group.set("count", TreeNode::new(Written::Integer(DEFAULT_AGENTS)));
    TreeNode::new(Written::List(vec![group])).said_by(&Origin::Default)
}

/// Reads all that concerns agents and what they send.
pub(super) fn read_traffic(
    reader: &mut Reader<'_>,
    scenario: &TreeNode,
    agents: &TreeNode,
    common: &Common<'_>,
    functions: &Functions,
) -> Traffic {
    let mut names = AgentNames::default();
    let mut drafts = read_groups(reader, agents, functions, &mut names);
    read_arrivals(reader, scenario, common, &mut drafts);
    let mixes: Vec<GroupMix<'_>> = drafts.iter().map(|draft| (draft.fields.at("mix"), draft.mix)).collect();
    let layers = read_types(reader, common, &mixes, &names);
    let mut written = Map::new();
    let types = layers.types(reader, &mut written);
    read_mixes(reader, scenario, common, &mut drafts, &layers, &mut written);
    read_consumers(reader, &mut drafts, &types);
    let groups: Vec<&Group> = drafts.iter().map(|draft| &draft.group).collect();
    if !names.unread {
        check_recipients(reader, common, &mixes, &groups, &layers, &names);
        let of_all = common.mix.unwrap_or(scenario);
        let mix = |draft: &AgentDraft<'_>| match draft.mix {
            Some(_) => draft.fields.at("mix"),
            None => "mix".to_owned(),
        };
        let mixes: Vec<_> = drafts.iter().map(|draft| (mix(draft), draft.mix.unwrap_or(of_all))).collect();
        let consumers = drafts.iter().map(|d| d.consumer.map(|node| (d.fields.at("consumer"), node)));
        check_shared_queues(reader, &groups, &mixes, &consumers.collect::<Vec<_>>());
    }
    if let Some(arrival) = common.arrival {
        let inheriting = drafts.iter().filter(|draft| draft.arrival.is_none());
        let agents = inheriting.map(|draft| draft.group.count).fold(0, u32::saturating_add);
        if let Some((_, value)) = read_arrival(reader, "arrival", arrival, agents) {
            super::reader::note_origins(reader, "arrival", &value, arrival.origin.clone());
            written.insert("arrival".to_owned(), value);
        }
    }
    let mut groups = Vec::new();
    let mut written_groups = Vec::new();
    for draft in drafts {
        groups.push(draft.group);
        written_groups.push(Value::Object(draft.fields.finish(reader)));
    }
    written.insert("agents".to_owned(), Value::Array(written_groups));
    Traffic { groups, types, names, written }
}

fn read_groups<'n>(
    reader: &mut Reader<'_>,
    agents: &'n TreeNode,
    functions: &Functions,
    names: &mut AgentNames,
) -> Vec<AgentDraft<'n>> {
    let Written::List(items) = &agents.value else {
        reader.wrong(
            "agents",
            agents,
            "a number of agents, or a list of groups, each a map with `name` and `count`",
        );
        names.unread = true;
        return Vec::new();
    };
    if items.is_empty() {
        reader.wrong("agents", agents, "at least one group of agents");
    }
    let mut drafts: Vec<AgentDraft<'n>> = Vec::new();
    let mut total: u64 = 0;
    for (index, item) in items.iter().enumerate() {
        let Some(draft) = read_group(reader, &format!("agents[{index}]"), item, functions) else {
            names.unread = true;
            continue;
        };
        let group = &draft.group;
        names.unread |= !draft.named;
        total += u64::from(group.count);
        if !names.add(&group.name, group.count, group.numbered) {
            let title = format!("the name `{}` belongs to two groups or agents", group.name);
            let fault = reader.fault(&draft.fields.at("name"), item.get("name").unwrap_or(item), title);
            reader.push(fault.expected("a name of its own for each agent"));
        }
        drafts.push(draft);
    }
    if total > u64::from(AGENTS_MAX) {
        let fault = reader.fault("agents", agents, "too many agents");
        reader.push(fault.found(total.to_string()).expected(format!("at most {AGENTS_MAX} in all groups")));
    }
    drafts
}

fn read_group<'n>(
    reader: &mut Reader<'_>,
    path: &str,
    node: &'n TreeNode,
    functions: &Functions,
) -> Option<AgentDraft<'n>> {
    let mut fields = reader.fields(path, node)?;
    let f = &mut fields;
    let named = f.required(reader, "name", "a name such as \"worker\"");
    let name = f.read(reader, "name", read_name, |name| json!(name)).filter(|_| named);
    let named = name.is_some();
    let max = u64::from(AGENTS_MAX);
    let count = f.read(reader, "count", |r, p, n| r.whole(p, n, 1, max), |count| json!(count));
    let state = match f.take("state") {
        Some(state) if state.entries().is_some() => {
            reader.fit(&f.at("state"), state);
            let value = state.to_json();
            f.write(reader, "state", value.clone(), state.origin.clone());
            value
        }
        Some(state) => {
            reader.wrong(&f.at("state"), state, "a map");
            json!({})
        }
        None => json!({}),
    };
    let mut callback = |key: &'static str, parameters: usize| {
        let read = |r: &mut Reader<'_>, p: &str, n: &TreeNode| read_callback(r, p, n, functions, parameters);
        f.read(reader, key, read, callback_json)
    };
    let callbacks = Callbacks {
        on_start: callback("on_start", 1),
        next: callback("next", 1),
        on_message: callback("on_message", 2),
        on_outcome: callback("on_outcome", 3),
    };
    let (arrival, mix, consumer) = (f.take("arrival"), f.take("mix"), f.take("consumer"));
    let group = Group {
        name: name.unwrap_or_else(|| path.to_owned()),
        count: count.unwrap_or(1) as u32,
        numbered: node.get("count").is_some(),
        arrival: Arrival::OnDemand,
        mix: Vec::new(),
        state,
        callbacks,
        consumer: None,
    };
    Some(AgentDraft { fields, group, named, arrival, mix, consumer })
}

fn read_name(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<String> {
    const EXPECTED: &str = "a name such as \"worker\", without control characters and double quotes";
    let name = reader.text(path, node, EXPECTED)?;
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '"') {
        reader.wrong(path, node, EXPECTED);
        return None;
    }
    if name == "ALL" || RULES.iter().any(|(rule, _)| *rule == name) {
        reader.wrong(path, node, "a name other than `other`, `any`, `all` and `ALL`, which are recipients");
        return None;
    }
    Some(name)
}

fn read_callback(
    reader: &mut Reader<'_>,
    path: &str,
    node: &TreeNode,
    functions: &Functions,
    parameters: usize,
) -> Option<Callback> {
    let name = match &node.value {
        Written::Function(callback @ Callback::Closure { .. }) => return Some(callback.clone()),
        Written::Function(Callback::Named(name)) | Written::Text(name) => name,
        _ => {
            reader.wrong(path, node, "the name of a function of the script");
            return None;
        }
    };
    let what = ["", "(me)", "(me, message)", "(me, message, outcome)"][parameters];
    match functions.get(name) {
        Some(known) if known.contains(&parameters) => Some(Callback::Named(name.clone())),
        Some(_) => {
            let title = format!("the function `{name}` has another number of parameters");
            let fault = reader.fault(path, node, title).expected(format!("fn {name}{what}"));
            reader.push(fault);
            None
        }
        None => {
            let fault = reader.fault(path, node, format!("there is no function `{name}`"));
            let help = did_you_mean(name, functions.keys().map(String::as_str));
            reader.push(
                fault.expected(format!("a function of the script: fn {name}{what} {{ … }}")).help_if(help),
            );
            None
        }
    }
}

fn read_arrivals<'n>(
    reader: &mut Reader<'_>,
    scenario: &TreeNode,
    common: &Common<'n>,
    drafts: &mut [AgentDraft<'n>],
) {
    let inheriting = drafts.iter().filter(|draft| draft.arrival.is_none());
    let inheriting = inheriting.map(|draft| draft.group.count).fold(0, u32::saturating_add);
    let others_send = drafts.iter().any(|draft| draft.arrival.is_some());
    let mut missing = false;
    for draft in drafts {
        match (draft.arrival, common.arrival) {
            (Some(node), _) => {
                let path = draft.fields.at("arrival");
                if let Some((arrival, value)) = read_arrival(reader, &path, node, draft.group.count) {
                    draft.fields.write(reader, "arrival", value, node.origin.clone());
                    draft.group.arrival = arrival;
                }
            }
            (None, Some(node)) => {
                if let Some((arrival, _)) = read_arrival(reader, "arrival", node, inheriting) {
                    draft.group.arrival = arrival;
                }
            }
            // Those who work on what others send need not send by themselves.
            (None, None) if others_send && draft.consumer.is_some() => {}
            (None, None) => missing = true,
        }
    }
    if missing {
        reader.missing("", scenario, "arrival", "when messages arrive, such as \"20/s\" or all_at_once()");
    }
}

/// Consumers may name types, and so are read after these.
fn read_consumers(reader: &mut Reader<'_>, drafts: &mut [AgentDraft<'_>], types: &[MessageType]) {
    for draft in drafts {
        let Some(node) = draft.consumer else { continue };
        let path = draft.fields.at("consumer");
        if let Some((consumer, value)) = read_consumer(reader, &path, node, types) {
            draft.fields.write(reader, "consumer", value, Origin::Default);
            draft.group.consumer = Some(consumer);
        }
    }
}

fn read_mixes(
    reader: &mut Reader<'_>,
    scenario: &TreeNode,
    common: &Common<'_>,
    drafts: &mut [AgentDraft<'_>],
    layers: &TypeLayers,
    written: &mut Map<String, Value>,
) {
    let shared = common.mix.map(|node| {
        let (entries, value) = layers.mix(reader, "mix", node, &layers.mix, false);
        written.insert("mix".to_owned(), value);
        entries
    });
    for (draft, own) in drafts.iter_mut().zip(&layers.group_mixes) {
        let silent = matches!(draft.group.arrival, Arrival::OnDemand) || draft.group.callbacks.next.is_some();
        match (own, draft.mix, &shared) {
            (Some(own), Some(node), _) => {
                let path = draft.fields.at("mix");
                let (entries, value) = layers.mix(reader, &path, node, own, true);
                draft.fields.write(reader, "mix", value, Origin::Default);
                draft.group.mix = entries;
            }
            (_, _, Some(entries)) => draft.group.mix.clone_from(entries),
            _ if silent => {}
            _ => reader.missing("", scenario, "mix", "what is sent, such as [\"direct\", \"broadcast\"]"),
        }
    }
}
