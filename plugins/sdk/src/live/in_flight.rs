//! Messages that were sent and are not answered, by token.

use std::collections::VecDeque;

/// Messages that were sent and are not answered, in the order of sending, each with a value that the core keeps for it.
/// An answer costs at most one search; no memory is allocated per message.
#[derive(Debug)]
pub struct InFlight<T> {
    /// The entries in ascending order of tokens; the first is never answered.
    entries: VecDeque<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    token: u64,
    kept: T,
    is_open: bool,
}

impl<T> Default for InFlight<T> {
    fn default() -> InFlight<T> {
        InFlight { entries: VecDeque::new() }
    }
}

impl<T> InFlight<T> {
    /// Adds a message that is sent; its token must be above all earlier ones.
    pub fn push(&mut self, token: u64, kept: T) {
        self.entries.push_back(Entry { token, kept, is_open: true });
    }

    /// Whether all messages are answered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value kept for the oldest message without an answer.
    pub fn oldest(&self) -> Option<&T> {
        self.entries.front().map(|entry| &entry.kept)
    }

    /// Notes that a message is answered. Returns `false` if it was answered before or was never sent.
    pub fn answer(&mut self, token: u64) -> bool {
        let place = match self.entries.front() {
            // Most answers come in order.
            Some(first) if first.token == token => Some(0),
            _ => self.entries.binary_search_by_key(&token, |entry| entry.token).ok(),
        };
        let Some(place) = place else { return false };
        let was_open = std::mem::replace(&mut self.entries[place].is_open, false);
        self.forget_answered();
        was_open
    }

    /// Removes the oldest messages while `until` holds for their values. Returns their tokens.
    pub fn take_while(&mut self, until: impl Fn(&T) -> bool) -> Vec<u64> {
        let count = self.entries.iter().take_while(|entry| until(&entry.kept)).count();
        let open = self.entries.drain(..count).filter(|entry| entry.is_open);
        let taken = open.map(|entry| entry.token).collect();
        self.forget_answered();
        taken
    }

    /// Removes all messages. Returns their tokens.
    pub fn take_all(&mut self) -> Vec<u64> {
        self.take_while(|_| true)
    }

    fn forget_answered(&mut self) {
        while self.entries.front().is_some_and(|entry| !entry.is_open) {
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens, and when their messages are due.
    fn in_flight() -> InFlight<i32> {
        let mut in_flight = InFlight::default();
        for (token, due) in [(3, 1), (4, 2), (9, 3), (10, 4)] {
            in_flight.push(token, due);
        }
        in_flight
    }

    #[test]
    fn answers_come_in_any_order_and_count_once() {
        let mut in_flight = in_flight();
        assert!(in_flight.answer(9) && in_flight.answer(3));
        assert!(!in_flight.answer(9) && !in_flight.answer(3) && !in_flight.answer(5));
        assert_eq!(in_flight.oldest(), Some(&2));
        assert!(in_flight.answer(4));
        assert_eq!(in_flight.oldest(), Some(&4), "9 went with 4");
        assert_eq!(in_flight.take_all(), [10]);
        assert!(in_flight.is_empty() && in_flight.oldest().is_none());
    }

    #[test]
    fn the_oldest_are_taken_first() {
        let mut in_flight = in_flight();
        assert!(in_flight.answer(9));
        assert_eq!(in_flight.take_while(|due| *due <= 0), [0u64; 0]);
        assert_eq!(in_flight.take_while(|due| *due <= 2), [3, 4]);
        assert!(!in_flight.answer(3), "too late");
        assert_eq!(in_flight.take_while(|due| *due <= 9), [10]);
    }
}
