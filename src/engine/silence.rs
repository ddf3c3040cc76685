//! How long the loop waits when only the core can make the run go on.

/// A stretch of time in which nothing happens.
#[derive(Debug, Default)]
pub struct Silence {
    /// The number of events when it began.
    happened: u64,
    until_ns: Option<u64>,
}

impl Silence {
    /// When the silence has lasted too long: `limit_ns` after the last event, but not before the time for which the
    /// core then wished a poll (`due_ns`, `u64::MAX` = none). `happened` counts all events so far.
    pub fn until(&mut self, happened: u64, now_ns: u64, due_ns: u64, limit_ns: u64) -> u64 {
        match self.until_ns {
            Some(until_ns) if self.happened == happened => until_ns,
            _ => {
                let wish_ns = if due_ns == u64::MAX { 0 } else { due_ns };
                let until_ns = now_ns.saturating_add(limit_ns).max(wish_ns);
                *self = Silence { happened, until_ns: Some(until_ns) };
                until_ns
            }
        }
    }

    /// Notes that something other than the core is due, so that the silence begins anew.
    pub fn is_broken(&mut self) {
        self.until_ns = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_anew_with_all_that_happens_and_waits_for_the_first_wish() {
        let mut silence = Silence::default();
        assert_eq!(silence.until(1, 100, u64::MAX, 30), 130);
        assert_eq!(silence.until(1, 120, 500, 30), 130);
        assert_eq!(silence.until(2, 125, 500, 30), 500);
        silence.is_broken();
        assert_eq!(silence.until(2, 600, 610, 30), 630);
    }
}
