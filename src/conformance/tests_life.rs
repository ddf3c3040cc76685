//! Control calls: lives of all kinds, and what they leave behind.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::play::TestPlay;
use super::rules::Rule;
use super::story::History;
use super::system::{self, SystemState};
use super::workload::parcels;
use crate::cores::raw::{Probe, RawHost, Refusal, Subject};
use crate::cores::{abi, capability_names};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn broken(rule: Rule, function: &str) -> impl Fn(Refusal) -> TestStop {
    move |refusal| {
        let status = abi::status_name(refusal.status);
        TestStop::Broken(rule, format!("`{function}` returned {status}: {}", refusal.text))
    }
}

fn blocked(function: &str) -> impl Fn(Refusal) -> TestStop {
    move |refusal| TestStop::Blocked(format!("`{function}` returned {}", abi::status_name(refusal.status)))
}

fn stage(bench: &Bench, subject: &Subject) -> Arc<RawHost> {
    RawHost::new(TestPlay::of(Vec::new(), bench.seed).config(subject))
}

fn made(bench: &Bench) -> Result<Probe, TestStop> {
    let subject = bench.subject()?;
    Probe::create(subject, &stage(bench, subject), bench.seed, false).map_err(blocked("create"))
}

pub fn create(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    let probe = Probe::create(subject, &stage(bench, subject), bench.seed, false);
    probe.map_err(broken(Rule::Created, "create"))?.destroy();
    Ok(())
}

pub fn effective(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    let probe = made(bench)?;
    // Bits of a later minor are not this host's affair.
    let known = abi::CAPABILITY_NAMES.iter().fold(0, |all, (bit, _)| all | bit);
    let more = probe.effective & known & !subject.info().capabilities;
    probe.destroy();
    ensure(more == 0, Rule::Effective, || {
        format!("it claims {}, which its descriptor does not declare", capability_names(more).join(", "))
    })
}

pub fn open(bench: &Bench, _: &SystemState) -> Judged {
    let mut probe = made(bench)?;
    probe.prepare().map_err(broken(Rule::Prepared, "prepare"))?;
    probe.open().map_err(broken(Rule::Opened, "open"))?.close();
    probe.destroy();
    Ok(())
}

pub fn prepare_twice(bench: &Bench, _: &SystemState) -> Judged {
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.prepare().map_err(broken(Rule::Prepared, "prepare"))?;
    probe.open().map_err(broken(Rule::Prepared, "open"))?.close();
    probe.destroy();
    Ok(())
}

pub fn cut_short(bench: &Bench, _: &SystemState) -> Judged {
    made(bench)?.destroy();
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.destroy();
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.clean().map_err(broken(Rule::CutShort, "clean"))?;
    probe.destroy();
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.open().map_err(blocked("open"))?.close();
    probe.destroy();
    // And a whole one is still possible.
    let after = bench.play(&TestPlay::of(parcels(bench.seed, 20), bench.seed))?;
    ensure(after.sent.len() == 20 || after.cut, Rule::CutShort, || {
        "no session is possible any more".to_owned()
    })
}

pub fn close_in_flight(bench: &Bench, _: &SystemState) -> Judged {
    let missing = |story: &History| story.breaches.iter().any(|(rule, _)| *rule == Rule::Every);
    let ordinary = TestPlay::of(parcels(bench.seed, 100), bench.seed);
    if missing(&bench.play(&ordinary)?) {
        return Err(TestStop::Blocked("some messages are never answered".to_owned()));
    }
    for n in [1, 64, 1000] {
        let play =
            TestPlay { leave: true, batches: vec![64], ..TestPlay::of(parcels(bench.seed, n), bench.seed) };
        bench.play(&play)?;
    }
    ensure(!missing(&bench.play(&ordinary)?), Rule::Closed, || {
        "after it, messages of the next session are never answered".to_owned()
    })
}

