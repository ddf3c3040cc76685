//! Queues that agents share, leases, and settlements.

use super::bench::{Bench, Judged, TestStop};
use super::consumers::{SeenHandOver, WorkPlayer, at_work};
use super::rules::Rule;
use super::system::SystemState;
use super::workplace::{QUEUE, SHARING, WorkTerms};
use crate::cores::{Settlement, abi};

/// A lease of one unit of time.
const SHORT: WorkTerms = WorkTerms { prefetch: 100, lease: 1, max_deliveries: None, delay: 0 };

/// The first hand-overs of all messages that were handed over, as places among all hand-overs.
fn firsts(player: &WorkPlayer) -> Vec<usize> {
    let is_first = |i: &usize| {
        let task = player.handovers[*i].task;
        player.handovers[..*i].iter().all(|one| one.task != task)
    };
    (0..player.handovers.len()).filter(is_first).collect()
}

/// Sends `n` messages to all agents, and waits until they have them. Returns the hand-overs.
fn handed_over(player: &mut WorkPlayer, n: usize) -> Result<Vec<usize>, TestStop> {
    player.publish(&player.recipients(n))?;
    player.first_handovers()?;
    Ok(firsts(player))
}

/// Those of the hand-overs that were settled before half of their lease was over. A busy machine may be late.
fn settled_in_time(player: &WorkPlayer, which: &[usize]) -> Result<Vec<SeenHandOver>, TestStop> {
    let half_ns = player.tenths(5);
    let of = |i: &usize| player.handovers[*i];
    let in_time = |one: &SeenHandOver| one.settled_ns.is_some_and(|at_ns| at_ns - one.told_ns < half_ns);
    let found: Vec<_> = which.iter().map(of).filter(in_time).collect();
    match found.is_empty() {
        true => Err(TestStop::Blocked("this machine is too slow for leases so short".to_owned())),
        false => Ok(found),
    }
}

/// Copies that were settled must not be handed over again.
fn never_again(player: &WorkPlayer, settled: &[SeenHandOver], how: &str) -> Judged {
    for one in settled {
        let again = player.of_task(one.task).get(1).copied();
        player.ensure(again.is_none(), || {
            let (at_ns, again) = (one.settled_ns.unwrap_or(0), again.unwrap_or(*one));
            format!(
                "the copy of message {} was {how} by agent {} at {at_ns} ns, and handed over to agent {} at {} ns",
                one.task + 1,
                one.agent,
                again.agent,
                again.told_ns
            )
        })?;
    }
    Ok(())
}

pub fn shares(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::Shares, abi::SHARES), WorkTerms::default(), |player| {
        player.publish(&[QUEUE; 30])?;
        player.first_handovers()?;
        let until_ns = player.now() + player.tenths(5);
        player.pass(until_ns, |_| false)?;
        for (i, one) in player.handovers.iter().enumerate() {
            let (message, agent) = (one.task + 1, one.agent);
            player.ensure(SHARING.contains(&agent), || {
                let (first, last) = (SHARING.start, SHARING.end - 1);
                format!("the queue is shared by the agents {first} to {last}, and agent {agent} got message {message}")
            })?;
            let other =
                player.handovers[..i].iter().find(|other| other.task == one.task && other.agent != agent);
            player.ensure(other.is_none(), || {
                let before = other.map_or(agent, |other| other.agent);
                format!("message {message} is with agent {before}, and was handed over to agent {agent}, too")
            })?;
        }
        Ok(())
    })
}

