//! Parameters: declared by the script, set by `--param` or by a flag of the same name, typed by their defaults.

use super::faults::throw_one;
use super::settings::{Param, ParamOrigin};
use super::state::{SharedState, State};
use super::words::a_value_of;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, did_you_mean, one_of};
use crate::plan::parse_typed;
use crate::plan::tree::Written;
use crate::plan::units::{parse_duration, parse_rate, parse_share};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// What a default says about the values that may replace it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParamKind {
    Truth,
    Whole,
    Number,
    Duration,
    Rate,
    Share,
    Text,
}

impl ParamKind {
    fn of(default: &Dynamic) -> Option<ParamKind> {
        if default.is_bool() {
            return Some(ParamKind::Truth);
        }
        if default.is_int() {
            return Some(ParamKind::Whole);
        }
        if default.is_float() {
            return Some(ParamKind::Number);
        }
        let text = default.clone().into_immutable_string().ok()?;
        Some(match text.as_str() {
            text if parse_duration(text).is_ok() => ParamKind::Duration,
            text if parse_rate(text).is_ok() => ParamKind::Rate,
            text if text.ends_with('%') && parse_share(text).is_ok() => ParamKind::Share,
            _ => ParamKind::Text,
        })
    }

    fn expected(self) -> &'static str {
        match self {
            ParamKind::Truth => "true or false",
            ParamKind::Whole => "a whole number",
            ParamKind::Number => "a number",
            ParamKind::Duration => "a duration such as \"5ms\"",
            ParamKind::Rate => "a rate such as \"20/s\"",
            ParamKind::Share => "a share such as \"95%\" or 0.95",
            ParamKind::Text => "a text",
        }
    }

    /// The value of a text; `bare` allows a duration without unit, as `--duration` does.
    fn read(self, text: &str, bare: bool) -> Option<Dynamic> {
        let as_text = || Some(Dynamic::from(ImmutableString::from(text)));
        let positive = text.parse::<f64>().is_ok_and(|number| number >= 0.0 && number.is_finite());
        match self {
            ParamKind::Truth => text
                .parse::<bool>()
                .ok()
                .or_else(|| match yaml(text)? {
                    Written::Bool(truth) => Some(truth),
                    _ => None,
                })
                .map(Dynamic::from),
            ParamKind::Whole => text
                .replace('_', "")
                .parse::<i64>()
                .ok()
                .or_else(|| match yaml(text)? {
                    Written::Integer(whole) => Some(whole),
                    Written::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                        Some(number as i64)
                    }
                    _ => None,
                })
                .map(Dynamic::from),
            ParamKind::Number => text
                .parse::<f64>()
                .ok()
                .or_else(|| match yaml(text)? {
                    Written::Integer(whole) => Some(whole as f64),
                    Written::Float(number) => Some(number),
                    _ => None,
                })
                .filter(|n| n.is_finite())
                .map(Dynamic::from),
            ParamKind::Duration if bare && positive => {
                Some(Dynamic::from(ImmutableString::from(format!("{text}s"))))
            }
            ParamKind::Duration => parse_duration(text).ok().and_then(|_| as_text()),
            ParamKind::Rate if positive => Some(Dynamic::from(ImmutableString::from(format!("{text}/s")))),
            ParamKind::Rate => parse_rate(text).ok().and_then(|_| as_text()),
            ParamKind::Share => parse_share(text).ok().and_then(|_| as_text()),
            ParamKind::Text => as_text(),
        }
    }
}

/// What YAML makes of a number or a truth that is written in another way: `0x10`, `1e3`, `True`.
fn yaml(text: &str) -> Option<Written> {
    parse_typed("--param", text).ok().map(|node| node.value)
}

/// Registers the function `param`.
pub(super) fn register(engine: &mut Engine, shared: &SharedState) {
    let state = shared.clone();
    engine.register_fn("param", move |name: ImmutableString, default: Dynamic, doc: ImmutableString| {
        param(&mut state.lock(), &name, default, &doc)
    });
    let state = shared.clone();
    engine.register_fn("param", move |name: ImmutableString, default: Dynamic| {
        param(&mut state.lock(), &name, default, "")
    });
}

/// What a flag of this name says, taken away so that it means nothing else.
fn take_flag(state: &mut State, name: &str) -> Option<String> {
    let overrides = &mut state.overrides;
    match name {
        "duration" => overrides.duration.take(),
        "messages" => overrides.messages.take(),
        "rate" => overrides.rate.take(),
        "agents" => overrides.agents.take(),
        "seed" => overrides.seed.take().map(|seed| seed.to_string()),
        "success_rate" => overrides.success_rate.take(),
        "min_latency" => overrides.min_latency.take(),
        "max_latency" => overrides.max_latency.take(),
        _ => None,
    }
}

/// The flag that sets a parameter, and what it says.
fn said(state: &mut State, name: &str, kind: ParamKind) -> Fallible<Option<(String, String)>> {
    let settings = &state.settings;
    let by_param = settings.params.iter().filter(|(known, _)| known == name);
    let by_param = by_param.map(|(_, text)| (format!("--param {name}"), text.clone()));
    // A flag alone switches something on.
    let alone = if kind == ParamKind::Truth { "true" } else { "" };
    let by_flag = settings.param_flags.iter().filter(|(flag, _)| same_name(flag, name));
    let by_flag =
        by_flag.map(|(flag, text)| (format!("--{flag}"), text.clone().unwrap_or_else(|| alone.to_owned())));
    let mut said: Vec<(String, String)> = by_param.chain(by_flag).collect();
    // What the environment says of the seed is said of no parameter that has a value of its own.
    let of_environment = name == "seed" && state.overrides.seed_of_environment;
    if said.is_empty() || !of_environment {
        said.extend(take_flag(state, name).map(|text| (format!("--{}", name.replace('_', "-")), text)));
    }
    if said.len() > 1 {
        let all: Vec<String> = said.iter().map(|(flag, text)| typed(flag, text)).collect();
        let fault = Diagnostic::new(Exit::Usage, format!("the parameter `{name}` is set twice"));
        return Err(throw_one(fault.found(all.join(" and ")).expected("one of them").help("say it once")));
    }
    Ok(said.pop())
}

