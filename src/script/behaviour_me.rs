//! What a callback is given: `me`, `message` and `outcome`.

use super::behaviour::first_agents;
use super::convert::{from_json, to_node};
use super::duration::Duration;
use super::faults::throw_one;
use crate::diagnostics::{Diagnostic, Exit, did_you_mean, one_of, one_of_near};
use crate::engine::{Draft, MessageAnswer, MessageView, OutcomeView, Sending};
use crate::plan::distribution::Distribution;
use crate::plan::{AgentNames, Plan, Priority, Recipient, TypeId};
use mqscript_plugin::random::Stream;
use mqscript_plugin::written::{Dimension, read_distribution};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// The keys of a message that a callback sends.
const SEND_KEYS: [&str; 7] = ["type", "recipient", "content", "priority", "tags", "metadata", "after"];
/// Different texts of `after` that are remembered.
const LAWS_MAX: usize = 1_000;

/// The facts that callbacks look up and that never change.
pub(super) struct AgentFacts {
    types: HashMap<String, TypeId>,
    type_names: Vec<ImmutableString>,
    wire_types: Vec<ImmutableString>,
    priorities: [ImmutableString; 4],
    names: AgentNames,
    groups: Vec<(ImmutableString, bool)>,
    /// The first agent's number of each group.
    pub firsts: Vec<u32>,
}

impl AgentFacts {
    pub fn of(plan: &Plan) -> AgentFacts {
        AgentFacts {
            types: plan
                .types
                .iter()
                .enumerate()
                .map(|(id, kind)| (kind.name.clone(), TypeId(id as u16)))
                .collect(),
            type_names: plan.types.iter().map(|kind| kind.name.as_str().into()).collect(),
            wire_types: plan.types.iter().map(|kind| kind.wire_type.as_str().into()).collect(),
            priorities: Priority::ALL.map(|priority| priority.name().into()),
            names: AgentNames::of(&plan.groups),
            groups: plan.groups.iter().map(|g| (g.name.as_str().into(), g.numbered)).collect(),
            firsts: first_agents(plan),
        }
    }
}

/// The call under way: what it may use, and what it fills.
pub(super) struct Call {
    agent: u32,
    now_ns: u64,
    closed: bool,
    random: Stream,
    drafts: Vec<Draft>,
    suppressed: u64,
    laws: HashMap<ImmutableString, Distribution>,
}

impl Default for Call {
    fn default() -> Self {
        Call {
            agent: 0,
            now_ns: 0,
            closed: false,
            random: Stream::from_key(0),
            drafts: Vec::new(),
            suppressed: 0,
            laws: HashMap::new(),
        }
    }
}

impl Call {
    pub fn begin(&mut self, sending: &Sending<'_>) {
        self.agent = sending.agent;
        self.now_ns = sending.now_ns;
        self.closed = sending.closed;
        self.random = sending.random.clone();
        self.suppressed = 0;
        self.drafts.clear();
    }

    pub fn end(&mut self, sending: &mut Sending<'_>) {
        *sending.random = self.random.clone();
        *sending.suppressed += self.suppressed;
        sending.drafts.append(&mut self.drafts);
    }
}

/// The agent, as its callbacks see it.
#[derive(Clone)]
pub(super) struct Me {
    call: Arc<Mutex<Call>>,
    facts: Arc<AgentFacts>,
    agent: u32,
    group: usize,
    state: Dynamic,
}

impl Me {
    pub fn new(
        call: Arc<Mutex<Call>>,
        facts: Arc<AgentFacts>,
        agent: u32,
        group: usize,
        state: Dynamic,
    ) -> Me {
        Me { call, facts, agent, group, state }
    }

