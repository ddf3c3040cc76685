//! One evaluation of a script, from its text to the results of its runs.

use super::behaviour::ScriptBehaviour;
use super::faults::KnownNames;
use super::host::engine;
use super::modules::Sources;
use super::placeholder::PlaceholderPlayer;
use super::player::PlanPlayer;
use super::settings::{Param, ParamOrigin, Print, ScriptMode, Settings};
use super::source::Source;
use super::state::{Compared, PlayContext, PlayRequest, SharedState, Wanted};
use super::unused_flags::unused_flags;
use super::{api_params, calls, limits, literals, table};
use crate::advice;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::engine::{Behaviour, NoBehaviour};
use crate::plan::{
    Check, FigureNames, Functions, Plan, Planned, ReadContext, SourceText, parse_check, read_scenario,
};
use crate::results::comparisons::Aggregate;
use crate::results::seal;
use crate::results::{CheckResult, Run};
use rhai::{AST, Scope};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

/// The runs, parameters and faults that a script gave.
#[derive(Debug, Default)]
pub struct Execution {
    /// The results of its runs, in order, with the scenario's checks and those the script made on them.
    pub runs: Vec<Run>,
    /// Of each run, whether its results are shown by themselves; those of one of several replications are not.
    pub alone: Vec<bool>,
    /// The comparisons that the script made, in order.
    pub comparisons: Vec<Compared>,
    /// The figures of replicated runs over their seeds, in order.
    pub aggregates: Vec<Aggregate>,
    /// The plans met, in order.
    pub plans: Vec<Arc<Planned>>,
    /// What only the script knew: `check(truth, label)`.
    pub checks: Vec<CheckResult>,
    /// The parameters that the script declared.
    pub params: Vec<Param>,
    /// Files that `save` wrote.
    pub saved: Vec<PathBuf>,
    /// Everything that is wrong with the script.
    pub diagnostics: Diagnostics,
    /// What of it is wrong with flags: without meaning here, or parameters that there are not.
    pub wrong_flags: Diagnostics,
    /// Of a check: whether the script would do the very same if it were run.
    pub certain: bool,
    /// Of a check: whether it has come by every call that plays, so that flags which met nothing would meet nothing.
    pub met_all: bool,
    /// The texts that took part: the script and what it imported.
    pub sources: Vec<Arc<SourceText>>,
    /// What a check cannot know before the script is run.
    pub notes: Vec<String>,
}

impl Execution {
    fn failed(fault: Diagnostic) -> Execution {
        Execution { diagnostics: fault.into(), ..Execution::default() }
    }
}

/// Evaluates a script for what is wrong with it.
pub fn check(source: &Source, settings: &Settings, interrupted: &Arc<AtomicBool>) -> Execution {
    let settings = Settings { mode: ScriptMode::Check, ..settings.clone() };
    execute(source, &settings, &mut PlaceholderPlayer, interrupted)
}

