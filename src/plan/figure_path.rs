//! The figures of a run by name, and their paths: `by_type.direct.total.p99`.

use super::figure_words::{meant, statistic_meant};
use super::{AgentNames, Figure, Scope};
use crate::diagnostics::{did_you_mean, one_of, one_of_near};

/// The kind of value that a figure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Times of many messages; a statistic makes a value of them.
    Times,
    /// The figure is one duration.
    Duration,
    /// A share, 0 … 1.
    Share,
    /// A rate per second.
    Rate,
    /// The figure is a count.
    Count,
}

impl FigureKind {
    /// An example of a value of this kind.
    pub fn example(self) -> &'static str {
        match self {
            FigureKind::Times | FigureKind::Duration => "a duration such as \"100ms\"",
            FigureKind::Share => "a share such as \"99%\" or 0.99",
            FigureKind::Rate => "a rate such as \"20/s\"",
            FigureKind::Count => "a count such as 900",
        }
    }
}

/// A figure by name.
#[derive(Debug, Clone, Copy)]
pub struct KnownFigure {
    /// The name of the figure.
    pub name: &'static str,
    /// The kind of value that it has.
    pub kind: FigureKind,
    /// In which scopes it exists: any of the letters of [`scope_letter`].
    scopes: &'static str,
    /// The meaning of the figure, for the reference.
    pub meaning: &'static str,
}

const fn known(
    name: &'static str,
    kind: FigureKind,
    scopes: &'static str,
    meaning: &'static str,
) -> KnownFigure {
    KnownFigure { name, kind, scopes, meaning }
}

use FigureKind::{Count, Duration, Rate, Share, Times};

