//! Parameters of a script typed as flags: `--workers 8` for `param("workers", 4)`.
//!
//! Only the script knows them, so a flag that the program does not know is kept for it, and refused if neither knows it.

use super::arguments::{Arguments, Command};
use super::plan_arguments::PlanFlags;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use mqscript::diagnostics::{Diagnostic, Exit, did_you_mean};
use mqscript::report::printable;
use mqscript::script::{self, Param, Settings};
use mqscript::session::find_script;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Commands that evaluate a script.
const EVALUATING: [&str; 2] = ["run", "check"];

/// Reads what was typed, the program's name first.
///
/// # Errors
/// What clap says of it; help counts as an error, too.
pub fn parse(typed: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let evaluating = command_of(&typed).is_some();
    let mut typed = with_negative_values(typed);
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
                let of_script = unknown(&error).filter(|flag| evaluating && !of_run_alone(&typed, flag));
                match of_script.and_then(|flag| take(&mut typed, &flag)) {
                    Some(pair) => own.push(pair),
                    None => return Err(error),
                }
            }
        }
    }
}

/// What was typed, a value that begins as a number below zero joined with its flag: `--within -2%` is `--within=-2%`, of
/// which the flag itself says what is wrong.
fn with_negative_values(typed: Vec<OsString>) -> Vec<OsString> {
    let root = Arguments::command();
    let (command, _) = command_typed(&root, &typed);
    let mut joined: Vec<OsString> = Vec::with_capacity(typed.len());
    let mut flags = true;
    for word in typed {
        flags &= word != "--";
        let flag = joined.last().and_then(|flag| flag.to_str()).filter(|_| flags && is_negative(&word));
        let flag = flag.filter(|flag| takes_a_value(command, flag)).map(str::to_owned);
        match (flag, word.to_str()) {
            (Some(flag), Some(value)) => {
                joined.pop();
                joined.push(format!("{flag}={value}").into());
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Whether a word begins as a number below zero does.
fn is_negative(word: &OsStr) -> bool {
    let rest = word.to_str().and_then(|word| word.strip_prefix('-'));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Whether a word is a flag, long or short, whose value may be the next word.
fn takes_a_value(command: &clap::Command, word: &str) -> bool {
    let is_word = |argument: &&clap::Arg| {
        let long = word.strip_prefix("--").is_some_and(|name| argument.get_long() == Some(name));
        long || word.strip_prefix('-').is_some_and(|name| {
            argument.get_short().is_some_and(|short| name.chars().eq(std::iter::once(short)))
        })
    };
    let argument = command.get_arguments().find(is_word);
    argument.is_some_and(|argument| argument.get_action().takes_values() && !argument.is_require_equals_set())
}

/// The command that was typed, as far down as it goes, and what a person types to mean it: `mqscript core check`.
fn command_typed<'c>(root: &'c clap::Command, typed: &[OsString]) -> (&'c clap::Command, String) {
    let (mut command, mut name) = (root, "mqscript".to_owned());
    for word in typed.iter().skip(1).map_while(|word| word.to_str()) {
        let Some(below) = command.find_subcommand(word) else { break };
        command = below;
        name = format!("{name} {word}");
    }
    (command, name)
}

/// Whether a flag belongs to `run` alone of the commands that evaluate a script: in a check it is no parameter's.
fn of_run_alone(typed: &[OsString], flag: &str) -> bool {
    command_of(typed) == Some("check") && flags_of("run").contains(&format!("--{flag}"))
}

/// What is wrong with a flag that the command does not have, in our words.
pub fn unknown_flag(error: &clap::Error, typed: &[OsString]) -> Option<Diagnostic> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = printable(found.split('=').next().unwrap_or(found));
    if !flag.starts_with('-') {
        return None;
    }
    let root = Arguments::command();
    let (below, command) = command_typed(&root, typed);
    let fault = |title: String| Some(Diagnostic::new(Exit::Usage, title));
    let end = typed.iter().position(|word| word == "--");
    let word = typed.iter().position(|word| word.to_str().is_some_and(|word| word == found));
    if end.zip(word).is_some_and(|(end, word)| end < word) {
        return Some(
            fault(format!("`{flag}` stands behind `--`, where no flag is read"))?.help("leave out the `--`"),
        );
    }
    let own: Vec<String> = long_flags(below);
    let fault = fault(format!("`{command}` has no flag `{flag}`"))?
        .expected(format!("a flag of `{command} --help`"))
        .help_if(did_you_mean(&flag, own.iter().map(String::as_str)));
    if !flag.starts_with("--") {
        return Some(fault);
    }
    let elsewhere = root.get_subcommands().find(|other| long_flags(other).contains(&flag));
    let name = flag.trim_start_matches('-');
    Some(match elsewhere {
        Some(_) if command == "mqscript check" => fault.help(format!(
            "`mqscript run` takes it; for a parameter of that name type `-P {}=VALUE`",
            name.replace('-', "_")
        )),
        Some(other) => fault.help(format!("`mqscript {}` takes it", other.get_name())),
        None => fault,
    })
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
    // Behind `--` no flag is read.
    let at = typed.iter().take_while(|word| *word != "--").position(is_flag)?;
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
    let pair = pairs.find(|pair| !pair[1].ends_with(".rhai") && find_script(pair[1]).is_err())?;
    let (flag, word) = (pair[0], printable(pair[1]));
    let fault =
        Diagnostic::new(Exit::Usage, format!("the value of `{flag}` stands behind `=`, not behind a blank"));
    Some(fault.found(format!("`{flag} {word}`")).help(format!("type `{flag}={word}`")))
}

/// The program's own long flags, for suggestions.
pub fn flags_of(command: &str) -> Vec<String> {
    let root = Arguments::command();
    root.find_subcommand(command).map(long_flags).unwrap_or_default()
}

fn long_flags(command: &clap::Command) -> Vec<String> {
    let longs = command.get_arguments().filter_map(|argument| argument.get_long());
    longs.map(|long| format!("--{long}")).collect()
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
    let source = find_script(script).ok()?;
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
    fn a_value_below_zero_is_its_flags_and_no_flag() {
        let told = |typed: &[&str]| parsed(typed).unwrap_err().to_string();
        for (flag, word) in
            [("--repeats", "-1"), ("--hang-timeout", "-1"), ("--within", "-2%"), ("--seed", "-1")]
        {
            let told = told(&["run", "tiny.rhai", flag, word]);
            assert!(told.contains(&format!("for '{flag}")) && !told.contains("-- -"), "{told}");
        }
        assert!(
            parsed(&["run", "tiny.rhai", "-d", "-1s", "--rate", "-1/s", "--max-latency", "-.5ms"]).is_ok()
        );
    }

    #[test]
    fn a_flag_that_the_command_does_not_have_says_whose_it_is() {
        let told = |typed: &[&str]| {
            let typed: Vec<OsString> = ["mqscript"].iter().chain(typed).map(OsString::from).collect();
            let fault = unknown_flag(&parse(typed.clone()).unwrap_err(), &typed).unwrap();
            (fault.title, fault.help.join("; "))
        };
        let (title, help) = told(&["run", "tiny.rhai", "--", "--duration"]);
        assert_eq!(title, "`--duration` stands behind `--`, where no flag is read");
        assert_eq!(help, "leave out the `--`");
        let (title, help) = told(&["check", "tiny.rhai", "--repeats", "5"]);
        assert_eq!(title, "`mqscript check` has no flag `--repeats`");
        assert_eq!(help, "`mqscript run` takes it; for a parameter of that name type `-P repeats=VALUE`");
        let (title, help) = told(&["batch", "b.yaml", "--rate", "5"]);
        assert_eq!(title, "`mqscript batch` has no flag `--rate`");
        assert_eq!(help, "`mqscript run` takes it");
        let (title, help) = told(&["core", "check", "mock", "--core-paht=x"]);
        assert_eq!(title, "`mqscript core check` has no flag `--core-paht`");
        assert_eq!(help, "did you mean `--core-path`?");
        assert_eq!(told(&["compare", "a.json", "-x"]).0, "`mqscript compare` has no flag `-x`");
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
