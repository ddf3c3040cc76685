//! Whether a run is valid: what its ledger comes to, and what its cores promised.

use super::player::Stop;
use crate::cores::abi;
use crate::metrics::results::{Copies, Run, Waited};
use crate::numbers::count;
use crate::plan::Plan;
use crate::plan::units::human_duration;

/// "False: unbalanced; lost, unexpected or corrupted > 0; duplicated > 0 where EXACTLY_ONCE; out_of_order > 0 where
/// ORDERED; altered > 0 where UNALTERED. Unknown: the core failed in mid-run, the wait for copies hit its limit, or copies
/// without a stamp may be the lost ones. Else true." Copies of a run that was stopped had no time to come: they are not
/// judged.
pub fn judge(
    run: &mut Run,
    stop: Option<&Stop>,
    unknown: Option<&'static str>,
    capabilities: u64,
    plan: &Plan,
) {
    run.valid = Some(true);
    if matches!(stop, Some(Stop::CoreFailed(_))) {
        run.valid = None;
        run.invalid_because.push("the core failed in mid-run".to_owned());
    } else if let (Some(why), None) = (unknown, stop) {
        run.valid = None;
        run.invalid_because.push(why.to_owned());
    }
    if let Some(copies) = run.ledger.copies.clone() {
        let certain = unknown.is_none() && stop.is_none();
        judge_copies(run, &copies, certain, capabilities, plan);
    }
    if !run.ledger.balanced {
        run.valid = Some(false);
        run.invalid_because.push("the ledger does not balance".to_owned());
    }
}

fn judge_copies(run: &mut Run, copies: &Copies, certain: bool, capabilities: u64, plan: &Plan) {
    let promised = |capability: u64| capabilities & capability != 0;
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
        (
            "duplicated",
            copies.duplicated,
            promised(abi::EXACTLY_ONCE),
            ", though the core promises exactly one",
        ),
        (
            "out_of_order",
            copies.out_of_order.unwrap_or(0),
            promised(abi::ORDERED),
            ", though the core promises order",
        ),
        (
            "altered",
            copies.altered.values().sum(),
            promised(abi::UNALTERED),
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
