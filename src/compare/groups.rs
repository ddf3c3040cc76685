//! The runs of a file that are replications of each other.

use super::settings::plan_without;
use crate::diagnostics::{Diagnostic, Exit};
use crate::plan::{AgentNames, FigureNames};
use crate::results::{Report, Run};
use std::collections::HashSet;

/// Runs of a report that played the same scenario on the same core, in order of their first; with what tells them
/// apart: the core's name, or the scenario's, or both.
pub fn groups(report: &Report) -> Vec<(String, Vec<&Run>)> {
    let mut found: Vec<Vec<&Run>> = Vec::new();
    for run in &report.runs {
        match found.iter_mut().find(|group| is_replication(group, run)) {
            Some(group) => group.push(run),
            None => found.push(vec![run]),
        }
    }
    let distinct = |name: fn(&Run) -> &str| {
        let names: HashSet<&str> = found.iter().map(|group| name(group[0])).collect();
        names.len() == found.len()
    };
    let by_core = distinct(|run| &run.core.name);
    let by_scenario = distinct(|run| &run.name);
    let name = |run: &Run| match (by_core, by_scenario) {
        (true, _) => run.core.name.clone(),
        (false, true) => run.name.clone(),
        (false, false) => format!("{} on {}", run.name, run.core.name),
    };
    let mut taken = HashSet::new();
    found.iter().map(|group| (unique(&name(group[0]), &mut taken), group.clone())).collect()
}

/// A file that holds more than one thing, where one was wanted.
pub fn several_groups(file: &str, groups: &[(String, Vec<&Run>)]) -> Diagnostic {
    let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
    Diagnostic::new(Exit::Contents, format!("`{file}` holds runs of several scenarios or cores"))
        .found(names.join(", "))
        .expected("replications of one scenario on one core")
        .help("`mqscript compare` with this file alone compares what is in it")
}

/// The names that a run's figures may have.
pub fn names_of(run: &Run) -> FigureNames<'_> {
    let mut agents = AgentNames::default();
    for name in run.by_agent.keys() {
        agents.add(name, 1, false);
    }
    FigureNames {
        types: run.by_type.keys().map(String::as_str).collect(),
        agents,
        phases: run.phases.iter().map(|phase| phase.name.as_str()).collect(),
    }
}

/// Whether a run differs from the group's first in nothing but its seeds, and from all of them in those.
fn is_replication(group: &[&Run], run: &Run) -> bool {
    let without_seeds = |run: &Run| plan_without(run, &["seed", "core_seed"]);
    let first = group[0];
    first.name == run.name
        && first.core.name == run.core.name
        && first.core.options == run.core.options
        && first.core.layers == run.core.layers
        && first.clock == run.clock
        && without_seeds(first) == without_seeds(run)
        && !(run.clock == "virtual" && group.iter().any(|other| other.seed == run.seed))
}

/// A name that is not taken yet: the second `a` is `a (2)`.
pub fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let name = free.expect("numbers do not end");
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_once() {
        let mut taken = HashSet::new();
        let names = ["a", "a", "b", "a"].map(|name| unique(name, &mut taken));
        assert_eq!(names, ["a", "a (2)", "b", "a (3)"]);
    }
}
