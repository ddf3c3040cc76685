//! What flags say over a scenario and its core.

use super::ClockKind;
use super::read::end::{ENDS, unset_end};
use super::read::set_path::set_path;
use super::read::short_forms::write_out;
use super::read::typed::parse_typed;
use super::tree::{Origin, TreeNode, Written};
use super::units::{UnitError, parse_duration, parse_rate, parse_share};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};

/// The origin of checks that a batch file adds.
pub const BATCH_CHECKS: &str = "the batch's checks";

/// The variable of the environment that says the seed where no flag does.
pub const SEED_VARIABLE: &str = "MQSCRIPT_SEED";

/// What flags say, as typed: texts are read here, so that a parameter of the same name can take them instead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `--duration`: a duration, or a bare number of seconds.
    pub duration: Option<String>,
    /// `--messages`: messages in all.
    pub messages: Option<String>,
    /// `--rate`: a rate, or a bare number per second and agent.
    pub rate: Option<String>,
    /// `--agents`: the count of the only group.
    pub agents: Option<String>,
    /// `--seed`, or the environment's.
    pub seed: Option<u64>,
    /// Whether the seed comes from `MQSCRIPT_SEED`.
    pub seed_of_environment: bool,
    /// The clock that `--clock` asks for.
    pub clock: Option<ClockKind>,
    /// `--drain`: a duration, or a bare number of seconds.
    pub drain: Option<String>,
    /// The duration of `--linger`, read as that of `--drain` is.
    pub linger: Option<String>,
    /// Every `--set PATH=VALUE`, in order.
    pub set: Vec<(String, String)>,
    /// Checks on every run, beside the scenario's own.
    pub checks: Vec<String>,
    /// `--core` (or `--real`): the session's core, by name or file; in a batch it may be a whole map.
    pub core: Option<TreeNode>,
    /// `--core-option K=V`: options of the session's core.
    pub core_options: Vec<(String, String)>,
    /// `--chaos[=…]`: a layer of chaos over the session's core.
    pub chaos: Option<String>,
    /// `--success-rate` of every mock core.
    pub success_rate: Option<String>,
    /// `--min-latency` of every mock core.
    pub min_latency: Option<String>,
    /// `--max-latency` of every mock core.
    pub max_latency: Option<String>,
}

fn flag_node(flag: &str, text: &str) -> TreeNode {
    let value = text.parse::<i64>().map_or_else(
        |_| text.parse::<f64>().map_or_else(|_| Written::Text(text.to_owned()), Written::Float),
        Written::Integer,
    );
    TreeNode::new(value).said_by(&Origin::Flag(flag.to_owned()))
}

pub(super) fn meaningless(flag: &str, path: &str, found: String, help: &str) -> Diagnostic {
    Diagnostic::new(Exit::Usage, format!("`{flag}` has no meaning here")).path(path).found(found).help(help)
}

impl Overrides {
    /// Lays what the flags say over a scenario whose short forms are written out.
    pub(super) fn apply(&self, scenario: &mut TreeNode, faults: &mut Diagnostics) {
        if scenario.entries().is_none() {
            return;
        }
        self.apply_agents(scenario, faults);
        self.apply_rate(scenario, faults);
        self.apply_end(scenario, faults);
        if let Some(seed) = self.seed {
            let value = TreeNode::new(Written::Integer(i64::try_from(seed).unwrap_or(i64::MAX)));
            let flag = if self.seed_of_environment { SEED_VARIABLE } else { "--seed" };
            scenario.set("seed", value.said_by(&Origin::Flag(flag.to_owned())));
        }
        if let Some(clock) = self.clock {
            scenario.set("clock", flag_node("--clock", clock.name()));
        }
        for (flag, key, text) in self.waits() {
            if let Some(text) = text {
                scenario.set(key, flag_node(flag, text));
            }
        }
        if !self.checks.is_empty() {
            let flag = Origin::Flag(BATCH_CHECKS.to_owned());
            let own = self.checks.iter().map(|check| TreeNode::text(check).said_by(&flag));
            match scenario.get_mut("checks").map(|node| &mut node.value) {
                Some(Written::List(checks)) => checks.extend(own),
                _ => scenario.set("checks", TreeNode::new(Written::List(own.collect())).said_by(&flag)),
            }
        }
        if self.set.iter().any(|(path, _)| says_the_end(path)) {
            unset_end_of_script(scenario);
        }
        for (path, text) in &self.set {
            let flag = format!("--set {path}");
            let set = parse_typed(&flag, text).and_then(|value| set_path(scenario, path, value, &flag));
            if let Err(all) = set {
                faults.append(all);
            }
            // A short form that was set may be gone into by the next.
            write_out(scenario);
        }
    }

