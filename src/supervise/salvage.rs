//! The runs that a dead process has left: those it had finished, and what is known of those it had not.

use super::block::Block;
use super::death::{Cause, Death};
use crate::cores::Signs;
use crate::numbers::span;
use crate::results::FinalOutcome;
use crate::results::seal;
use crate::results::{Counts, Ledger, Run};
use std::collections::BTreeMap;

/// The results that could be saved from a process that died.
#[derive(Debug, Default)]
pub struct Salvage {
    /// Finished runs, in order.
    pub finished: Vec<Run>,
    /// Runs that were cut short, each as far as it is known.
    pub partial: Vec<Run>,
    /// Why there is less than there should be.
    pub lost: Option<String>,
}

impl Salvage {
    /// Reads what the process has left in `block`.
    pub fn read(block: &Block, death: &Death) -> Salvage {
        let finished = block.journal().iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let mut salvage = Salvage { finished, ..Salvage::default() };
        let mut lost = 0;
        for one in &death.picture.loops {
            let run =
                block.snapshot(&one.written).and_then(|bytes| serde_json::from_slice::<Run>(&bytes).ok());
            match run {
                Some(mut run) => {
                    cut_short(&mut run, &one.signs, death);
                    salvage.partial.push(run);
                }
                // Before its first call there is nothing to lose.
                None if one.signs.generated > 0 => lost += 1,
                None => {}
            }
        }
        if lost > 0 || death.picture.unwritten != 0 {
            salvage.lost = Some(match (death.picture.unwritten, &death.cause) {
                (0, Cause::WrittenOver) => "the core wrote over what had been measured".to_owned(),
                (0, _) => "what had been measured cannot be read".to_owned(),
                (error, _) => format!("not all that was measured could be kept: {}", system_says(error)),
            });
        }
        salvage
    }
}

/// The system's words for an error, without their number.
fn system_says(error: u32) -> String {
    let text = std::io::Error::from_raw_os_error(error as i32).to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Completes results that stop where the process died. Those of a run that was over need nothing.
fn cut_short(run: &mut Run, signs: &Signs, death: &Death) {
    if run.partial.is_none() {
        return;
    }
    let mut reason = death.reason();
    if !death.picture.told {
        let ledger = match account(&mut run.ledger, signs) {
            true => "the ledger is exact, times and tables are",
            false => "the ledger, times and tables are",
        };
        reason.push_str(&format!(
            "; {ledger} those of {}, when they were last written down",
            span(run.duration_ns)
        ));
    }
    run.partial = Some(reason);
    seal(run);
}

/// Brings the ledger from where it was last written down to where the run died: messages in flight are uncertain, those
/// still queued unanswered. Returns false, and leaves it alone, if the counts cannot be true.
fn account(ledger: &mut Ledger, signs: &Signs) -> bool {
    let ended = signs.ended.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
    let counts = &mut ledger.counts;
    let Some(ended) = ended.filter(|ended| *ended <= signs.generated && counts.generated <= signs.generated)
    else {
        return false;
    };
    let under_way = signs.generated - ended;
    let in_flight = signs.in_flight.min(under_way);
    let mut now = Counts { generated: signs.generated, ..*counts };
    for outcome in FinalOutcome::ALL {
        *outcome.of(&mut now) = signs.ended[outcome as usize];
    }
    now.uncertain += in_flight;
    now.unanswered += under_way - in_flight;
    for outcome in FinalOutcome::ALL {
        if outcome == FinalOutcome::Delivered {
            continue;
        }
        let (then, now) = (*outcome.of(counts), *outcome.of(&mut now));
        let reasons = ledger.by_reason.entry(outcome.name().to_owned()).or_default();
        explain(reasons, outcome, then, now);
    }
    *counts = now;
    ledger.balanced = now.is_balanced();
    true
}

/// Brings the reasons of one class from `then` to `now`.
fn explain(reasons: &mut BTreeMap<String, u64>, outcome: FinalOutcome, then: u64, now: u64) {
    // As if the core had died then: these are the ones that went on.
    let (grows, shrink): (&str, &[&str]) = match outcome {
        FinalOutcome::Uncertain => ("core_failed", &["core_failed"]),
        FinalOutcome::Unanswered => ("unsent", &["unsent", "no_outcome"]),
        _ => ("not_written_down", &["core_failed"]),
    };
    if now >= then {
        if now > then {
            *reasons.entry(grows.to_owned()).or_default() += now - then;
        }
        return;
    }
    let mut gone = then - now;
    for reason in shrink {
        if let Some(count) = reasons.get_mut(*reason) {
            let less = gone.min(*count);
            (*count, gone) = (*count - less, gone - less);
        }
    }
    reasons.retain(|_, count| *count > 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_brought_to_the_moment_of_death() {
        let counts = Counts {
            generated: 10,
            delivered: 5,
            failed: 1,
            uncertain: 2,
            unanswered: 2,
            ..Counts::default()
        };
        let mut ledger = Ledger { counts, ..Ledger::default() };
        let by = |pairs: &[(&str, u64)]| pairs.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect();
        ledger.by_reason.insert("failed".to_owned(), by(&[("throttled", 1)]));
        ledger.by_reason.insert("uncertain".to_owned(), by(&[("core_failed", 2)]));
        ledger.by_reason.insert("unanswered".to_owned(), by(&[("unsent", 1), ("no_outcome", 1)]));
        let mut ended = [0; 7];
        (ended[FinalOutcome::Delivered as usize], ended[FinalOutcome::Failed as usize]) = (16, 2);
        assert!(account(&mut ledger, &Signs { now_ns: 9, generated: 20, in_flight: 1, ended }));
        let counts = ledger.counts;
        assert_eq!((counts.delivered, counts.failed, counts.uncertain, counts.unanswered), (16, 2, 1, 1));
        assert!(ledger.balanced);
        assert_eq!(ledger.by_reason["failed"], by(&[("throttled", 1), ("not_written_down", 1)]));
        assert_eq!(ledger.by_reason["uncertain"], by(&[("core_failed", 1)]));
        assert_eq!(ledger.by_reason["unanswered"], by(&[("no_outcome", 1)]));
    }
    #[test]
    fn counts_that_cannot_be_true_change_nothing() {
        let counts = Counts { generated: 10, delivered: 5, unanswered: 5, ..Counts::default() };
        let ledger = Ledger { counts, ..Ledger::default() };
        for signs in [
            Signs { generated: 9, ..Signs::default() },
            Signs { generated: 20, ended: [u64::MAX; 7], ..Signs::default() },
            Signs { generated: 20, ended: [21, 0, 0, 0, 0, 0, 0], ..Signs::default() },
        ] {
            let mut mine = ledger.clone();
            assert!(!account(&mut mine, &signs), "{signs:?}");
            assert_eq!(mine, ledger);
        }
    }
}