/// Every figure. Scopes: `.` the whole run, `t` by type, `a` by agent, `r` by recipient, `p` by phase.
pub const FIGURES: &[KnownFigure] = &[
    known("queue_wait", Times, ".tp", "intended arrival to first acceptance by the core"),
    known("delivery", Times, ".tp", "acceptance to outcome, last attempt"),
    known("total", Times, ".tpa", "intended arrival to final outcome, delivered messages only"),
    known(
        "total_all",
        Times,
        ".tp",
        "`total` of all messages: what was not delivered counts as later than any time",
    ),
    known("gave_up", Times, ".tp", "intended arrival to the end, messages not delivered"),
    known("end_to_end", Times, ".tp", "intended arrival to reception, copies received"),
    known("transit", Times, ".tp", "accepted by the core to reception, copies received over live cores"),
    known("schedule_lag", Times, ".", "intended arrival to actual generation"),
    known("success_rate", Share, ".tpa", "delivered ÷ generated, after retries"),
    known("attempt_success_rate", Share, ".tp", "successful ÷ answered attempts"),
    known("offered", Rate, ".tp", "arrivals drawn, per second"),
    known("throughput", Rate, ".tp", "deliveries within the window, per second"),
    known(
        "delivered_rate",
        Rate,
        ".tp",
        "messages of the window that were delivered, however late, per second",
    ),
    known("generated", Count, ".tpa", "messages generated"),
    known("delivered", Count, ".tpar", "messages delivered"),
    known("failed", Count, ".tpa", "messages refused on their last attempt"),
    known("dead_lettered", Count, ".tpa", "failed or uncertain messages kept as dead letters"),
    known("rejected", Count, ".tpa", "messages turned away by the queue or, for ever, by the core"),
    known("expired", Count, ".tpa", "messages older than their time to live"),
    known("uncertain", Count, ".tpa", "messages of which nobody knows whether they were delivered"),
    known("unanswered", Count, ".tpa", "messages without a final outcome at the end"),
    known("attempts", Count, ".tpa", "hand-overs accepted by the core"),
    known("retries", Count, ".tpa", "attempts after the first"),
    known("answered", Count, ".tpa", "attempts that had an outcome from the core in time"),
    known("duration", Duration, ".", "start of the load to the last final outcome, drain included"),
    known("window", Duration, ".", "length of the measured window"),
    known("late_outcomes", Count, ".", "outcomes for attempts already given up"),
    known("blocked", Count, ".", "arrivals held back by a full queue"),
    known("skipped", Count, ".", "slots for which `next` sent nothing"),
    known("suppressed", Count, ".", "calls of `me.send` after the end of the load"),
    known("addressed", Count, "ar", "messages addressed to it"),
    known("expected", Count, ".", "copies of delivered messages, with a receiving core"),
    known("received", Count, ".r", "copies received, each message and agent once"),
    known("lost", Count, ".r", "expected copies that never came, though the core had confirmed them"),
    known("missing", Count, ".", "expected copies that never came over a core that does not confirm"),
    known("duplicated", Count, ".r", "copies of messages that the agent had received before"),
    known(
        "redelivered",
        Count,
        ".",
        "copies that came to a consumer again, because the one before was not settled",
    ),
    known("held", Times, ".", "handed over to a consumer until its work begins"),
    known("service", Times, ".", "the work of consumers, each execution"),
    known("completion", Times, ".p", "intended arrival to the end of the first successful execution"),
    known("completed", Count, ".", "messages that a consumer executed with success"),
    known("repeated", Count, ".", "messages that were executed with success more than once"),
    known(
        "unfinished",
        Count,
        ".",
        "delivered messages to consumers, neither completed nor given up by the end",
    ),
    known("dead_letters", Count, ".", "messages to consumers that the medium gave up"),
    known("executions", Count, ".", "executions that began"),
    known("duplicate_executions", Count, ".", "successful executions of messages that were completed before"),
    known("failed_executions", Count, ".", "executions that ended without success"),
    known("crashed", Count, ".", "executions in which the agent died"),
    known("cut_off", Count, ".", "executions under way when the run ended"),
    known("forgotten", Count, ".", "copies that were lost to an agent that died"),
    known("lease_expired", Count, ".", "executions that outlived the lease of their copy"),
    known("late_settlements", Count, ".", "copies that were settled after the end of their lease"),
    known(
        "wasted_service",
        Share,
        ".",
        "share of the work's time that did not count: repeats, and leases that had ended",
    ),
    known("busy", Share, ".", "share of the workers' time in which they worked"),
    known("recovered", Count, ".", "copies received of messages not known as delivered"),
    known("unexpected", Count, ".", "copies that nobody sent to that agent in this run"),
    known("foreign", Count, ".", "copies of another run"),
    known("out_of_order", Count, ".", "copies older than one of their pair that came before"),
    known("corrupted", Count, ".", "copies whose content was not what was sent"),
    known("given_up", Count, ".", "expected copies that a processor under test said it never will deliver"),
    known("altered", Count, ".", "copies that were not as they were sent"),
    known("unstamped", Count, ".", "copies without their stamp, of contents that were sent"),
    known("failed_calls", Count, ".", "calls of the injected core that failed"),
    known("last_activity", Duration, "ar", "when something last happened"),
];

/// Where all figures are found, for faults that name only a few.
pub const ALL_FIGURES: &str = "all stand in the guide, in script-api.md";

/// The statistics of times.
pub const STATISTICS: [&str; 11] =
    ["count", "mean", "min", "p10", "p50", "p90", "p95", "p99", "p999", "max", "spread"];

/// The words with which a scope begins.
pub const SCOPES: [&str; 4] = ["by_type", "by_agent", "by_recipient", "phases"];

fn scope_letter(scope: &Scope) -> char {
    match scope {
        Scope::All => '.',
        Scope::Type(_) => 't',
        Scope::Agent(_) => 'a',
        Scope::Recipient(_) => 'r',
        Scope::Phase(_) => 'p',
    }
}

/// The figures that a scope has.
pub fn figures_of(scope: &Scope) -> impl Iterator<Item = &'static KnownFigure> {
    let letter = scope_letter(scope);
    FIGURES.iter().filter(move |known| known.scopes.contains(letter))
}

