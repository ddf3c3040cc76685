//! Comparisons as a script sees them: `comparison.verdict("surer", "total.p99")`, `comparison.table`.

use super::faults::throw_one;
use super::result_view::warnings;
use super::state::plain_table;
use crate::diagnostics::{Diagnostic, Exit, did_you_mean, one_of_near};
use crate::results::comparisons::{Comparison, Row};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// What `verdict` says where there is none.
const NO_VERDICT: &str = "no verdict";

/// A comparison, as a script sees it.
#[derive(Debug, Clone)]
pub(super) struct ComparisonView {
    pub comparison: Arc<Comparison>,
    /// Whether anything was played; in a check the numbers mean nothing.
    pub played: bool,
    /// Raised when the script shows the table itself.
    pub told: Arc<AtomicBool>,
    /// Raised when the script looks at a result.
    pub read: Arc<AtomicBool>,
}

impl ComparisonView {
    fn table(&mut self) -> ImmutableString {
        self.told.store(true, Ordering::Relaxed);
        self.read.store(true, Ordering::Relaxed);
        if !self.played {
            return format!("{} (not played)", self.show()).into();
        }
        plain_table(&self.comparison).into()
    }

    fn row(&self, name: Option<&str>, figure: &str) -> Fallible<&Row> {
        self.read.store(true, Ordering::Relaxed);
        let contenders = &self.comparison.contenders;
        let names: Vec<&str> = contenders.iter().map(|contender| contender.name.as_str()).collect();
        let contender = match name {
            Some(name) => contenders.iter().find(|contender| contender.name == name),
            None if contenders.len() == 1 => contenders.first(),
            None => {
                let fault = Diagnostic::new(Exit::Thrown, "of which alternative?").found(names.join(", "));
                return Err(throw_one(
                    fault.help(format!("write `verdict(\"{}\", \"{figure}\")`", names[0])),
                ));
            }
        };
        let Some(contender) = contender else {
            return unknown("alternative", name.unwrap_or_default(), &names);
        };
        let row = contender.rows.iter().find(|row| row.figure == figure);
        let figures: Vec<&str> = self.comparison.figures.iter().map(String::as_str).collect();
        row.map_or_else(|| unknown("figure", figure, &figures), Ok)
    }

    fn verdict(&self, name: Option<&str>, figure: &str) -> Fallible<ImmutableString> {
        Ok(self.row(name, figure)?.verdict.map_or(NO_VERDICT, |verdict| verdict.word()).into())
    }

    /// The relative change, as a number; unit where it has none.
    fn change(&self, name: Option<&str>, figure: &str) -> Fallible<Dynamic> {
        Ok(self.row(name, figure)?.change.map_or(Dynamic::UNIT, |change| change.estimate.into()))
    }

    fn warnings(&mut self) -> Array {
        self.read.store(true, Ordering::Relaxed);
        warnings(&self.comparison.warnings)
    }

    fn names(&mut self) -> Array {
        let names = self.comparison.alternatives.iter().map(|alternative| alternative.name.clone());
        names.map(Dynamic::from).collect()
    }

    fn show(&mut self) -> String {
        let names: Vec<&str> = self.comparison.alternatives.iter().map(|a| a.name.as_str()).collect();
        format!("comparison of {}", names.join(", "))
    }
}

fn unknown<T>(what: &str, key: &str, known: &[&str]) -> Fallible<T> {
    let fault = Diagnostic::new(Exit::Thrown, format!("the comparison has no {what} `{key}`"))
        .expected(one_of_near(key, known.iter().copied(), ""))
        .help_if(did_you_mean(key, known.iter().copied()));
    Err(throw_one(fault))
}

/// Registers the type and its properties.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<ComparisonView>("Comparison");
    engine.register_get("table", ComparisonView::table);
    engine.register_get("names", ComparisonView::names);
    engine.register_get("warnings", ComparisonView::warnings);
    engine.register_fn("verdict", |view: &mut ComparisonView, figure: ImmutableString| {
        view.verdict(None, &figure)
    });
    engine.register_fn(
        "verdict",
        |view: &mut ComparisonView, name: ImmutableString, figure: ImmutableString| {
            view.verdict(Some(&name), &figure)
        },
    );
    engine.register_fn("change", |view: &mut ComparisonView, figure: ImmutableString| {
        view.change(None, &figure)
    });
    engine.register_fn(
        "change",
        |view: &mut ComparisonView, name: ImmutableString, figure: ImmutableString| {
            view.change(Some(&name), &figure)
        },
    );
    engine.register_fn("to_string", ComparisonView::show);
    engine.register_fn("to_debug", ComparisonView::show);
}
