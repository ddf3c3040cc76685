//! Session calls and outcomes.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::play::{IN_FLIGHT, TestPlay};
use super::rules::Rule;
use super::story::History;
use super::system::SystemState;
use super::workload::parcels;
use crate::cores::abi;

/// As many messages as are reasonable: a live core takes its time.
pub fn ordinary(bench: &Bench) -> Result<TestPlay, TestStop> {
    let n = if bench.subject()?.declared_by_chain() & abi::SIMULATED == 0 { 200 } else { 1000 };
    Ok(TestPlay::of(parcels(bench.seed, n), bench.seed))
}

/// The same, with copies wanted where the core has any.
pub fn receiving(bench: &Bench) -> Result<TestPlay, TestStop> {
    Ok(TestPlay { receive: true, contents: true, ..ordinary(bench)? })
}

/// Plays without copies and, where the core receives, with them; both must keep these rules.
fn both_keep(bench: &Bench, change: impl Fn(TestPlay) -> TestPlay, rules: &[Rule]) -> Judged {
    bench.play(&change(ordinary(bench)?))?.keeps(rules)?;
    if bench.subject()?.declared_by_chain() & abi::RECEIVES != 0 {
        bench.play(&change(receiving(bench)?))?.keeps(rules)?;
    }
    Ok(())
}

macro_rules! ordinary {
    ($($name:ident $($rule:ident)+;)+) => {
        $(pub fn $name(bench: &Bench, _: &SystemState) -> Judged {
            both_keep(bench, |play| play, &[$(Rule::$rule,)+])
        })+
    };
}

ordinary! {
    status_ok StatusOk;
    prefix Prefix;
    more_ends More;
    medium_empty Empty;
    due_moves_on Due;
    waker Waker;
    host_texts HostTexts;
    only_read OnlyRead;
    own_tokens Own;
    one_outcome Once;
    every_outcome Every;
    known_results Result;
    reserved_fields Reserved;
    not_in_the_past NotPast;
    not_too_far NotFar;
    reasons Reason;
}

pub fn one_message(bench: &Bench, _: &SystemState) -> Judged {
    let story = bench.play(&TestPlay::of(parcels(bench.seed, 1), bench.seed))?;
    story.keeps(&[Rule::StatusOk])?;
    match (story.cut, story.breaches.first()) {
        (true, Some((rule, seen))) => Err(TestStop::Broken(*rule, seen.clone())),
        _ => Ok(()),
    }
}

pub fn empty_batch(bench: &Bench, _: &SystemState) -> Judged {
    both_keep(bench, |play| TestPlay { empty_batches: 3, ..play }, &[Rule::EmptyBatch])
}

pub fn largest_batch(bench: &Bench, _: &SystemState) -> Judged {
    let all = IN_FLIGHT as usize - 64;
    // Ample room: arrays that are too small are another test's.
    let room = Some((IN_FLIGHT as usize, 64));
    let play = TestPlay { batches: vec![all], room, ..TestPlay::of(parcels(bench.seed, all), bench.seed) };
    let story = bench.play(&play)?;
    let missing = |story: &History| story.sent.iter().filter(|sent| sent.answers.is_empty()).count();
    story.keeps(&[Rule::Batches])?;
    let lost = missing(&story);
    // If it loses messages in smaller batches as well, that is another test's.
    let lost_anyhow = lost > 0 && missing(&bench.play(&TestPlay { batches: vec![16], ..play })?) > 0;
    ensure(lost == 0 || lost_anyhow, Rule::Batches, || {
        format!("{lost} messages of a batch of {all} got no outcome")
    })
}

pub fn appends(bench: &Bench, _: &SystemState) -> Judged {
    both_keep(bench, |play| TestPlay { standing: 5, ..play }, &[Rule::Appends])?;
    both_keep(bench, |play| TestPlay { standing: 3, room: Some((1, 2)), ..play }, &[Rule::Appends])
}

/// What was lost: tokens without an outcome, copies that are missing.
fn lost(story: &History) -> Option<&String> {
    let missing =
        |(rule, _): &&(Rule, String)| matches!(rule, Rule::Every | Rule::Confirmed | Rule::Pressure);
    story.breaches.iter().find(missing).map(|(_, seen)| seen)
}

/// With `change` nothing may be lost that is not lost without it.
fn loses_nothing(bench: &Bench, play: TestPlay, change: impl Fn(TestPlay) -> TestPlay, rule: Rule) -> Judged {
    let changed = bench.play(&change(play.clone()))?;
    let kept = changed.keeps(&[rule]);
    if kept.is_ok() && lost(&changed).is_none() {
        return Ok(());
    }
    if let Some(seen) = lost(&bench.play(&play)?) {
        return Err(TestStop::Blocked(seen.clone()));
    }
    kept?;
    lost(&changed).map_or(Ok(()), |seen| Err(TestStop::Broken(rule, seen.clone())))
}

pub fn small_arrays(bench: &Bench, _: &SystemState) -> Judged {
    let small = |play: TestPlay| TestPlay { room: Some((1, 1)), ..play };
    loses_nothing(bench, ordinary(bench)?, small, Rule::Room)?;
    loses_nothing(bench, receiving(bench)?, small, Rule::Room)
}

