//! `compare`: the same scenario on several cores, variants of a scenario on one, or results that are there already.

use super::api_run::{Chosen, Faulty, core_of, located, read};
use super::comparison_view::ComparisonView;
use super::faults::throw;
use super::limits::CHECK_RUNS_MAX;
use super::play::{imports, keep, play, surroundings};
use super::result_view::ResultView;
use super::saved_results::SavedResults;
use super::state::{Compared, ReplicationJob, SharedState, State};
use super::words::a_value_of;
use crate::compare::{
    Candidate, Question, REPLICATIONS_MIN, WITHIN_DEFAULT, compare as judged, groups, names_of, parse_within,
    several_groups, unique,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::plan::tree::TreeNode;
use crate::plan::{Between, ComparisonSpec, FigureNames, Planned, parse_figure, read_comparison, variant};
use crate::results::Run;
use crate::results::comparisons::{Comparison, Within};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Module, NativeCallContext, Position};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Replications of each alternative unless something else is said.
const REPEATS_DEFAULT: u64 = 5;

/// Registers the function `compare`.
pub(super) fn register(engine: &mut Engine, shared: &SharedState) {
    let state = shared.clone();
    engine.register_fn("compare", move |context: NativeCallContext, map: Map| compare(&state, &context, map));
}

/// Alternatives with the plan of each.
type Alternatives = Vec<(String, Arc<Planned>)>;

fn compare(shared: &SharedState, context: &NativeCallContext<'_>, map: Map) -> Fallible<Dynamic> {
    if map.get("scenario").is_some_and(Dynamic::is::<Faulty>) {
        return Ok(Dynamic::from(Faulty));
    }
    let results = map.get("results").and_then(|list| list.clone().try_cast::<Array>()).unwrap_or_default();
    let mut state = shared.lock();
    state.reach(context);
    let (node, source) = located(&mut state, context, map);
    let spec = read_comparison(&node, &source);
    let asked = spec.and_then(|spec| Ok((ComparisonRequest::of(&state, &spec)?, spec)));
    let (asked, spec) = match asked {
        Ok(asked) => asked,
        Err(faults) => return failed(&mut state, faults),
    };
    let comparison = match &spec.between {
        Between::Results(_) => {
            drop(state);
            of_results(&results, &asked).map_err(|faults| throw(faults, Position::NONE))?
        }
        _ => {
            let alternatives = match alternatives(&mut state, context, &source, &spec) {
                Ok(alternatives) => alternatives,
                Err(faults) => return failed(&mut state, faults),
            };
            drop(state);
            played(shared, imports(context), alternatives, &asked)?.0
        }
    };
    let mut state = shared.lock();
    let comparison = Arc::new(comparison);
    let told = Arc::new(AtomicBool::new(false));
    state.comparisons.push(Compared { comparison: Arc::clone(&comparison), told: Arc::clone(&told) });
    let read = Arc::clone(&state.results_read);
    let played = !state.checking();
    Ok(Dynamic::from(ComparisonView { comparison, played, told, read }))
}

/// In a check the faults are noted, and the script goes on without the comparison.
fn failed(state: &mut State, faults: Diagnostics) -> Fallible<Dynamic> {
    if !state.checking() {
        return Err(throw(faults, Position::NONE));
    }
    state.faults.append(faults);
    state.faulty = true;
    Ok(Dynamic::from(Faulty))
}

/// What is asked of a comparison, by flags before the script.
pub(super) struct ComparisonRequest {
    repeats: u64,
    within: Within,
    figures: Option<Vec<String>>,
    /// The place of each figure in the script.
    figures_at: Vec<Option<SourcePlace>>,
    /// Whether the figures come from a flag.
    flag: bool,
}

