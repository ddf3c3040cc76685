//! The runs that a dead process has left: those it had finished, and what is known of those it had not.

use super::block::Block;
use super::death::Death;
use crate::cores::Signs;
use crate::cores::vitals::Stage;
use crate::metrics::FinalOutcome;
use crate::metrics::results::{Counts, Ledger, Run};
use crate::metrics::seal;
use crate::numbers::span;
use std::collections::BTreeMap;

/// What is left.
#[derive(Debug, Default)]
pub struct Legacy {
    /// Finished runs, in order.
    pub finished: Vec<Run>,
    /// Runs that were cut short, each as far as it is known.
    pub partial: Vec<Run>,
}

impl Legacy {
    /// Reads what the process has left in `block`.
    pub fn read(block: &Block, death: &Death) -> Legacy {
        let journal = block.journal();
        let lines = journal.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let finished = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let told = block.shared().fatal.stage() == Stage::Told;
        let partial = block.shared().busy().filter_map(|(number, slot)| {
            let mut run: Run = serde_json::from_slice(&block.snapshot(number)?).ok()?;
            cut_short(&mut run, &slot.signs(), death, told);
            Some(run)
        });
        Legacy { finished, partial: partial.collect() }
    }
}

/// Completes results that stop where the process died. Those of a run that was over need nothing.
fn cut_short(run: &mut Run, signs: &Signs, death: &Death, told: bool) {
    if run.partial.is_some() {
        let mut reason = death.reason();
        if !told {
            account(&mut run.ledger, signs);
            reason.push_str(&format!(
                "; the ledger is exact, times and tables are those of {}, when they were last written down",
                span(run.duration_ns)
            ));
        }
        run.partial = Some(reason);
        seal(run);
    }
}

/// Brings the ledger from where it was last written down to where the run died: messages in flight are uncertain, those
/// still queued unanswered.
fn account(ledger: &mut Ledger, signs: &Signs) {
    let ended: u64 = signs.ended.iter().sum();
    let under_way = signs.generated.saturating_sub(ended);
    let in_flight = signs.in_flight.min(under_way);
    let counts = &mut ledger.counts;
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
    ledger.balanced = now.accounted() == now.generated;
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
        account(&mut ledger, &Signs { now_ns: 9, generated: 20, in_flight: 1, ended });
        let counts = ledger.counts;
        assert_eq!((counts.delivered, counts.failed, counts.uncertain, counts.unanswered), (16, 2, 1, 1));
        assert!(ledger.balanced);
        assert_eq!(ledger.by_reason["failed"], by(&[("throttled", 1), ("not_written_down", 1)]));
        assert_eq!(ledger.by_reason["uncertain"], by(&[("core_failed", 1)]));
        assert_eq!(ledger.by_reason["unanswered"], by(&[("no_outcome", 1)]));
    }
}