pub fn progress(bench: &Bench, _: &SystemState) -> Judged {
    if bench.subject()?.declared_by_chain() & abi::SIMULATED == 0 {
        return Err(TestStop::Inapplicable("`wakes` asks it of a live core".to_owned()));
    }
    let strict = |play: TestPlay| TestPlay { strict: true, ..play };
    loses_nothing(bench, ordinary(bench)?, strict, Rule::Progress)?;
    bench.play(&strict(receiving(bench)?))?.keeps(&[Rule::Progress])
}

pub fn back_pressure(bench: &Bench, _: &SystemState) -> Judged {
    let play = ordinary(bench)?;
    let flood = TestPlay { batches: vec![512], spacing_ns: 0, strict: true, ..play };
    bench.play(&flood)?.keeps(&[Rule::Pressure])
}

pub fn calls_return(bench: &Bench, _: &SystemState) -> Judged {
    if bench.subject()?.declared_by_chain() & abi::SIMULATED != 0 {
        let why = "`no_sleeping` asks more of a simulated core";
        return Err(TestStop::Inapplicable(why.to_owned()));
    }
    let story = bench.play(&TestPlay { batches: vec![1], ..ordinary(bench)? })?;
    story.keeps(&[Rule::Blocks])?;
    for (function, times) in story.call_times_ns {
        let mut times = times;
        times.sort_unstable();
        // One call may be unlucky on a busy machine; half of them are not.
        let median_ns = times[times.len() / 2];
        ensure(median_ns < 2_000_000, Rule::Blocks, || {
            let (calls, us) = (times.len(), median_ns / 1000);
            format!("of {calls} calls of `{function}` half take longer than {us} us")
        })?;
    }
    Ok(())
}

pub fn borrowed_messages(bench: &Bench, _: &SystemState) -> Judged {
    let play = receiving(bench)?;
    let spoilt = bench.play(&TestPlay { spoil: true, ..play.clone() })?;
    if spoilt.is_flawless(&play) {
        return Ok(());
    }
    let kept = bench.play(&play)?;
    for rule in [Rule::Stamp, Rule::Content, Rule::Addressed, Rule::Recipient, Rule::Own, Rule::Every] {
        let of = |story: &History| story.breaches.iter().find(|(known, _)| *known == rule).cloned();
        if let (None, Some((_, seen))) = (of(&kept), of(&spoilt)) {
            return Err(TestStop::Broken(
                Rule::Borrowed,
                format!("after the messages were overwritten: {seen}"),
            ));
        }
    }
    spoilt.keeps(&[Rule::Borrowed])
}

pub fn borrowed_options(bench: &Bench, _: &SystemState) -> Judged {
    let play = ordinary(bench)?;
    let told = |story: &History| (story.cut, story.sent.len(), story.breaches.len());
    let kept = bench.play(&play)?;
    let spoilt = match bench.play(&TestPlay { spoil_options: true, ..play.clone() }) {
        Err(TestStop::Blocked(seen)) => return Err(TestStop::Broken(Rule::Borrowed, seen)),
        other => other?,
    };
    if kept.effective & abi::SIMULATED == 0 && spoilt.is_flawless(&play) {
        return Ok(());
    }
    let repeated = bench.play(&play)?;
    let is_repeatable = kept.effective & abi::SIMULATED != 0 && kept.transcript == repeated.transcript;
    let equal = told(&kept) == told(&spoilt) && (!is_repeatable || kept.transcript == spoilt.transcript);
    ensure(equal, Rule::Borrowed, || "after the options were overwritten it behaves differently".to_owned())
}

pub fn any_thread(bench: &Bench, _: &SystemState) -> Judged {
    let play = ordinary(bench)?;
    let moving = bench.play(&TestPlay { move_about: true, ..play.clone() })?;
    if moving.is_flawless(&play) {
        return Ok(());
    }
    let still = bench.play(&play)?;
    let told = |story: &History| (story.cut, story.sent.len(), story.breaches.len());
    ensure(told(&still) == told(&moving), Rule::AnyThread, || {
        let seen = moving.breaches.first().map_or("it ends otherwise", |(_, seen)| seen);
        format!("with each call on another thread: {seen}")
    })
}

pub fn wakes(bench: &Bench, _: &SystemState) -> Judged {
    if bench.subject()?.declared_by_chain() & abi::SIMULATED != 0 {
        return Err(TestStop::Inapplicable("it is simulated and never wakes".to_owned()));
    }
    let strict = |play: TestPlay| TestPlay { strict: true, batches: vec![1, 7], ..play };
    loses_nothing(bench, ordinary(bench)?, strict, Rule::Progress)?;
    loses_nothing(bench, receiving(bench)?, strict, Rule::Progress)
}

pub fn flush(bench: &Bench, _: &SystemState) -> Judged {
    let story = bench.play(&TestPlay::of(Vec::new(), bench.seed))?;
    match story.breaches.first() {
        Some((Rule::StatusOk | Rule::Own, seen)) => Err(TestStop::Broken(Rule::Flush, seen.clone())),
        _ => Ok(()),
    }
}