pub fn limits(bench: &Bench, _: &SystemState) -> Judged {
    const PREFETCH: u32 = 2;
    let terms = WorkTerms { prefetch: PREFETCH, ..WorkTerms::default() };
    at_work(bench, (Rule::Limits, abi::LIMITS), terms, |player| {
        player.publish(&player.recipients(24))?;
        let until_ns = player.now() + player.tenths(10);
        player.pass(until_ns, |player| !player.handovers.is_empty())?;
        for _ in 0..30 {
            let until_ns = player.now() + player.tenths(1);
            player.pass(until_ns, |_| false)?;
            // Half of them, the oldest first: others are with the same agents still.
            let held = player.held();
            player.settle(Settlement::Acknowledge, &held[..held.len().div_ceil(2)])?;
            if held.is_empty() {
                break;
            }
        }
        player.ensure(!player.handovers.is_empty(), || "it hands nothing over".to_owned())?;
        let (agent, held) = player.overloaded.unwrap_or_default();
        player.ensure(player.overloaded.is_none(), || {
            format!("agent {agent} had {held} unsettled copies, with a prefetch of {PREFETCH}")
        })
    })
}

/// When a lease that began with a hand-over cannot have ended yet: on the wall clock the host learns of hand-overs late,
/// of some later than of others.
fn still_leased_ns(player: &WorkPlayer) -> u64 {
    player.tenths(if player.is_virtual() { 10 } else { 5 })
}

pub fn leases(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::Leases, abi::LEASES), SHORT, |player| {
        let firsts = handed_over(player, 6)?;
        let until_ns = player.last_told() + player.tenths(35);
        player.pass(until_ns, |player| player.all_handed_over(2))?;
        for first in firsts.iter().map(|i| player.handovers[*i]) {
            let (message, told_ns) = (first.task + 1, first.told_ns);
            let Some(second) = player.of_task(first.task).get(1).copied() else {
                let (lease_ns, now_ns) = (player.tenths(10), player.now());
                return Err(player.broken(format!(
                    "message {message} was handed over at {told_ns} ns and not settled; with a lease of {lease_ns} ns it \
                     did not come again by {now_ns} ns"
                )));
            };
            let after_ns = second.told_ns - told_ns;
            player.ensure(after_ns >= still_leased_ns(player), || {
                let lease_ns = player.tenths(10);
                format!(
                    "message {message} was handed over again after {after_ns} ns of a lease of {lease_ns} ns"
                )
            })?;
        }
        Ok(())
    })
}

pub fn settled(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::Settled, abi::LEASES), SHORT, |player| {
        let firsts = handed_over(player, 6)?;
        player.settle(Settlement::Acknowledge, &firsts)?;
        let until_ns = player.now() + player.tenths(22);
        player.pass(until_ns, |_| false)?;
        never_again(player, &settled_in_time(player, &firsts)?, "acknowledged")
    })
}

pub fn handovers(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::HandOvers, abi::LEASES), SHORT, |player| {
        let firsts = handed_over(player, 4)?;
        let until_ns = player.last_told() + player.tenths(35);
        player.pass(until_ns, |player| player.all_handed_over(3))?;
        if player.handovers.iter().all(|one| one.number == 0) {
            return Err(TestStop::Inapplicable("it does not tell the numbers of hand-overs".to_owned()));
        }
        for task in firsts.iter().map(|i| player.handovers[*i].task) {
            for (one, expected) in player.of_task(task).iter().zip(1..).filter(|(one, _)| one.number != 0) {
                let SeenHandOver { number, redelivered, .. } = *one;
                player.ensure(number == expected && redelivered == (expected > 1), || {
                    let marked = if redelivered { "" } else { "not " };
                    format!(
                        "hand-over {expected} of message {} was told as number {number}, and {marked}as REDELIVERED",
                        task + 1
                    )
                })?;
            }
        }
        Ok(())
    })
}

