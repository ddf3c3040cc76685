//! Agents that are functions of the script.

use super::api_maps::register_distributions;
use super::behaviour_me::{
    AgentFacts, Call, Me, ScriptMessage, ScriptOutcome, answer_of, draft_of, register,
};
use super::convert::from_json;
use super::enforce::{Limited, enforce_limits};
use super::faults::KnownNames;
use super::host::{bare, refuse_clocks, set_print};
use super::settings::Print;
use super::state::PlayContext;
use super::{duration, shown};
use crate::diagnostics::Diagnostics;
use crate::engine::{Behaviour, BehaviourError, Draft, MessageAnswer, MessageView, OutcomeView, Sending};
use crate::plan::{Callback, Plan};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, FnPtr, FuncArgs, Map, Module, Scope};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Every so many calls, one is timed.
const TIMED_EVERY: u64 = 16;

/// A function of the script, ready to be called.
enum Function {
    Named(String),
    Closure(FnPtr),
}

/// The functions of one group.
#[derive(Default)]
struct Functions {
    on_start: Option<Function>,
    next: Option<Function>,
    on_message: Option<Function>,
    on_outcome: Option<Function>,
}

/// The agents' own part in a run, played by the script's functions in an engine of their own.
pub(super) struct ScriptBehaviour {
    engine: Engine,
    ast: AST,
    known: KnownNames,
    facts: Arc<AgentFacts>,
    functions: Vec<Functions>,
    call: Arc<Mutex<Call>>,
    initial: Vec<Map>,
    /// Whether the agents of each group work on what they receive.
    consumes: Vec<bool>,
    /// The state of each agent, made at its first call.
    states: Vec<Option<Dynamic>>,
    calls: u64,
    timed: u64,
    timed_total: Duration,
}

impl ScriptBehaviour {
    /// The behaviour for one run: nothing in it is shared with another run.
    pub fn new(
        ast: &AST,
        plan: &Plan,
        around: &PlayContext,
        known: &KnownNames,
        print: &Print,
        interrupted: &Arc<AtomicBool>,
    ) -> ScriptBehaviour {
        // Texts made in callbacks are short and unique: keeping them would cost four times as much as making them.
        let mut engine = bare();
        enforce_limits(&mut engine, Limited::Callbacks, interrupted);
        refuse_clocks(&mut engine);
        set_print(&mut engine, print);
        duration::register(&mut engine);
        shown::register(&mut engine);
        register(&mut engine);
        register_distributions(&mut engine);
        register_globals(&mut engine, ast, around);
        let function = |callback: &Option<Callback>| match callback.as_ref()? {
            Callback::Named(name) => Some(Function::Named(name.clone())),
            Callback::Closure { index, .. } => {
                around.closures.get(*index).map(|f| Function::Closure(detached(f)))
            }
        };
        let functions = plan.groups.iter().map(|group| Functions {
            on_start: function(&group.callbacks.on_start),
            next: function(&group.callbacks.next),
            on_message: function(&group.callbacks.on_message),
            on_outcome: function(&group.callbacks.on_outcome),
        });
        let state =
            |group: &crate::plan::Group| from_json(&group.state).try_cast::<Map>().unwrap_or_default();
        ScriptBehaviour {
            functions: functions.collect(),
            initial: plan.groups.iter().map(state).collect(),
            consumes: plan.groups.iter().map(|group| group.consumer.is_some()).collect(),
            states: Vec::new(),
            engine,
            ast: ast.clone_functions_only(),
            known: KnownNames { in_callback: true, ..known.clone() },
            facts: Arc::new(AgentFacts::of(plan)),
            call: Arc::default(),
            calls: 0,
            timed: 0,
            timed_total: Duration::ZERO,
        }
    }

    fn group_of(&self, agent: u32) -> usize {
        self.facts.firsts.partition_point(|first| *first <= agent) - 1
    }

    fn state(&mut self, agent: u32, group: usize) -> Dynamic {
        let index = agent as usize;
        if index >= self.states.len() {
            self.states.resize(index + 1, None);
        }
        let initial = &self.initial[group];
        self.states[index].get_or_insert_with(|| Dynamic::from(initial.clone()).into_shared()).clone()
    }

    /// Calls a function with `me` and whatever `arguments` adds, and hands what it sent over to the run.
    fn call(
        &mut self,
        sending: &mut Sending<'_>,
        pick: fn(&Functions) -> &Option<Function>,
        arguments: impl FnOnce(&Arc<AgentFacts>, Me) -> CallbackArguments,
    ) -> Result<Option<Dynamic>, BehaviourError> {
        let group = self.group_of(sending.agent);
        if pick(&self.functions[group]).is_none() {
            return Ok(None);
        }
        let state = self.state(sending.agent, group);
        {
            let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            call.begin(sending);
        }
        let me = Me::new(Arc::clone(&self.call), Arc::clone(&self.facts), sending.agent, group, state);
        let arguments = arguments(&self.facts, me);
        self.calls += 1;
        let started = self.calls.is_multiple_of(TIMED_EVERY).then(Instant::now);
        let function = pick(&self.functions[group]).as_ref().expect("looked up above");
        let result = match arguments {
            CallbackArguments::Me(me) => self.enter(function, (me,)),
            CallbackArguments::ScriptMessage(me, message) => self.enter(function, (me, message)),
            CallbackArguments::ScriptOutcome(me, message, outcome) => {
                self.enter(function, (me, message, outcome))
            }
        };
        if let Some(started) = started {
            self.timed += 1;
            self.timed_total += started.elapsed();
        }
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        call.end(sending);
        drop(call);
        result.map(Some).map_err(|error| self.failed(&error, group, pick))
    }

