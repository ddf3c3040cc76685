//! Results as a script sees them: `result.by_type.report.generated`, `result.total.p99`.

use super::duration::Duration;
use super::faults::throw_one;
use super::play::bottlenecks_of;
use super::state::SharedState;
use crate::diagnostics::{Diagnostic, Exit, did_you_mean, one_of_near};
use crate::numbers::count;
use crate::plan::{ALL_FIGURES, Figure, FigureKind, Literal, Planned, SCOPES, STATISTICS, Scope, figures_of};
use crate::results::figures::lookup;
use crate::results::{Bottleneck, Run, Warning};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// The properties of a whole run that are no figures.
const FACTS: [&str; 7] = ["name", "seed", "clock", "core", "valid", "warnings", "limits"];

/// A place in the results of one run.
#[derive(Debug, Clone)]
pub(super) struct ResultView {
    pub run: Arc<Run>,
    pub planned: Arc<Planned>,
    /// The run's number in the script.
    pub index: usize,
    spot: Spot,
    read: Arc<AtomicBool>,
    shared: SharedState,
}

#[derive(Debug, Clone)]
enum Spot {
    /// One of the maps of scopes, such as `by_type`.
    Scopes(&'static str),
    /// The figures of a scope.
    Figures(Scope),
    /// The statistics of a time.
    Times(Scope, &'static str),
}

impl ResultView {
    /// The results of a whole run; `read` is raised when a script looks at a figure.
    pub fn new(
        run: Arc<Run>,
        planned: Arc<Planned>,
        index: usize,
        read: Arc<AtomicBool>,
        shared: SharedState,
    ) -> ResultView {
        ResultView { run, planned, index, spot: Spot::Figures(Scope::All), read, shared }
    }

    /// Whether this is the whole run, not a part of its results.
    pub fn is_whole(&self) -> bool {
        matches!(self.spot, Spot::Figures(Scope::All))
    }

    fn at(&self, spot: Spot) -> Dynamic {
        Dynamic::from(ResultView { spot, ..self.clone() })
    }

    fn get(&mut self, key: ImmutableString) -> Fallible<Dynamic> {
        let key = key.as_str();
        match &self.spot {
            Spot::Figures(scope) => self.figure(scope, key),
            Spot::Scopes(kind) => self.scope(kind, key),
            Spot::Times(scope, name) => {
                if !STATISTICS.contains(&key) {
                    return unknown("statistic", key, &STATISTICS);
                }
                self.read.store(true, Ordering::Relaxed);
                let kind = if key == "count" { FigureKind::Count } else { FigureKind::Duration };
                let figure = Figure {
                    scope: scope.clone(),
                    name: (*name).to_owned(),
                    statistic: Some(key.to_owned()),
                };
                Ok(value(lookup(&self.run, &figure), kind))
            }
        }
    }

    fn figure(&self, scope: &Scope, key: &str) -> Fallible<Dynamic> {
        if *scope == Scope::All {
            if let Some(kind) = SCOPES.into_iter().find(|kind| *kind == key) {
                return Ok(self.at(Spot::Scopes(kind)));
            }
            if let Some(fact) = self.fact(key) {
                return Ok(fact);
            }
        }
        let Some(known) = figures_of(scope).find(|known| known.name == key) else {
            let mut names: Vec<&str> = figures_of(scope).map(|known| known.name).collect();
            if *scope == Scope::All {
                names.extend(SCOPES);
                names.extend(FACTS);
            }
            return unknown("figure", key, &names);
        };
        if known.kind == FigureKind::Times {
            return Ok(self.at(Spot::Times(scope.clone(), known.name)));
        }
        self.read.store(true, Ordering::Relaxed);
        let figure = Figure { scope: scope.clone(), name: known.name.to_owned(), statistic: None };
        Ok(value(lookup(&self.run, &figure), known.kind))
    }

    fn fact(&self, key: &str) -> Option<Dynamic> {
        let text = |text: &str| Some(Dynamic::from(ImmutableString::from(text)));
        match key {
            "name" => text(&self.run.name),
            "clock" => text(&self.run.clock),
            "core" => text(&self.run.core.name),
            "seed" => Some(Dynamic::from(self.run.seed as i64)),
            "warnings" => {
                self.read.store(true, Ordering::Relaxed);
                Some(Dynamic::from(warnings(&self.run.warnings)))
            }
            "limits" => {
                self.read.store(true, Ordering::Relaxed);
                Some(Dynamic::from(bottlenecks(&bottlenecks_of(&self.shared, self.index))))
            }
            "valid" => Some(self.run.valid.map_or(Dynamic::UNIT, Dynamic::from)),
            _ => None,
        }
    }

    fn names(&self) -> Vec<&str> {
        match self.spot {
            Spot::Scopes("by_type") => self.run.by_type.keys().map(String::as_str).collect(),
            Spot::Scopes("by_agent") => self.run.by_agent.keys().map(String::as_str).collect(),
            Spot::Scopes("by_recipient") => self.run.by_recipient.keys().map(String::as_str).collect(),
            Spot::Scopes("phases") => self.run.phases.iter().map(|phase| phase.name.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    fn scope(&self, kind: &str, key: &str) -> Fallible<Dynamic> {
        let names = self.names();
        let name = key.to_owned();
        let (scope, what) = match kind {
            "by_type" => (Scope::Type(name), "message type"),
            "by_agent" => (Scope::Agent(name), "agent"),
            "by_recipient" => (Scope::Recipient(name), "recipient"),
            _ => (Scope::Phase(name), "phase"),
        };
        if names.contains(&key) { Ok(self.at(Spot::Figures(scope))) } else { unknown(what, key, &names) }
    }

    fn show(&mut self) -> String {
        match &self.spot {
            Spot::Figures(Scope::All) => format!(
                "{}: {} of {} delivered on {}",
                self.run.name,
                count(self.run.figures.counts.delivered),
                count(self.run.figures.counts.generated),
                self.run.core.name
            ),
            Spot::Scopes(kind) => format!("{kind}: {}", self.names().join(", ")),
            Spot::Figures(scope) => format!("figures of {scope:?}"),
            Spot::Times(_, name) => format!("statistics of {name}"),
        }
    }
}

fn unknown<T>(what: &str, key: &str, known: &[&str]) -> Fallible<T> {
    let all = if what == "figure" { ALL_FIGURES } else { "" };
    let fault = Diagnostic::new(Exit::Thrown, format!("the results have no {what} `{key}`"))
        .expected(one_of_near(key, known.iter().copied(), all))
        .help_if(did_you_mean(key, known.iter().copied()));
    Err(throw_one(fault))
}

/// Warnings as a script sees them: maps with the texts of each.
pub(super) fn warnings(warnings: &[Warning]) -> Array {
    let map = |warning: &Warning| {
        let texts = [
            ("kind", &warning.kind),
            ("seen", &warning.seen),
            ("why", &warning.why),
            ("help", &warning.help),
        ];
        let entries =
            texts.map(|(key, text)| (key.into(), Dynamic::from(ImmutableString::from(text.as_str()))));
        Dynamic::from(Map::from(entries))
    };
    warnings.iter().map(map).collect()
}

/// What limits a run, as a script sees it; `setting` is unit where none helps.
fn bottlenecks(bottlenecks: &[Bottleneck]) -> Array {
    let map = |bottleneck: &Bottleneck| {
        let text = |text: &String| Dynamic::from(ImmutableString::from(text.as_str()));
        let setting = bottleneck.setting.as_ref().map_or(Dynamic::UNIT, text);
        let texts = [("kind", &bottleneck.kind), ("seen", &bottleneck.seen), ("help", &bottleneck.help)];
        let mut map: Map = texts.map(|(key, value)| (key.into(), text(value))).into();
        map.insert("setting".into(), setting);
        Dynamic::from(map)
    };
    bottlenecks.iter().map(map).collect()
}

fn value(literal: Option<Literal>, kind: FigureKind) -> Dynamic {
    match (literal, kind) {
        (Some(Literal::Duration(ns)), _) => Dynamic::from(Duration(Some(ns))),
        (None, FigureKind::Duration | FigureKind::Times) => Dynamic::from(Duration(None)),
        (Some(Literal::Rate(number) | Literal::Share(number)), _) => Dynamic::from(number),
        (Some(Literal::Count(count)), _) => Dynamic::from(count as i64),
        (None, _) => Dynamic::UNIT,
    }
}

/// Registers the type and its properties.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<ResultView>("Result");
    engine.register_indexer_get(ResultView::get);
    engine.register_fn("to_string", ResultView::show);
    engine.register_fn("to_debug", ResultView::show);
    engine.register_fn("keys", |view: &mut ResultView| -> Array {
        view.names().into_iter().map(|name| Dynamic::from(ImmutableString::from(name))).collect()
    });
}