impl ComparisonRequest {
    /// What flags say, else what `spec` says, else the defaults.
    pub fn of(state: &State, spec: &ComparisonSpec) -> Result<ComparisonRequest, Diagnostics> {
        let flags = &state.settings.comparing;
        let written = spec.within.as_deref().map(|text| {
            parse_within(text).map_err(|expected| {
                let fault = Diagnostic::new(Exit::Contents, "wrong value for `compare.within`")
                    .at(spec.within_at.clone());
                Diagnostics::from(fault.found(format!("`{text}`")).expected(expected))
            })
        });
        let within = flags.within.map_or_else(|| written.unwrap_or(Ok(WITHIN_DEFAULT)), Ok)?;
        Ok(ComparisonRequest {
            repeats: flags.repeats.or(spec.repeats).unwrap_or(REPEATS_DEFAULT),
            within,
            figures: flags.figures.clone().or_else(|| spec.figures.clone()),
            flag: flags.figures.is_some(),
            figures_at: if flags.figures.is_some() { Vec::new() } else { spec.figures_at.clone() },
        })
    }

    fn question(&self, names: &FigureNames<'_>) -> Result<Question, Diagnostics> {
        let (exit, place) = match self.flag {
            true => (Exit::Usage, "it comes from `--figures`"),
            false => (Exit::Contents, "it comes from `figures`"),
        };
        Question::read(self.figures.as_deref(), Some(self.within), names, exit).map_err(|wrong| {
            let at = self.places_of_wrong(names).into_iter().chain(std::iter::repeat(None));
            wrong.into_iter().zip(at).map(|(fault, at)| fault.at(at).note(place)).collect()
        })
    }

    /// Where the figures stand that are none, in order.
    fn places_of_wrong(&self, names: &FigureNames<'_>) -> Vec<Option<SourcePlace>> {
        let figures = self.figures.iter().flatten().zip(&self.figures_at);
        figures.filter(|(figure, _)| parse_figure(figure, names).is_err()).map(|(_, at)| at.clone()).collect()
    }
}