/// Evaluates a script. `player` plays its plans on the calling thread; evaluation itself has a thread of its own.
///
/// It ends soon after `interrupted` is raised; a run that is being played then is the player's to end.
pub fn execute(
    source: &Source,
    settings: &Settings,
    player: &mut dyn PlanPlayer,
    interrupted: &Arc<AtomicBool>,
) -> Execution {
    let sources = Sources::default();
    sources.add(source.text.clone());
    let (plays, wanted) = channel();
    let shared = SharedState::new(source, settings, sources.clone(), plays);
    let engine = engine(&shared, source, &sources, &settings.print, interrupted);
    let mut known = KnownNames {
        sources,
        file: source.text.file.clone(),
        functions: function_names(&source.text.text),
        in_callback: false,
    };
    if let Some(fault) = literals::too_large(&source.text) {
        return Execution::failed(fault);
    }
    let mut ast = match engine.compile(&source.text.text) {
        Ok(ast) => ast,
        Err(error) => return Execution::failed(known.of_parsing(&source.text.file, &error.0, error.1)),
    };
    ast.set_source(source.text.file.as_str());
    if let Some(fault) = shadowing(&ast, &known) {
        return Execution::failed(fault);
    }
    let functions = functions(&ast);
    known.functions = functions.keys().cloned().collect();
    shared.lock().functions = functions;
    let result = std::thread::scope(|scope| {
        let script = std::thread::Builder::new().name("script".to_owned()).stack_size(limits::STACK_BYTES);
        let (engine, ast) = (&engine, &ast);
        let ending = HangUp(shared.clone());
        let script = script.spawn_scoped(scope, move || {
            let _ending = ending;
            engine.run_ast_with_scope(&mut Scope::new(), ast)
        });
        let stage = ScriptSetup { ast, known: &known, settings, interrupted, shared: &shared };
        play_all(&stage, &wanted, player);
        let joined = script.map(std::thread::ScopedJoinHandle::join);
        // Now that all runs have been played and written down.
        advise_all(&stage, player);
        joined
    });
    let faults = match result {
        Ok(Ok(Ok(()))) => Diagnostics::new(),
        Ok(Ok(Err(error))) => known.of_evaluation(&error),
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => Diagnostic::new(Exit::Bug, "the script's thread cannot be started")
            .found(error.to_string())
            .into(),
    };
    Execution { sources: known.sources.all(), ..finish(&shared, faults) }
}

/// Everything that each run of a script needs.
struct ScriptSetup<'a> {
    ast: &'a AST,
    known: &'a KnownNames,
    settings: &'a Settings,
    interrupted: &'a Arc<AtomicBool>,
    shared: &'a SharedState,
}

impl ScriptSetup<'_> {
    /// The agents' own part in a run.
    fn behaviour<'b>(&'b self, plan: &Plan, around: &PlayContext, print: &Print) -> Box<dyn Behaviour + 'b> {
        if plan.has_callback(|callbacks| callbacks.any()) && self.settings.mode != ScriptMode::Check {
            Box::new(ScriptBehaviour::new(self.ast, plan, around, self.known, print, self.interrupted))
        } else {
            Box::new(NoBehaviour)
        }
    }
}

/// Hangs up when the script's thread ends, however it ends.
struct HangUp(SharedState);

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.lock().plays = None;
    }
}

/// Plays what the script wants, until its thread hangs up.
fn play_all(stage: &ScriptSetup<'_>, wanted: &Receiver<Wanted>, player: &mut dyn PlanPlayer) {
    for wanted in wanted {
        // The script's thread waits for the answer, or has ended.
        match wanted {
            Wanted::Runs(play) => {
                let _ = play.reply.send(play_one(stage, &play, player));
            }
            Wanted::Advice(place, reply) => {
                advise(stage, place, player);
                let _ = reply.send(());
            }
        }
    }
}

fn play_one(
    stage: &ScriptSetup<'_>,
    play: &PlayRequest,
    player: &mut dyn PlanPlayer,
) -> Result<Vec<Arc<Run>>, Diagnostics> {
    let plans: Vec<Plan> =
        play.jobs.iter().map(|job| job.planned.plan.replication(job.replication)).collect();
    let around = &play.surroundings;
    let behaviour = |index: usize| stage.behaviour(&plans[index], around, &stage.settings.print);
    let runs = match &plans[..] {
        [plan] => vec![player.play(plan, &around.base, &mut *behaviour(0))?],
        several => player.play_all(several, &around.base, &behaviour)?,
    };
    Ok(runs.into_iter().map(Arc::new).collect())
}

/// Tries out what limits each run that is shown by itself; the others get no advice.
fn advise_all(stage: &ScriptSetup<'_>, player: &mut dyn PlanPlayer) {
    let runs = stage.shared.lock().met.len();
    for place in 0..runs {
        let (alone, tried) = {
            let met = &stage.shared.lock().met[place];
            (met.alone, met.tried)
        };
        if alone && !tried && stage.settings.advice {
            advise(stage, place, player);
        }
    }
    for met in stage.shared.lock().met.iter_mut().filter(|met| !met.tried) {
        advice::untried(&mut Arc::make_mut(&mut met.run).limits);
    }
}

