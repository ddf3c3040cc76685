//! The first thing that is read: whether the run is valid, and whether its checks hold.

use super::super::look::Look;
use super::lines::wrapped;
use crate::report::number::{printable, span};
use crate::results::{CheckOutcome, CheckResult, Run, Validity};
use unicode_width::UnicodeWidthStr;

#[derive(PartialEq, Eq)]
enum Mood {
    Good,
    Bad,
    Doubt,
}

/// The verdict, then each check with what was seen.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
    let (mood, text) = verdict(run);
    let mark = match mood {
        Mood::Good => "✓",
        Mood::Bad => "✗",
        Mood::Doubt => "?",
    };
    let mut lines: Vec<String> = Vec::new();
    if let Some(why) = &run.partial {
        let text = format!("partial after {}: {}", span(run.duration_ns), printable(first_line(why)));
        lines.extend(headline("!", &text, look).iter().map(|line| look.palette.doubt(line)));
    }
    lines.extend(headline(mark, &text, look).iter().map(|line| match mood {
        Mood::Good => look.palette.good(line),
        Mood::Bad => look.palette.bad(line),
        Mood::Doubt => look.palette.doubt(line),
    }));
    lines.extend(checks(&run.checks, run.partial.is_none(), look));
    lines
}

/// What is told at length goes to stderr; here stands what it is about.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn headline(mark: &str, text: &str, look: &Look) -> Vec<String> {
    let mut lines = wrapped(text, 2, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("{mark} {}", first.trim_start());
    }
    lines
}

fn verdict(run: &Run) -> (Mood, String) {
    let undecided = run.checks.iter().find_map(|check| check.undecided.as_deref());
    let failed = run.checks.iter().filter(|check| !check.holds && check.undecided.is_none()).count();
    let because: Vec<String> = run.invalid_because.iter().map(|why| printable(why)).collect();
    let (mood, validity) = match run.validity() {
        Validity::Invalid => (Mood::Bad, format!("NOT VALID: {}", because.join("; "))),
        Validity::Undecided => (Mood::Doubt, format!("undecided: {}", because.join("; "))),
        Validity::GeneratorLimited => {
            let seen = run.generator_limited().map(|warning| printable(&warning.seen)).unwrap_or_default();
            (Mood::Doubt, format!("generator-limited: {seen}"))
        }
        Validity::Tolerated => {
            (Mood::Doubt, format!("valid, but for what is tolerated: {}", run.tolerated.join(", ")))
        }
        // What might still have come is not known.
        Validity::Valid if run.partial.is_some() => {
            (Mood::Doubt, "not played to its end: every message so far is accounted for".to_owned())
        }
        Validity::Valid => (Mood::Good, "valid: every message is accounted for".to_owned()),
    };
    if let (Some(why), 0) = (undecided, failed) {
        let count = run.checks.iter().filter(|check| check.undecided.is_some()).count();
        let checks = match (run.checks.len(), count) {
            (1, _) => "its check is undecided".to_owned(),
            (all, 1) => format!("1 of {all} checks is undecided"),
            (all, _) => format!("{count} of {all} checks are undecided"),
        };
        return (
            if mood == Mood::Bad { mood } else { Mood::Doubt },
            format!("{checks}: {}; {validity}", printable(why)),
        );
    }
    match (run.checks.len(), failed) {
        (1, 0) if run.partial.is_some() => (mood, format!("{validity}; its check holds so far")),
        (2.., 0) if run.partial.is_some() => (mood, format!("{validity}; its checks hold so far")),
        (0, _) => (mood, validity),
        (1, 0) => (mood, format!("{validity}; its check holds")),
        (2, 0) => (mood, format!("{validity}; both checks hold")),
        (all, 0) => (mood, format!("{validity}; all {all} checks hold")),
        (1, _) => (Mood::Bad, format!("its check does not hold; {validity}")),
        (all, 1) => (Mood::Bad, format!("1 of {all} checks does not hold; {validity}")),
        (all, failed) => (Mood::Bad, format!("{failed} of {all} checks do not hold; {validity}")),
    }
}

/// The checks that belong to no single run; `whole` if the script came to its end.
pub fn of_script(results: &[CheckResult], whole: bool, look: &Look) -> Vec<String> {
    let failed = results.iter().filter(|check| !check.holds).count();
    let head = match failed {
        0 if whole => look.palette.good("✓ what the script checks holds"),
        0 => look.palette.doubt("? the script did not come to its end; what it checked until then holds"),
        _ => look.palette.bad("✗ what the script checks does not hold"),
    };
    std::iter::once(head).chain(checks(results, whole, look)).collect()
}

/// One line for each check, with the values seen below each other where they fit. One that holds in what was not played
/// to its end may yet have failed.
fn checks(checks: &[CheckResult], whole: bool, look: &Look) -> Vec<String> {
    let texts: Vec<(String, String)> =
        checks.iter().map(|check| (printable(&check.expression), printable(&check.seen))).collect();
    let seen_width = texts.iter().map(|(_, seen)| seen.width()).max().unwrap_or(0);
    let room = look.width.saturating_sub(4 + 3 + seen_width);
    let fitting = texts.iter().map(|(expression, _)| expression.width()).filter(|&width| width <= room);
    let column = fitting.max().unwrap_or(0);
    let mut lines = Vec::new();
    for (check, (expression, seen)) in checks.iter().zip(&texts) {
        let (mark, shown) = match check.outcome() {
            CheckOutcome::Undecided => (look.palette.doubt("?"), look.palette.doubt(seen)),
            CheckOutcome::Holds if !whole => (look.palette.doubt("?"), seen.clone()),
            CheckOutcome::Holds => (look.palette.good("✓"), seen.clone()),
            CheckOutcome::Fails => (look.palette.bad("✗"), look.palette.bad(seen)),
        };
        let note = check.note.iter().flat_map(|note| wrapped(&printable(note), 6, look.width));
        let note: Vec<String> = note.map(|line| look.palette.faint(&line)).collect();
        if expression.width() <= column {
            let padding = " ".repeat(column - expression.width());
            let line = format!("  {mark} {expression}{padding}   {shown}");
            lines.push(line.trim_end().to_owned());
        } else {
            lines.push(format!("  {mark} {expression}"));
            if !seen.is_empty() {
                lines.push(format!("      {shown}"));
            }
        }
        lines.extend(note);
    }
    lines
}