    fn enter(&self, function: &Function, arguments: impl FuncArgs) -> Result<Dynamic, Box<EvalAltResult>> {
        match function {
            Function::Named(name) => {
                let options = CallFnOptions::new().eval_ast(false);
                self.engine.call_fn_with_options(options, &mut Scope::new(), &self.ast, name, arguments)
            }
            Function::Closure(closure) => closure.call(&self.engine, &self.ast, arguments),
        }
    }

    /// Limits have no place of their own: the function's is the next best.
    fn failed(
        &self,
        error: &EvalAltResult,
        group: usize,
        pick: fn(&Functions) -> &Option<Function>,
    ) -> BehaviourError {
        let mut faults = self.known.of_evaluation(error);
        if let Some(Function::Named(name)) = pick(&self.functions[group]) {
            for fault in faults.iter_mut().filter(|fault| fault.place.is_none()) {
                fault.place = self.known.definition(name);
                fault.notes.push(format!("in the callback `{name}`"));
            }
        }
        BehaviourError(Box::new(faults))
    }
}

enum CallbackArguments {
    Me(Me),
    ScriptMessage(Me, ScriptMessage),
    ScriptOutcome(Me, ScriptMessage, ScriptOutcome),
}

/// The diagnostics in a behaviour's failure.
pub fn behaviour_diagnostics(error: BehaviourError) -> Diagnostics {
    match error.0.downcast::<Diagnostics>() {
        Ok(diagnostics) => *diagnostics,
        Err(other) => {
            crate::diagnostics::Diagnostic::new(crate::diagnostics::Exit::Thrown, other.to_string()).into()
        }
    }
}

/// A closure whose captured values belong to this run alone.
fn detached(closure: &FnPtr) -> FnPtr {
    let mut closure = closure.clone();
    for value in closure.iter_curry_mut() {
        *value = value.clone().flatten().into_shared();
    }
    closure
}

/// What a functions-only AST cannot see of the top level: imported modules and literal constants.
fn register_globals(engine: &mut Engine, ast: &AST, around: &PlayContext) {
    for (name, module) in &around.imports {
        engine.register_static_module(name, module.clone().into());
    }
    let mut global = Module::new();
    for (name, _, value) in ast.iter_literal_variables(true, false) {
        global.set_var(name, value);
    }
    engine.register_static_module("global", global.into());
}

impl Behaviour for ScriptBehaviour {
    fn on_start(&mut self, sending: &mut Sending<'_>) -> Result<(), BehaviourError> {
        self.call(sending, |functions| &functions.on_start, |_, me| CallbackArguments::Me(me)).map(drop)
    }

    fn next(&mut self, sending: &mut Sending<'_>) -> Result<Option<Draft>, BehaviourError> {
        let group = self.group_of(sending.agent);
        let returned = self.call(sending, |functions| &functions.next, |_, me| CallbackArguments::Me(me))?;
        let Some(value) = returned.filter(|value| !value.is_unit()) else { return Ok(None) };
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let draft = draft_of(&self.facts, &mut call, value, sending.random);
        drop(call);
        draft.map(Some).map_err(|error| self.failed(&error, group, |functions| &functions.next))
    }

    fn on_message(
        &mut self,
        sending: &mut Sending<'_>,
        message: MessageView,
    ) -> Result<MessageAnswer, BehaviourError> {
        let arguments = |facts: &Arc<AgentFacts>, me| {
            CallbackArguments::ScriptMessage(me, ScriptMessage::new(facts, message))
        };
        let group = self.group_of(sending.agent);
        let returned = self.call(sending, |functions| &functions.on_message, arguments)?;
        let answer =
            returned.map_or(Ok(MessageAnswer::Accepted), |value| answer_of(&value, self.consumes[group]));
        answer.map_err(|error| self.failed(&error, group, |functions| &functions.on_message))
    }

    fn on_outcome(
        &mut self,
        sending: &mut Sending<'_>,
        message: MessageView,
        outcome: OutcomeView,
    ) -> Result<(), BehaviourError> {
        let arguments = |facts: &Arc<AgentFacts>, me| {
            let message = ScriptMessage::new(facts, message);
            CallbackArguments::ScriptOutcome(me, message, ScriptOutcome(outcome))
        };
        self.call(sending, |functions| &functions.on_outcome, arguments).map(drop)
    }

    fn seconds(&self) -> Option<f64> {
        let scale = self.calls as f64 / self.timed.max(1) as f64;
        Some(self.timed_total.as_secs_f64() * scale)
    }
}

/// The first agent's number of each group.
pub(super) fn first_agents(plan: &Plan) -> Vec<u32> {
    let mut first = 0;
    plan.groups
        .iter()
        .map(|group| {
            let this = first;
            first += group.count;
            this
        })
        .collect()
}
