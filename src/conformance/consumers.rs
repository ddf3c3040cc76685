//! Agents at work: they get copies, keep them, and settle them as a test says; every hand-over is noted.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::play::IN_FLIGHT;
use super::rules::Rule;
use super::workload::{Batch, RUN, TestMessage, task};
use super::workplace::{OWN, QUEUE, SHARING, WorkTerms, config, unit_ns, worked_for};
use crate::cores::raw::{Arrays, Called, Probe, ProbeSession, RawHost, Refusal, Subject};
use crate::cores::{RunClockKind, RunConfig, Settlement, abi, capability_names};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

const MS: u64 = 1_000_000;

/// A message for the agents, and what is known of it.
struct Task {
    message: TestMessage,
    /// Whether it was delivered; none before its outcome.
    delivered: Option<bool>,
}

/// One hand-over of a copy, as the host saw it.
#[derive(Debug, Clone, Copy)]
pub struct SeenHandOver {
    /// Which message it is a copy of, from 0.
    pub task: usize,
    /// The agent that got it.
    pub agent: u32,
    /// The tag to settle it by.
    pub tag: u64,
    /// The how-manieth hand-over it is; 0 if that is not told.
    pub number: u32,
    /// Whether it is marked as handed over before.
    pub redelivered: bool,
    /// When the host was told.
    pub told_ns: u64,
    /// When the agent has it.
    at_ns: u64,
    /// When the host settled it; none if it has not.
    pub settled_ns: Option<u64>,
}

/// A session with agents at work.
pub struct WorkPlayer {
    rule: Rule,
    probe: Probe,
    session: Option<ProbeSession>,
    stage: Arc<RawHost>,
    /// What the chain can do under its options.
    pub effective: u64,
    run: u32,
    now_ns: u64,
    due_ns: u64,
    /// When the core is polled even without a wish.
    look_ns: u64,
    more: bool,
    next_token: u64,
    tasks: Vec<Task>,
    by_token: HashMap<u64, usize>,
    batches: Vec<Batch>,
    /// All hand-overs, in the order told.
    pub handovers: Vec<SeenHandOver>,
    /// The messages whose copies were told as given up.
    pub given_up: BTreeSet<usize>,
    prefetch: u32,
    /// The first agent that had too many copies, and how many.
    pub overloaded: Option<(u32, usize)>,
}

/// Plays a scene with agents at work, if the core can do what `bits` say. A failure of the scene breaks `rule`.
pub fn at_work(
    bench: &Bench,
    (rule, bits): (Rule, u64),
    terms: WorkTerms,
    scene: impl FnOnce(&mut WorkPlayer) -> Judged,
) -> Judged {
    let needed = bits | abi::RECEIVES;
    let lacks = |why: &str, capabilities: u64| match needed & !capabilities {
        0 => Ok(()),
        missing => Err(TestStop::Inapplicable(format!("{why} {}", capability_names(missing).join(", ")))),
    };
    let subject = worked_for(bench)?;
    lacks("it does not declare", subject.declared_by_chain())?;
    let can = effective(&subject, bench.seed)?;
    lacks("under these options it has no", can)?;
    let mut player = WorkPlayer::start(&subject, can, bench.seed, rule, terms)?;
    let judged = scene(&mut player);
    player.end();
    judged
}

/// What the chain can do under its options, for a run that asks for nothing else: a core may refuse groups that ask for more.
fn effective(subject: &Arc<Subject>, seed: u64) -> Result<u64, TestStop> {
    let declared = subject.declared_by_chain();
    let asks_for_nothing =
        RunConfig { groups: Vec::new(), ..config(RUN, seed, declared, WorkTerms::default()) };
    let stage = RawHost::new(asks_for_nothing);
    let probe = Probe::create(subject, &stage, seed, false).map_err(blocked("create"))?;
    let effective = probe.effective_of_chain();
    probe.destroy();
    // A thread that a core leaves behind may call the host for as long as this process lives.
    std::mem::forget(stage);
    Ok(effective)
}