/// Tries out what limits the run at this place. The state must not be locked.
fn advise(stage: &ScriptSetup<'_>, place: usize, player: &mut dyn PlanPlayer) {
    let (run, again, checks, functions) = {
        let mut state = stage.shared.lock();
        let functions = state.functions.clone();
        let met = &mut state.met[place];
        if std::mem::replace(&mut met.tried, true)
            || met.run.limits.iter().all(|limit| limit.setting.is_none())
        {
            return;
        }
        let Some(again) = met.again.clone() else {
            advice::untried(&mut Arc::make_mut(&mut met.run).limits);
            return;
        };
        let checks: Vec<String> = met.checks.iter().map(|check| check.expression.clone()).collect();
        (Arc::clone(&met.run), again, checks, functions)
    };
    let plan = &again.planned.plan;
    let names = FigureNames::of(plan);
    let checks: Vec<Check> = checks.iter().filter_map(|text| parse_check(text, &names).ok()).collect();
    let with = |setting: &str| {
        let (path, value) = setting.split_once('=')?;
        let mut overrides = again.overrides.clone();
        overrides.set.push((path.to_owned(), value.to_owned()));
        let context = ReadContext {
            source: &again.source,
            functions: &functions,
            overrides: &overrides,
            core: &plan.core,
        };
        read_scenario(&again.node, &context).ok().map(|planned| planned.plan)
    };
    let unheard: Print = Arc::new(|_| {});
    let around = &again.surroundings;
    let mut play = |plans: Vec<Plan>| {
        let behaviour = |index: usize| stage.behaviour(&plans[index], around, &unheard);
        player.rehearse(&plans, &around.base, &behaviour)
    };
    let limits =
        advice::tried(&run, advice::AdviceSetup { plan, checks: &checks, with: &with, play: &mut play });
    drop(run);
    let mut state = stage.shared.lock();
    Arc::make_mut(&mut state.met[place].run).limits = limits;
}

/// Where a value that is at fault came from a flag, through a parameter, the fault says so: its place is the script's.
fn said_by_flags(faults: Diagnostics, params: &[Param]) -> Diagnostics {
    let noted = |fault: Diagnostic| {
        let is_found = |param: &&Param| {
            let (text, number) = (format!("\"{}\"", param.value), format!("the number {}", param.value));
            fault.found.as_ref().is_some_and(|found| found.ends_with(&text) || *found == number)
        };
        let by = params.iter().filter(is_found).find_map(|param| match &param.origin {
            ParamOrigin::Flag(flag) => Some(format!("`{}` is `{}` by `{flag}`", param.name, param.value)),
            ParamOrigin::Default => None,
        });
        match by {
            Some(note) => fault.note(note),
            None => fault,
        }
    };
    faults.into_iter().map(noted).collect()
}