impl Figure {
    /// The path, as [`parse_figure`] reads it.
    pub fn path(&self) -> String {
        let under = |scope: &str, name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !name.is_empty() && name.chars().all(plain) {
                format!("{scope}.{name}.")
            } else {
                format!("{scope}[\"{name}\"].")
            }
        };
        let scope = match &self.scope {
            Scope::All => String::new(),
            Scope::Type(name) => under("by_type", name),
            Scope::Agent(name) => under("by_agent", name),
            Scope::Recipient(name) => under("by_recipient", name),
            Scope::Phase(name) => under("phases", name),
        };
        let statistic = self.statistic.as_ref().map(|statistic| format!(".{statistic}")).unwrap_or_default();
        format!("{scope}{}{statistic}", self.name)
    }

    /// What kind of value it is, if it is a figure at all.
    pub fn kind(&self) -> Option<FigureKind> {
        let known = figures_of(&self.scope).find(|known| known.name == self.name)?;
        match (known.kind, self.statistic.as_deref()) {
            (FigureKind::Times, Some("count")) => Some(FigureKind::Count),
            (FigureKind::Times, Some(_)) => Some(FigureKind::Duration),
            (kind, _) => Some(kind),
        }
    }
}

/// The names that a plan has, against which figures are resolved.
#[derive(Debug, Default)]
pub struct FigureNames<'a> {
    /// The names of the message types.
    pub types: Vec<&'a str>,
    /// The names of groups and agents.
    pub agents: AgentNames,
    /// The names of the phases.
    pub phases: Vec<&'a str>,
}

impl FigureNames<'_> {
    /// The names of a plan.
    pub fn of(plan: &super::Plan) -> FigureNames<'_> {
        FigureNames {
            types: plan.types.iter().map(|kind| kind.name.as_str()).collect(),
            agents: AgentNames::of(&plan.groups),
            phases: plan.stages().iter().map(|stage| stage.name.as_str()).collect(),
        }
    }
}

/// A text that names no figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFault {
    /// What was found instead, in one line.
    pub title: String,
    /// What would have been right.
    pub expected: String,
    /// What may have been meant.
    pub help: Option<String>,
}

fn fault<T>(title: String, expected: impl Into<String>, help: Option<String>) -> Result<T, FigureFault> {
    Err(FigureFault { title, expected: expected.into(), help })
}

/// Reads a figure's path and resolves it against a plan's names.
///
/// # Errors
/// The path is malformed, or a name in it is unknown.
pub fn parse_figure(text: &str, names: &FigureNames<'_>) -> Result<Figure, FigureFault> {
    let parts = split_path(text)?;
    let (scope, rest) = read_scope(&parts, names)?;
    let known: Vec<&str> = figures_of(&scope).map(|known| known.name).collect();
    let expected = |name: &str| one_of_near(name, known.iter().copied(), ALL_FIGURES);
    let Some(name) = rest.first() else {
        return fault(format!("`{text}` names no figure"), expected("total"), None);
    };
    let Some(figure) = FIGURES.iter().find(|figure| figure.name == name && known.contains(&figure.name))
    else {
        let candidates = known.iter().copied().chain(SCOPES);
        let help = meant(rest).filter(|_| scope == Scope::All).map(|meant| format!("write `{meant}`"));
        return fault(
            format!("unknown figure `{name}`"),
            expected(name),
            help.or_else(|| did_you_mean(name, candidates)),
        );
    };
    let statistic = rest.get(1).cloned();
    let path = |statistic: &str| {
        Figure { scope: scope.clone(), name: name.clone(), statistic: Some(statistic.to_owned()) }.path()
    };
    match (figure.kind, &statistic) {
        (FigureKind::Times, None) => {
            let help = Some(format!("write `{text}.p99` or `{text}.mean`"));
            return fault(format!("`{text}` lacks a statistic"), one_of(STATISTICS), help);
        }
        (FigureKind::Times, Some(found)) if !STATISTICS.contains(&found.as_str()) => {
            let help = statistic_meant(found).map(|meant| format!("write `{}`", path(meant)));
            let help = help.or_else(|| did_you_mean(found, STATISTICS));
            return fault(format!("unknown statistic `{found}`"), one_of(STATISTICS), help);
        }
        (FigureKind::Times, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            return fault(format!("`{name}` has no statistics"), format!("`{name}` alone"), None);
        }
    }
    if let Some(more) = rest.get(2) {
        // "p99.9" is the 99.9th percentile.
        let longer = statistic.as_ref().map(|statistic| format!("{statistic}{more}"));
        let longer = longer.filter(|longer| STATISTICS.contains(&longer.as_str()));
        let help = longer.map(|statistic| format!("write `{}`", path(&statistic)));
        return fault(format!("`{text}` goes on after its statistic"), "nothing more", help);
    }
    Ok(Figure { scope, name: name.clone(), statistic })
}

