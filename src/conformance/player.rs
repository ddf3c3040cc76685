//! Playing a session: offer, poll, acknowledge, flush and drain as a host does, and see what comes back.

use super::answers::TokenLedger;
use super::bench::{Bench, TestStop};
use super::play::{IN_FLIGHT, TestPlay};
use super::rules::Rule;
use super::story::History;
use super::system;
use super::workload::Batch;
use crate::cores::raw::{Arrays, Called, Probe, ProbeSession, RawHost, Subject};
use crate::cores::{RunClockKind, abi};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MS: u64 = 1_000_000;

/// A session on the way.
struct TestPlayer<'a> {
    play: &'a TestPlay,
    session: Option<ProbeSession>,
    stage: Arc<RawHost>,
    ledger: TokenLedger,
    /// Reads contents and texts.
    reads: bool,
    now_ns: u64,
    due_ns: u64,
    more: bool,
    idle_due: u32,
    idle_more: u32,
    ended: bool,
}

impl Bench {
    /// Plays a session from `create` to `destroy`.
    ///
    /// # Errors
    /// The core cannot be made or opened.
    pub fn play(&self, play: &TestPlay) -> Result<History, TestStop> {
        self.play_on(self.subject()?, play)
    }

    /// As [`play`](Bench::play), on this core.
    ///
    /// # Errors
    /// As [`play`](Bench::play).
    pub fn play_on(&self, subject: &Arc<Subject>, play: &TestPlay) -> Result<History, TestStop> {
        let blocked = |what: &str, refusal: crate::cores::raw::Refusal| {
            let status = abi::status_name(refusal.status);
            TestStop::Blocked(format!("`{what}` returned {status}: {}", refusal.text))
        };
        let another;
        let play = match subject.declared_by_chain() & abi::SIMULATED {
            0 => {
                another = play.in_another_run();
                &another
            }
            _ => play,
        };
        let before = (system::threads(), system::descriptors());
        let stage = RawHost::new(play.config(subject));
        let mut probe = Probe::create(subject, &stage, play.seed, play.spoil_options)
            .map_err(|refusal| blocked("create", refusal))?;
        std::thread::sleep(play.pause);
        probe.prepare().map_err(|refusal| blocked("prepare", refusal))?;
        let session = probe.open().map_err(|refusal| blocked("open", refusal))?;
        let effective = probe.effective_of_chain();
        let (threads, descriptors) = (system::threads(), system::descriptors());
        let extra = (threads.saturating_sub(before.0), descriptors.saturating_sub(before.1));
        let mut player = TestPlayer {
            play,
            session: Some(session),
            now_ns: stage.services().clock.now_ns(),
            ledger: TokenLedger::new(History { effective, extra, ..History::default() }, play, stage.clone()),
            reads: effective & abi::READS_CONTENT != 0,
            stage,
            due_ns: abi::NEVER,
            more: false,
            idle_due: 0,
            idle_more: 0,
            ended: false,
        };
        player.play();
        let TestPlayer { session, ledger, stage, .. } = player;
        // A thread that a core leaves behind may call the host for as long as this process lives.
        std::mem::forget(stage.clone());
        if let Some(session) = session {
            session.close();
        }
        probe.destroy();
        let mut story = ledger.finish();
        let notes = stage.notes();
        if notes.foreign_wakers() > 0 {
            story.breach(Rule::Waker, || {
                "`wake` was called with another waker than `open` was given".to_owned()
            });
        }
        if notes.garbled() > 0 {
            story.breach(Rule::HostTexts, || {
                "it gave the host a text that is no UTF-8, or none at all".to_owned()
            });
        }
        if let Some(seen) = notes.rounds() {
            story.breach(Rule::Rounding, || seen);
        }
        if let Some(seen) = notes.touched() {
            story.breach(Rule::OnlyRead, || seen);
        }
        if notes.unknown_kinds() > 0 {
            story.breach(Rule::HostTexts, || "it told an event of a kind that was never interned".to_owned());
        }
        if effective & abi::SIMULATED != 0 && notes.wakes() > 0 {
            let wakes = notes.wakes();
            story.breach(Rule::NeverWakes, || format!("it called `wake` {wakes} times"));
        }
        Ok(story)
    }
}

