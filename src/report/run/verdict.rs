//! The first part of a report: whether the run is valid, and whether its checks pass.

use crate::report::document::{CheckLine, Element, Line, Tone};
use crate::report::number::span;
use crate::results::{CheckOutcome, CheckResult, Run, Validity};

/// The verdict, then each check with the values that were seen.
pub(super) fn section(run: &Run) -> Vec<Element> {
    let (tone, text) = verdict(run);
    let headline =
        |mark, text, tone| Element::Line(Line { mark: Some(mark), ..Line::broken(0, text) }.toned(tone));
    let partial = run.partial.iter().map(|why| {
        // Only the first line is shown here; the whole text goes to stderr.
        let about = why.lines().next().unwrap_or_default();
        headline("!", format!("partial after {}: {about}", span(run.duration_ns)), Tone::Doubtful)
    });
    let checks = checks(&run.checks, run.partial.is_none());
    partial.chain([headline(tone.mark(), text, tone), checks]).collect()
}

/// Whether the run is valid and its checks hold, in words.
pub(in crate::report) fn verdict(run: &Run) -> (Tone, String) {
    let undecided = run.checks.iter().find_map(|check| check.undecided.as_deref());
    let failed = run.checks.iter().filter(|check| !check.holds && check.undecided.is_none()).count();
    let because = run.invalid_because.join("; ");
    let (tone, validity) = match run.validity() {
        Validity::Invalid => (Tone::Bad, format!("NOT VALID: {because}")),
        Validity::Undecided => (Tone::Doubtful, format!("undecided: {because}")),
        Validity::GeneratorLimited => {
            let seen = run.generator_limited().map_or("", |warning| &warning.seen);
            (Tone::Doubtful, format!("generator-limited: {seen}"))
        }
        Validity::Tolerated => {
            (Tone::Doubtful, format!("valid, but for what is tolerated: {}", run.tolerated.join(", ")))
        }
        // It is unknown what would still have come.
        Validity::Valid if run.partial.is_some() => {
            (Tone::Doubtful, "not played to its end: every message so far is accounted for".to_owned())
        }
        Validity::Valid => (Tone::Good, "valid: every message is accounted for".to_owned()),
    };
    if let (Some(why), 0) = (undecided, failed) {
        let count = run.checks.iter().filter(|check| check.undecided.is_some()).count();
        let checks = match (run.checks.len(), count) {
            (1, _) => "its check is undecided".to_owned(),
            (all, 1) => format!("1 of {all} checks is undecided"),
            (all, _) => format!("{count} of {all} checks are undecided"),
        };
        return (
            if tone == Tone::Bad { tone } else { Tone::Doubtful },
            format!("{checks}: {why}; {validity}"),
        );
    }
    match (run.checks.len(), failed) {
        (1, 0) if run.partial.is_some() => (tone, format!("{validity}; its check holds so far")),
        (2.., 0) if run.partial.is_some() => (tone, format!("{validity}; its checks hold so far")),
        (0, _) => (tone, validity),
        (1, 0) => (tone, format!("{validity}; its check holds")),
        (2, 0) => (tone, format!("{validity}; both checks hold")),
        (all, 0) => (tone, format!("{validity}; all {all} checks hold")),
        (1, _) => (Tone::Bad, format!("its check does not hold; {validity}")),
        (all, 1) => (Tone::Bad, format!("1 of {all} checks does not hold; {validity}")),
        (all, failed) => (Tone::Bad, format!("{failed} of {all} checks do not hold; {validity}")),
    }
}

/// The checks that belong to no single run. `whole`: the script came to its end.
pub(in crate::report) fn of_script(results: &[CheckResult], whole: bool) -> Vec<Element> {
    let failed = results.iter().any(|check| !check.holds);
    let (tone, text) = match failed {
        false if whole => (Tone::Good, "what the script checks holds"),
        false => (Tone::Doubtful, "the script did not come to its end; what it checked until then holds"),
        true => (Tone::Bad, "what the script checks does not hold"),
    };
    let head = Line { mark: Some(tone.mark()), ..Line::whole(0, text) }.toned(tone);
    vec![Element::Line(head), checks(results, whole)]
}

/// Each check with the values that were seen. If the run was not played to its end, a check that passes is not certain.
fn checks(checks: &[CheckResult], whole: bool) -> Element {
    let line = |check: &CheckResult| {
        let (tone, stands_out) = match check.outcome() {
            CheckOutcome::Undecided => (Tone::Doubtful, true),
            CheckOutcome::Holds if !whole => (Tone::Doubtful, false),
            CheckOutcome::Holds => (Tone::Good, false),
            CheckOutcome::Fails => (Tone::Bad, true),
        };
        let (expression, seen) = (check.expression.clone(), check.seen.clone());
        CheckLine { expression, seen, note: check.note.clone(), tone, stands_out }
    };
    Element::Checks(checks.iter().map(line).collect())
}