fn read_scope<'p>(
    parts: &'p [String],
    names: &FigureNames<'_>,
) -> Result<(Scope, &'p [String]), FigureFault> {
    let first = parts.first().map(String::as_str).unwrap_or_default();
    if !SCOPES.contains(&first) {
        return Ok((Scope::All, parts));
    }
    let Some(name) = parts.get(1) else {
        return fault(format!("`{first}` lacks a name"), format!("`{first}.NAME.FIGURE`"), None);
    };
    let agent_there = || {
        !matches!(
            names.agents.recipient(name),
            None | Some(
                super::Recipient::Other
                    | super::Recipient::Any
                    | super::Recipient::All
                    | super::Recipient::Group(_)
            )
        )
    };
    let agents = || names.agents.all().skip(super::names::RULES.len());
    let rest = &parts[2..];
    match first {
        "by_type" if names.types.contains(&name.as_str()) => Ok((Scope::Type(name.clone()), rest)),
        "phases" if names.phases.contains(&name.as_str()) => Ok((Scope::Phase(name.clone()), rest)),
        "by_agent" if agent_there() || names.agents.unread => Ok((Scope::Agent(name.clone()), rest)),
        "by_recipient" if name == "ALL" || agent_there() || names.agents.unread => {
            Ok((Scope::Recipient(name.clone()), rest))
        }
        "by_type" => unknown("message type", name, names.types.iter().copied()),
        "phases" if names.phases.is_empty() => fault(
            format!("unknown phase `{name}`"),
            "a scenario whose arrival is `stages`: each stage is a phase; this one has none",
            None,
        ),
        "phases" => unknown("phase", name, names.phases.iter().copied()),
        _ => {
            let help = did_you_mean(name, agents());
            let groups: Vec<&str> = agents().collect();
            fault(
                format!("unknown agent `{name}`"),
                format!(
                    "an agent such as \"{}-1\"; the groups are {}",
                    groups.first().unwrap_or(&"Agent"),
                    groups.join(", ")
                ),
                help,
            )
        }
    }
}

fn unknown<'a, T>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<T, FigureFault> {
    let list: Vec<&str> = known.clone().collect();
    fault(
        format!("unknown {what} `{name}`"),
        one_of_near(name, list.iter().copied(), ""),
        did_you_mean(name, known),
    )
}

/// Splits `by_agent["Agent-1"].total.p99` into its parts.
fn split_path(text: &str) -> Result<Vec<String>, FigureFault> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("[\"") {
            let Some((name, after)) = inside.split_once("\"]") else {
                return fault(format!("`{text}` has an open bracket"), "[\"NAME\"]", None);
            };
            parts.push(name.to_owned());
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return fault(format!("`{text}` is not a figure"), "a figure such as total.p99", None);
        }
        parts.push(name.trim().to_owned());
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    Ok(parts)
}
