//! Finds functions of the program that do not return, and reports their names and positions.

use super::living::{Asked, Life};
use crate::answer::Place;
use crate::broken::Breakage;
use crate::options::Mode;
use mqscript_plugin::LogLevel;
use std::time::{Duration, Instant};

/// The time that a process has to report its position.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

impl Life<'_> {
    /// Whether the process hangs for good. A process that only makes no progress is asked for its position first.
    pub(super) fn hangs(&mut self) -> Option<Breakage> {
        let timeout = self.crew.settings.timeout;
        let (outstanding, silence) = {
            let work = &self.crew.exchange.lock().medium.work;
            (work.outstanding(), work.silence())
        };
        let answers_none = self.has_asked() && self.progress.elapsed() >= timeout;
        let is_silent = outstanding > 0 && silence >= timeout;
        if !answers_none && !is_silent {
            self.asked_where = None;
            return None;
        }
        // An `enqueue` may wait until there is room in the queue: as long as the processor works, it does not hang.
        let works = self.crew.settings.mode == Mode::Processor && outstanding > 0 && silence < timeout;
        if works {
            return None;
        }
        match self.asked_where {
            None if self.tells_where => {
                self.asked_where = Some(Asked { at: Instant::now(), answered: false });
                self.hello.extend(b"{\"where\":true}\n");
                None
            }
            Some(asked) if !asked.answered && asked.at.elapsed() < ANSWERS_WITHIN => None,
            _ => answers_none.then_some(Breakage::Hung(timeout)),
        }
    }

    /// Reports the position that the process gave.
    pub(super) fn tell_where(&mut self, places: &[Place]) {
        if let Some(asked) = &mut self.asked_where {
            asked.answered = true;
        }
        let outstanding = self.crew.exchange.lock().medium.work.outstanding();
        if outstanding == 0 && !self.has_asked() {
            return;
        }
        let (worker, process) = (self.worker + 1, self.process.id());
        // When asked, the process also reports calls that have only just begun.
        let shortest =
            if self.closing.is_some() { 0.0 } else { self.crew.settings.timeout.as_secs_f64() * 0.9 };
        for place in places.iter().filter(|place| place.seconds >= shortest) {
            let at = match place.stack.is_empty() {
                true => String::new(),
                false => format!("; it is at {}", place.stack.join(", called from ")),
            };
            let text = self.crew.redactor.clean(format!(
                "worker {worker} (process {process}): {}() has not returned for {:.1} s, and {outstanding} messages that \
                 the processor took are not sent{at}",
                place.function, place.seconds
            ));
            self.crew.host.event(self.crew.names.hang, self.crew.host.now_ns(), &text);
            self.crew.host.log(LogLevel::Warn, &text);
        }
    }

    /// At the end of a run in which nothing came back from the processor: reports what the processor wrote, which may
    /// say why.
    pub(super) fn nothing_came_back(&mut self) {
        let (taken, calls) = {
            let state = self.crew.exchange.lock();
            (state.medium.work.taken(), state.medium.tally.calls.sent + state.medium.tally.calls.failed)
        };
        if self.crew.settings.mode == Mode::Send || taken == 0 || calls > 0 {
            return;
        }
        let text = self.crew.redactor.clean(format!(
            "the processor took {taken} messages, and made no call of the messaging core; {}",
            self.last_words.in_words()
        ));
        self.crew.host.event(self.crew.names.nothing_came_back, self.crew.host.now_ns(), &text);
        self.crew.host.log(LogLevel::Warn, &text);
    }
}
