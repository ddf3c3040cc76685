//! The command that repeats a run: what was typed, with the seed that was used, without the outputs.

use crate::cores::{HIDDEN, without_secrets};
use serde_json::Value;

/// Flags that say where results go or how they look, and whether a value follows them.
const LEFT_OUT: &[(&str, Option<char>, bool)] = &[
    ("--output", Some('o'), true),
    ("--events", None, true),
    ("--report", None, true),
    ("--hdr", None, true),
    ("--metrics", None, true),
    ("--csv", None, true),
    ("--format", None, true),
    ("--seed", Some('s'), true),
    ("--force", None, false),
    ("--verbose", Some('v'), false),
    ("--quiet", Some('q'), false),
];

/// The command line for a shell. `typed` are the arguments without the program's name, which clap has accepted;
/// without a seed they repeat themselves. Options of the core whose names are among `secret` are not told, nor is any
/// secret that a core was given.
pub fn command(typed: &[String], seed: Option<u64>, secret: &[String]) -> String {
    let mut words = vec!["mqscript".to_owned()];
    let mut typed = typed.iter();
    let mut is_option = false;
    while let Some(argument) = typed.next() {
        let of_option = std::mem::replace(&mut is_option, argument == CORE_OPTION);
        match left_out(argument) {
            None => words.push(quoted(&without_secrets(&told(argument, of_option, secret)))),
            Some(true) => drop(typed.next()),
            Some(false) => {}
        }
    }
    words.extend(seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

const CORE_OPTION: &str = "--core-option";

/// An argument, the value of a secret option of the core left out: `K=V` after the flag, or `--core-option=K=V`.
fn told(argument: &str, of_option: bool, secret: &[String]) -> String {
    let joined = argument.strip_prefix(CORE_OPTION).and_then(|rest| rest.strip_prefix('='));
    let pair = if of_option { Some(argument) } else { joined };
    let key = pair.and_then(|pair| pair.split_once('=')).map(|(key, _)| key);
    let is_secret = |key: &&str| {
        secret.iter().any(|name| name == key || key.rsplit_once('.').is_some_and(|(_, last)| last == name))
    };
    match key.filter(is_secret) {
        Some(key) if of_option => format!("{key}={HIDDEN}"),
        Some(key) => format!("{CORE_OPTION}={key}={HIDDEN}"),
        None => argument.to_owned(),
    }
}

/// The names of options that results show as `***`.
pub fn secret_options<'a>(options: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut names: Vec<String> = options
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(_, value)| *value == HIDDEN)
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether an argument is left out, and then whether the next one is its value.
fn left_out(argument: &str) -> Option<bool> {
    for (long, short, takes_value) in LEFT_OUT {
        if argument == *long {
            return Some(*takes_value);
        }
        if argument.strip_prefix(long).is_some_and(|rest| rest.starts_with('=')) {
            return Some(false);
        }
        let Some(short) = short else { continue };
        let rest = argument.strip_prefix('-').and_then(|rest| rest.strip_prefix(*short));
        match rest {
            Some("") => return Some(*takes_value),
            // `-o=file`, `-s7`; several short flags in one word are kept as they stand.
            Some(_) if *takes_value => return Some(false),
            _ => {}
        }
    }
    None
}

/// An argument as a POSIX shell reads it back.
pub fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_not_named() {
        let typed = [
            "run",
            "my script.rhai",
            "--rate",
            "20/s",
            "-o",
            "x.json",
            "--events=e.ndjson",
            "--force",
            "-s7",
            "--seed",
            "random",
            "-q",
            "--set",
            "name=it's",
            "--format",
            "json",
            "-P",
            "a=1",
        ]
        .map(str::to_owned);
        assert_eq!(
            command(&typed, Some(42), &[]),
            "mqscript run 'my script.rhai' --rate 20/s --set 'name=it'\\''s' -P a=1 --seed 42"
        );
    }

    #[test]
    fn secrets_are_not_told() {
        let typed = [
            "run",
            "--core-option",
            "password=hunter2",
            "--core-option=token=abc",
            "--core-option",
            "user=me",
        ]
        .map(str::to_owned);
        let options = [serde_json::json!({ "password": "***", "token": "***", "user": "me" })];
        assert_eq!(
            command(&typed, None, &secret_options(options.iter())),
            "mqscript run --core-option 'password=***' '--core-option=token=***' --core-option user=me"
        );
    }
}
