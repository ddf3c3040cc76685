//! Several runs: simulated ones side by side on all processors, live ones one after the other in the order given.

use super::faults;
use super::stage::{RunEnd, SessionPlayer};
use crate::diagnostics::Diagnostics;
use crate::engine::{self, Cast, Observer, Progress, SoFar, Started};
use crate::plan::{ClockKind, Plan, Receive};
use crate::progress::write_down;
use crate::report::span;
use crate::results::Run;
use crate::script::BehaviourOf;
use crate::supervise::RunJournal;
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A live run of unknown length is waited for, but not told of beforehand; this is what each takes beside its load.
pub const AROUND_NS: u64 = 500_000_000;

/// A line of a core's log: the run's number, who says it, the level, the text.
type LogLine = (usize, String, u32, String);

/// Watches a run of many: it passes on the wish to stop, writes down results so far, and keeps what the cores say until
/// all have ended.
struct Quiet<'a> {
    stop: &'a AtomicBool,
    /// The run's number, from 1.
    number: usize,
    seed: u64,
    said: &'a Mutex<Vec<LogLine>>,
    journal: Option<RunJournal>,
}

impl Observer for Quiet<'_> {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn wants_results(&mut self) -> bool {
        self.journal.as_ref().is_some_and(RunJournal::wants_results)
    }

    fn results_so_far(&mut self, mut so_far: SoFar<'_>) {
        if let Some(journal) = &mut self.journal {
            write_down(&mut so_far, journal);
        }
    }

    fn log(&mut self, core: &str, level: u32, text: &str) {
        let who = format!("run {}, seed {}: {core}", self.number, self.seed);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push((
            self.number,
            who,
            level,
            text.to_owned(),
        ));
    }
}

/// Plays them all; the results are in the order of the plans, whatever was played when.
pub fn play_all<W: Write>(
    stage: &mut SessionPlayer<W>,
    plans: &[Plan],
    base: &Path,
    behaviour: &BehaviourOf<'_>,
) -> Result<Vec<Run>, Diagnostics> {
    let casts = Cast::of_all(plans, stage.setting(base))
        .map_err(|(index, error)| faults::of_run_on(&plans[index].core, &error))?;
    let plans = &*receiving_alike(plans, &casts);
    // Messages are written down run by run, so those runs follow each other.
    let beside =
        |index: &usize| casts[*index].clock() == ClockKind::Virtual && !stage.watcher.wants_messages();
    let (simulated, others): (Vec<usize>, Vec<usize>) = (0..plans.len()).partition(beside);
    if let Some(note) = duration_note(plans, &simulated, &others) {
        stage.watcher.say(&note);
    }
    let stop = stage.watcher.stop();
    let said = Mutex::new(Vec::new());
    let journal = stage.watcher.journal();
    let mut found: Vec<Option<RunEnd>> = simulated_side_by_side(stage.side_by_side, &simulated, |index| {
        let mut observer = Quiet {
            stop: &stop,
            number: index + 1,
            seed: plans[index].seed,
            said: &said,
            journal: journal.map(RunJournal::beside),
        };
        let ended = RunEnd::of(
            &plans[index],
            engine::run_with(&plans[index], &casts[index], &mut *behaviour(index), &mut observer),
        );
        ended.write_down(journal);
        ended
    });
    let mut said = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Whatever was played when; the lines of one run stay in their order.
    said.sort_by_key(|(number, ..)| *number);
    for (_, who, level, text) in said {
        stage.watcher.log(&who, level, &text);
    }
    found.resize_with(plans.len(), || None);
    let mut in_order: Vec<Option<RunEnd>> = (0..plans.len()).map(|_| None).collect();
    for (place, index) in simulated.iter().enumerate() {
        in_order[*index] = found[place].take();
    }
    for index in others {
        // What follows a failure would only take time.
        if in_order.iter().flatten().any(|ended| ended.wrong.is_some()) {
            break;
        }
        in_order[index] = Some(stage.play_one(&plans[index], &casts[index], &mut *behaviour(index)));
    }
    let mut runs = Vec::with_capacity(plans.len());
    for ended in in_order.into_iter().flatten() {
        match (ended.run, ended.wrong) {
            (Some(run), None) => runs.push(run),
            (run, wrong) => {
                stage.broken = run;
                return Err(wrong.unwrap_or_default());
            }
        }
    }
    Ok(runs)
}

/// The plans, of which those receive too that may, where another's core only takes messages over: so that both count copies.
fn receiving_alike<'p>(plans: &'p [Plan], casts: &[Arc<Cast>]) -> Cow<'p, [Plan]> {
    let others_store = casts.iter().any(|cast| cast.stores()) && !casts.iter().all(|cast| cast.stores());
    if !others_store {
        return Cow::Borrowed(plans);
    }
    let alike = |(plan, cast): (&Plan, &Arc<Cast>)| match plan.receive {
        Receive::Auto if cast.can_receive() => {
            Plan { receive: Receive::Always, counts_copies: true, ..plan.clone() }
        }
        Receive::Always => Plan { counts_copies: true, ..plan.clone() },
        _ => plan.clone(),
    };
    Cow::Owned(plans.iter().zip(casts).map(alike).collect())
}

/// The number of runs that the machine plays at once.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Does each of the jobs on one of so many threads; the answers are in the order of the jobs.
fn simulated_side_by_side<T: Send>(
    threads: usize,
    jobs: &[usize],
    job: impl Fn(usize) -> T + Sync,
) -> Vec<Option<T>> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<Option<T>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let work = || {
        while let Some((place, index)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(place).map(|index| (place, *index))
        } {
            let answer = job(index);
            answers.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(jobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// How long it will take, where time passes; and how many runs there are.
fn duration_note(plans: &[Plan], simulated: &[usize], live: &[usize]) -> Option<String> {
    if plans.len() < 2 {
        return None;
    }
    let mut parts = Vec::new();
    if !live.is_empty() {
        let known: Option<u64> =
            live.iter().map(|index| plans[*index].load_ns().map(|ns| ns + AROUND_NS)).sum();
        let time =
            known.map_or_else(|| "as long as they need".to_owned(), |ns| format!("about {}", span(ns)));
        parts.push(format!("{} on the wall clock: {time}", live.len()));
    }
    if !simulated.is_empty() {
        parts.push(format!("{} simulated, side by side", simulated.len()));
    }
    Some(format!("{} runs: {}", plans.len(), parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_core_says_is_kept_with_its_run() {
        let (stop, said) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let mut third = Quiet { stop: &stop, number: 3, seed: 7, said: &said, journal: None };
        third.log("mock", 2, "slow today");
        let line = (3, "run 3, seed 7: mock".to_owned(), 2, "slow today".to_owned());
        assert_eq!(said.into_inner().unwrap(), [line]);
    }

    #[test]
    fn answers_stand_in_the_order_of_the_jobs() {
        let jobs: Vec<usize> = (0..100).rev().collect();
        let expected: Vec<Option<usize>> = jobs.iter().map(|job| Some(job * job)).collect();
        for threads in [1, 2, 7, 200] {
            assert_eq!(simulated_side_by_side(threads, &jobs, |job| job * job), expected, "{threads}");
        }
        assert!(simulated_side_by_side(4, &[], |job| job).is_empty());
    }
}
