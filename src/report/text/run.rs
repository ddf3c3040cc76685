//! The summary of a run, section by section.

use super::super::look::Look;
use super::super::number::{amount, magnitude, percent, printable, span};
use super::doubts::Asked;
use super::lines::{label, labelled, wrapped};
use super::{agents, doubts, limits, times, traffic, verdict};
use crate::results::{CheckResult, Layer, Run};

/// The summary of one run, with a line break at its end.
pub fn summary(run: &Run, look: &Look) -> String {
    let sections = [
        verdict::section(run, look),
        traffic::section(run, look),
        times::section(run, look),
        agents::section(run, look),
        doubts::notices(run, look),
        doubts::outages(run, look),
        limits::section(run, look),
        doubts::warnings(&run.warnings, look),
        speed(run, look),
        if look.full { origin(run, look) } else { Vec::new() },
    ];
    let mut text = heading(run, look);
    text.push('\n');
    for section in sections.iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        for line in section {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The summaries of a script's runs and what only the script could check; empty without runs and checks. `whole` if the
/// script came to its end.
pub fn summaries(runs: &[&Run], checks: &[CheckResult], whole: bool, look: &Look) -> String {
    let summaries: Vec<String> = runs.iter().map(|run| summary(run, look)).collect();
    let mut text = summaries.join("\n\n");
    if !checks.is_empty() {
        if !runs.is_empty() {
            text.push('\n');
        }
        for line in verdict::of_script(checks, whole && runs.iter().all(|run| run.partial.is_none()), look) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// What stands once below all summaries: the command that repeats the run, and what to try next.
pub fn closing(asked: Asked, repeat: &str, look: &Look) -> String {
    let mut text = format!("  {}{repeat}\n", label("repeat", look));
    let steps = doubts::next_steps(asked);
    let column = steps.iter().map(|step| step.flag.len()).max().unwrap_or(0);
    for (place, step) in steps.iter().enumerate() {
        let heading = label(if place == 0 { "next" } else { "" }, look);
        let why = look.palette.faint(&step.why);
        text.push_str(&format!("  {heading}{:column$}   {why}\n", step.flag));
    }
    text
}

fn heading(run: &Run, look: &Look) -> String {
    let core = format!("{} {}", run.core.name, run.core.version);
    // The name that a core has by itself tells of its layers.
    let told = |layer: &&Layer| run.core.name.contains(&format!("{} over ", layer.id));
    let layers = run.core.layers.iter().filter(|layer| !told(layer));
    let layers: String = layers.map(|layer| format!(" under {}", layer.id)).collect();
    let rest = format!(" · {}{layers} · seed {} · {} clock", core.trim_end(), run.seed, run.clock);
    let mut lines =
        wrapped(&format!("{}{}", printable(&run.name), printable(&rest)), 0, look.width).into_iter();
    let first = lines.next().unwrap_or_default();
    let name = printable(&run.name);
    let mut text = match first.strip_prefix(name.as_str()) {
        Some(after) => format!("{}{}", look.palette.strong(&name), look.palette.faint(after)),
        None => look.palette.strong(&first),
    };
    for line in lines {
        text.push('\n');
        text.push_str(&look.palette.faint(&line));
    }
    text
}

/// Where everything came from, for whoever asks for more.
fn origin(run: &Run, look: &Look) -> Vec<String> {
    let environment = &run.environment;
    let mut lines = labelled("digest", &run.digest, look);
    for (what, file) in &environment.files {
        lines.extend(labelled(&printable(what), &printable(file), look));
    }
    let memory = environment.max_rss_bytes as f64 / f64::from(1 << 20);
    let text = format!(
        "mqscript {} on {}, {} of processor time, at most {} MiB of memory",
        environment.version,
        environment.host,
        span((environment.cpu_s.max(0.0) * 1e9) as u64),
        amount(memory)
    );
    lines.extend(labelled("host", &printable(&text), look));
    if let Some(started_at) = &environment.started_at {
        lines.extend(labelled("started", &printable(started_at), look));
    }
    lines
}

/// "1 day simulated in 1.6 s (54,000 ×)".
fn speed(run: &Run, look: &Look) -> Vec<String> {
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
    labelled("speed", &text, look)
}