    fn apply_agents(&self, scenario: &mut TreeNode, faults: &mut Diagnostics) {
        let Some(text) = &self.agents else { return };
        let count = flag_node("--agents", text);
        match scenario.get_mut("agents").map(|node| &mut node.value) {
            Some(Written::List(groups)) if groups.len() == 1 => groups[0].set("count", count),
            Some(Written::List(groups)) => {
                let names: Vec<String> = groups
                    .iter()
                    .map(|group| group.get("name").map_or_else(String::new, |name| name.describe()))
                    .collect();
                let found = format!("groups of agents: {}", names.join(", ").replace("the text ", ""));
                faults.push(meaningless("--agents", "agents", found, "use `--set agents[0].count=N`"));
            }
            _ => {
                let mut node = count;
                node.origin = Origin::Flag("--agents".to_owned());
                scenario.set("agents", node);
            }
        }
    }

    fn apply_rate(&self, scenario: &mut TreeNode, faults: &mut Diagnostics) {
        let Some(text) = &self.rate else { return };
        let rate = flag_node("--rate", text);
        let mut laws = Vec::new();
        let mut applied = false;
        let mut arrivals: Vec<&mut TreeNode> = Vec::new();
        if let Written::Map(entries) = &mut scenario.value {
            for entry in entries {
                if entry.key == "arrival" {
                    arrivals.push(&mut entry.node);
                } else if entry.key == "agents"
                    && let Written::List(groups) = &mut entry.node.value
                {
                    arrivals.extend(groups.iter_mut().filter_map(|group| group.get_mut("arrival")));
                }
            }
        }
        for arrival in arrivals {
            let Some([entry]) = arrival.entries() else { continue };
            let law = entry.key.clone();
            if matches!(law.as_str(), "poisson" | "constant") {
                arrival.get_mut(&law).expect("the key is there").set("rate", rate.clone());
                applied = true;
            }
            laws.push(format!("`{law}`"));
        }
        if !applied && !laws.is_empty() {
            let found = format!("its arrival is {}", laws.join(", "));
            let help =
                "`--rate` sets the rate of a `poisson` or `constant` arrival; use `--set arrival=20/s`";
            faults.push(meaningless("--rate", "arrival", found, help));
        }
    }

    fn apply_end(&self, scenario: &mut TreeNode, faults: &mut Diagnostics) {
        if let (Some(duration), Some(messages)) = (&self.duration, &self.messages) {
            let title = "`--duration` and `--messages` both say when the load ends";
            let help = format!(
                "to end at whichever comes first, type `--set end='{{duration: {}, messages: {messages}}}'`",
                if bare(duration) { format!("{duration}s") } else { duration.clone() }
            );
            let found = format!("`--duration {duration}` and `--messages {messages}`");
            faults.push(Diagnostic::new(Exit::Usage, title).found(found).expected("one of them").help(help));
            return;
        }
        for (flag, key, text) in
            [("--duration", "duration", &self.duration), ("--messages", "messages", &self.messages)]
        {
            let Some(text) = text else { continue };
            let laws = arrival_laws(scenario);
            if laws.iter().any(|law| law == "stages") {
                let found = "its arrival is `stages`, which set the duration".to_owned();
                faults.push(meaningless(flag, "arrival.stages", found, "change the stages' own durations"));
                continue;
            }
            if key == "duration" && laws.iter().any(|law| law == "all_at_once") {
                let found = "its arrival is `all_at_once`: all messages are there at the start".to_owned();
                faults.push(meaningless(flag, "arrival", found, "use `--messages N`"));
                continue;
            }
            unset_end(scenario);
            scenario.set(key, flag_node(flag, text));
        }
    }

    /// The flags about the wait after the load, each with its place in a scenario and what it says.
    fn waits(&self) -> [(&'static str, &'static str, Option<&String>); 2] {
        [("--drain", "drain", self.drain.as_ref()), ("--linger", "linger", self.linger.as_ref())]
    }

