//! Scenarios, runs, checks, and what is read and written.

use super::api_compare::on_cores;
use super::api_maps::{SESSION, resolve_session, session_core};
use super::api_params::undeclared_for_sure;
use super::convert::{from_node, to_node};
use super::faults::{ScriptStop, throw, throw_one};
use super::limits::CHECK_RUNS_MAX;
use super::locate::locate;
use super::modules::read_inside;
use super::play::{bottlenecks_of, imports, keep, play, surroundings};
use super::result_view::ResultView;
use super::saved_results::SavedResults;
use super::state::{ReplicationJob, Rerun, SharedState, State};
use crate::compare::aggregate;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::engine::record_libraries;
use crate::files::in_words;
use crate::judgement::evaluate;
use crate::plan::text::parse_text;
use crate::plan::tree::{Position as TreePosition, TreeNode};
use crate::plan::{
    CoreSpec, FigureNames, Planned, ReadContext, SourceText, parse_check, read_core, read_scenario, variant,
};
use crate::results::seal;
use crate::results::{CheckResult, Report, Run};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext, Position};
use std::path::{Component, Path};
use std::sync::Arc;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// A scenario that is faulty, in a check: what is wrong has been noted.
#[derive(Debug, Clone)]
pub(super) struct Faulty;

/// Registers everything that concerns runs.
pub(super) fn register(engine: &mut Engine, shared: &SharedState) {
    engine.register_type_with_name::<Faulty>("Scenario");
    let state = shared.clone();
    engine
        .register_fn("scenario", move |context: NativeCallContext, map: Map| scenario(&state, &context, map));
    let state = shared.clone();
    engine.register_fn("run", move |context: NativeCallContext, scenario: Map| {
        run(&state, &context, scenario, None)
    });
    let state = shared.clone();
    engine.register_fn("run", move |context: NativeCallContext, scenario: Map, core: Dynamic| {
        run(&state, &context, scenario, Some(core))
    });
    let state = shared.clone();
    engine.register_fn("run", move |context: NativeCallContext, _: Faulty| state.lock().reach(&context));
    let state = shared.clone();
    engine.register_fn("run", move |context: NativeCallContext, _: Faulty, _: Dynamic| {
        state.lock().reach(&context);
    });
    engine.register_fn("variant", |scenario: Map, over: Map| {
        let mut closures = Vec::new();
        let base = to_node(&Dynamic::from(scenario.clone()), &mut closures, "");
        let node = to_node(&Dynamic::from(over.clone()), &mut closures, "");
        if closures.is_empty() {
            return from_node(&variant(&base, &node)).try_cast::<Map>().unwrap_or_default();
        }
        merge(scenario, over)
    });
    engine.register_fn("variant", |faulty: Faulty, _: Map| faulty);
    let state = shared.clone();
    engine.register_fn(
        "check",
        move |context: NativeCallContext, result: ResultView, text: ImmutableString| {
            check(&state, &context, &result, &text)
        },
    );
    let state = shared.clone();
    engine.register_fn("check", move |truth: bool, label: ImmutableString| {
        let mut state = state.lock();
        if !state.checking() {
            let seen = if truth { "true" } else { "false" };
            let result = CheckResult {
                expression: label.to_string(),
                holds: truth,
                seen: seen.to_owned(),
                undecided: None,
                note: None,
            };
            state.checks.push(result);
        }
    });
    let state = shared.clone();
    engine.register_fn("load", move |name: ImmutableString| load(&state, &name));
    let state = shared.clone();
    engine.register_fn("save", move |result: ResultView, name: ImmutableString| save(&state, &result, &name));
}

/// A variant of a map with closures in it, which a tree cannot give back: merged as maps.
fn merge(mut base: Map, over: Map) -> Map {
    for (key, value) in over {
        let merged = match (
            base.get(&key).and_then(|there| there.clone().try_cast::<Map>()),
            value.clone().try_cast::<Map>(),
        ) {
            (Some(there), Some(value)) if !matches!(key.as_str(), "arrival" | "mix") => {
                merge(there, value).into()
            }
            _ => value,
        };
        base.insert(key, merged);
    }
    base
}

/// The tree of a scenario with its places.
pub(super) fn located(
    state: &mut State,
    context: &NativeCallContext<'_>,
    map: Map,
) -> (TreeNode, Arc<SourceText>) {
    let (source, at) = state.call(context);
    let place = format!("{}:{}", source.file, at.map_or(0, |at| at.line));
    let mut node = to_node(&Dynamic::from(map), &mut state.closures, &place);
    if let Some(at) = at {
        locate(&mut node, &source.file, &source.text, at, 0);
    }
    (node, source)
}

pub(super) fn read(
    state: &State,
    node: &TreeNode,
    source: &SourceText,
    core: &CoreSpec,
) -> Result<Planned, Diagnostics> {
    let context = ReadContext { source, functions: &state.functions, overrides: &state.overrides, core };
    read_scenario(node, &context)
}

