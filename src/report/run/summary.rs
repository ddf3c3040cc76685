//! The summary of a run, section by section.

use super::{agents, consumers, limits, notices, times, traffic, verdict};
use crate::report::document::{Element, Heading, Labelled, Section};
use crate::report::number::{amount, magnitude, percent, span};
use crate::results::{CheckResult, Layer, Run};

/// The report of one run; with every row and with its origin if `full`.
pub(in crate::report) fn of_run(run: &Run, full: bool) -> Vec<Element> {
    let sections = [
        verdict::section(run),
        traffic::section(run),
        consumers::section(run),
        times::section(run, full),
        agents::section(run, full),
        notices::notices(run),
        notices::outages(run, full),
        limits::section(run),
        vec![Element::Warnings(run.warnings.clone())],
        vec![speed(run)],
        if full { origin(run) } else { Vec::new() },
    ];
    std::iter::once(heading(run)).chain(sections.into_iter().map(Section::of)).collect()
}

/// The report of a script's runs, and of the checks that belong to no single run; empty without both. `whole`: the
/// script came to its end.
pub(in crate::report) fn of_runs(
    runs: &[&Run],
    checks: &[CheckResult],
    whole: bool,
    full: bool,
) -> Vec<Element> {
    let run = |run: &&Run| Element::Section(Section { apart: 2, elements: of_run(run, full) });
    let mut elements: Vec<Element> = runs.iter().map(run).collect();
    if !checks.is_empty() {
        let whole = whole && runs.iter().all(|run| run.partial.is_none());
        elements.push(Section::of(verdict::of_script(checks, whole)));
    }
    elements
}

pub(super) fn heading(run: &Run) -> Element {
    let core = format!("{} {}", run.core.name, run.core.version);
    // The name of a core may already name its layers.
    let told = |layer: &&Layer| run.core.name.contains(&format!("{} over ", layer.id));
    let layers = run.core.layers.iter().filter(|layer| !told(layer));
    let layers: String = layers.map(|layer| format!(" under {}", layer.id)).collect();
    let aside = format!(" · {}{layers} · seed {} · {} clock", core.trim_end(), run.seed, run.clock);
    Element::Heading(Heading { level: 2, text: run.name.clone(), aside, breaks: true, ..Heading::default() })
}

/// The origin of the run in detail: script, core, environment.
pub(super) fn origin(run: &Run) -> Vec<Element> {
    let environment = &run.environment;
    let mut lines = vec![Labelled::new("digest", &run.digest)];
    lines.extend(environment.files.iter().map(|(what, file)| Labelled::new(what, file)));
    let memory = environment.max_rss_bytes as f64 / f64::from(1 << 20);
    let text = format!(
        "mqscript {} on {}, {} of processor time, at most {} MiB of memory",
        environment.version,
        environment.host,
        span((environment.cpu_s.max(0.0) * 1e9) as u64),
        amount(memory)
    );
    lines.push(Labelled::new("host", text));
    lines.extend(environment.started_at.iter().map(|started_at| Labelled::new("started", started_at)));
    lines.into_iter().map(Element::Labelled).collect()
}

/// The speed of the run, such as "1 day simulated in 1.6 s (54,000 ×)".
pub(super) fn speed(run: &Run) -> Element {
    let environment = &run.environment;
    let wall_ns = (environment.wall_s.max(0.0) * 1e9) as u64;
    let mut text = if run.clock == "virtual" {
        let times = run.duration_ns as f64 / 1e9 / environment.wall_s.max(1e-9);
        format!("{} simulated in {} ({} ×)", span(run.duration_ns), span(wall_ns), magnitude(times))
    } else {
        format!("{} on the wall clock", span(run.duration_ns))
    };
    if environment.messages_per_wall_s > 0.0 {
        text.push_str(&format!(", {} messages/s", magnitude(environment.messages_per_wall_s)));
    }
    if let Some(share) = environment.script_share {
        text.push_str(&format!("; the script's callbacks took {} of the time", percent(share)));
    }
    Element::Labelled(Labelled::new("speed", text))
}