/// A flag with its value, as it was typed.
fn typed(flag: &str, text: &str) -> String {
    let sign = if flag.starts_with("--param ") { "=" } else { " " };
    if text.is_empty() { format!("`{flag}`") } else { format!("`{flag}{sign}{text}`") }
}

/// What to write for a letter that was meant to be a text.
fn in_double_quotes(letter: char) -> String {
    format!("a text stands in double quotes: write `{:?}`", letter.to_string())
}

/// Whether a flag means a parameter: `--max-size` sets `max_size`.
fn same_name(flag: &str, parameter: &str) -> bool {
    flag.replace('-', "_") == parameter.replace('-', "_")
}

fn param(state: &mut State, name: &str, default: Dynamic, doc: &str) -> Fallible<Dynamic> {
    let fail = |fault: Diagnostic| throw_one(fault);
    let Some(kind) = ParamKind::of(&default) else {
        let fault =
            Diagnostic::new(Exit::Contents, format!("the default of the parameter `{name}` has no type"));
        return Err(fail(
            fault
                .found(a_value_of(default.type_name()).trim_end_matches(',').to_owned())
                .expected("a number, true or false, or a text")
                .help_if(default.as_char().ok().map(in_double_quotes)),
        ));
    };
    if let Some(known) = state.params.iter().find(|param| param.name == name) {
        let default = default.to_string();
        if known.default == default {
            return Ok(known.dynamic.clone());
        }
        let fault = Diagnostic::new(Exit::Contents, format!("the parameter `{name}` is declared twice"));
        return Err(fail(fault.found(format!("the defaults {} and {default}", known.default))));
    }
    let shown = default.to_string();
    let (value, origin) = match said(state, name, kind)? {
        None => (default, ParamOrigin::Default),
        Some((flag, text)) => match kind.read(&text, flag == "--duration") {
            Some(value) => (value, ParamOrigin::Flag(flag)),
            None => {
                let found = match text.is_empty() {
                    true => format!("nothing after `{flag}`"),
                    false => format!("`{text}`, from `{flag}`"),
                };
                let fault = Diagnostic::new(Exit::Usage, format!("wrong value for the parameter `{name}`"))
                    .found(found)
                    .expected(kind.expected())
                    .note(format!("the script's default is {shown}"));
                return Err(fail(fault));
            }
        },
    };
    state.params.push(Param {
        name: name.to_owned(),
        value: value.to_string(),
        default: shown,
        doc: doc.to_owned(),
        origin,
        dynamic: value.clone(),
    });
    Ok(value)
}

/// `--param` names, and flags of no other meaning, that the script has not declared.
pub(super) fn undeclared(state: &State) -> Vec<Diagnostic> {
    let known: Vec<&str> = state.params.iter().map(|param| param.name.as_str()).collect();
    let expected = match known.as_slice() {
        [] => "a script with parameters: this one declares none".to_owned(),
        names => one_of(names.iter().copied()),
    };
    let of_param = |(name, _): &(String, String)| {
        Diagnostic::new(Exit::Usage, format!("the script has no parameter `{name}`"))
            .found(format!("`--param {name}`"))
            .expected(expected.clone())
            .help_if(did_you_mean(name, known.iter().copied()))
    };
    let of_flag = |(flag, _): &(String, Option<String>)| {
        let names: Vec<String> = known.iter().map(|name| format!("--{}", name.replace('_', "-"))).collect();
        let names = names.iter().map(String::as_str).chain(state.settings.flags.iter().map(String::as_str));
        let expected = match known.as_slice() {
            [] => "a flag that `--help` shows; the script declares no parameter".to_owned(),
            known => {
                format!("a flag that `--help` shows, or a parameter of the script: {}", known.join(", "))
            }
        };
        Diagnostic::new(Exit::Usage, format!("there is no flag `--{flag}`"))
            .expected(expected)
            .help_if(did_you_mean(&format!("--{flag}"), names))
    };
    let settings = &state.settings;
    let params = settings.params.iter().filter(|(name, _)| !known.contains(&name.as_str())).map(of_param);
    let flags = settings.param_flags.iter();
    let flags = flags.filter(|(flag, _)| !known.iter().any(|name| same_name(flag, name))).map(of_flag);
    params.chain(flags).collect()
}

/// Those of them that no text of the script even mentions: told before the first run, not after the last.
pub(super) fn undeclared_for_sure(state: &State) -> Diagnostics {
    let texts = state.sources.all();
    let mentioned = |name: &str| {
        let spellings = [name.to_owned(), name.replace('-', "_")];
        spellings.iter().any(|name| texts.iter().any(|source| source.text.contains(&format!("\"{name}\""))))
    };
    let settings = &state.settings;
    let names = settings.params.iter().map(|(name, _)| name);
    let all_mentioned =
        names.chain(settings.param_flags.iter().map(|(flag, _)| flag)).all(|name| mentioned(name));
    if all_mentioned {
        return Diagnostics::new();
    }
    let sure = |fault: &Diagnostic| {
        let name = fault.title.split('`').nth(1).unwrap_or_default();
        !mentioned(name.trim_start_matches("--"))
    };
    undeclared(state).into_iter().filter(sure).collect()
}