fn scenario(shared: &SharedState, context: &NativeCallContext<'_>, map: Map) -> Fallible<Dynamic> {
    let mut state = shared.lock();
    state.scenarios += 1;
    let closures = state.closures.len();
    let (node, source) = located(&mut state, context, map.clone());
    let planned = read(&state, &node, &source, &CoreSpec::plain("mock"));
    // `run` reads the map again and finds its closures anew.
    state.closures.truncate(closures);
    match planned {
        Ok(_) => Ok(map.into()),
        Err(faults) if state.checking() => {
            state.faults.append(faults);
            state.faulty = true;
            Ok(Dynamic::from(Faulty))
        }
        Err(faults) => Err(throw(faults, Position::NONE)),
    }
}

/// The core of a run.
pub(super) enum Chosen {
    /// The core of the session.
    Session,
    /// The one that `--compare` names, in place of the session's.
    Flag(String),
    /// The one in a script's map, in which the session's may be meant, too.
    Tree(TreeNode),
}

/// Reads the core that is chosen. `source` and `at` are of the call that a tree stands in.
pub(super) fn core_of(
    state: &mut State,
    source: &SourceText,
    at: Option<TreePosition>,
    chosen: Chosen,
) -> Result<CoreSpec, Diagnostics> {
    let by_flag = match &chosen {
        Chosen::Flag(id) => Some(TreeNode::text(absolute(id))),
        _ => state.overrides.core.clone(),
    };
    let session = session_core(by_flag.as_ref(), state.default_core.as_ref());
    let (mut node, own) = match chosen {
        Chosen::Tree(node) => (node, true),
        Chosen::Session | Chosen::Flag(_) => (session.clone(), false),
    };
    if let (Some(at), true, None) = (at, own, node.at) {
        locate(&mut node, &source.file, &source.text, at, 1);
    }
    let of_session = resolve_session(&mut node, &session);
    let no_place = SourceText::default();
    let mut spec = read_core(&node, if own { source } else { &no_place })?;
    if of_session {
        let compared = state.settings.comparing.cores.clone();
        state.overrides.apply_core_options(&mut spec, compared.as_deref())?;
        state.overrides.apply_chaos(&mut spec)?;
        state.session_core_used = true;
    }
    if state.overrides.apply_to_core(&mut spec)? {
        state.mock_met = true;
    }
    Ok(spec)
}

/// A file that a flag names is relative to the current folder, not to the script's.
fn absolute(id: &str) -> String {
    if !id.contains('/') {
        return id.to_owned();
    }
    std::path::absolute(id).map_or_else(|_| id.to_owned(), |path| path.display().to_string())
}

/// A check follows no more runs.
pub(super) fn enough_runs() -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(ScriptStop::EnoughRuns), Position::NONE))
}

fn run(
    shared: &SharedState,
    context: &NativeCallContext<'_>,
    scenario: Map,
    core: Option<Dynamic>,
) -> Fallible<Dynamic> {
    let mut state = shared.lock();
    state.reach(context);
    if state.checking() && state.met.len() >= CHECK_RUNS_MAX {
        return Err(enough_runs());
    }
    if state.met.is_empty() && !state.checking() {
        let faults = undeclared_for_sure(&state);
        if !faults.is_empty() {
            return Err(throw(faults, Position::NONE));
        }
    }
    let (node, source) = located(&mut state, context, scenario);
    let at = state.call(context).1;
    let core = core.map(|core| to_node(&core, &mut Vec::new(), ""));
    let mut planned = Vec::new();
    let mut faults = Diagnostics::new();
    for core in cores_of(&state, core) {
        match core_of(&mut state, &source, at, core).and_then(|core| read(&state, &node, &source, &core)) {
            Ok(plan) => planned.push(Arc::new(plan)),
            Err(wrong) => faults.append(wrong),
        }
    }
    if !faults.is_empty() {
        if !state.checking() {
            return Err(throw(faults, Position::NONE));
        }
        state.faults.append(faults);
        state.faulty = true;
        return Ok(Dynamic::UNIT);
    }
    let repeats = if state.checking() { 1 } else { state.settings.comparing.repeats.unwrap_or(1) };
    let first = Arc::clone(&planned[0]);
    let overrides = state.overrides.clone();
    drop(state);
    let place = if planned.len() > 1 {
        on_cores(shared, imports(context), planned)?
    } else {
        let surroundings = surroundings(shared, imports(context));
        let again = Rerun { planned: Arc::clone(&first), node, source, overrides, surroundings };
        replicate(shared, &Arc::new(again), repeats)?
    };
    let state = shared.lock();
    let (run, read) = (Arc::clone(&state.met[place].run), Arc::clone(&state.results_read));
    Ok(Dynamic::from(ResultView::new(run, first, place, read, shared.clone())))
}