pub fn again(bench: &Bench, _: &SystemState) -> Judged {
    let mut first = None;
    for life in 1..=5 {
        let play = TestPlay::of(parcels(bench.seed, 60), bench.seed);
        let story = match bench.play(&play) {
            Ok(story) => story,
            Err(TestStop::Blocked(why)) if life > 1 => {
                return Err(TestStop::Broken(Rule::Again, format!("in life {life}: {why}")));
            }
            Err(stop) => return Err(stop),
        };
        let told = (story.cut, story.sent.len(), story.breaches.len());
        if first.get_or_insert(told) != &told {
            let seen = story
                .breaches
                .first()
                .map_or("other answers than before".to_owned(), |(_, seen)| seen.clone());
            return Err(TestStop::Broken(
                Rule::Again,
                format!("life {life} of the same core is not like the first: {seen}"),
            ));
        }
    }
    // One core, one session after the other.
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.open().map_err(blocked("open"))?.close();
    match probe.open() {
        Ok(session) => session.close(),
        // A host opens one session a core: a core may say that it is made for no more.
        Err(refusal) if matches!(refusal.status, abi::INVALID | abi::UNSUPPORTED) => {}
        Err(refusal) => return Err(broken(Rule::Again, "open")(refusal)),
    }
    probe.destroy();
    Ok(())
}

fn closed(bench: &Bench) -> Result<Probe, TestStop> {
    let mut probe = made(bench)?;
    probe.prepare().map_err(blocked("prepare"))?;
    probe.open().map_err(blocked("open"))?.close();
    Ok(probe)
}

pub fn stats(bench: &Bench, _: &SystemState) -> Judged {
    let mut probe = closed(bench)?;
    let asked = probe.stats(1 << 20).map_err(broken(Rule::Stats, "stats"))?;
    probe.destroy();
    let Some(asked) = asked else {
        return Err(TestStop::Inapplicable("it has no function `stats`".to_owned()));
    };
    let object = asked.len == 0 || matches!(serde_json::from_slice(&asked.bytes), Ok(Value::Object(_)));
    ensure(object, Rule::Stats, || {
        let start: String = String::from_utf8_lossy(&asked.bytes).chars().take(60).collect();
        format!("no JSON object: {start}")
    })
}

pub fn stats_room(bench: &Bench, _: &SystemState) -> Judged {
    let mut probe = closed(bench)?;
    let whole = probe.stats(1 << 20).map_err(blocked("stats"))?;
    let Some(whole) = whole else {
        return Err(TestStop::Inapplicable("it has no function `stats`".to_owned()));
    };
    for cap in [0, 1, whole.len.saturating_sub(1) as usize] {
        let asked = probe.stats(cap).map_err(broken(Rule::Stats, "stats"))?;
        let Some(asked) = asked else { continue };
        ensure(!asked.beyond, Rule::Stats, || format!("with room for {cap} bytes it wrote more"))?;
        ensure(asked.len > cap as u64 || whole.len == 0 || cap as u64 >= whole.len, Rule::Stats, || {
            format!("with room for {cap} of {} bytes it told a length of {}", whole.len, asked.len)
        })?;
    }
    probe.destroy();
    Ok(())
}

pub fn clean(bench: &Bench, _: &SystemState) -> Judged {
    let mut probe = closed(bench)?;
    probe.clean().map_err(broken(Rule::Cleaned, "clean"))?;
    probe.destroy();
    Ok(())
}

/// Lives as many as are reasonable: a thousand of a simulated core, of a live one what goes into a second and a half.
fn lives(bench: &Bench, each: &mut dyn FnMut(usize)) -> Result<usize, TestStop> {
    const LIVES: usize = 1000;
    let subject = bench.subject()?;
    let stage = stage(bench, subject);
    let budget = match subject.declared_by_chain() & abi::SIMULATED {
        0 => Duration::from_millis(1500),
        _ => Duration::from_secs(20),
    };
    std::mem::forget(stage.clone());
    let began = Instant::now();
    for life in 0..LIVES {
        if life >= 20 && began.elapsed() > budget {
            return Ok(life);
        }
        let mut probe = Probe::create(subject, &stage, bench.seed, false).map_err(blocked("create"))?;
        probe.prepare().map_err(blocked("prepare"))?;
        let session = probe.open().map_err(blocked("open"))?;
        session.close();
        probe.clean().map_err(blocked("clean"))?;
        probe.destroy();
        each(life);
    }
    Ok(LIVES)
}