fn blocked(function: &'static str) -> impl Fn(Refusal) -> TestStop {
    move |refusal| {
        let status = abi::status_name(refusal.status);
        TestStop::Blocked(format!("`{function}` returned {status}: {}", refusal.text))
    }
}

impl WorkPlayer {
    fn start(
        subject: &Arc<Subject>,
        can: u64,
        seed: u64,
        rule: Rule,
        terms: WorkTerms,
    ) -> Result<WorkPlayer, TestStop> {
        // What a real medium knows of earlier runs must not be taken for this one.
        let run = if can & abi::SIMULATED != 0 { RUN } else { rand::random::<u32>().max(1) };
        let stage = RawHost::new(config(run, seed, can, terms));
        let mut probe = Probe::create(subject, &stage, seed, false).map_err(blocked("create"))?;
        probe.prepare().map_err(blocked("prepare"))?;
        let session = probe.open().map_err(blocked("open"))?;
        // A thread that a core leaves behind may call the host for as long as this process lives.
        std::mem::forget(stage.clone());
        Ok(WorkPlayer {
            rule,
            effective: probe.effective_of_chain(),
            probe,
            session: Some(session),
            run,
            now_ns: stage.services().clock.now_ns(),
            stage,
            due_ns: abi::NEVER,
            look_ns: 0,
            more: false,
            next_token: 1,
            tasks: Vec::new(),
            by_token: HashMap::new(),
            batches: Vec::new(),
            handovers: Vec::new(),
            given_up: BTreeSet::new(),
            prefetch: terms.prefetch,
            overloaded: None,
        })
    }

    fn end(mut self) {
        if let Some(session) = self.session.take() {
            session.close();
        }
        // Whether that goes well is another test's affair.
        let _ = self.probe.clean();
        self.probe.destroy();
    }

    /// Closes the session with all that is unsettled, and opens another.
    pub fn open_again(&mut self) -> Judged {
        if let Some(session) = self.session.take() {
            session.close();
        }
        (self.due_ns, self.more) = (abi::NEVER, false);
        match self.probe.open() {
            Ok(session) => self.session = Some(session),
            Err(refusal) if matches!(refusal.status, abi::INVALID | abi::UNSUPPORTED) => {
                return Err(TestStop::Inapplicable("it opens one session only".to_owned()));
            }
            Err(refusal) => return Err(blocked("open")(refusal)),
        }
        Ok(())
    }

    /// Breaks the rule of this play.
    pub fn broken(&self, seen: String) -> TestStop {
        TestStop::Broken(self.rule, seen)
    }

    /// Breaks the rule of this play unless `holds`.
    pub fn ensure(&self, holds: bool, seen: impl FnOnce() -> String) -> Judged {
        ensure(holds, self.rule, seen)
    }

    /// Whether time jumps from one event to the next.
    pub fn is_virtual(&self) -> bool {
        self.stage.services().clock.kind() == RunClockKind::Virtual
    }

    /// So many tenths of the unit of time, in nanoseconds.
    pub fn tenths(&self, tenths: u64) -> u64 {
        unit_ns(self.stage.services().clock.kind()) / 10 * tenths
    }

    /// The present, in nanoseconds of the run's clock.
    pub fn now(&mut self) -> u64 {
        if !self.is_virtual() {
            self.now_ns = self.stage.services().clock.now_ns();
        }
        self.stage.services().clock.set_ns(self.now_ns);
        self.now_ns
    }

    /// Recipients for `n` messages: each agent with an inbox, and the shared queue as often as it has agents.
    pub fn recipients(&self, n: usize) -> Vec<u32> {
        let shared = if self.effective & abi::SHARES == 0 { 0 } else { SHARING.len() };
        OWN.chain(std::iter::repeat_n(QUEUE, shared)).cycle().take(n).collect()
    }

