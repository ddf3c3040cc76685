//! What Rhai says went wrong, as diagnostics: the innermost place, the line, and how the script came there.

use super::code::variables;
use super::modules::Sources;
use super::table::{self, FUNCTIONS};
use super::words;
use crate::diagnostics::{CalledFrom, Diagnostic, Diagnostics, Exit, SourcePlace, did_you_mean, one_of};
use rhai::{Dynamic, EvalAltResult, ParseErrorType, Position};
use std::sync::Arc;
use std::time::Duration;

/// Faults of ours on their way through Rhai.
#[derive(Debug, Clone)]
pub(super) struct Thrown(pub Arc<Diagnostics>);

/// Steps of how a script came to a place that are shown, innermost first.
const CALLS_SHOWN_MAX: usize = 8;

/// Why evaluation is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptStop {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The most runs of a check have been met.
    EnoughRuns,
    /// It has had the processor for longer than this.
    TooLong(Duration),
}

/// An error that carries faults; it gets its place from `position` or, if that is none, from where it is raised.
///
/// A script may catch it. Rhai gives errors that cannot be caught the place of the outermost call, which is of
/// less use than the innermost.
pub(super) fn throw(faults: Diagnostics, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Thrown(Arc::new(faults))), position))
}

/// As [`throw`], but a script cannot catch it: a run has failed, and nothing may hide that.
pub(super) fn throw_for_good(faults: Diagnostics) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(Thrown(Arc::new(faults))), Position::NONE))
}

/// An error with one fault, placed where it is raised.
pub(super) fn throw_one(fault: Diagnostic) -> Box<EvalAltResult> {
    throw(fault.into(), Position::NONE)
}

/// The names that are known to a script.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownNames {
    pub sources: Sources,
    /// The path of the main script.
    pub file: String,
    /// The script's own functions.
    pub functions: Vec<String>,
    /// Whether a callback is evaluated, which has less of the API.
    pub in_callback: bool,
}

impl KnownNames {
    /// Every name that may be called.
    fn names(&self) -> impl Iterator<Item = &str> {
        let there = |name: &&str| !self.in_callback || table::in_callbacks(name);
        let ours = FUNCTIONS.iter().map(|function| function.name).filter(there);
        ours.chain(self.functions.iter().map(String::as_str))
    }

    /// Every name that may stand without being called: truths, variables, and functions of the script, for callbacks.
    fn values(&self, file: &str, position: Position) -> Vec<String> {
        let source = self.sources.get(if file.is_empty() { &self.file } else { file });
        let seen = source.zip(tree_position(position)).map(|(source, at)| variables(&source.text, at));
        let truths = ["true", "false"].map(str::to_owned);
        seen.unwrap_or_default().into_iter().chain(truths).chain(self.functions.iter().cloned()).collect()
    }

    /// What to write for a name that stands for no value.
    fn value_meant(&self, name: &str, file: &str, position: Position) -> Option<String> {
        if self.names().any(|known| known == name) {
            return Some(format!("`{name}` is a function: call it, its arguments in round brackets"));
        }
        did_you_mean(name, self.values(file, position).iter().map(String::as_str))
    }

    /// Where a function of the main script is defined.
    pub fn definition(&self, name: &str) -> Option<SourcePlace> {
        let source = self.sources.get(&self.file)?;
        let wanted = format!("fn {name}");
        source.text.lines().enumerate().find_map(|(index, line)| {
            let at = line.find(&wanted)?;
            let after = line[at + wanted.len()..].chars().next();
            let whole = !after.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let column = line[..at].chars().count() + "fn ".len() + 1;
            whole.then(|| SourcePlace::in_text(&self.file, &source.text, index + 1, column))
        })
    }

    fn place(&self, file: &str, position: Position) -> Option<SourcePlace> {
        let file = if file.is_empty() { &self.file } else { file };
        let line = position.line()?;
        let column = position.position().unwrap_or(1);
        Some(match self.sources.get(file) {
            Some(source) => SourcePlace::in_text(file, &source.text, line, column),
            None => SourcePlace { file: file.to_owned(), line, column, length: 1, source: None },
        })
    }

    /// The diagnostics of an error at compile time.
    pub fn of_parsing(&self, file: &str, kind: &ParseErrorType, position: Position) -> Diagnostic {
        let file = if file.is_empty() { &self.file } else { file };
        let source = self.sources.get(file).unwrap_or_default();
        let at = tree_position(position);
        let fault = words::of_parsing(kind, &source, at);
        match kind {
            // What has been guessed already is worth more than a name that is merely near.
            ParseErrorType::VariableUndefined(name) if fault.help.is_empty() => {
                fault.help_if(self.value_meant(name, file, position))
            }
            _ => fault,
        }
    }

