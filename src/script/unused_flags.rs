//! Flags that no run of a script has met, or that change nothing in any of them.

use super::settings::Comparing;
use super::state::State;
use crate::diagnostics::{Diagnostic, Exit};
use crate::plan::OF_MOCKS;
use crate::plan::{MOCK, Overrides};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that flags say without effect, once the script has come to its end.
pub(super) fn unused_flags(state: &State) -> Vec<Diagnostic> {
    if state.plans.is_empty() {
        return without_runs(&state.overrides, &state.settings.comparing, !state.comparisons.is_empty());
    }
    let mut faults = of_cores(state);
    faults.extend(of_plans(state));
    faults
}

fn meaningless(flag: &str, found: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::new(Exit::Usage, format!("`{flag}` has no meaning here")).found(found).help(help)
}

/// Where nothing is played, as in a script that compares saved results.
fn without_runs(overrides: &Overrides, comparing: &Comparing, compares: bool) -> Vec<Diagnostic> {
    if !compares {
        return Vec::new();
    }
    let mut flags = overrides.said();
    flags.extend([("--repeats", comparing.repeats.is_some()), ("--compare", comparing.cores.is_some())]);
    let said = flags.into_iter().filter(|(_, said)| *said).map(|(flag, _)| flag);
    let fault = |flag| meaningless(flag, "a script that runs nothing", "leave the flag out");
    said.map(fault).collect()
}

/// Warnings about flags that concern cores.
fn of_cores(state: &State) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let (overrides, comparing) = (&state.overrides, &state.settings.comparing);
    let cores: BTreeSet<&str> = state.plans.iter().map(|planned| planned.plan.core.name.as_str()).collect();
    let cores = cores.into_iter().collect::<Vec<_>>().join(", ");
    let all_named = format!("this script names all its cores itself: {cores}");
    if let Some(flag) = overrides.names_core().filter(|_| !state.session_core_used) {
        let help = "use `run(scenario)` or `default_core` in the script";
        faults.push(
            Diagnostic::new(Exit::Usage, format!("{flag} has no meaning here")).found(&all_named).help(help),
        );
    }
    if let Some(flag) = comparing.flag().filter(|_| state.comparisons.is_empty()) {
        let help = "use `--compare=A,B`, or `compare(#{ scenario, cores })` in the script";
        faults.push(meaningless(flag, "a script that compares nothing", help));
    }
    if comparing.cores.is_some() && !state.session_core_used {
        let help = "use `run(scenario)` in the script, or `compare(#{ scenario, cores })`";
        faults.push(meaningless("--compare", &all_named, help));
    }
    let of_mocks = [
        ("--success-rate", overrides.success_rate.is_some()),
        ("--min-latency", overrides.min_latency.is_some()),
        ("--max-latency", overrides.max_latency.is_some()),
    ];
    for (flag, _) in of_mocks.into_iter().filter(|(_, said)| *said && !state.mock_met) {
        let found = format!("no run is on a mock core; the cores are {cores}");
        faults.push(meaningless(flag, found, "use `--core-option KEY=VALUE` for an option of another core"));
    }
    faults
}

/// Flags that change nothing in any plan.
fn of_plans(state: &State) -> Vec<Diagnostic> {
    // What flags say of mocks need not mean anything to other cores.
    let of_mocks =
        |flag: &str| flag.starts_with("--core-option") || OF_MOCKS.iter().any(|(other, _)| *other == flag);
    let idle: BTreeMap<&String, &Diagnostic> = state.plans.iter().flat_map(|planned| &planned.idle).collect();
    let everywhere = |flag: &str| {
        let mut plans = state.plans.iter();
        plans.all(|planned| {
            planned.idle.contains_key(flag) || (of_mocks(flag) && planned.plan.core.core != MOCK)
        })
    };
    idle.into_iter().filter(|(flag, _)| everywhere(flag)).map(|(_, fault)| fault.clone()).collect()
}
