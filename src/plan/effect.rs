//! Flags whose value something nearer lays over, so that they would change nothing.
//!
//! What a flag sets carries the flag as its origin. It has an effect if one of its values is left in the plan and is
//! looked at there.

use super::mocks::{MOCK, OF_MOCKS};
use super::tree::Origin;
use super::{Group, Overrides, Plan, TypeId};
use crate::diagnostics::{Diagnostic, Exit};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why a value changes nothing, and what would.
struct Idle {
    why: String,
    help: Option<String>,
}

/// The flags that change nothing in this plan, each with why.
pub(super) fn without_effect(
    plan: &Plan,
    origins: &BTreeMap<String, Origin>,
    overrides: &Overrides,
) -> BTreeMap<String, Diagnostic> {
    let places = EffectSearch { plan, own: groups_of(plan), origins };
    let set = overrides.set.iter().enumerate().filter_map(|(index, (path, _))| {
        let flag = format!("--set {path}");
        let later = overrides.set[index + 1..].iter().find(|(other, _)| lies_within(path, other));
        Some((flag.clone(), places.fault(&flag, path, later.map(|(other, _)| other.as_str()))?))
    });
    let flags = [
        ("--rate", "arrival", overrides.rate.is_some()),
        ("--agents", "agents", overrides.agents.is_some()),
        ("--duration", "duration", overrides.duration.is_some()),
        ("--messages", "messages", overrides.messages.is_some()),
        ("--clock", "clock", overrides.clock.is_some()),
        ("--drain", "drain", overrides.drain.is_some()),
        ("--linger", "linger", overrides.linger.is_some()),
        ("--seed", "seed", overrides.seed.is_some() && !overrides.seed_of_environment),
    ];
    let flags = flags.into_iter().filter(|(_, _, said)| *said).filter_map(|(flag, path, _)| {
        let later =
            overrides.set.iter().find(|(other, _)| lies_within(path, other) || lies_within(other, path));
        Some((flag.to_owned(), places.fault(flag, path, later.map(|(other, _)| other.as_str()))?))
    });
    set.chain(flags).chain(of_mock(plan, overrides)).collect()
}

/// Flags about a mock core that says the same of all types, or of all recipients.
fn of_mock(plan: &Plan, overrides: &Overrides) -> Vec<(String, Diagnostic)> {
    if plan.core.core != MOCK {
        return Vec::new();
    }
    let said = [&overrides.success_rate, &overrides.min_latency, &overrides.max_latency];
    let flags = OF_MOCKS.iter().zip(said).filter(|(_, said)| said.is_some());
    let flags = flags.map(|((flag, option), _)| ((*flag).to_owned(), *option));
    let options = overrides.core_options.iter().filter_map(|(key, _)| {
        let option = OF_MOCKS.iter().map(|(_, option)| *option).find(|option| option == key)?;
        Some((format!("--core-option {key}"), option))
    });
    let fault = |(flag, option): (String, &str)| {
        let which = nearer(plan, option)?;
        let fault = Diagnostic::new(Exit::Usage, format!("`{flag}` has no effect here"))
            .path(option)
            .found(format!("the core `{}` says `{option}` of {which}, which is nearer", plan.core.name))
            .help("change it there");
        Some((flag, fault))
    };
    flags.chain(options).filter_map(fault).collect()
}

/// Of what a mock says an option nearer, if that is all there is.
fn nearer(plan: &Plan, option: &str) -> Option<&'static str> {
    let said = |of: &str, name: &str| {
        let all = plan.core.options.get(of);
        all.and_then(|all| all.get(name)?.get(option)).is_some()
    };
    let callbacks = plan.has_callback(super::Callbacks::any);
    let drawn = |id: usize| {
        plan.groups
            .iter()
            .filter(|group| draws(group))
            .any(|group| group.mix.iter().any(|e| e.type_id.index() == id))
    };
    let mut sent = plan.types.iter().enumerate().filter(|(id, _)| callbacks || drawn(*id)).peekable();
    if sent.peek().is_some() && sent.all(|(_, kind)| said("types", &kind.name)) {
        return Some("every message type");
    }
    let named =
        plan.core.options.get("recipients").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    if named <= plan.agents() as usize {
        return None;
    }
    let mut names =
        plan.groups.iter().flat_map(|group| (0..group.count).map(|index| group.agent_name(index)));
    (said("recipients", "ALL") && names.all(|name| said("recipients", &name))).then_some("every recipient")
}