    /// Sends a message to each of these.
    pub fn publish(&mut self, recipients: &[u32]) -> Judged {
        let mut first = self.tasks.len();
        for recipient in recipients {
            let message = task(self.run, *recipient, self.tasks.len() as u64 + 1);
            self.tasks.push(Task { message, delivered: None });
        }
        for _ in 0..50 {
            let messages: Vec<_> = self.tasks[first..].iter().map(|task| task.message.clone()).collect();
            let (token, reads) = (self.next_token, self.effective & abi::READS_CONTENT != 0);
            let batch = Batch::new(&messages, token, self.now(), reads, true);
            let called =
                self.call(|session, now_ns, arrays| Some(session.publish(now_ns, &batch.messages, arrays)));
            self.batches.push(batch);
            let accepted = called.as_ref().map_or(0, |called| called.accepted as usize).min(messages.len());
            self.by_token.extend((0..accepted).map(|i| (token + i as u64, first + i)));
            self.next_token += messages.len() as u64;
            first += accepted;
            self.absorb("publish", called)?;
            if first == self.tasks.len() {
                return Ok(());
            }
            self.pass(self.now_ns + self.tenths(1), |_| false)?;
        }
        Err(TestStop::Blocked("it does not take the messages".to_owned()))
    }

    /// Settles these hand-overs, when the agents have them.
    pub fn settle(&mut self, how: Settlement, which: &[usize]) -> Judged {
        let ready_ns = which.iter().map(|i| self.handovers[*i].at_ns).max().unwrap_or(0);
        if self.is_virtual() && ready_ns > self.now_ns {
            self.pass(ready_ns, |_| false)?;
        }
        let tags: Vec<u64> = which.iter().map(|i| self.handovers[*i].tag).collect();
        self.ensure(!tags.contains(&0), || "a copy came without a tag to settle it by".to_owned())?;
        let now_ns = self.now();
        if how != Settlement::Extend {
            which.iter().for_each(|i| self.handovers[*i].settled_ns = Some(now_ns));
        }
        let called = self.call(|session, now_ns, arrays| session.settle(now_ns, how, &tags, arrays));
        if let Some(called) = called.as_ref().filter(|called| called.status != abi::OK) {
            let (status, text) = (abi::status_name(called.status), &called.text);
            return Err(self.broken(format!("`acknowledge` ({how:?}) returned {status}: {text}")));
        }
        self.absorb("acknowledge", called)
    }

    fn call(
        &mut self,
        call: impl FnOnce(&mut ProbeSession, u64, &mut Arrays) -> Option<Called>,
    ) -> Option<Called> {
        let now_ns = self.now();
        call(self.session.as_mut()?, now_ns, &mut Arrays::new(256, 256, 0))
    }

    fn absorb(&mut self, function: &'static str, called: Option<Called>) -> Judged {
        let Some(called) = called else {
            return Err(TestStop::Blocked(format!("it has no function `{function}`")));
        };
        let told = called.appended;
        for outcome in &told.outcomes {
            for token in (outcome.first..).take(outcome.count.min(IN_FLIGHT) as usize) {
                if let Some(task) = self.by_token.get(&token) {
                    self.tasks[*task].delivered = Some(outcome.result == abi::DELIVERED);
                }
            }
        }
        for copy in &told.deliveries {
            // Copies of other runs and other messages are no affair of these tests.
            let place = copy.stamp.sequence.wrapping_sub(1) as usize;
            if self.tasks.get(place).is_none_or(|task| task.message.stamp != copy.stamp) {
                continue;
            }
            if copy.flags & abi::DELIVERY_GIVEN_UP != 0 {
                self.given_up.insert(place);
            } else if copy.flags & abi::DELIVERY_NO_COPY == 0 {
                self.handovers.push(SeenHandOver {
                    task: place,
                    agent: copy.recipient_id,
                    tag: copy.ack_tag,
                    number: (copy.flags & abi::DELIVERY_HANDOVERS) >> abi::DELIVERY_HANDOVERS_SHIFT,
                    redelivered: copy.flags & abi::DELIVERY_REDELIVERED != 0,
                    told_ns: self.now_ns,
                    at_ns: copy.at_ns,
                    settled_ns: None,
                });
                let held =
                    self.held().iter().filter(|i| self.handovers[**i].agent == copy.recipient_id).count();
                if held > self.prefetch as usize {
                    self.overloaded.get_or_insert((copy.recipient_id, held));
                }
            }
        }
        self.due_ns = self.due_ns.min(told.next_due_ns);
        self.more |= told.more;
        match called.status {
            abi::OK => Ok(()),
            status => {
                let status = abi::status_name(status);
                Err(TestStop::Blocked(format!("`{function}` returned {status}: {}", called.text)))
            }
        }
    }