    fn name(&mut self) -> ImmutableString {
        let (name, numbered) = &self.facts.groups[self.group];
        if *numbered {
            format!("{name}-{}", self.agent - self.facts.firsts[self.group] + 1).into()
        } else {
            name.clone()
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Call) -> T) -> T {
        act(&mut self.call.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn choose(&mut self, list: Array) -> Fallible<Dynamic> {
        if list.is_empty() {
            let fault = Diagnostic::new(Exit::Thrown, "`me.choose` has nothing to choose from");
            return Err(throw_one(fault.found("an empty list")));
        }
        let index = self.with(|call| call.random.below(list.len() as u64));
        Ok(list[index as usize].clone())
    }

    fn send(&mut self, message: Map) -> Fallible<bool> {
        let facts = Arc::clone(&self.facts);
        self.with(|call| {
            if call.closed {
                call.suppressed += 1;
                return Ok(false);
            }
            let mut random = call.random.clone();
            let draft = draft_of_map(&facts, call, &message, &mut random)?;
            call.random = random;
            call.drafts.push(draft);
            Ok(true)
        })
    }
}

fn wrong(key: &str, found: String, expected: &str, help: Option<String>) -> Box<EvalAltResult> {
    let fault = Diagnostic::new(Exit::Thrown, format!("wrong value for `{key}` of a message"));
    throw_one(fault.found(found).expected(expected.to_owned()).help_if(help))
}

fn described(value: &Dynamic) -> String {
    to_node(value, &mut Vec::new(), "").describe()
}

/// A message that `next` returned: a map, or the name of a type.
pub(super) fn draft_of(
    facts: &AgentFacts,
    call: &mut Call,
    value: Dynamic,
    random: &mut Stream,
) -> Fallible<Draft> {
    if let Some(map) = value.read_lock::<Map>() {
        return draft_of_map(facts, call, &map, random);
    }
    if let Ok(name) = value.as_immutable_string_ref() {
        return Ok(Draft { type_id: type_id(facts, &name)?, ..Draft::default() });
    }
    let fault = Diagnostic::new(Exit::Thrown, "`next` returned what is no message").found(described(&value));
    Err(throw_one(
        fault.expected("a map such as #{ type: \"direct\" }, the name of a type, or () to send nothing"),
    ))
}

/// The answer that `on_message` returned. `consumes`: the agent works on what it receives.
pub(super) fn answer_of(value: &Dynamic, consumes: bool) -> Fallible<MessageAnswer> {
    let text = value.as_immutable_string_ref().ok();
    let answer = match text.as_deref().map(ImmutableString::as_str) {
        Some("refuse") => MessageAnswer::Refused,
        Some("reject") => MessageAnswer::Rejected,
        _ if value.is_unit() || !consumes => return Ok(MessageAnswer::Accepted),
        _ => {
            let fault = Diagnostic::new(Exit::Thrown, "`on_message` returned what is no answer");
            let fault = fault
                .found(described(value))
                .expected("\"refuse\", \"reject\", or () where the work is done");
            let help = "a function returns the value of its last line: end that line with `;` to return ()";
            return Err(throw_one(fault.help(help.to_owned())));
        }
    };
    if consumes {
        return Ok(answer);
    }
    let fault = Diagnostic::new(Exit::Thrown, "only a consumer can refuse or reject a message");
    let fault = fault.found(described(value)).expected("a group with `consumer`");
    Err(throw_one(fault.help("give the group `consumer: #{ service: \"0s\" }`".to_owned())))
}

/// The types that a message may have, as a fault says them.
fn types_known(facts: &AgentFacts, name: &str) -> String {
    if facts.type_names.is_empty() {
        return "a type of the scenario, which has none: `mix: [\"direct\"]`, or `types: #{ report: #{ wire_type: \"TEXT\" } }`"
            .to_owned();
    }
    one_of_near(name, facts.type_names.iter().map(ImmutableString::as_str), "")
}

fn type_id(facts: &AgentFacts, name: &str) -> Fallible<TypeId> {
    facts.types.get(name).copied().ok_or_else(|| {
        let known: Vec<&str> = facts.type_names.iter().map(ImmutableString::as_str).collect();
        let expected = types_known(facts, name);
        wrong("type", format!("the text \"{name}\""), &expected, did_you_mean(name, known))
    })
}

fn draft_of_map(facts: &AgentFacts, call: &mut Call, map: &Map, random: &mut Stream) -> Fallible<Draft> {
    let mut draft = Draft::default();
    let mut typed = false;
    for (key, value) in map {
        match key.as_str() {
            "type" => {
                draft.type_id = type_id(facts, &text(key, value)?)?;
                typed = true;
            }
            "recipient" => draft.recipient = Some(recipient(facts, call.agent, &text(key, value)?)?),
            "content" => draft.content = Some(content(value)),
            "priority" => {
                let name = text(key, value)?;
                let known = Priority::ALL.map(Priority::name);
                let priority = Priority::from_name(&name).ok_or_else(|| {
                    let expected = one_of(known);
                    wrong(key, described(value), &expected, did_you_mean(&name, known))
                })?;
                draft.priority = Some(priority);
            }
            "tags" => draft.tags = Some(tags(value)?),
            "metadata" => draft.metadata = Some(metadata(value)?),
            "after" => draft.after_ns = after(call, value)?.sample(random.next_u64()),
            key => {
                let fault = Diagnostic::new(Exit::Thrown, format!("a message has no `{key}`"));
                let fault = fault.expected(one_of(SEND_KEYS));
                return Err(throw_one(fault.help_if(did_you_mean(key, SEND_KEYS))));
            }
        }
    }
    if typed {
        return Ok(draft);
    }
    let fault = Diagnostic::new(Exit::Thrown, "a message needs a `type`");
    Err(throw_one(fault.expected(types_known(facts, ""))))
}

fn text(key: &str, value: &Dynamic) -> Fallible<ImmutableString> {
    match value.as_immutable_string_ref() {
        Ok(text) => Ok(text.clone()),
        Err(_) => Err(wrong(key, described(value), "a text", None)),
    }
}

/// Any value is content; what is no text is written as one.
fn content(value: &Dynamic) -> String {
    value.as_immutable_string_ref().map_or_else(|_| value.to_string(), |text| text.as_str().to_owned())
}

fn recipient(facts: &AgentFacts, sender: u32, name: &str) -> Fallible<Recipient> {
    let named = if name == "ALL" { Some(Recipient::All) } else { facts.names.recipient(name) };
    let recipient = named.ok_or_else(|| {
        let expected = "an agent, a group, other, any or all";
        wrong("recipient", format!("the text \"{name}\""), expected, did_you_mean(name, facts.names.all()))
    })?;
    match facts.names.nobody_else(&recipient, sender) {
        None => Ok(recipient),
        Some(why) => {
            let fault = Diagnostic::new(Exit::Thrown, format!("nobody is there to receive it: {why}"));
            let fault = fault.found(format!("the recipient \"{name}\"")).expected("another agent");
            Err(throw_one(
                fault.help("add an agent; an agent that means itself says its own name, `me.name`"),
            ))
        }
    }
}

fn tags(value: &Dynamic) -> Fallible<Vec<String>> {
    let list = value.read_lock::<Array>();
    let texts = list.as_ref().map(|list| list.iter().map(content).collect());
    texts.ok_or_else(|| wrong("tags", described(value), "a list of texts", None))
}

fn metadata(value: &Dynamic) -> Fallible<BTreeMap<String, Value>> {
    match to_node(value, &mut Vec::new(), "").to_json() {
        Value::Object(map) => Ok(map.into_iter().collect()),
        _ => Err(wrong("metadata", described(value), "a map", None)),
    }
}

fn after(call: &mut Call, value: &Dynamic) -> Fallible<Distribution> {
    let known = value.as_immutable_string_ref().ok().and_then(|text| call.laws.get(&*text).cloned());
    if let Some(law) = known {
        return Ok(law);
    }
    let node = to_node(value, &mut Vec::new(), "");
    let law = read_distribution(&node.to_json(), Dimension::Duration)
        .map_err(|error| wrong("after", error.found, &error.expected, error.help))?;
    if let (Ok(text), true) = (value.as_immutable_string_ref(), call.laws.len() < LAWS_MAX) {
        call.laws.insert(text.clone(), law.clone());
    }
    Ok(law)
}

/// A message, as a callback sees it.
#[derive(Clone)]
pub(super) struct ScriptMessage {
    facts: Arc<AgentFacts>,
    view: MessageView,
}

impl ScriptMessage {
    pub fn new(facts: &Arc<AgentFacts>, view: MessageView) -> ScriptMessage {
        ScriptMessage { facts: Arc::clone(facts), view }
    }

    fn tags(&mut self) -> Array {
        self.view.texts.tags().into_iter().map(Dynamic::from).collect()
    }

    fn metadata(&mut self) -> Map {
        self.view
            .texts
            .metadata()
            .iter()
            .map(|(key, value)| (key.as_str().into(), from_json(value)))
            .collect()
    }
}

/// A final outcome, as a callback sees it.
#[derive(Clone)]
pub(super) struct ScriptOutcome(pub OutcomeView);

/// Registers the three types.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Me>("Me");
    engine.register_get("name", Me::name);
    engine.register_get("now", |me: &mut Me| me.with(|call| call.now_ns as f64 / 1e9));
    // Without a setter, on purpose: the getter gives the state itself, so that `me.state.n += 1` changes it in
    // place, and Rhai would hand what it has changed to a setter by emptying it.
    engine.register_get("state", |me: &mut Me| me.state.clone());
    engine.register_fn("random", |me: &mut Me| me.with(|call| call.random.unit()));
    engine.register_fn("choose", Me::choose);
    engine.register_fn("send", Me::send);

    engine.register_type_with_name::<ScriptMessage>("Message");
    engine.register_get("type", |message: &mut ScriptMessage| {
        message.facts.type_names[message.view.type_id.index()].clone()
    });
    engine.register_get("message_type", |message: &mut ScriptMessage| {
        message.facts.wire_types[message.view.type_id.index()].clone()
    });
    engine.register_get("sender", |message: &mut ScriptMessage| message.view.texts.sender());
    engine.register_get("recipient", |message: &mut ScriptMessage| message.view.texts.recipient());
    engine.register_get("content", |message: &mut ScriptMessage| message.view.texts.content());
    engine.register_get("priority", |message: &mut ScriptMessage| {
        message.facts.priorities[message.view.priority as usize].clone()
    });
    engine.register_get("sequence", |message: &mut ScriptMessage| message.view.sequence as i64);
    engine.register_get("tags", ScriptMessage::tags);
    engine.register_get("metadata", ScriptMessage::metadata);

    engine.register_type_with_name::<ScriptOutcome>("Outcome");
    engine.register_get("result", |outcome: &mut ScriptOutcome| ImmutableString::from(outcome.0.result));
    engine.register_get("reason", |outcome: &mut ScriptOutcome| outcome.0.reason.clone());
    engine.register_get("attempts", |outcome: &mut ScriptOutcome| i64::from(outcome.0.attempts));
    engine.register_get("total", |outcome: &mut ScriptOutcome| Duration(Some(outcome.0.total_ns as f64)));
}
