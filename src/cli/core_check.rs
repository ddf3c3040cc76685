//! `core check`: whether a core holds the contract.

use super::arguments::CheckFormat;
use super::core_arguments::CoreCheckFlags;
use super::settings::pairs;
use mqscript::conformance::{
    CheckReport, CoreUnderTest, Description, Done, Rule, RuleGroup, TESTS, Test, TestVerdict, check, run_one,
    selected,
};
use mqscript::cores::{HIDDEN, abi};
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit, did_you_mean};
use mqscript::files::in_words;
use mqscript::plan::units::human_duration;
use mqscript::plan::{CoreSpec, Overrides};
use mqscript::report::Look;
use mqscript::report::printable;
use mqscript::report::text::wrapped;
use mqscript::session::terminal;
#[cfg(unix)]
use mqscript::supervise;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Checks a core, or runs one test of it where this process was started for that.
pub fn command(flags: &CoreCheckFlags) -> Exit {
    let wrong = match &flags.in_child {
        Some(folder) => one(flags, folder),
        None => match all(flags) {
            Ok(true) => return Exit::Success,
            Ok(false) => return Exit::Core,
            Err(wrong) => wrong,
        },
    };
    terminal::complain(&wrong);
    wrong.exit()
}

fn asked(flags: &CoreCheckFlags) -> Result<CoreUnderTest, Diagnostics> {
    let overrides = Overrides { core_options: pairs(&flags.core_options), ..Overrides::default() };
    let mut core = CoreSpec::plain(&flags.core);
    overrides.apply_core_options(&mut core, None)?;
    let core_path = flags.folders.core_path.clone();
    Ok(CoreUnderTest { reference: flags.core.clone(), options: core.options, core_path, seed: flags.seed })
}

fn one(flags: &CoreCheckFlags, folder: &Path) -> Diagnostics {
    #[cfg(unix)]
    supervise::end_with_parent();
    let asked = match asked(flags) {
        Ok(asked) => asked,
        Err(wrong) => return wrong,
    };
    match run_one(flags.tests.first().map_or("", String::as_str), &asked, folder) {
        Ok(()) => Diagnostics::new(),
        Err(error) => Diagnostic::new(Exit::Bug, format!("the test cannot be run: {error}")).into(),
    }
}

fn all(flags: &CoreCheckFlags) -> Result<bool, Diagnostics> {
    if let Some(name) = flags.tests.iter().find(|name| selected(std::slice::from_ref(name)).is_empty()) {
        let fault = Diagnostic::new(Exit::Usage, format!("there is no test `{}`", printable(name)))
            .help_if(did_you_mean(name, TESTS.iter().map(|test| test.name)))
            .help("`mqscript core check NAME` runs and names all tests");
        return Err(fault.into());
    }
    let tests = selected(&flags.tests);
    asked(flags)?;
    let cannot = |error: std::io::Error| {
        Diagnostics::from(Diagnostic::new(
            Exit::Bug,
            format!("the tests cannot be run: {}", in_words(&error)),
        ))
    };
    let program = std::env::current_exe().map_err(cannot)?;
    let start = |test: &str, folder: &Path| {
        let mut command = Command::new(&program);
        command.args(["core", "check", &flags.core, "--test", test, "--seed", &flags.seed.to_string()]);
        command.arg("--in-child").arg(folder);
        for path in &flags.folders.core_path {
            command.arg("--core-path").arg(path);
        }
        for option in &flags.core_options {
            command.arg("--core-option").arg(format!("{}={}", option.key, option.value));
        }
        command
    };
    let began = Instant::now();
    #[cfg(unix)]
    supervise::adopt();
    let report = check(&tests, &start);
    // What a core has started and left outlives no check.
    #[cfg(unix)]
    supervise::kill_but(&[]);
    let report = report.map_err(cannot)?;
    if let Some(refused) = report.refused {
        let fault = Diagnostic::new(Exit::Core, refused.title).help_if(refused.help);
        return Err(refused.notes.into_iter().fold(fault, Diagnostic::note).into());
    }
    let text = match flags.format {
        CheckFormat::Json => format!("{:#}\n", document(&report, flags)),
        CheckFormat::Text => told(&report, flags, began.elapsed(), &terminal::look()),
    };
    terminal::print(&without_secrets(text, flags, report.description.as_ref()))?;
    Ok(report.holds())
}

/// What was found, without the values of secret options, wherever they stand: in the commands, and in what the core said.
fn without_secrets(text: String, flags: &CoreCheckFlags, core: Option<&Description>) -> String {
    let secrets = core.map_or(&[][..], |core| &core.secrets);
    let is_secret = |key: &str| {
        let path = key.strip_prefix(&format!("{}.", flags.core)).unwrap_or(key);
        secrets.iter().any(|secret| path == secret || path.starts_with(&format!("{secret}.")))
    };
    let given = flags.core_options.iter().filter(|option| is_secret(&option.key));
    given
        .filter(|option| option.value.len() >= 4)
        .fold(text, |text, option| text.replace(&option.value, HIDDEN))
}