pub fn gives_back(bench: &Bench, _: &SystemState) -> Judged {
    let terms = WorkTerms { delay: 1, ..WorkTerms::default() };
    at_work(bench, (Rule::GivesBack, abi::SETTLES), terms, |player| {
        let firsts = handed_over(player, 6)?;
        player.settle(Settlement::GiveBack, &firsts)?;
        let until_ns = player.now() + player.tenths(35);
        player.pass(until_ns, |player| player.all_handed_over(2))?;
        // A medium may count in milliseconds.
        let delay_ns = player.tenths(10) - if player.is_virtual() { 0 } else { player.tenths(1) };
        for first in firsts.iter().map(|i| player.handovers[*i]) {
            let (message, given_ns) = (first.task + 1, first.settled_ns.unwrap_or(0));
            let Some(second) = player.of_task(first.task).get(1).copied() else {
                let now_ns = player.now();
                return Err(player.broken(format!(
                    "message {message} was given back at {given_ns} ns, and did not come again by {now_ns} ns"
                )));
            };
            let after_ns = second.told_ns - given_ns;
            player.ensure(after_ns >= delay_ns, || {
                format!("message {message} came again {after_ns} ns after it was given back, with a delay of {delay_ns} ns")
            })?;
        }
        Ok(())
    })
}

pub fn rejects(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::Rejects, abi::SETTLES), SHORT, |player| {
        let firsts = handed_over(player, 6)?;
        player.settle(Settlement::Reject, &firsts)?;
        let until_ns = player.now() + player.tenths(22);
        player.pass(until_ns, |_| false)?;
        never_again(player, &settled_in_time(player, &firsts)?, "rejected")
    })
}

pub fn extends(bench: &Bench, _: &SystemState) -> Judged {
    at_work(bench, (Rule::Extends, abi::LEASES | abi::EXTENDS), SHORT, |player| {
        let firsts = handed_over(player, 6)?;
        let until_ns = player.last_told() + player.tenths(5);
        player.pass(until_ns, |_| false)?;
        player.settle(Settlement::Extend, &firsts)?;
        let extended_ns = player.now();
        let until_ns =
            extended_ns + if player.is_virtual() { player.tenths(10) - 1 } else { player.tenths(8) };
        player.pass(until_ns, |_| false)?;
        let in_time_ns = player.tenths(8);
        let firsts = firsts.iter().map(|i| player.handovers[*i]);
        let in_time: Vec<_> = firsts.filter(|first| extended_ns - first.told_ns < in_time_ns).collect();
        if in_time.is_empty() {
            return Err(TestStop::Blocked("this machine is too slow for leases so short".to_owned()));
        }
        for first in in_time {
            let again = player.of_task(first.task).get(1).copied();
            player.ensure(again.is_none(), || {
                let (message, at_ns) = (first.task + 1, again.map_or(0, |again| again.told_ns));
                let (told_ns, lease_ns) = (first.told_ns, player.tenths(10));
                format!(
                    "message {message}, handed over at {told_ns} ns with a lease of {lease_ns} ns that was extended at \
                     {extended_ns} ns, was handed over again at {at_ns} ns"
                )
            })?;
        }
        Ok(())
    })
}

pub fn dead_letters(bench: &Bench, _: &SystemState) -> Judged {
    const MOST: usize = 2;
    let terms = WorkTerms { max_deliveries: Some(MOST as u32), ..SHORT };
    at_work(bench, (Rule::DeadLetters, abi::LEASES | abi::DEAD_LETTERS), terms, |player| {
        let first = handed_over(player, 6)?.first().map_or(0, |i| player.handovers[*i].told_ns);
        while player.given_up.len() < player.delivered().len() && player.now() < first + player.tenths(35) {
            // Half of them are given back, the leases of the others end.
            let given = player.held().into_iter().filter(|i| player.handovers[*i].task % 2 == 1);
            let given: Vec<usize> = given.collect();
            if player.effective & abi::SETTLES != 0 && !given.is_empty() {
                player.settle(Settlement::GiveBack, &given)?;
            }
            let until_ns = player.now() + player.tenths(1);
            player.pass(until_ns, |_| false)?;
        }
        let until_ns = player.now() + player.tenths(12);
        player.pass(until_ns, |_| false)?;
        // What came less often is the affair of the tests of leases and of what is given back.
        let often = |task: &usize| player.of_task(*task).len() >= MOST;
        let often: Vec<usize> = player.delivered().into_iter().filter(often).collect();
        if often.is_empty() {
            return Err(TestStop::Blocked("no copy was handed over again".to_owned()));
        }
        for task in often {
            let times = player.of_task(task).len();
            player.ensure(times == MOST, || {
                format!("message {} was handed over {times} times, with a bound of {MOST}", task + 1)
            })?;
            player.ensure(player.given_up.contains(&task), || {
                let message = task + 1;
                format!("message {message} was handed over {MOST} times, and was not told as given up")
            })?;
        }
        Ok(())
    })
}

