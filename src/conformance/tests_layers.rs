//! Below a layer, and as a layer.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::play::TestPlay;
use super::rules::Rule;
use super::system::SystemState;
use super::workload::{Batch, parcels};
use crate::cores::raw::Subject;
use crate::cores::raw::{Arrays, Interference, Probe, ProbeSession, RawHost, Refusal};
use crate::cores::{CoreError, abi};
use serde_json::{Map, json};
use std::path::Path;
use std::sync::Arc;

fn layer(bench: &Bench) -> Result<&Arc<Subject>, TestStop> {
    let subject = bench.subject()?;
    match subject.info().is_layer() {
        true => Ok(subject),
        false => Err(TestStop::Inapplicable("it is no layer".to_owned())),
    }
}

fn blocked(refusal: Refusal) -> TestStop {
    TestStop::Blocked(format!("a control call returned {}", abi::status_name(refusal.status)))
}

pub fn under(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    // A layer that answers some messages itself: the tokens that reach the core have gaps.
    let refusing = Map::from_iter([("refuse".to_owned(), json!(0.2))]);
    let chaos = Subject::load(&bench.finder, Path::new(""), "chaos", Arc::new(|_| {}));
    let loaded = chaos.and_then(|chaos| chaos.with(&refusing));
    let above = match loaded {
        Ok(chaos) => chaos,
        Err(CoreError::NotFound { .. }) => {
            return Err(TestStop::Inapplicable("the layer `chaos` is not there".to_owned()));
        }
        Err(error) => return Err(TestStop::Blocked(error.to_string())),
    };
    let over = Arc::new(above.over(subject.as_ref().clone()));
    let play = TestPlay { receive: true, ..TestPlay::of(parcels(bench.seed, 200), bench.seed) };
    let (alone, layered) = (bench.play(&play)?, bench.play_on(&over, &play)?);
    for (rule, seen) in &layered.breaches {
        let anyhow = alone.breaches.iter().any(|(known, _)| known == rule) || !alone.breaches.is_empty();
        ensure(anyhow, Rule::Under, || format!("below `chaos`, which lets only some messages pass: {seen}"))?;
    }
    Ok(())
}

pub fn alone(bench: &Bench, _: &SystemState) -> Judged {
    let subject = layer(bench)?;
    let stage = RawHost::new(TestPlay::of(Vec::new(), bench.seed).config(subject));
    let mut probe = Probe::create(subject, &stage, bench.seed, false).map_err(blocked)?;
    let opened = probe.open_alone();
    let refused = match opened {
        Err(refusal) => refusal.status != abi::OK,
        Ok(session) => {
            session.close();
            false
        }
    };
    probe.destroy();
    ensure(refused, Rule::NeedsInner, || "`open` without a core below returned OK".to_owned())
}

/// An open layer over a mock, with what is to be done to its calls of the mock.
fn opened(bench: &Bench, interference: Interference) -> Result<(Probe, ProbeSession), TestStop> {
    let subject = layer(bench)?;
    let stage = RawHost::new(TestPlay::of(Vec::new(), bench.seed).config(subject));
    let mut probe = Probe::create(subject, &stage, bench.seed, false).map_err(blocked)?;
    probe.prepare().map_err(blocked)?;
    let mut session = probe.open().map_err(blocked)?;
    if let Some(below) = session.below() {
        below.interference = interference;
    }
    Ok((probe, session))
}

fn end(probe: Probe, session: ProbeSession) {
    session.close();
    probe.destroy();
}

pub fn passes_on(bench: &Bench, _: &SystemState) -> Judged {
    let (probe, mut session) = opened(bench, Interference::None)?;
    let (mut arrays, mut fault) = (Arrays::new(64, 512, 0), None);
    let mut next = 1;
    for chunk in parcels(bench.seed, 320).chunks(16) {
        let batch = Batch::new(chunk, next, next * 1000, true, true);
        session.publish(next * 1000, &batch.messages, &mut arrays);
        let offered = session.below().map(|below| std::mem::take(&mut below.offered)).unwrap_or_default();
        let tokens = next..next + chunk.len() as u64;
        for call in offered {
            let foreign = call.iter().find(|token| !tokens.contains(token));
            if let Some(token) = foreign {
                fault.get_or_insert(format!(
                    "it offered token {token}, which it was not offered in this call"
                ));
            }
            if !call.windows(2).all(|pair| pair[0] < pair[1]) {
                fault.get_or_insert("it offered messages out of order, or one twice".to_owned());
            }
        }
        next = tokens.end;
    }
    end(probe, session);
    fault.map_or(Ok(()), |seen| Err(TestStop::Broken(Rule::PassesOn, seen)))
}

pub fn due(bench: &Bench, _: &SystemState) -> Judged {
    const WISH_NS: u64 = 5_000_000;
    let (probe, mut session) = opened(bench, Interference::Due(WISH_NS))?;
    let mut arrays = Arrays::new(64, 512, 0);
    let batch = Batch::new(&parcels(bench.seed, 4), 1, 1000, true, true);
    let mut wishes = Vec::new();
    for (function, called) in [
        ("publish", session.publish(1000, &batch.messages, &mut arrays)),
        ("poll", session.poll(2000, &mut arrays)),
    ] {
        let calls = session.below().map_or(0, |below| std::mem::take(&mut below.calls));
        wishes.push((function, calls, called.appended.next_due_ns));
    }
    end(probe, session);
    // Both calls were made before the count was taken: what was not called below had no wish to pass on.
    if wishes.iter().all(|(_, calls, _)| *calls == 0) {
        return Err(TestStop::Inapplicable("it does not call the core below".to_owned()));
    }
    for (function, _, due_ns) in wishes {
        ensure(due_ns <= WISH_NS, Rule::InnerDue, || {
            format!(
                "the core below wishes for a poll at {WISH_NS} ns, and `{function}` of the layer tells {due_ns}"
            )
        })?;
    }
    Ok(())
}

pub fn failure(bench: &Bench, _: &SystemState) -> Judged {
    let (probe, mut session) = opened(bench, Interference::Fail)?;
    let mut arrays = Arrays::new(64, 512, 0);
    let batch = Batch::new(&parcels(bench.seed, 4), 1, 1000, true, true);
    let called = session.publish(1000, &batch.messages, &mut arrays);
    let calls = session.below().map_or(0, |below| below.calls);
    end(probe, session);
    ensure(calls == 0 || called.status != abi::OK, Rule::InnerFails, || {
        "the core below failed with IO, and `publish` of the layer returned OK".to_owned()
    })
}