fn finish(shared: &SharedState, faults: Diagnostics) -> Execution {
    let mut state = shared.lock();
    let mut diagnostics = std::mem::take(&mut state.faults);
    // What fails after a faulty scenario, or after an interruption, fails because of it.
    let complete = faults.is_empty() && !state.faulty;
    if !(state.faulty && diagnostics.exit() != Exit::Success && faults.exit() == Exit::Thrown) {
        diagnostics.append(faults);
    }
    let mut wrong_flags = Diagnostics::new();
    if complete {
        wrong_flags = api_params::undeclared(&state).into_iter().chain(unused_flags(&state)).collect();
        if nothing_played(&state) {
            diagnostics.push(nothing_was_run(&state));
        }
    } else if !matches!(state.settings.mode, ScriptMode::Run) {
        // What is misspelled is told with the rest, not after it has been mended.
        wrong_flags = api_params::undeclared_for_sure(&state);
    }
    diagnostics.append(wrong_flags.clone());
    let diagnostics = said_by_flags(diagnostics, &state.params);
    let enough = state.met.len() < limits::CHECK_RUNS_MAX;
    let certain = enough && !state.results_read.load(Ordering::Relaxed);
    let met_all = enough && (certain || calls::met_all(&state));
    let mut notes = Vec::new();
    if state.checking() && !certain && state.results_read.load(Ordering::Relaxed) {
        notes.push(
            "the script looks at results, which are all zero in a check: what depends on them went one way only"
                .to_owned(),
        );
    }
    if state.checking() && state.met.len() >= limits::CHECK_RUNS_MAX {
        notes.push(format!("only the first {} runs were met", limits::CHECK_RUNS_MAX));
    }
    let alone = state.met.iter().map(|met| met.alone).collect();
    let runs = state.met.drain(..).map(|met| {
        let mut run = Arc::unwrap_or_clone(met.run);
        if !met.checks.is_empty() {
            run.checks.extend(met.checks);
            seal(&mut run);
        }
        run
    });
    let runs = runs.collect();
    Execution {
        sources: Vec::new(),
        runs,
        alone,
        comparisons: std::mem::take(&mut state.comparisons),
        aggregates: std::mem::take(&mut state.aggregates),
        plans: std::mem::take(&mut state.plans),
        checks: std::mem::take(&mut state.checks),
        params: std::mem::take(&mut state.params),
        saved: std::mem::take(&mut state.saved),
        diagnostics,
        wrong_flags,
        certain,
        met_all,
        notes,
    }
}

/// Whether a script came to its end without having run or compared anything: it has tested nothing.
fn nothing_played(state: &super::state::State) -> bool {
    state.met.is_empty() && state.comparisons.is_empty()
}

/// A script that tests nothing must not pass for one that holds.
fn nothing_was_run(state: &super::state::State) -> Diagnostic {
    let text = state.sources.get(&state.file).unwrap_or_default();
    let calls = super::locate::calls(&text.text, &["run", "compare"]);
    let fault = Diagnostic::new(Exit::Thrown, "nothing was run").at(SourcePlace::file(&state.file));
    match calls.first() {
        Some(at) => fault
            .at(SourcePlace::in_text(&text.file, &text.text, at.line, at.column))
            .found("a script that came to its end without reaching this call")
            .expected("at least one `run` or `compare` that is reached")
            .help("look at the condition or the function that it stands in"),
        None if state.scenarios > 0 => fault
            .found("a scenario, and nothing that runs it")
            .help("add run(…): where the scenario is called `s`, write `run(s);`"),
        None => fault
            .found("a script without a scenario")
            .help(r#"add run(…): write `run(scenario(#{ arrival: "20/s", mix: ["direct"] }));`"#),
    }
}

fn functions(ast: &AST) -> Functions {
    let mut functions = Functions::new();
    for function in ast.iter_functions().filter(|function| !function.name.starts_with("anon$")) {
        functions.entry(function.name.to_owned()).or_default().push(function.params.len());
    }
    functions
}

/// Names of functions as they stand in the text, for suggestions when it does not compile.
fn function_names(text: &str) -> Vec<String> {
    let words = text.split("fn ").skip(1);
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    words.map(name).filter(|name| !name.is_empty()).collect()
}

/// A function of the script that would silently replace one of ours.
fn shadowing(ast: &AST, known: &KnownNames) -> Option<Diagnostic> {
    let function = ast.iter_functions().find(|function| table::has(function.name, function.params.len()))?;
    Some(
        Diagnostic::new(Exit::Script, format!("the function `{}` would replace one of ours", function.name))
            .at(known.definition(function.name))
            .found(format!("fn {}({})", function.name, function.params.join(", ")))
            .expected(format!(
                "another name: {} is part of the script API",
                table::forms(function.name).join(", ")
            )),
    )
}