fn repeat(flags: &CoreCheckFlags, test: &str) -> String {
    let mut words = vec!["mqscript".to_owned(), "core".to_owned(), "check".to_owned(), quoted(&flags.core)];
    for path in &flags.folders.core_path {
        words.extend(["--core-path".to_owned(), quoted(&path.display().to_string())]);
    }
    for option in &flags.core_options {
        words.extend(["--core-option".to_owned(), quoted(&format!("{}={}", option.key, option.value))]);
    }
    words.extend(["--test".to_owned(), test.to_owned(), "--seed".to_owned(), flags.seed.to_string()]);
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%@+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn kind(core: &Description) -> &'static str {
    let has = |bit| core.capabilities & bit != 0;
    match (has(abi::LAYER), has(abi::SIMULATED)) {
        (true, _) => "layer, over mock",
        (false, true) => "simulated",
        (false, false) => "live",
    }
}

fn named(name: &str) -> Option<&'static Test> {
    TESTS.iter().find(|test| test.name == name)
}

/// The report for people: tests by group, each with its mark; the verdict last.
fn told(report: &CheckReport, flags: &CoreCheckFlags, took: Duration, look: &Look) -> String {
    let palette = &look.palette;
    let mut text = String::new();
    if let Some(core) = &report.description {
        let head = format!("{} {} · {}", printable(&core.id), printable(&core.version), kind(core));
        let _ = writeln!(text, "{}\n{}", palette.strong(&head), palette.faint(&printable(&core.path)));
    }
    let width = report.done.iter().map(|done| done.test.len()).max().unwrap_or(0);
    for group in RuleGroup::ALL {
        let here: Vec<(&Done, &Test)> = report
            .done
            .iter()
            .filter_map(|done| Some((done, named(done.test)?)))
            .filter(|(_, test)| test.rules[0].group() == group)
            .collect();
        if here.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}", group.name());
        for (done, test) in here {
            let name = format!("{:width$}", test.name);
            let line = match &done.verdict {
                TestVerdict::Holds => format!("  {} {name}  {}", palette.good("✓"), test.sentence),
                TestVerdict::NotApplicable { why } | TestVerdict::Blocked { why } => {
                    let why = wrapped(&printable(&format!("not applicable: {why}")), width + 6, look.width)
                        .join("\n");
                    format!("  {} {name}  {}", palette.faint("–"), palette.faint(why.trim_start()))
                }
                TestVerdict::Fails { .. } => {
                    format!("  {} {}  {}", palette.bad("✗"), palette.strong(&name), test.sentence)
                }
            };
            let _ = writeln!(text, "{line}");
            if let TestVerdict::Fails { rule, seen } = &done.verdict {
                text.push_str(&explained(*rule, seen, &repeat(flags, test.name), look));
            }
        }
    }
    let _ = writeln!(text, "\n{}", verdict(report, flags, took, look));
    text
}

/// Under a failure: the rule, what was seen, and how to see it again.
fn explained(rule: u16, seen: &str, again: &str, look: &Look) -> String {
    let rule_text = Rule::numbered(rule).map_or(String::new(), |rule| format!("{rule} {}", rule.text()));
    let mut text = String::new();
    for (label, what) in [("breaks", rule_text.as_str()), ("seen", seen)] {
        for (i, line) in wrapped(&printable(what), 13, look.width).iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let _ =
                writeln!(text, "      {}{}", look.palette.faint(&format!("{label:7}")), line.trim_start());
        }
    }
    // In one piece, to be copied.
    let _ = writeln!(text, "      {}{}", look.palette.faint("again  "), printable(again));
    text
}

fn verdict(report: &CheckReport, flags: &CoreCheckFlags, took: Duration, look: &Look) -> String {
    let count =
        |wanted: fn(&TestVerdict) -> bool| report.done.iter().filter(|done| wanted(&done.verdict)).count();
    let failed = count(|verdict| matches!(verdict, TestVerdict::Fails { .. }));
    let held = count(|verdict| matches!(verdict, TestVerdict::Holds));
    let other = report.done.len() - failed - held;
    let core = report.description.as_ref().map_or(flags.core.as_str(), |core| core.id.as_str());
    let core = printable(core);
    let counts = format!(
        "{held} passed, {failed} failed, {other} not applicable · {}",
        human_duration(took.as_nanos() as u64)
    );
    match failed {
        0 => format!("{} {counts}", look.palette.good(&format!("✓ {core} holds the contract:"))),
        _ => format!("{} {counts}", look.palette.bad(&format!("✗ {core} breaks the contract:"))),
    }
}

fn document(report: &CheckReport, flags: &CoreCheckFlags) -> Value {
    let tests: Vec<Value> = report
        .done
        .iter()
        .map(|done| {
            let mut test =
                json!({ "test": done.test, "sentence": named(done.test).map(|test| test.sentence) });
            if let (Some(test), Ok(Value::Object(verdict))) =
                (test.as_object_mut(), serde_json::to_value(&done.verdict))
            {
                test.extend(verdict);
                if let TestVerdict::Fails { rule, .. } = done.verdict {
                    test.insert("rule".to_owned(), json!(format!("R{rule}")));
                    test.insert("rule_text".to_owned(), json!(Rule::numbered(rule).map(Rule::text)));
                    test.insert("again".to_owned(), json!(repeat(flags, done.test)));
                }
                test.insert("took_ns".to_owned(), json!(done.took.as_nanos() as u64));
            }
            test
        })
        .collect();
    json!({ "core": report.description, "holds": report.holds(), "seed": flags.seed, "tests": tests })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_split_it() {
        assert_eq!(quoted("./a-b/c_1.so"), "./a-b/c_1.so");
        assert_eq!(quoted("a#b"), "'a#b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