    /// The hand-overs that nobody has settled.
    pub fn held(&self) -> Vec<usize> {
        (0..self.handovers.len()).filter(|i| self.handovers[*i].settled_ns.is_none()).collect()
    }

    /// The hand-overs of one message, in order.
    pub fn of_task(&self, task: usize) -> Vec<SeenHandOver> {
        self.handovers.iter().filter(|one| one.task == task).copied().collect()
    }

    /// The messages that were delivered, as far as is known.
    pub fn delivered(&self) -> Vec<usize> {
        (0..self.tasks.len()).filter(|task| self.tasks[*task].delivered == Some(true)).collect()
    }

    /// Whether every delivered message was handed over so often, and every message has its outcome.
    pub fn all_handed_over(&self, times: usize) -> bool {
        self.tasks.iter().all(|task| task.delivered.is_some())
            && self.delivered().into_iter().all(|task| self.of_task(task).len() >= times)
    }

    /// Waits for the first hand-overs, four units at most.
    pub fn first_handovers(&mut self) -> Judged {
        let until_ns = self.now() + self.tenths(40);
        self.pass(until_ns, |player| player.all_handed_over(1))?;
        let n = self.delivered().len();
        self.ensure(!self.handovers.is_empty(), || format!("none of {n} delivered messages was handed over"))
    }

    /// When the last hand-over so far was told.
    pub fn last_told(&self) -> u64 {
        self.handovers.iter().map(|one| one.told_ns).max().unwrap_or(0)
    }

    /// Lets time pass until then, or until it is `done`. The core is polled as the contract says, and ten times in each unit
    /// of time: whether its wishes are told is the affair of other tests.
    pub fn pass(&mut self, until_ns: u64, done: impl Fn(&WorkPlayer) -> bool) -> Judged {
        let wake = self.stage.services().wake.clone();
        wake.register_current_thread();
        loop {
            self.serve()?;
            let now_ns = self.now();
            if done(self) || now_ns >= until_ns {
                return Ok(());
            }
            let next_ns = self.due_ns.min(until_ns).min(self.look_ns).max(now_ns + MS);
            if self.is_virtual() {
                self.now_ns = next_ns.min(until_ns);
            } else if !wake.is_set() {
                std::thread::park_timeout(Duration::from_nanos((next_ns - now_ns).min(10 * MS)));
            }
        }
    }

    /// Polls for wakes, for MORE, at wishes that have come, and when it is time to look.
    fn serve(&mut self) -> Judged {
        for _ in 0..1_000 {
            let woken = self.stage.services().wake.take();
            let now_ns = self.now();
            if !(woken | self.more) && self.due_ns.min(self.look_ns) > now_ns {
                break;
            }
            (self.due_ns, self.more) = (abi::NEVER, false);
            self.look_ns = now_ns + self.tenths(1);
            let called = self.call(|session, now_ns, arrays| Some(session.poll(now_ns, arrays)));
            self.absorb("poll", called)?;
        }
        Ok(())
    }
}
