//! Applies the faults on purpose to one process.

use super::living::Life;
use crate::broken::Breakage;
use crate::faults::Schedule;
use rustix::process::Signal;
use std::time::{Duration, Instant};

impl Life<'_> {
    /// Applies the fault that is due. Returns how the process ended by it, if it did.
    pub(super) fn suffer(&mut self) -> Option<Breakage> {
        if self.crew.settings.faults.is_empty() {
            return None;
        }
        let since_start = self.crew.exchange.load_lasts();
        if let Some(until) = self.faults.stopped_until
            && (Instant::now() >= until || since_start.is_none())
        {
            self.go_on();
        }
        let since_start = since_start.filter(|_| self.ready)?;
        let is_due = |schedule: &Schedule| schedule.due().filter(|due| *due <= since_start);
        if let Some(due) = is_due(&self.faults.kill) {
            self.faults.kill.pass(since_start);
            self.faults.stopped_until = None;
            self.crew.exchange.lock().medium.tally.fault_kills += 1;
            return Some(Breakage::Killed(due));
        }
        if let Some(due) = is_due(&self.faults.stop) {
            self.faults.stop.pass(since_start);
            if self.faults.stopped_until.is_none() {
                self.process.signal(Signal::STOP);
                self.crew.exchange.lock().medium.tally.fault_stops += 1;
                let text = format!(
                    "worker {} (process {}) was stopped for {:?}, {:.2} s after the load's start",
                    self.worker + 1,
                    self.process.id(),
                    self.faults.lasts,
                    due.as_secs_f64()
                );
                self.crew.host.event(self.crew.names.fault_stop, self.crew.host.now_ns(), &text);
                self.faults.stopped_until = Some(Instant::now() + self.faults.lasts);
            }
        }
        None
    }

    /// Whether the process is stopped by a fault now. A stopped process does not count as hanging.
    pub(super) fn is_stopped(&self) -> bool {
        self.faults.stopped_until.is_some()
    }

    /// Lets a stopped process run on. The time that it was stopped does not count for the time-out.
    pub(super) fn go_on(&mut self) {
        if self.faults.stopped_until.take().is_some() {
            self.process.signal(Signal::CONT);
            self.progress = Instant::now();
            self.crew.exchange.lock().medium.work.sign();
        }
    }

    /// The time until the next fault is due.
    pub(super) fn until_fault(&self) -> Option<Duration> {
        let plan = &self.faults;
        let until = plan.stopped_until.map(|until| until.saturating_duration_since(Instant::now()));
        let since_start =
            (!self.crew.settings.faults.is_empty()).then(|| self.crew.exchange.load_lasts()).flatten();
        let next = since_start.filter(|_| self.ready).and_then(|since_start| {
            let due = [plan.kill.due(), plan.stop.due()].into_iter().flatten().min()?;
            Some(due.saturating_sub(since_start))
        });
        until.into_iter().chain(next).min()
    }
}
