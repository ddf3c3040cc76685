//! Whether a run is valid: what its ledger comes to, and what its cores promised.

use crate::numbers::count;
use crate::plan::Plan;
use crate::plan::units::human_duration;
use crate::results::{Copies, Facts, Run, Stopped, Unknown, Waited};

/// Judges the validity of a run.
///
/// "False: unbalanced; lost, unexpected or corrupted > 0; duplicated > 0 where EXACTLY_ONCE; out_of_order > 0 where
/// ORDERED; altered > 0 where UNALTERED. Unknown: the core failed in mid-run, the wait for copies hit its limit, or copies
/// without a stamp may be the lost ones. Else true." Copies of a run that was stopped had no time to come: they are not
/// judged.
pub fn judge_validity(run: &mut Run, plan: &Plan, facts: &Facts) {
    run.valid = Some(true);
    if facts.stopped == Some(Stopped::CoreFailed) {
        run.valid = None;
        run.invalid_because.push("the core failed in mid-run".to_owned());
    } else if let (Some(why), None) = (facts.unknown, facts.stopped) {
        run.valid = None;
        run.invalid_because.push(unknown_in_words(why).to_owned());
    }
    if let Some(copies) = run.ledger.copies.clone() {
        let certain = facts.unknown.is_none() && facts.stopped.is_none();
        judge_copies(run, &copies, certain, plan);
    }
    if run.consumers.as_ref().is_some_and(|consumers| !consumers.balance()) {
        run.valid = Some(false);
        run.invalid_because.push("the executions of consumers do not balance".to_owned());
    }
    if !run.ledger.balanced {
        run.valid = Some(false);
        run.invalid_because.push("the ledger does not balance".to_owned());
    }
}

fn unknown_in_words(why: Unknown) -> &'static str {
    match why {
        Unknown::WaitedTooLong => {
            "copies were still expected when the longest wait after the load (`drain_max`) was over, or consumers had \
             completed nothing for too long"
        }
        Unknown::NothingArrived => {
            "not one copy of the delivered messages arrived, and the core does not confirm that it delivers"
        }
        Unknown::LedgerTooLarge => "the ledger of copies was too large: `ledger_memory` allows for more",
    }
}

fn judge_copies(run: &mut Run, copies: &Copies, certain: bool, plan: &Plan) {
    let tolerated = |class: &str| plan.tolerate.iter().any(|name| name == class);
    // Any of the lost copies may be one that came without its stamp.
    let surely_lost = copies.lost.saturating_sub(copies.unstamped);
    if copies.unstamped > 0 && surely_lost == 0 && certain && !tolerated("unstamped") {
        run.valid = None;
        run.invalid_because.push(format!(
            "{} came back without their stamp, so that nobody knows which they are: hand on the metadata, or the content \
             object itself, unchanged",
            of_copies(copies.unstamped)
        ));
    }
    let why_lost = why_lost(copies, plan);
    let classes = [
        ("lost", surely_lost, certain, why_lost.as_str()),
        ("unexpected", copies.unexpected, true, ""),
        ("corrupted", copies.corrupted, true, ""),
        ("duplicated", copies.duplicated, run.can("EXACTLY_ONCE"), ", though the core promises exactly one"),
        (
            "out_of_order",
            copies.out_of_order.unwrap_or(0),
            run.can("ORDERED"),
            ", though the core promises order",
        ),
        (
            "altered",
            copies.altered.values().sum(),
            run.can("UNALTERED"),
            ", though the core promises to change nothing",
        ),
    ];
    for (class, number, judged, more) in classes {
        if number == 0 || !judged {
            continue;
        }
        let text = format!("{} {}{more}", of_copies(number), class.replace('_', " "));
        if tolerated(class) {
            run.tolerated.push(text);
        } else {
            run.valid = Some(false);
            run.invalid_because.push(text);
        }
    }
}

/// ", not received within 30 s of silence": how the wait for them ended. A simulated core needs no waiting.
fn why_lost(copies: &Copies, plan: &Plan) -> String {
    match copies.waited {
        Some(Waited::Silence) => {
            format!(": not received within {} of silence (`drain`)", human_duration(plan.silence_ns()))
        }
        Some(Waited::Empty) => ": the core holds no more of them".to_owned(),
        Some(Waited::Limit) | None => String::new(),
    }
}

fn of_copies(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "copy" } else { "copies" })
}
