//! Spans without service, and the telling of them.

use crate::notices::{Kind, Notices};
use crate::scope::Scope;
use crate::windows::Windows;
use mqscript_plugin::units::human_duration;

/// What happens to messages during an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Refuses what is offered.
    Refuse,
    /// Keeps outcomes and copies from below until it ends.
    Hold,
}

/// Spans without service of one kind.
#[derive(Debug, Clone)]
pub struct Outage {
    number: usize,
    /// The spans of time in which it happens.
    pub windows: Windows,
    /// What happens to messages meanwhile.
    pub mode: Mode,
    /// The messages that it may hit.
    pub scope: Scope,
    /// The beginnings and ends told so far.
    told: usize,
}

impl Outage {
    /// The `number`-th of the options.
    pub fn new(number: usize, windows: Windows, mode: Mode, scope: Scope) -> Outage {
        Outage { number, windows, mode, scope, told: 0 }
    }

    /// The `edge`-th beginning (even) or end (odd).
    fn edge(&mut self, edge: usize) -> Option<(u64, u64)> {
        self.windows.get(edge / 2)
    }

    /// Tells of the beginnings and ends up to now; returns when the next one is, and whether it is an end.
    pub fn announce(&mut self, now_ns: u64, notices: &Notices) -> Option<(u64, bool)> {
        loop {
            let (from_ns, until_ns) = self.edge(self.told)?;
            let is_end = self.told % 2 == 1;
            let at_ns = if is_end { until_ns } else { from_ns };
            if at_ns > now_ns {
                return Some((at_ns, is_end));
            }
            let kind = if is_end { Kind::OutageEnd } else { Kind::Outage };
            let what = if self.mode == Mode::Hold { "holds" } else { "refuses" };
            let (number, lasts) = (self.number, human_duration(until_ns - from_ns));
            notices.tell(kind, at_ns, || format!("outage {number} {what} for {lasts}"));
            self.told += 1;
        }
    }

    /// The end of the outage that refuses this attempt, if one does.
    pub fn refuses(&mut self, type_id: u16, recipient: u32, now_ns: u64) -> bool {
        self.mode == Mode::Refuse
            && self.scope.covers(type_id, recipient, now_ns)
            && self.windows.around(now_ns).is_some()
    }

    /// When something comes that is due at `at_ns`.
    pub fn held_until(&mut self, type_id: u16, recipient: u32, at_ns: u64) -> u64 {
        if self.mode != Mode::Hold || !self.scope.covers(type_id, recipient, at_ns) {
            return at_ns;
        }
        self.windows.around(at_ns).map_or(at_ns, |span| span.1)
    }
}