    /// The diagnostics of an error while running.
    pub fn of_evaluation(&self, error: &EvalAltResult) -> Diagnostics {
        let mut called_from = Vec::new();
        let mut file = String::new();
        let mut inner = error;
        loop {
            match inner {
                EvalAltResult::ErrorInFunctionCall(name, source, deeper, position) => {
                    if let Some(place) = self.place(&file, *position) {
                        called_from.push(CalledFrom { function: function_name(name), place });
                    }
                    file.clone_from(source);
                    inner = deeper;
                }
                EvalAltResult::ErrorInModule(module, deeper, position) => {
                    if let Some(place) = self.place(&file, *position) {
                        called_from.push(CalledFrom { function: format!("import {module}"), place });
                    }
                    file.clone_from(module);
                    inner = deeper;
                }
                _ => break,
            }
        }
        called_from.reverse();
        called_from.truncate(CALLS_SHOWN_MAX);
        let place = self.place(&file, inner.position());
        let mut faults = self.of_innermost(inner, &file);
        for fault in faults.iter_mut() {
            if fault.place.is_none() && fault.exit != Exit::Usage {
                fault.place.clone_from(&place);
            }
            if fault.exit == Exit::Thrown {
                fault.called_from.clone_from(&called_from);
            }
        }
        faults
    }

    /// The line of the script in which an error arose, and the part of it before the place.
    fn line(&self, file: &str, position: Position) -> Option<(String, String)> {
        let file = if file.is_empty() { &self.file } else { file };
        let source = self.sources.get(file)?;
        let at = tree_position(position)?;
        let line = source.text.lines().nth(at.line - 1)?.to_owned();
        Some((line, super::code::before(&source.text, at).to_owned()))
    }

    fn of_innermost(&self, error: &EvalAltResult, file: &str) -> Diagnostics {
        let thrown = |title: &str| Diagnostic::new(Exit::Thrown, title);
        let fault = match error {
            EvalAltResult::ErrorTerminated(token, _) | EvalAltResult::ErrorRuntime(token, _)
                if token.is::<Thrown>() =>
            {
                let Thrown(faults) = token.clone_cast::<Thrown>();
                return (*faults).clone();
            }
            EvalAltResult::ErrorTerminated(token, _) if token.is::<ScriptStop>() => {
                return match token.clone_cast::<ScriptStop>() {
                    ScriptStop::Interrupted => Diagnostic::new(Exit::Interrupted, "interrupted").into(),
                    ScriptStop::EnoughRuns => Diagnostics::new(),
                    ScriptStop::TooLong(limit) => thrown("the script computes for too long")
                        .found(format!("more than {} s of processor time", limit.as_secs()))
                        .expected("a script that describes traffic: the program makes it")
                        .help("a large list or map is slow to change: keep it in a file and `load` it, or build it in parts")
                        .into(),
                };
            }
            EvalAltResult::ErrorParsing(kind, position) => self.of_parsing(file, kind, *position),
            EvalAltResult::ErrorFunctionNotFound(signature, position) => {
                self.unknown_function(signature, self.line(file, *position))
            }
            EvalAltResult::ErrorVariableNotFound(name, _) if name.starts_with("global::") => {
                thrown(&format!("undefined constant `{name}`"))
                    .note("a callback sees constants that are literals, such as `const LIMIT = 5;`")
                    .help("put what is computed into the group's `state`")
            }
            EvalAltResult::ErrorVariableNotFound(name, position) => {
                let help = self.value_meant(name, file, *position);
                thrown(&format!("undefined variable `{name}`")).help_if(help)
            }
            EvalAltResult::ErrorTooManyOperations(_) if self.in_callback => {
                thrown("a callback does not come to an end")
                    .found(format!("{} operations", super::limits::CALLBACK_OPERATIONS_MAX))
                    .help("look for a loop that never ends")
            }
            EvalAltResult::ErrorTooManyOperations(_) => thrown("the script does not come to an end")
                .found(format!("{} operations", super::limits::OPERATIONS_MAX))
                .help("look for a loop that never ends; traffic is made by `run`, not by loops"),
            EvalAltResult::ErrorStackOverflow(_) => thrown("functions call each other too deeply")
                .found(format!("{} calls inside each other", super::limits::CALL_LEVELS_MAX))
                .help("look for a function that calls itself without end"),
            EvalAltResult::ErrorRuntime(value, _) if value.is_unit() => thrown("the script threw an error"),
            EvalAltResult::ErrorRuntime(value, _) => thrown(&value.to_string()),
            EvalAltResult::ErrorDotExpr(text, _) if text.contains(" property '") => unknown_property(text),
            other => words::of_evaluation(other),
        };
        fault.into()
    }

