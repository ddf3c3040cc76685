//! Parameters of a script typed as flags: `--workers 8` for `param("workers", 4)`.
//!
//! Only the script knows them, so a flag that the program does not know is kept for it, and refused if neither knows it.

use super::arguments::{Arguments, Command, PlanFlags};
use super::settings;
use crate::diagnostics::{Diagnostic, Exit};
use crate::report::printable;
use crate::script::{self, Param, Settings};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Commands that evaluate a script.
const EVALUATING: [&str; 2] = ["run", "check"];

/// Reads what was typed, the program's name first.
///
/// # Errors
/// What clap says of it; help counts as an error, too.
pub fn parse(mut typed: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let evaluating = command_of(&typed).is_some();
    let mut own = Vec::new();
    loop {
        let read = Arguments::command()
            .try_get_matches_from(&typed)
            .and_then(|matches| Arguments::from_arg_matches(&matches));
        match read {
            Ok(mut arguments) => {
                if let Some(plan) = plan(&mut arguments) {
                    plan.param_flags = own;
                }
                return Ok(arguments);
            }
            Err(error) => {
                match unknown(&error).filter(|_| evaluating).and_then(|flag| take(&mut typed, &flag)) {
                    Some(pair) => own.push(pair),
                    None => return Err(error),
                }
            }
        }
    }
}

/// The command, if it evaluates a script.
fn command_of(typed: &[OsString]) -> Option<&'static str> {
    EVALUATING.into_iter().find(|command| typed.get(1).is_some_and(|word| word == command))
}

/// The flags about plans, of a command that has them.
fn plan(arguments: &mut Arguments) -> Option<&mut PlanFlags> {
    match &mut arguments.command {
        Command::Run(flags) => Some(&mut flags.plan),
        Command::Check(flags) => Some(&mut flags.plan),
        _ => None,
    }
}

/// The long flag that clap does not know, without its value.
fn unknown(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = typed.strip_prefix("--")?;
    let name = name.split('=').next().unwrap_or(name);
    let plain = name.starts_with(|c: char| c.is_alphabetic()) && !name.contains(char::is_whitespace);
    plain.then(|| name.to_owned())
}