/// Whether a path leads to a place or into it.
fn lies_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The map of each group, as it was written.
fn groups_of(plan: &Plan) -> Vec<&Value> {
    let groups = plan.written.get("agents").and_then(Value::as_array);
    groups.map(|groups| groups.iter().collect()).unwrap_or_default()
}

/// Finds out whether a setting has any effect in a plan.
struct EffectSearch<'p> {
    plan: &'p Plan,
    /// The map of each group, as it was written.
    own: Vec<&'p Value>,
    origins: &'p BTreeMap<String, Origin>,
}

impl EffectSearch<'_> {
    /// Why a flag that sets `path` changes nothing, if it does not; `later` is a place that is set after it.
    fn fault(&self, flag: &str, path: &str, later: Option<&str>) -> Option<Diagnostic> {
        let by_flag = |origin: &Origin| matches!(origin, Origin::Flag(name) if name == flag);
        let mut said =
            self.origins.iter().filter(|(_, origin)| by_flag(origin)).map(|(path, _)| path).peekable();
        let idle = match said.peek() {
            None => match later {
                Some(other) => Idle {
                    why: format!("`--set {other}` comes after it, and sets the same"),
                    help: Some("say it once".to_owned()),
                },
                None => self.laid_over(path)?,
            },
            Some(_) => {
                let mut found = None;
                for place in said {
                    found = Some(self.idle(place)?);
                }
                found?
            }
        };
        let title = match flag.strip_prefix("--set ") {
            None => format!("`{flag}` has no effect here"),
            Some(_) => format!("`{path}` has no effect here"),
        };
        let fault = Diagnostic::new(Exit::Usage, title).path(path).found(idle.why).help_if(idle.help);
        Some(fault.note(format!("it comes from `{flag}`")))
    }

    /// Nothing that the flag has set is left in the plan.
    fn laid_over(&self, path: &str) -> Option<Idle> {
        // What was taken away leaves nothing, and a map without keys neither.
        let first = path.split(['.', '[']).next().unwrap_or_default();
        match first {
            "message" => Some(Idle {
                why: "every message type says it itself, which is nearer".to_owned(),
                help: self.example(path).map(|place| format!("set that of a type: `{place}`")),
            }),
            "types" | "mix" => Some(Idle {
                why: "the mix says it itself, which is nearer".to_owned(),
                help: Some(format!("set it there: `{}`", path.replacen("types", "mix", 1))),
            }),
            _ => None,
        }
    }

    /// A place of a type for one of all messages: `message.priority` → `types.direct.priority`.
    fn example(&self, path: &str) -> Option<String> {
        let name = &self.plan.types.first()?.name;
        path.strip_prefix("message").map(|rest| format!("{}{rest}", super::tree::join("types", name)))
    }

    /// Why nothing looks at this place of the plan, if nothing does.
    fn idle(&self, place: &str) -> Option<Idle> {
        let (first, rest) = place.split_once(['.', '[']).unwrap_or((place, ""));
        match first {
            "arrival" => self.idle_arrival(),
            "mix" => self.idle_mix(rest),
            "types" => self.idle_type(rest),
            "agents" => self.idle_in_group(rest),
            "processor" => self.idle_in_processor(rest),
            _ => None,
        }
    }

    fn idle_arrival(&self) -> Option<Idle> {
        let all = self.own.iter().all(|own| own.get("arrival").is_some());
        all.then(|| Idle {
            why: format!("every group of agents has an arrival of its own: {}", self.names()),
            help: Some("set that of a group, such as `agents[0].arrival`".to_owned()),
        })
    }

    fn idle_mix(&self, rest: &str) -> Option<Idle> {
        if !rest.ends_with("weight") {
            return None;
        }
        let uses = |(group, own): (&Group, &&Value)| draws(group) && own.get("mix").is_none();
        let used = self.plan.groups.iter().zip(&self.own).any(uses);
        (!used).then(|| Idle {
            why: format!("no group of agents draws from it: {}", self.names()),
            help: Some("set the mix of a group, such as `agents[0].mix`".to_owned()),
        })
    }

    /// Why a setting of a message type has no effect: of paths such as `direct.priority` and `["sync"].tags`.
    fn idle_type(&self, rest: &str) -> Option<Idle> {
        let (id, name, key) = self.plan.types.iter().enumerate().find_map(|(id, kind)| {
            let plain = rest.strip_prefix(&format!("{}.", kind.name));
            let quoted = || rest.strip_prefix(&format!("\"{}\"].", kind.name));
            Some((TypeId(id as u16), &kind.name, plain.or_else(quoted)?))
        })?;
        let key = key.split(['.', '[']).next().unwrap_or(key);
        if key == "wire_type" && self.sent(id) || self.plan.has_callback(super::Callbacks::any) {
            return None;
        }
        if !self.sent(id) {
            let why = format!("no group of agents sends `{name}`");
            return Some(Idle { why, help: Some(format!("give it weight: `mix.{name}.weight`")) });
        }
        let nearer = |(group, own): (&Group, &&Value)| {
            let own = own.get("mix").and_then(|mix| mix.get(name)?.get(key));
            !group.mix.iter().any(|entry| entry.type_id == id) || !draws(group) || own.is_some()
        };
        self.plan.groups.iter().zip(&self.own).all(nearer).then(|| Idle {
            why: format!("every group that sends `{name}` says `{key}` in its own mix, which is nearer"),
            help: Some(format!("set it there, such as `agents[0].mix.{name}.{key}`")),
        })
    }

    fn sent(&self, type_id: TypeId) -> bool {
        let groups = self.plan.groups.iter().filter(|group| draws(group));
        groups.flat_map(|group| &group.mix).any(|entry| entry.type_id == type_id)
    }

    /// Why a setting of a group has no effect: of paths such as `0].mix.direct.weight` and `0].state`.
    fn idle_in_group(&self, rest: &str) -> Option<Idle> {
        let (index, key) = rest.split_once("].")?;
        let group = self.plan.groups.get(index.parse::<usize>().ok()?)?;
        let silent = key.starts_with("mix") && !draws(group);
        let of_callbacks = key.starts_with("state") || (silent && !key.ends_with("weight"));
        if silent && key.ends_with("weight") {
            let why = match group.callbacks.next {
                Some(_) => format!("`next` of `{}` replaces its mix", group.name),
                None => format!("`{}` sends nothing by itself: its arrival is `on_demand`", group.name),
            };
            return Some(Idle { why, help: None });
        }
        (of_callbacks && !group.callbacks.any()).then(|| Idle {
            why: format!("`{}` has no callback that could look at it", group.name),
            help: None,
        })
    }

    fn idle_in_processor(&self, rest: &str) -> Option<Idle> {
        let retry = &self.plan.processor.retry;
        let word = rest.strip_prefix("retry.");
        match word {
            Some("attempts") => None,
            Some(_) if retry.attempts <= 1 => Some(Idle {
                why: "nothing is tried again: `processor.retry.attempts` is 1".to_owned(),
                help: Some("allow for more tries, too, such as `processor.retry.attempts=3`".to_owned()),
            }),
            Some("factor") if retry.attempts == 2 => Some(Idle {
                why: "there is one wait alone: `processor.retry.attempts` is 2".to_owned(),
                help: Some("`factor` makes further waits longer: allow for 3 attempts or more".to_owned()),
            }),
            _ if rest == "time_to_live" && self.all_say_time_to_live() => Some(Idle {
                why: "every message type has a `time_to_live` of its own, which is nearer".to_owned(),
                help: self
                    .example("message.time_to_live")
                    .map(|place| format!("set that of a type: `{place}`")),
            }),
            _ => None,
        }
    }

    fn all_say_time_to_live(&self) -> bool {
        let types = self.plan.types.iter().map(|kind| &kind.settings);
        let mixes = self.plan.groups.iter().flat_map(|group| group.mix.iter().map(|entry| &entry.settings));
        !self.plan.types.is_empty() && types.chain(mixes).all(|settings| settings.time_to_live_ns.is_some())
    }

    fn names(&self) -> String {
        self.plan.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Whether the group's agents draw from their mix.
fn draws(group: &Group) -> bool {
    group.arrival.is_scheduled() && group.callbacks.next.is_none()
}
