//! How a session is played.

use super::workload::{AGENTS, NumberedNames, RUN, TestMessage, types};
use crate::cores::raw::Subject;
use crate::cores::{RunClockKind, RunConfig, abi};
use std::sync::Arc;
use std::time::Duration;

/// The most tokens that are unanswered at once.
pub const IN_FLIGHT: u32 = 4096;

const MS: u64 = 1_000_000;

/// How a test plays a session.
#[derive(Clone)]
pub struct TestPlay {
    /// The messages that are offered to the core.
    pub parcels: Vec<TestMessage>,
    /// Sizes of the batches, over and over.
    pub batches: Vec<usize>,
    /// Time from one batch to the next, in nanoseconds.
    pub spacing_ns: u64,
    /// Agents in the run.
    pub agents: u32,
    /// Whether messages tell the keys of their senders.
    pub tells_keys: bool,
    /// Whether the core is asked for copies.
    pub receive: bool,
    /// Contents are wanted back.
    pub contents: bool,
    /// Room for outcomes and deliveries; without it, for more than a batch.
    pub room: Option<(usize, usize)>,
    /// Entries that stand in the arrays already.
    pub standing: usize,
    /// Poll only when the contract asks for it.
    pub strict: bool,
    /// Overwrite everything passed in as soon as the call returns.
    pub spoil: bool,
    /// Make each call on another thread.
    pub move_about: bool,
    /// Count how often the calling thread has to wait.
    pub count_waits: bool,
    /// Let real time pass here and there.
    pub pause: Duration,
    /// Close without having drained.
    pub leave: bool,
    /// Pass the options in memory that is overwritten.
    pub spoil_options: bool,
    /// Offer this many empty batches first.
    pub empty_batches: usize,
    /// The seed of the run.
    pub seed: u64,
    /// The run's number, in every stamp.
    pub run: u32,
}

impl TestPlay {
    /// These messages, in batches of 1, 2, 16 and 64, a millisecond apart.
    pub fn of(parcels: Vec<TestMessage>, seed: u64) -> TestPlay {
        TestPlay {
            parcels,
            batches: vec![1, 2, 16, 64],
            spacing_ns: MS,
            agents: AGENTS,
            tells_keys: true,
            receive: false,
            contents: false,
            room: None,
            standing: 0,
            strict: false,
            spoil: false,
            move_about: false,
            count_waits: false,
            pause: Duration::ZERO,
            leave: false,
            spoil_options: false,
            empty_batches: 0,
            seed,
            run: RUN,
        }
    }

    /// The same in a run with a number of its own. What a real medium knows of earlier runs must not be taken for this
    /// one: a broker that drops what it has seen before goes by the stamp.
    pub fn in_another_run(&self) -> TestPlay {
        let mut play = self.clone();
        play.run = rand::random::<u32>().max(1);
        play.parcels.iter_mut().for_each(|parcel| parcel.stamp.run = play.run);
        play
    }

    /// A run of this play.
    pub fn config(&self, subject: &Subject) -> RunConfig {
        RunConfig {
            run: self.run,
            seed: self.seed,
            clock: match subject.declared_by_chain() & abi::SIMULATED {
                0 => RunClockKind::Wall,
                _ => RunClockKind::Virtual,
            },
            agents: self.agents,
            party_names: Arc::new(NumberedNames(self.agents)),
            types: types(),
            receive: self.receive && subject.declared_by_chain() & abi::RECEIVES != 0,
            wants_content: self.contents,
            max_in_flight: IN_FLIGHT,
            groups: Vec::new(),
        }
    }
}