/// Takes a flag with its value out of what was typed.
fn take(typed: &mut Vec<OsString>, name: &str) -> Option<(String, Option<String>)> {
    let flag = format!("--{name}");
    let with_value = format!("{flag}=");
    let is_flag =
        |word: &OsString| word.to_str().is_some_and(|word| word == flag || word.starts_with(&with_value));
    let at = typed.iter().position(is_flag)?;
    let word = typed.remove(at).into_string().ok()?;
    if let Some(value) = word.strip_prefix(&with_value) {
        return Some((name.to_owned(), Some(value.to_owned())));
    }
    let is_value = |next: &OsString| {
        let next = next.to_string_lossy();
        let rest = next.strip_prefix('-');
        rest.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let value = typed.get(at).is_some_and(is_value).then(|| typed.remove(at));
    Some((name.to_owned(), value.map(|value| value.to_string_lossy().into_owned())))
}

/// Flags whose value stands behind `=` alone, and what it looks like.
const BEHIND_EQUALS: [&str; 3] = ["--chaos", "--real", "--compare"];

/// A value that was typed behind a blank, where only `=` makes it one: the flag, and what was taken for a script.
pub fn blank_for_equals(typed: &[OsString]) -> Option<Diagnostic> {
    command_of(typed)?;
    let words: Vec<&str> = typed.iter().filter_map(|word| word.to_str()).collect();
    // Nothing else is looked at as a script: reading `/dev/stdout` or a pipe would wait for ever.
    let mut pairs =
        words.windows(2).filter(|pair| BEHIND_EQUALS.contains(&pair[0]) && !pair[1].starts_with('-'));
    let pair = pairs.find(|pair| !pair[1].ends_with(".rhai") && settings::script(pair[1]).is_err())?;
    let (flag, word) = (pair[0], printable(pair[1]));
    let fault =
        Diagnostic::new(Exit::Usage, format!("the value of `{flag}` stands behind `=`, not behind a blank"));
    Some(fault.found(format!("`{flag} {word}`")).help(format!("type `{flag}={word}`")))
}

/// The program's own long flags, for suggestions.
pub fn flags_of(command: &str) -> Vec<String> {
    let root = Arguments::command();
    let Some(command) = root.find_subcommand(command) else { return Vec::new() };
    command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .map(|long| format!("--{long}"))
        .collect()
}

/// What stands below the help that was asked for: the parameters of the script that was named with it.
pub fn below_help(typed: &[OsString]) -> String {
    let Some(command) = command_of(typed) else { return String::new() };
    let helpless = typed.iter().filter(|word| *word != "--help" && *word != "-h").cloned();
    let Ok(arguments) = parse(helpless.collect()) else { return String::new() };
    let script = match arguments.command {
        // `run --help` asks for no script in particular.
        Command::Run(flags) if typed.iter().any(|word| *word == *flags.script) => flags.script,
        Command::Check(flags) => flags.script,
        _ => return String::new(),
    };
    section(command, &script).unwrap_or_default()
}

/// The parameters of a script, one a line.
fn section(command: &str, script: &str) -> Option<String> {
    let source = settings::script(script).ok()?;
    let execution = script::check(&source, &Settings::default(), &Arc::new(AtomicBool::new(false)));
    let shown = printable(script);
    if execution.params.is_empty() {
        return Some(format!("\n{shown} declares no parameters.\n"));
    }
    let own = flags_of(command);
    let flag = |param: &Param| {
        let flag = format!("--{}", param.name.replace('_', "-"));
        // A flag of the program that no parameter takes over keeps its meaning.
        let taken = own.contains(&flag) && !TAKEN_OVER.contains(&flag.as_str());
        if taken { format!("-P {}=", param.name) } else { format!("{flag} ") }
    };
    let rows: Vec<(String, &Param)> = execution
        .params
        .iter()
        .map(|param| (printable(&format!("  {}<{}>", flag(param), param.default)), param))
        .collect();
    let width = rows.iter().map(|(flag, _)| flag.chars().count()).max().unwrap_or(0);
    let mut text = format!("\nParameters of {shown}, with their defaults:\n");
    for (flag, param) in rows {
        let line = format!("{flag:width$}  {}", printable(&param.doc));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    Some(text)
}

/// Flags of the program that mean a parameter of their name, where the script declares one.
pub const TAKEN_OVER: [&str; 8] = [
    "--duration",
    "--messages",
    "--rate",
    "--agents",
    "--seed",
    "--success-rate",
    "--min-latency",
    "--max-latency",
];

#[cfg(test)]
mod tests {
    use super::*;

    type ScriptAndParameters = (String, Vec<(String, Option<String>)>);

    fn parsed(typed: &[&str]) -> Result<ScriptAndParameters, clap::Error> {
        let typed = ["mqscript"].iter().chain(typed).map(OsString::from).collect();
        let arguments = parse(typed)?;
        match arguments.command {
            Command::Run(flags) => Ok((flags.script, flags.plan.param_flags)),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn flags_that_the_program_does_not_know_are_kept_for_the_script() {
        let own = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let (script, flags) =
            parsed(&["run", "tiny.rhai", "--workers", "8", "--loud", "--size=-5", "-q"]).unwrap();
        assert_eq!(script, "tiny.rhai");
        assert_eq!(flags, [own("workers", Some("8")), own("loud", None), own("size", Some("-5"))]);
        let (script, flags) = parsed(&["run", "--workers", "8", "tiny.rhai", "--offset", "-3"]).unwrap();
        assert_eq!((script.as_str(), flags.len()), ("tiny.rhai", 2));
        assert_eq!(flags[1], own("offset", Some("-3")));
    }

    #[test]
    fn only_what_follows_a_flag_with_an_equals_sign_is_looked_at_as_a_script() {
        let told = |typed: &[&str]| {
            let typed: Vec<OsString> = ["mqscript", "run"].iter().chain(typed).map(OsString::from).collect();
            blank_for_equals(&typed).map(|fault| fault.help[0].clone())
        };
        // To read standard input here would wait for its end.
        assert_eq!(told(&["--output", "/dev/stdin", "--force"]), None);
        assert_eq!(told(&["--chaos", "crash=2%"]), Some("type `--chaos=crash=2%`".to_owned()));
        assert_eq!(told(&["--real", "nine_agents"]), None);
    }

    #[test]
    fn other_mistakes_are_claps() {
        for typed in
            [&["run", "a", "b"][..], &["run", "-x"], &["batch", "b.yaml", "--workers", "8"], &["rnu"]]
        {
            assert!(parsed(typed).is_err(), "{typed:?}");
        }
    }
}