fn alternatives(
    state: &mut State,
    context: &NativeCallContext<'_>,
    source: &Arc<crate::plan::SourceText>,
    spec: &ComparisonSpec,
) -> Result<Alternatives, Diagnostics> {
    let nothing = TreeNode::text("");
    let scenario = spec.scenario.as_ref().unwrap_or(&nothing);
    let at = state.call(context).1;
    let mut taken = HashSet::new();
    let (mut found, mut faults) = (Vec::new(), Diagnostics::new());
    let mut add = |name: Option<String>, planned: Result<Planned, Diagnostics>| match planned {
        Ok(planned) => {
            let name = name.unwrap_or_else(|| planned.plan.core.name.clone());
            found.push((unique(&name, &mut taken), Arc::new(planned)));
        }
        Err(wrong) => faults.append(wrong),
    };
    match &spec.between {
        Between::Cores(cores) => {
            for core in cores {
                let core = core_of(state, source, at, Chosen::Tree(core.clone()));
                add(None, core.and_then(|core| read(state, scenario, source, &core)));
            }
        }
        Between::Variants(variants) => {
            for (index, (name, over)) in variants.iter().enumerate() {
                let core = core_of(state, source, at, Chosen::Session);
                let name = name.clone().unwrap_or_else(|| format!("variant {}", index + 1));
                add(Some(name), core.and_then(|core| read(state, &variant(scenario, over), source, &core)));
            }
        }
        Between::Results(_) | Between::Nothing => {}
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// Plays all alternatives, and compares them. Returns the place of the baseline's first run, too.
pub(super) fn played(
    shared: &SharedState,
    imports: Vec<(String, Module)>,
    alternatives: Alternatives,
    asked: &ComparisonRequest,
) -> Fallible<(Comparison, usize)> {
    let names = FigureNames::of(&alternatives[0].1.plan);
    let question = asked.question(&names).map_err(|faults| throw(faults, Position::NONE))?;
    let checking = {
        let state = shared.lock();
        if state.checking() && state.met.len() >= CHECK_RUNS_MAX {
            return Err(super::api_run::enough_runs());
        }
        state.checking()
    };
    // Every replication of a placeholder is the same.
    let repeats = if checking { 1 } else { asked.repeats };
    let order = interleaved(alternatives.len(), repeats);
    let jobs = order.iter().map(|(alternative, replication)| ReplicationJob {
        planned: Arc::clone(&alternatives[*alternative].1),
        replication: *replication,
    });
    let runs = play(shared, surroundings(shared, imports), jobs.collect())?;
    let mut of: Vec<Vec<Arc<Run>>> = vec![Vec::new(); alternatives.len()];
    for ((alternative, _), run) in order.iter().zip(runs) {
        of[*alternative].push(run);
    }
    let mut first = None;
    for runs in &of {
        let place = keep(shared, runs, None, |_| false);
        first.get_or_insert(place);
    }
    let candidates: Vec<Candidate<'_>> = alternatives
        .iter()
        .zip(&of)
        .map(|((name, _), runs)| {
            let times = if checking { REPLICATIONS_MIN } else { 1 };
            let runs = runs.iter().flat_map(|run| std::iter::repeat_n(&**run, times)).collect();
            Candidate { name: name.clone(), runs }
        })
        .collect();
    Ok((judged(&candidates, &question), first.unwrap_or(0)))
}

/// A B C, C B A, A B C …: what changes on the machine in the meantime strikes all alternatives alike.
fn interleaved(alternatives: usize, repeats: u64) -> Vec<(usize, u64)> {
    let round = |replication: u64| {
        let forward = 0..alternatives;
        let order: Vec<usize> =
            if replication.is_multiple_of(2) { forward.collect() } else { forward.rev().collect() };
        order.into_iter().map(move |alternative| (alternative, replication))
    };
    (0..repeats).flat_map(round).collect()
}

/// Compares what a script has loaded or run.
fn of_results(results: &Array, asked: &ComparisonRequest) -> Result<Comparison, Diagnostics> {
    let views: Vec<Option<ResultView>> = results.iter().map(|result| result.clone().try_cast()).collect();
    let saved: Vec<Option<SavedResults>> = results.iter().map(|result| result.clone().try_cast()).collect();
    let mut taken = HashSet::new();
    let mut candidates = Vec::new();
    for (index, result) in results.iter().enumerate() {
        match (&views[index], &saved[index]) {
            (Some(view), _) if view.is_whole() => {
                let name = unique(&view.run.core.name, &mut taken);
                candidates.push(Candidate { name, runs: vec![&*view.run] });
            }
            (_, Some(saved)) => {
                let mut groups = groups(&saved.report);
                if groups.len() > 1 {
                    return Err(several_groups(&saved.name, &groups).into());
                }
                let name = unique(&saved.name, &mut taken);
                candidates.extend(groups.pop().map(|(_, runs)| Candidate { name, runs }));
            }
            _ => {
                let fault =
                    Diagnostic::new(Exit::Contents, format!("`compare.results[{index}]` is no result"))
                        .found(a_value_of(result.type_name()).trim_end_matches(',').to_owned());
                let expected = "what `run` returns, or `load` of a file that `mqscript run --output` saved";
                return Err(fault.expected(expected).into());
            }
        }
    }
    let first = candidates[0].runs[0];
    let question = asked.question(&names_of(first))?;
    Ok(judged(&candidates, &question))
}

/// `--compare`: the cores of a flag in place of the session's. Returns the place of the baseline's first run.
pub(super) fn on_cores(
    shared: &SharedState,
    imports: Vec<(String, Module)>,
    alternatives: Vec<Arc<Planned>>,
) -> Fallible<usize> {
    let asked = ComparisonRequest::of(&shared.lock(), &ComparisonSpec::default())
        .map_err(|f| throw(f, Position::NONE))?;
    let mut taken = HashSet::new();
    let named = alternatives.into_iter().map(|planned| {
        let name = unique(&planned.plan.core.name, &mut taken);
        (name, planned)
    });
    let (comparison, first) = played(shared, imports, named.collect(), &asked)?;
    let told = Arc::new(AtomicBool::new(false));
    shared.lock().comparisons.push(Compared { comparison: Arc::new(comparison), told });
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_played_there_and_back() {
        let order: Vec<usize> = interleaved(2, 4).into_iter().map(|(alternative, _)| alternative).collect();
        assert_eq!(order, [0, 1, 1, 0, 0, 1, 1, 0]);
        let replications: Vec<u64> = interleaved(3, 2).into_iter().map(|(_, number)| number).collect();
        assert_eq!(replications, [0, 0, 0, 1, 1, 1]);
    }
}
