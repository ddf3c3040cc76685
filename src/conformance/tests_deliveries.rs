//! Copies that arrive.

use super::bench::{Bench, Judged, TestStop};
use super::play::TestPlay;
use super::rules::Rule;
use super::story::History;
use super::system::SystemState;
use super::tests_session::{ordinary, receiving};
use super::workload::sized;
use crate::cores::{abi, capability_names};

/// Plays with copies wanted, if the core has what `bits` say.
fn play(bench: &Bench, play: TestPlay, bits: u64) -> Result<History, TestStop> {
    let missing = bits & !bench.subject()?.declared_by_chain();
    if missing != 0 {
        let why = format!("it does not declare {}", capability_names(missing).join(", "));
        return Err(TestStop::Inapplicable(why));
    }
    let story = bench.play(&play)?;
    let missing = bits & !story.effective;
    if missing != 0 {
        let why = format!("under these options it has no {}", capability_names(missing).join(", "));
        return Err(TestStop::Inapplicable(why));
    }
    Ok(story)
}

macro_rules! received {
    ($($name:ident $rule:ident $($bit:ident)*;)+) => {
        $(pub fn $name(bench: &Bench, _: &SystemState) -> Judged {
            play(bench, receiving(bench)?, abi::RECEIVES $(| abi::$bit)*)?.keeps(&[Rule::$rule])
        })+
    };
}

received! {
    stamps Stamp;
    contents Content READS_CONTENT;
    recipients Recipient;
    addressed Addressed;
    confirmed Confirmed CONFIRMS;
    exactly_once ExactlyOnce EXACTLY_ONCE;
    ordered Ordered ORDERED;
    acknowledge Acknowledge;
    delivered_memory Valid;
}

pub fn uninvited(bench: &Bench, _: &SystemState) -> Judged {
    bench.play(&ordinary(bench)?)?.keeps(&[Rule::Uninvited])
}

fn contents_of(bench: &Bench, n: usize, size: usize) -> Judged {
    let parcels = sized(bench.seed, n, |_| size);
    let batches = vec![if size > 1000 { 2 } else { 16 }];
    let large = TestPlay { receive: true, contents: true, batches, ..TestPlay::of(parcels, bench.seed) };
    let story = play(bench, large, abi::READS_CONTENT);
    match story {
        // A core that reads contents and returns none must at least take them.
        Ok(story) => story.keeps(&[Rule::Content, Rule::StatusOk]),
        Err(stop) => Err(stop),
    }
}

pub fn empty_contents(bench: &Bench, _: &SystemState) -> Judged {
    contents_of(bench, 50, 0)
}

pub fn large_contents(bench: &Bench, _: &SystemState) -> Judged {
    contents_of(bench, 6, 1 << 20)
}