/// What a run is on: the core it names, the session's, or all those that `--compare` names in its place.
fn cores_of(state: &State, core: Option<TreeNode>) -> Vec<Chosen> {
    match (&state.settings.comparing.cores, core) {
        (Some(cores), None) => cores.iter().cloned().map(Chosen::Flag).collect(),
        (Some(cores), Some(core)) if core.get(SESSION).is_some() => {
            cores.iter().cloned().map(Chosen::Flag).collect()
        }
        (_, Some(core)) => vec![Chosen::Tree(core)],
        (None, None) => vec![Chosen::Session],
    }
}

/// Plays replications of a plan; the first speaks for itself, all together for their aggregate. Returns the place of
/// the first.
fn replicate(shared: &SharedState, again: &Arc<Rerun>, repeats: u64) -> Fallible<usize> {
    let job = |replication| ReplicationJob { planned: Arc::clone(&again.planned), replication };
    let runs = play(shared, Arc::clone(&again.surroundings), (0..repeats).map(job).collect())?;
    let place = keep(shared, &runs, Some(again), |index| index == 0);
    if repeats > 1 {
        let runs: Vec<&Run> = runs.iter().map(|run| &**run).collect();
        shared.lock().aggregates.push(aggregate(&runs));
    }
    Ok(place)
}

fn check(
    shared: &SharedState,
    context: &NativeCallContext<'_>,
    result: &ResultView,
    text: &str,
) -> Fallible<()> {
    let fault = |title: String| Diagnostic::new(Exit::Contents, title).found(format!("the check `{text}`"));
    if !result.is_whole() {
        let fault = Diagnostic::new(Exit::Thrown, "`check` takes the result of a run, not a part of it");
        return Err(throw_one(fault.help("name the part in the text: \"by_type.direct.total.p99 < 100ms\"")));
    }
    let check = parse_check(text, &FigureNames::of(&result.planned.plan))
        .map_err(|error| fault(error.title).expected(error.expected).help_if(error.help));
    let mut state = shared.lock();
    let check = check.map_err(|fault| fault.at(place_of_argument(&state, context, text, 1)));
    match check {
        Err(fault) if state.checking() => {
            let faults = &mut state.faults;
            faults.push(fault);
        }
        Err(fault) => return Err(throw_one(fault)),
        Ok(_) if state.checking() => {}
        Ok(check) => {
            let seen = evaluate(&result.run, &check);
            state.met[result.index].checks.push(seen);
        }
    }
    Ok(())
}

/// Where a text stands that is an argument of a call.
fn place_of_argument(
    state: &State,
    context: &NativeCallContext<'_>,
    text: &str,
    argument: usize,
) -> Option<SourcePlace> {
    let (source, at) = state.call(context);
    let mut node = TreeNode::text(text);
    locate(&mut node, &source.file, &source.text, at?, argument);
    let at = node.at?;
    Some(SourcePlace::in_text(&source.file, &source.text, at.line, at.column))
}

fn load(shared: &SharedState, name: &str) -> Fallible<Dynamic> {
    let folder = shared.lock().folder.clone();
    let (path, text) = read_inside(folder.as_deref(), name, "load").map_err(|f| throw(f, Position::NONE))?;
    if let Some(results) = SavedResults::read(&path, &text) {
        return results.map(Dynamic::from).map_err(|f| throw(f, Position::NONE));
    }
    let node = parse_text(&path.display().to_string(), &text).map_err(|f| throw(f, Position::NONE))?;
    Ok(from_node(&node))
}

fn output_fault(name: &str, title: &str, found: String) -> Box<EvalAltResult> {
    throw_one(Diagnostic::new(Exit::Usage, title).found(found).note(format!("`save(\"{name}\")`")))
}

fn save(shared: &SharedState, result: &ResultView, name: &str) -> Fallible<()> {
    let plain = !name.is_empty()
        && name != "-"
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain {
        let found = format!("`{name}`");
        return Err(output_fault(name, "a script saves only below the output folder", found));
    }
    let limits = bottlenecks_of(shared, result.index);
    let mut state = shared.lock();
    if state.checking() {
        return Ok(());
    }
    let path = state.settings.output_folder.join(name);
    // A folder on the way may be a link.
    let within = path.parent().zip(state.settings.output_folder.canonicalize().ok());
    if let Some((Ok(folder), output_folder)) = within.map(|(folder, output)| (folder.canonicalize(), output))
        && !folder.starts_with(&output_folder)
    {
        let found = format!("`{name}` leads to `{}`", folder.display());
        return Err(output_fault(name, "a script saves only below the output folder", found));
    }
    if path.exists() && !state.settings.force {
        let found = format!("`{}`; `--force` replaces it", path.display());
        return Err(output_fault(name, "the file is already there", found));
    }
    let mut run = Run::clone(&result.run);
    run.limits = limits;
    run.checks.extend(state.met[result.index].checks.iter().cloned());
    seal(&mut run);
    record_libraries(&mut run);
    let text = serde_json::to_string_pretty(&Report::new(vec![run])).unwrap_or_default();
    crate::files::keep(&path, (text + "\n").as_bytes())
        .map_err(|error| output_fault(name, "the result cannot be saved", in_words(&error)))?;
    state.saved.push(path);
    Ok(())
}