    /// Every flag about scenarios and their cores, and whether it was given.
    pub fn said(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--duration", self.duration.is_some()),
            ("--messages", self.messages.is_some()),
            ("--rate", self.rate.is_some()),
            ("--agents", self.agents.is_some()),
            ("--seed", self.seed.is_some() && !self.seed_of_environment),
            ("--clock", self.clock.is_some()),
            ("--drain", self.drain.is_some()),
            ("--linger", self.linger.is_some()),
            ("--set", !self.set.is_empty()),
            ("--core` (or `--real)", self.core.is_some()),
            ("--core-option", !self.core_options.is_empty()),
            ("--chaos", self.chaos.is_some()),
            ("--success-rate", self.success_rate.is_some()),
            ("--min-latency", self.min_latency.is_some()),
            ("--max-latency", self.max_latency.is_some()),
        ]
    }

    /// The flag that asks for something of the session's core, if any.
    pub fn names_core(&self) -> Option<&'static str> {
        if self.core.is_some() || !self.core_options.is_empty() {
            return Some("`--core` (or `--real`)");
        }
        self.chaos.as_ref().map(|_| "`--chaos`")
    }

    /// Everything that is wrong with the flags by themselves, before any script is read: so that `--rate fast` is
    /// refused even if the script fails first. Parameters of the same name may take other values, so texts that
    /// merely lack a unit pass.
    pub fn faults(&self) -> Diagnostics {
        let mut faults: Diagnostics =
            repeated("--set", &self.set).chain(repeated("--core-option", &self.core_options)).collect();
        if let Some(text) = self.duration.as_ref().filter(|text| !bare(text)) {
            faults_of(&mut faults, "--duration", parse_duration(text));
        }
        for (flag, _, text) in self.waits() {
            if let Some(text) = text.filter(|text| !bare(text)) {
                faults_of(&mut faults, flag, parse_duration(text));
            }
        }
        if let Some(text) = self.rate.as_ref().filter(|text| !bare(text)) {
            faults_of(&mut faults, "--rate", parse_rate(text));
        }
        if let Some(text) = &self.success_rate {
            faults_of(&mut faults, "--success-rate", parse_share(text));
        }
        if let Some(text) = &self.chaos
            && let Err(all) = super::chaos_flag::read(text)
        {
            faults.append(all);
        }
        for (flag, text) in [("--min-latency", &self.min_latency), ("--max-latency", &self.max_latency)] {
            if let Some(text) = text {
                faults_of(
                    &mut faults,
                    flag,
                    parse_duration(text).map_err(|error| self.latency_help(text, error)),
                );
            }
        }
        faults
    }
}

/// Each name that a flag sets a second time, which would undo the first.
fn repeated<'p>(flag: &'static str, pairs: &'p [(String, String)]) -> impl Iterator<Item = Diagnostic> + 'p {
    let again = pairs.iter().enumerate().filter_map(|(index, pair)| {
        let first = pairs[..index].iter().find(|(name, _)| *name == pair.0)?;
        Some((first, pair))
    });
    again.map(move |((name, first), (_, second))| {
        Diagnostic::new(Exit::Usage, format!("`{flag} {name}` is said twice"))
            .found(format!("`{flag} {name}={first}` and `{flag} {name}={second}`"))
            .expected("one of them")
            .help("say it once")
    })
}

/// A number without a unit.
fn bare(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number >= 0.0 && number.is_finite())
}

fn faults_of<T>(faults: &mut Diagnostics, flag: &str, read: Result<T, UnitError>) {
    if let Err(error) = read {
        faults.push(unit_fault(flag, error));
    }
}

pub(super) fn unit_fault(flag: &str, error: UnitError) -> Diagnostic {
    Diagnostic::new(Exit::Usage, format!("wrong value for `{flag}`"))
        .found(format!("`{}`", error.found))
        .expected(error.expected)
        .help_if(error.help)
}

fn arrival_laws(scenario: &TreeNode) -> Vec<String> {
    let law = |node: &TreeNode| Some(node.entries()?.first()?.key.clone());
    let groups = match scenario.get("agents").map(|node| &node.value) {
        Some(Written::List(groups)) => groups.as_slice(),
        _ => &[],
    };
    let own = groups.iter().filter_map(|group| law(group.get("arrival")?));
    own.chain(scenario.get("arrival").and_then(law)).collect()
}

/// Whether a path leads to a word about the end of the load.
fn says_the_end(path: &str) -> bool {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    ENDS.contains(&first)
}

/// Takes away what the script says about the end; what other flags say of it stays, and is told as a fault.
fn unset_end_of_script(scenario: &mut TreeNode) {
    for key in ENDS {
        if scenario.get(key).is_some_and(|node| !matches!(node.origin, Origin::Flag(_))) {
            scenario.remove(key);
        }
    }
}

/// A variant: a scenario's tree with another laid over it, keys not named staying as they are.
pub fn variant(scenario: &TreeNode, over: &TreeNode) -> TreeNode {
    let (mut base, mut over) = (scenario.clone(), over.clone());
    write_out(&mut base);
    write_out(&mut over);
    // One of several: another arrival replaces, and another end unsets the first.
    for key in ["arrival", "mix"] {
        if over.get(key).is_some() {
            base.remove(key);
        }
    }
    if ENDS.iter().any(|key| over.get(key).is_some()) {
        unset_end(&mut base);
    }
    base.merge(&over);
    base
}