/// How much more there is of each of these after all lives than after the first few, and how many lives lay between.
fn growth<const N: usize>(
    bench: &Bench,
    measures: [fn() -> usize; N],
) -> Result<([usize; N], usize), TestStop> {
    const WARM: usize = 9;
    let now = || measures.map(|measure| measure());
    let (mut base, mut threads) = ([0; N], 0);
    let lives = lives(bench, &mut |life| {
        if life == WARM {
            (base, threads) = (now(), system::threads());
        }
    })?;
    // A thread's end is seen a moment after it was joined.
    for _ in 0..50 {
        if system::threads() <= threads {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut grown = now();
    grown.iter_mut().zip(base).for_each(|(grown, base)| *grown = grown.saturating_sub(base));
    Ok((grown, lives - 1 - WARM))
}

fn known_here() -> Judged {
    match system::KNOWS_RESOURCES {
        true => Ok(()),
        false => Err(TestStop::Inapplicable("this system does not tell".to_owned())),
    }
}

pub fn leaks_threads(bench: &Bench, _: &SystemState) -> Judged {
    known_here()?;
    let ([grown], lives) = growth(bench, [system::threads])?;
    ensure(grown < lives.div_ceil(10), Rule::GivenBack, || {
        format!("{grown} threads more after {lives} lives")
    })
}

pub fn leaks_descriptors(bench: &Bench, _: &SystemState) -> Judged {
    known_here()?;
    let ([grown], lives) = growth(bench, [system::descriptors])?;
    ensure(grown < lives.div_ceil(10), Rule::GivenBack, || {
        format!("{grown} descriptors more after {lives} lives")
    })
}

pub fn leaks_memory(bench: &Bench, _: &SystemState) -> Judged {
    known_here()?;
    let simulated = bench.subject()?.declared_by_chain() & abi::SIMULATED != 0;
    let allocated = || crate::cores::raw::allocated_bytes().unwrap_or(0);
    if simulated && growth(bench, [system::threads])?.0[0] > 0 {
        return Err(TestStop::Blocked("it leaves threads behind, and they hold memory".to_owned()));
    }
    let ([allocated, resident], lives) = growth(bench, [allocated, system::resident_bytes])?;
    // The smallest piece that can leak is 32 bytes. Tables that grow once in a while are no leak; threads and clients
    // of brokers have caches besides.
    let allowed = if simulated { lives * 24 + 4096 } else { lives * 1024 + (64 << 10) };
    ensure(allocated < allowed, Rule::GivenBack, || {
        let each = allocated / lives.max(1);
        format!("{allocated} bytes more are allocated after {lives} lives: {each} a life")
    })?;
    ensure(resident < lives * 4096 + (8 << 20), Rule::GivenBack, || {
        format!("{} KiB more are in use after {lives} lives", resident >> 10)
    })
}

pub fn quiet(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    let play = TestPlay::of(Vec::new(), bench.seed);
    let stage = RawHost::new(play.config(subject));
    let mut probe = Probe::create(subject, &stage, bench.seed, false).map_err(blocked("create"))?;
    probe.prepare().map_err(blocked("prepare"))?;
    let session = probe.open().map_err(blocked("open"))?;
    session.close();
    probe.destroy();
    std::thread::sleep(Duration::from_millis(150));
    let late = stage.notes().late();
    // Its threads may call for ever: what they look at must stay.
    std::mem::forget(stage);
    ensure(late == 0, Rule::QuietAfter, || {
        format!("the host was called {late} times after `destroy` had returned")
    })
}