    /// "poison (&str)": a name nobody knows, or one that takes other things.
    fn unknown_function(&self, signature: &str, line: Option<(String, String)>) -> Diagnostic {
        let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
        let arguments = words::readable(arguments.strip_suffix(')').unwrap_or(arguments));
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let title = match name {
                "[]" => "there is no such index".to_owned(),
                _ => format!("`{name}` cannot be applied here"),
            };
            let fault = Diagnostic::new(Exit::Thrown, title).found(format!("({arguments})"));
            let unset = arguments.split(", ").any(|kind| kind == "nothing");
            return match unset {
                true => fault
                    .help_if(line.and_then(|(line, before)| unset_state(&line, &before)))
                    .note("a key that is not set, and a function that returns no value, give nothing"),
                false => fault,
            };
        }
        let forms = table::forms(name);
        if forms.is_empty() {
            let names = self.names();
            return Diagnostic::new(Exit::Thrown, format!("there is no function `{name}`"))
                .found(format!("{name}({arguments})"))
                .help_if(did_you_mean(name, names));
        }
        if self.in_callback && !table::in_callbacks(name) {
            return Diagnostic::new(Exit::Thrown, format!("`{name}` cannot be called in a callback"))
                .found(format!("{name}({arguments})"))
                .expected("`me`, what else the callback is given, and distributions for `after`")
                .help("call it at the top level of the script");
        }
        Diagnostic::new(Exit::Thrown, format!("`{name}` takes something else"))
            .found(format!("{name}({arguments})"))
            .expected(forms.join(" or "))
    }
}

/// Explains texts such as "Unknown property 'nme' - a getter is not registered for type 'Me'".
fn unknown_property(text: &str) -> Diagnostic {
    let words: Vec<&str> = text.split('\'').collect();
    let (property, kind) = (words.get(1).copied().unwrap_or(""), words.get(3).copied().unwrap_or(""));
    let rows: &[(&str, &str)] = match kind {
        "Me" => table::ME,
        "Message" => table::MESSAGE,
        "Outcome" => table::OUTCOME,
        _ => &[],
    };
    let name = |row: &(&'static str, &str)| {
        let name = row.0.split_once('.').map_or(row.0, |(_, name)| name);
        name.split_once('(').map_or(name, |(name, _)| name)
    };
    let known: Vec<&str> = rows.iter().map(name).collect();
    if text.contains("a setter") && known.contains(&property) {
        let fault = Diagnostic::new(Exit::Thrown, format!("`{property}` cannot be replaced"));
        let help = (property == "state").then(|| "set its keys: me.state.n = 0".to_owned());
        return fault.help_if(help);
    }
    let what = match kind {
        "Me" | "Message" | "Outcome" => format!("`{}`", kind.to_lowercase()),
        kind => words::a_value_of(kind),
    };
    let fault = Diagnostic::new(Exit::Thrown, format!("{what} has no property `{property}`"));
    match known.as_slice() {
        [] => fault,
        names => fault
            .expected(one_of(names.iter().copied()))
            .help_if(did_you_mean(property, names.iter().copied())),
    }
}

fn function_name(name: &str) -> String {
    if name.starts_with("anon$") { "a closure".to_owned() } else { name.to_owned() }
}

fn tree_position(position: Position) -> Option<crate::plan::tree::Position> {
    let line = position.line()?;
    Some(crate::plan::tree::Position { line, column: position.position().unwrap_or(1) })
}

/// `me.state.count += 1` where nobody has set `count`; the key nearest before the place is meant.
fn unset_state(line: &str, before: &str) -> Option<String> {
    const STATE: &str = "me.state.";
    let start = before.rfind(STATE).or_else(|| line.find(STATE))? + STATE.len();
    let key: String = line.get(start..)?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!key.is_empty()).then(|| format!("`me.state.{key}` is not set: give the group `state: #{{ {key}: 0 }}`"))
}