impl TestPlayer<'_> {
    fn is_virtual(&self) -> bool {
        self.stage.services().clock.kind() == RunClockKind::Virtual
    }

    fn story(&mut self) -> &mut History {
        &mut self.ledger.story
    }

    fn arrays(&self, n: usize) -> Arrays {
        let (outcomes, deliveries) = self.play.room.unwrap_or((128, 2 * n.max(64)));
        Arrays::new(outcomes.max(n), deliveries, self.play.standing)
    }

    /// The present: on the virtual clock where it was set, on the wall clock read anew.
    fn present(&mut self) -> u64 {
        if !self.is_virtual() {
            self.now_ns = self.stage.services().clock.now_ns();
        }
        self.stage.services().clock.set_ns(self.now_ns);
        self.now_ns
    }

    /// Makes a session call, on another thread if asked for.
    fn call(
        &mut self,
        name: &'static str,
        room: usize,
        call: impl FnOnce(&mut ProbeSession, u64, &mut Arrays) -> Option<Called> + Send,
    ) -> Option<(u64, Called)> {
        let now_ns = self.present();
        let mut arrays = self.arrays(room);
        let mut session = self.session.take()?;
        let waits_now = || if self.play.count_waits { system::waits() } else { 0 };
        let (waits, began) = (waits_now(), Instant::now());
        let called = match self.play.move_about {
            false => call(&mut session, now_ns, &mut arrays),
            true => std::thread::scope(|scope| {
                scope.spawn(|| call(&mut session, now_ns, &mut arrays)).join().unwrap_or(None)
            }),
        };
        self.session = Some(session);
        let took_ns = began.elapsed().as_nanos() as u64;
        let waited = waits_now().saturating_sub(waits);
        let story = self.story();
        story.call_times_ns.entry(name).or_default().push(took_ns);
        *story.waits.entry(name).or_default() += waited;
        called.map(|called| (now_ns, called))
    }

    /// Takes in what a call left.
    fn absorb(&mut self, function: &str, now_ns: u64, called: &Called) {
        let told = &called.appended;
        let said = !told.outcomes.is_empty() || !told.deliveries.is_empty();
        self.ledger.take(function, now_ns, told);
        if function == "poll" {
            self.due_ns = abi::NEVER;
        }
        self.due_ns = self.due_ns.min(told.next_due_ns);
        self.more = told.more || self.more && function != "poll";
        // What has been found to be said for nothing is not listened to any more.
        let broken = |rule| self.ledger.story.breaches.iter().any(|(known, _)| *known == rule);
        if self.due_ns <= now_ns && function == "poll" && broken(Rule::Due) {
            self.due_ns = abi::NEVER;
        }
        if self.more && broken(Rule::More) && !said {
            self.more = false;
        }
        self.idle_more = if self.more && !said { self.idle_more + 1 } else { 0 };
        if self.idle_more > 100 {
            self.story().breach(Rule::More, || "it sets MORE on and on, and has nothing to say".to_owned());
            self.more = false;
        }
        if called.status != abi::OK {
            let (status, text) = (abi::status_name(called.status), &called.text);
            let seen = format!("`{function}` returned {status}: {text}");
            self.story().breach(Rule::StatusOk, || seen);
            self.story().cut = true;
            self.ended = true;
        }
        let tags: Vec<u64> =
            told.deliveries.iter().map(|copy| copy.ack_tag).filter(|tag| *tag != 0).collect();
        if !tags.is_empty() && !self.ended {
            self.acknowledge(&tags);
        }
    }

    fn acknowledge(&mut self, tags: &[u64]) {
        match self.call("acknowledge", 0, |session, now_ns, arrays| session.acknowledge(now_ns, tags, arrays))
        {
            Some((now_ns, called)) => self.absorb("acknowledge", now_ns, &called),
            None => self.story().breach(Rule::Acknowledge, || {
                "it gave tags to acknowledge, but has no such function".to_owned()
            }),
        }
    }

    fn poll(&mut self) {
        let due_ns = self.due_ns;
        if let Some((now_ns, called)) =
            self.call("poll", 0, |session, now_ns, arrays| Some(session.poll(now_ns, arrays)))
        {
            self.absorb("poll", now_ns, &called);
            let told = &called.appended;
            let idle = told.outcomes.is_empty() && told.deliveries.is_empty() && !told.more;
            let again = due_ns <= now_ns && self.due_ns <= now_ns && idle;
            self.idle_due = if again { self.idle_due + 1 } else { 0 };
            if self.idle_due > 100 {
                let due_ns = self.due_ns;
                self.story().breach(Rule::Due, || {
                    format!("it wishes for a poll at {due_ns} ns on and on, and has nothing to say")
                });
                self.due_ns = abi::NEVER;
            }
        }
    }

    fn play(&mut self) {
        for _ in 0..self.play.empty_batches {
            self.offer_nothing();
        }
        let mut offered = 0;
        let mut sizes = self.play.batches.iter().cycle();
        while offered < self.play.parcels.len() && !self.ended {
            let size = (*sizes.next().unwrap_or(&1)).clamp(1, self.play.parcels.len() - offered);
            self.offer(offered, size);
            offered += size;
            if self.play.leave {
                continue;
            }
            // "No later than" a wish that has come already.
            self.serve();
            self.now_ns += self.play.spacing_ns;
            self.serve();
            // "The most tokens that are ever unanswered at once."
            while self.ledger.unanswered() + 64 > IN_FLIGHT as usize && !self.ended && self.step() {}
        }
        if self.play.leave || self.ended {
            return;
        }
        if let Some((now_ns, called)) = self.call("flush", 0, |session, now_ns, _| session.flush(now_ns)) {
            self.absorb("flush", now_ns, &called);
        }
        if !self.ended {
            self.poll();
            self.drain();
        }
    }

    fn offer_nothing(&mut self) {
        let called = self.call("publish", 0, |session, now_ns, arrays| {
            // Some memory to point to: an empty batch is not a NULL one.
            let none = [abi::Message::EMPTY];
            Some(session.publish(now_ns, &none[..0], arrays))
        });
        let Some((now_ns, called)) = called else { return };
        let told = &called.appended;
        if called.accepted != 0 || !told.outcomes.is_empty() {
            let (accepted, outcomes) = (called.accepted, told.outcomes.len());
            self.story().breach(Rule::EmptyBatch, || {
                format!("of none it accepted {accepted}, and told {outcomes} outcomes")
            });
        }
        if called.status != abi::OK {
            let status = abi::status_name(called.status);
            self.story().breach(Rule::EmptyBatch, || format!("`publish` of none returned {status}"));
        }
        self.absorb("publish", now_ns, &called);
    }

    /// Offers `size` messages from `first` on until all are accepted.
    fn offer(&mut self, first: usize, size: usize) {
        // What was not taken whole comes again in pieces: every batch is kept, and thousands of large ones are too much.
        const PIECE: usize = 256;
        let (mut from, until, mut most) = (first, first + size, size);
        let mut refusals = 0;
        let refusals_max = if self.is_virtual() { 100 } else { 10_000 };
        std::thread::sleep(self.play.pause);
        while from < until && !self.ended {
            let parcels = &self.play.parcels[from..until.min(from + most)];
            let token = self.ledger.next_token();
            let mut batch = Batch::new(parcels, token, self.present(), self.reads, self.play.tells_keys);
            let n = parcels.len();
            let called = self.call("publish", n, |session, now_ns, arrays| {
                Some(session.publish(now_ns, &batch.messages, arrays))
            });
            if self.play.spoil {
                batch.spoil();
            }
            let Some((now_ns, called)) = called else { return };
            let accepted = (called.accepted as usize).min(n);
            if called.accepted as usize > n {
                let accepted = called.accepted;
                self.story().breach(Rule::Prefix, || format!("it accepted {accepted} messages of {n}"));
            }
            self.ledger.accept(&parcels[..accepted], now_ns);
            self.absorb("publish", now_ns, &called);
            // Kept until here: what is borrowed for the call must not be looked at later, whatever stands there.
            if accepted > 0 {
                self.ledger.keep(batch);
            }
            from += accepted;
            if 0 < accepted && accepted < n {
                most = PIECE;
            }
            refusals = if accepted > 0 { 0 } else { refusals + 1 };
            if from < until && (refusals > refusals_max || !self.step()) {
                let waiting = until - from;
                self.story().breach(Rule::Pressure, || {
                    format!("{waiting} messages wait, and it neither takes them nor names a time to offer them again")
                });
                self.story().cut = true;
                self.ended = true;
            }
        }
    }

    /// Polls for MORE, for wakes, and at wishes that have come.
    fn serve(&mut self) {
        for _ in 0..10_000 {
            let woken = self.stage.services().wake.take();
            let now_ns = self.present();
            if self.ended || !(woken || self.more || self.due_ns <= now_ns) {
                break;
            }
            self.poll();
        }
        if !self.play.strict && !self.ended {
            self.poll();
        }
    }

    /// Goes on to the next thing that can happen; `false` if nothing can.
    fn step(&mut self) -> bool {
        self.serve();
        if self.ended {
            return false;
        }
        if !self.is_virtual() {
            return self.wait();
        }
        let now_ns = self.now_ns;
        let next_ns = self.ledger.next_outcome(now_ns).into_iter().chain(Some(self.due_ns)).min();
        match next_ns.filter(|next_ns| *next_ns != abi::NEVER) {
            Some(next_ns) => self.now_ns = next_ns.max(now_ns),
            None if self.play.strict => return false,
            None => {
                self.now_ns += 10 * MS;
                if !self.ledger.try_blindly() {
                    return false;
                }
            }
        }
        self.serve();
        !self.ended
    }

    /// Waits on the wall clock for a wake or a wish; `false` after seconds without any.
    fn wait(&mut self) -> bool {
        const PATIENCE: Duration = Duration::from_secs(5);
        let wake = self.stage.services().wake.clone();
        wake.register_current_thread();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let now_ns = self.present();
            if wake.is_set() || self.due_ns <= now_ns {
                self.serve();
                return !self.ended;
            }
            let pause_ns = (self.due_ns - now_ns).min(10 * MS);
            std::thread::park_timeout(Duration::from_nanos(pause_ns));
            if !self.play.strict {
                self.poll();
                return !self.ended && (self.ledger.try_blindly());
            }
        }
        false
    }

    /// Until everything has its answer, and every copy that is owed has come.
    fn drain(&mut self) {
        while !self.ledger.is_settled() && self.step() {}
        if self.ended {
            return;
        }
        if self.play.strict && !self.ledger.is_settled() {
            // What comes to a host that asks too often was there, and was not told.
            let (before, owed) = (self.ledger.unanswered(), self.ledger.owed());
            for _ in 0..200 {
                self.now_ns += 10 * MS;
                if !self.is_virtual() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                self.poll();
                self.serve();
                if self.ended || self.ledger.is_settled() {
                    break;
                }
            }
            if self.ledger.unanswered() < before || self.ledger.owed() < owed {
                self.story().breach(Rule::Progress, || {
                    format!(
                        "{before} outcomes and {owed} copies were not told until the host polled without a reason to"
                    )
                });
            }
        }
        // Copies too many take a moment to come.
        for _ in 0..5 {
            if !self.is_virtual() && self.play.receive {
                std::thread::sleep(Duration::from_millis(10));
            }
            self.serve();
        }
    }
}
