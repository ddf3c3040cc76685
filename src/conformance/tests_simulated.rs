//! What a simulated core owes: the same answers whatever the machine does.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::play::TestPlay;
use super::rules::Rule;
use super::story::History;
use super::system::{self, SystemState};
use super::tests_session::{ordinary, receiving};
use super::workload::{AGENTS, parcels};
use crate::cores::abi;
use std::collections::HashMap;
use std::time::Duration;

fn simulated(bench: &Bench) -> Judged {
    match bench.subject()?.declared_by_chain() & abi::SIMULATED {
        0 => Err(TestStop::Inapplicable("it is not simulated".to_owned())),
        _ => Ok(()),
    }
}

/// A story that can be compared with others: the same play gives the same again.
fn baseline(bench: &Bench, play: &TestPlay) -> Result<History, TestStop> {
    let (first, second) = (bench.play(play)?, bench.play(play)?);
    if first.cut {
        first.keeps(&[])?;
    }
    match first.transcript == second.transcript {
        true => Ok(first),
        false => Err(TestStop::Blocked("two equal runs give different answers".to_owned())),
    }
}

/// The first line in which two transcripts differ.
fn difference(one: &str, other: &str) -> String {
    let pairs = one
        .lines()
        .map(Some)
        .chain(std::iter::repeat(None))
        .zip(other.lines().map(Some).chain(std::iter::repeat(None)));
    let limit = one.lines().count().max(other.lines().count());
    let found = pairs.take(limit).find(|(a, b)| a != b);
    let (a, b) = found.unwrap_or((None, None));
    let shown = |line: Option<&str>| line.unwrap_or("nothing more").to_owned();
    format!("first `{}`, then `{}`", shown(a), shown(b))
}

pub fn alone(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    if !system::KNOWS_RESOURCES {
        return Err(TestStop::Inapplicable("this system does not tell".to_owned()));
    }
    let (threads, descriptors) = bench.play(&ordinary(bench)?)?.extra;
    ensure(threads == 0 && descriptors == 0, Rule::Touches, || {
        format!("with a session open there are {threads} threads and {descriptors} descriptors more")
    })
}

pub fn repeatable(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    for play in [ordinary(bench)?, receiving(bench)?] {
        let (first, second) = (bench.play(&play)?, bench.play(&play)?);
        first.keeps(&[Rule::Repeatable])?;
        ensure(first.transcript == second.transcript, Rule::Repeatable, || {
            difference(&first.transcript, &second.transcript)
        })?;
    }
    Ok(())
}

pub fn regrouped(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    // All at one instant, so that only the borders between batches differ.
    let play =
        TestPlay { batches: vec![16], spacing_ns: 0, ..TestPlay::of(parcels(bench.seed, 800), bench.seed) };
    let first = baseline(bench, &play)?;
    for batches in [vec![1], vec![3, 5, 7], vec![64, 1], vec![400]] {
        let other = bench.play(&TestPlay { batches: batches.clone(), ..play.clone() })?;
        compare(&first, &other, true, Rule::Regrouped, &format!("in batches of {batches:?} instead of 16"))?;
    }
    Ok(())
}

/// Whether the messages of `one` fare alike in `other`, whatever the order; with their times if asked for.
fn compare(one: &History, other: &History, times: bool, rule: Rule, how: &str) -> Judged {
    if [one, other].iter().any(|story| story.sent.iter().any(|sent| sent.answers.is_empty())) {
        return Err(TestStop::Blocked("some messages are never answered".to_owned()));
    }
    let identity = |story: &History| -> Vec<(u32, u64)> {
        story.sent.iter().map(|sent| (sent.parcel.stamp.sender, sent.parcel.stamp.sequence)).collect()
    };
    let others: HashMap<_, _> = identity(other).into_iter().zip(other.fates()).collect();
    for (key, fate) in identity(one).into_iter().zip(one.fates()) {
        let Some(found) = others.get(&key) else { continue };
        let alike = (fate.0, fate.1) == (found.0, found.1) && (!times || fate.2 == found.2);
        ensure(alike, rule, || {
            let (sender, sequence) = key;
            format!(
                "{how}, message {sequence} of agent {sender} has result {}, reason {} after {} ns, not {}, {} after {} ns",
                found.0, found.1, found.2, fate.0, fate.1, fate.2
            )
        })?;
    }
    Ok(())
}

pub fn permuted(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    let play =
        TestPlay { batches: vec![16], spacing_ns: 0, ..TestPlay::of(parcels(bench.seed, 800), bench.seed) };
    let first = baseline(bench, &play)?;
    let mut backwards = play.clone();
    backwards.parcels.reverse();
    let mut dealt = play.clone();
    dealt.parcels.sort_by_key(|parcel| (parcel.sender, parcel.recipient, parcel.stamp.sequence));
    for (other, how) in [(backwards, "backwards"), (dealt, "agent by agent")] {
        // Times may depend on who came before: a queue is a queue.
        compare(&first, &bench.play(&other)?, false, Rule::Permuted, how)?;
    }
    Ok(())
}

pub fn crowd(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    let parcels =
        parcels(bench.seed, 500).into_iter().filter(|parcel| parcel.recipient != abi::ALL).collect();
    let play = TestPlay::of(parcels, bench.seed);
    let first = baseline(bench, &play)?;
    let other = bench.play(&TestPlay { agents: 3 * AGENTS, ..play })?;
    compare(&first, &other, true, Rule::Crowd, "among 27 agents instead of 9")
}

pub fn sender_keys(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    let play = TestPlay { receive: true, ..TestPlay::of(parcels(bench.seed, 500), bench.seed) };
    let first = baseline(bench, &play)?;
    let other = bench.play(&TestPlay { tells_keys: false, ..play })?;
    compare(&first, &other, true, Rule::SenderKeys, "without `sender_key`")
}

pub fn virtual_time(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    let play = TestPlay { batches: vec![50], ..TestPlay::of(parcels(bench.seed, 500), bench.seed) };
    let first = baseline(bench, &play)?;
    let slow = bench.play(&TestPlay { pause: Duration::from_millis(70), ..play })?;
    ensure(first.transcript == slow.transcript, Rule::RealClock, || {
        format!("where more real time passes: {}", difference(&first.transcript, &slow.transcript))
    })
}

pub fn no_sleeping(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    if !system::KNOWS_RESOURCES {
        return Err(TestStop::Inapplicable("this system does not tell".to_owned()));
    }
    let story = bench.play(&TestPlay {
        batches: vec![4],
        count_waits: true,
        ..TestPlay::of(parcels(bench.seed, 400), bench.seed)
    })?;
    for (function, waits) in &story.waits {
        let calls = story.call_times_ns.get(function).map_or(0, Vec::len) as u64;
        // A page that is read from the disk makes a thread wait, too.
        ensure(calls < 10 || *waits < calls / 2, Rule::Sleeps, || {
            format!(
                "in {calls} calls of `{function}` its thread waited {waits} times for a clock, a lock or a device"
            )
        })?;
    }
    Ok(())
}

pub fn never_wakes(bench: &Bench, _: &SystemState) -> Judged {
    simulated(bench)?;
    bench.play(&ordinary(bench)?)?.keeps(&[Rule::NeverWakes])
}
