//! The engine that evaluates a script's top level.

use super::enforce::{Limited, enforce_limits};
use super::faults::throw_one;
use super::modules::{Resolver, Sources};
use super::settings::Print;
use super::source::Source;
use super::state::SharedState;
use super::{
    api_compare, api_maps, api_params, api_run, comparison_view, duration, result_view, saved_results, shown,
};
use crate::diagnostics::{Diagnostic, Exit};
use rhai::packages::{Package, StandardPackage};
use rhai::{Dynamic, Engine, EvalAltResult, Module, Shared as Counted};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

/// As many as `Engine::new` keeps.
const STRINGS_INTERNED: usize = 256;

/// Rhai's own functions. *Rationale.* To make them anew takes as long as a short run.
static STANDARD: LazyLock<Counted<Module>> = LazyLock::new(|| StandardPackage::new().as_shared_module());

/// Makes what all engines of the process, and of processes split off from it, share. It is made when it is needed, too.
pub fn warm_up() {
    LazyLock::force(&STANDARD);
}

/// An engine with Rhai's own functions, and no output, no files, no texts kept.
pub(super) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(Counted::clone(&STANDARD));
    engine
}

/// The engine with the whole API and all limits.
///
/// Fast operators are off: with them comparisons of different types are silently false instead of being ours.
pub(super) fn engine(
    shared: &SharedState,
    source: &Source,
    sources: &Sources,
    print: &Print,
    interrupted: &Arc<AtomicBool>,
) -> Engine {
    let mut engine = bare();
    engine.set_max_strings_interned(STRINGS_INTERNED);
    enforce_limits(&mut engine, Limited::Script, interrupted);
    engine.set_fast_operators(false);
    refuse_clocks(&mut engine);
    set_print(&mut engine, print);
    show_tables(&mut engine, shared, print);
    engine.set_module_resolver(Resolver::new(source.folder.clone(), &source.text.file, sources));
    duration::register(&mut engine);
    shown::register(&mut engine);
    result_view::register(&mut engine);
    comparison_view::register(&mut engine);
    saved_results::register(&mut engine);
    api_compare::register(&mut engine, shared);
    api_maps::register(&mut engine, shared);
    api_params::register(&mut engine, shared);
    api_run::register(&mut engine, shared);
    engine
}

pub(super) fn set_print(engine: &mut Engine, print: &Print) {
    let to = Arc::clone(print);
    engine.on_print(move |text| to(text));
    let to = Arc::clone(print);
    engine.on_debug(move |text, source, position| {
        let file = source.unwrap_or("script");
        to(&format!("{file}:{}: {text}", position.line().unwrap_or(0)));
    });
}

/// A table that a script prints as it is looks as in the summary: as wide as the terminal, and coloured there. The text
/// that the script has of it is the same everywhere.
fn show_tables(engine: &mut Engine, shared: &SharedState, print: &Print) {
    let (to, shared) = (Arc::clone(print), shared.clone());
    engine.on_print(move |text| {
        let table = shared.lock().table_of(text);
        to(table.as_deref().unwrap_or(text));
    });
}

/// Functions of Rhai that would make a script depend on the wall clock, or skip its later checks.
pub(super) fn refuse_clocks(engine: &mut Engine) {
    type Refused = Result<Dynamic, Box<EvalAltResult>>;
    fn refuse(name: &str, why: &str) -> Refused {
        Err(throw_one(Diagnostic::new(Exit::Thrown, format!("`{name}` is off in scripts")).help(why)))
    }
    const CLOCK: &str =
        "the same script and seed must give the same results; `duration` and `after` make time pass";
    const EXIT: &str = "it would skip later checks; use `if`";
    engine.register_fn("timestamp", || refuse("timestamp", CLOCK));
    engine.register_fn("sleep", |_: i64| refuse("sleep", CLOCK));
    engine.register_fn("sleep", |_: f64| refuse("sleep", CLOCK));
    engine.register_fn("exit", || refuse("exit", EXIT));
    engine.register_fn("exit", |_: Dynamic| refuse("exit", EXIT));
}
