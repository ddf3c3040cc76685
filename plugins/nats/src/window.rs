//! Messages on their way: written or about to be, and not acknowledged yet.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug)]
struct Entry {
    token: u64,
    due: Instant,
    is_open: bool,
}

/// The messages without an answer, by token, in the order of sending.
#[derive(Debug)]
pub struct Window {
    entries: VecDeque<Entry>,
    /// A message is given up after this.
    patience: Duration,
}

impl Window {
    /// An empty one.
    pub fn new(patience: Duration) -> Window {
        Window { entries: VecDeque::new(), patience }
    }

    /// A message goes out at `now`; its token is above all before it.
    pub fn push(&mut self, token: u64, now: Instant) {
        self.entries.push_back(Entry { token, due: now + self.patience, is_open: true });
    }

    /// The message is answered. `false`: it was before, or never went out.
    pub fn close(&mut self, token: u64) -> bool {
        let Ok(place) = self.entries.binary_search_by_key(&token, |entry| entry.token) else { return false };
        let was_open = std::mem::replace(&mut self.entries[place].is_open, false);
        while self.entries.front().is_some_and(|entry| !entry.is_open) {
            self.entries.pop_front();
        }
        was_open
    }

    /// When the oldest message is to be given up.
    pub fn due(&self) -> Option<Instant> {
        self.entries.front().map(|entry| entry.due)
    }

    /// Takes out the messages that are to be given up at `now`.
    pub fn expired(&mut self, now: Instant) -> Vec<u64> {
        let late = self.entries.iter().take_while(|entry| entry.due <= now).count();
        self.take(late)
    }

    /// Takes out all.
    pub fn lost(&mut self) -> Vec<u64> {
        self.take(self.entries.len())
    }

    fn take(&mut self, count: usize) -> Vec<u64> {
        let taken =
            self.entries.drain(..count).filter(|entry| entry.is_open).map(|entry| entry.token).collect();
        while self.entries.front().is_some_and(|entry| !entry.is_open) {
            self.entries.pop_front();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> (Window, Instant) {
        let start = Instant::now();
        let mut window = Window::new(Duration::from_secs(1));
        for (token, after) in [(3, 0), (4, 1), (9, 2), (10, 3)] {
            window.push(token, start + Duration::from_secs(after));
        }
        (window, start)
    }

    #[test]
    fn answers_come_in_any_order_and_count_once() {
        let (mut window, start) = window();
        assert!(window.close(9) && window.close(3));
        assert!(!window.close(9) && !window.close(3) && !window.close(5));
        assert_eq!(window.due(), Some(start + Duration::from_secs(2)));
        assert!(window.close(4));
        assert_eq!(window.due(), Some(start + Duration::from_secs(4)), "9 went with 4");
        assert_eq!(window.lost(), [10]);
        assert_eq!(window.due(), None);
    }

    #[test]
    fn the_oldest_are_given_up_first() {
        let (mut window, start) = window();
        assert!(window.close(9));
        assert_eq!(window.expired(start), [0u64; 0]);
        assert_eq!(window.expired(start + Duration::from_secs(2)), [3, 4]);
        assert!(!window.close(3), "too late");
        assert_eq!(window.expired(start + Duration::from_secs(9)), [10]);
    }
}