/// The ways to settle that the core knows.
fn kinds(player: &WorkPlayer) -> Vec<Settlement> {
    let all = [Settlement::Acknowledge, Settlement::GiveBack, Settlement::Reject, Settlement::Extend];
    all.into_iter().filter(|kind| player.effective & kind.needs().bits() == kind.needs().bits()).collect()
}

/// Settles each of these in another way, then all of them once more.
fn settle_in_all_ways(player: &mut WorkPlayer, which: &[usize]) -> Judged {
    for (i, kind) in which.iter().zip(kinds(player).into_iter().cycle()) {
        player.settle(kind, &[*i])?;
    }
    player.settle(Settlement::Acknowledge, which)
}

pub fn late(bench: &Bench, _: &SystemState) -> Judged {
    // While somebody else has the copy.
    at_work(bench, (Rule::Late, abi::LEASES), SHORT, |player| {
        let firsts = handed_over(player, 8)?;
        let until_ns = player.last_told() + player.tenths(30);
        player.pass(until_ns, |player| player.all_handed_over(2))?;
        settle_in_all_ways(player, &firsts)?;
        let until_ns = player.now() + player.tenths(1);
        player.pass(until_ns, |_| false)
    })?;
    if bench.subject()?.declared_by_chain() & abi::SIMULATED == 0 {
        return Ok(());
    }
    // While nobody has it. Here the waiting is for nothing.
    at_work(bench, (Rule::Late, abi::LEASES), WorkTerms { delay: 1, ..SHORT }, |player| {
        let firsts = handed_over(player, 8)?;
        let until_ns = player.last_told() + player.tenths(15);
        player.pass(until_ns, |_| false)?;
        settle_in_all_ways(player, &firsts)?;
        let until_ns = player.now() + player.tenths(30);
        player.pass(until_ns, |_| false)
    })
}

pub fn unsubscribed(bench: &Bench, _: &SystemState) -> Judged {
    let needs = abi::LEASES | abi::CONFIRMS;
    at_work(bench, (Rule::Unsubscribed, needs), WorkTerms::default(), |player| {
        let before = 6;
        handed_over(player, before)?;
        player.open_again()?;
        player.publish(&player.recipients(12))?;
        // Whoever has a copy whose agent is gone waits for the end of its lease, which is long.
        let until_ns = player.now() + player.tenths(40);
        let new = move |player: &WorkPlayer| {
            player.delivered().into_iter().filter(|task| *task >= before).collect::<Vec<_>>()
        };
        player.pass(until_ns, |player| {
            let new = new(player);
            new.len() == 12 && new.iter().all(|task| !player.of_task(*task).is_empty())
        })?;
        let new = new(player);
        let gone = new.iter().filter(|task| player.of_task(**task).is_empty()).count();
        player.ensure(gone == 0, || {
            let n = new.len();
            format!(
                "of {n} messages of a new session {gone} came to none of its agents: whoever had them is gone"
            )
        })?;
        let again =
            new.iter().find_map(|task| player.of_task(*task).first().copied().filter(|one| one.number > 1));
        player.ensure(again.is_none(), || {
            let (message, number) = again.map_or((0, 0), |one| (one.task + 1, one.number));
            format!("the first hand-over of message {message} in a new session was told as number {number}")
        })
    })
}
