//! Takes over the events that cores report during a run.

use super::clock::Clock;
use super::player::Player;
use crate::cores::CoreEvent;

impl<C: Clock> Player<'_, C> {
    /// Takes over the events that the cores have reported. If there is none, this costs one load from memory.
    #[inline]
    pub fn take_events(&mut self) {
        if self.core.services.events.is_waiting() {
            self.take_waiting_events();
        }
    }

    #[inline(never)]
    fn take_waiting_events(&mut self) {
        let mut events = Vec::new();
        self.core.services.events.drain(&mut events);
        for CoreEvent { kind, at_ns, text, .. } in events {
            let at_ns = self.core.since_load(at_ns);
            if self.account.outages.concern(kind) {
                let backlog = self.account.backlog();
                self.account.outages.note(kind, at_ns, &text, self.pace.now_ns(), backlog);
            }
            self.account.notices.add(kind, at_ns, text);
        }
    }

    /// Takes over the events and log lines of the cores since the last call.
    pub fn take_notices(&mut self) {
        self.take_events();
        let mut lines = Vec::new();
        self.core.services.log.drain(&mut lines);
        for line in lines {
            self.observer.log(&line.core, line.level, &line.text);
        }
    }
}
