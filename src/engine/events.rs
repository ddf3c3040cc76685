//! What cores tell while a run is on.

use super::clock::Clock;
use super::player::Player;
use crate::cores::CoreEvent;

impl<C: Clock> Player<'_, C> {
    /// Takes over the events that the cores have told, if any: one load if not.
    #[inline]
    pub fn take_events(&mut self) {
        if self.services.events.is_waiting() {
            self.take_waiting_events();
        }
    }

    #[inline(never)]
    fn take_waiting_events(&mut self) {
        let mut events = Vec::new();
        self.services.events.drain(&mut events);
        for CoreEvent { kind, at_ns, text, .. } in events {
            let at_ns = at_ns.saturating_sub(self.origin_ns);
            if self.outages.concern(kind) {
                let backlog = self.backlog();
                self.outages.note(kind, at_ns, &text, self.now_ns, backlog);
            }
            self.notices.add(kind, at_ns, text);
        }
    }

    /// Takes over what the cores have said since the last time.
    pub fn take_notices(&mut self) {
        self.take_events();
        let mut lines = Vec::new();
        self.services.log.drain(&mut lines);
        for line in lines {
            self.observer.log(&line.core, line.level, &line.text);
        }
    }
}
