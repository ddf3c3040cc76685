//! The command that repeats a run: what was typed, with the seed that was used, without the outputs.

/// Flags that say where results go or how they look, and whether a value follows them.
const LEFT_OUT: &[(&str, Option<char>, bool)] = &[
    ("--output", Some('o'), true),
    ("--events", None, true),
    ("--format", None, true),
    ("--seed", Some('s'), true),
    ("--force", None, false),
    ("--verbose", Some('v'), false),
    ("--quiet", Some('q'), false),
];

/// The command line for a shell. `typed` are the arguments without the program's name, which clap has accepted;
/// without a seed they repeat themselves.
pub fn command(typed: &[String], seed: Option<u64>) -> String {
    let mut words = vec!["mqscript".to_owned()];
    let mut typed = typed.iter();
    while let Some(argument) = typed.next() {
        match left_out(argument) {
            None => words.push(quoted(argument)),
            Some(true) => drop(typed.next()),
            Some(false) => {}
        }
    }
    words.extend(seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
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
pub(super) fn quoted(argument: &str) -> String {
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
            command(&typed, Some(42)),
            "mqscript run 'my script.rhai' --rate 20/s --set 'name=it'\\''s' -P a=1 --seed 42"
        );
    }
}
