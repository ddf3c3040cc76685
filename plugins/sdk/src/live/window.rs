//! Limits what may be on its way at once.

/// Two limits on what is accepted: messages without an answer, and bytes that wait to be sent.
#[derive(Debug, Clone)]
pub struct Window {
    messages_max: usize,
    bytes_max: usize,
    unanswered: usize,
}

impl Window {
    /// A window with no message in it.
    pub fn new(messages_max: usize, bytes_max: usize) -> Window {
        Window { messages_max, bytes_max, unanswered: 0 }
    }

    /// Whether one more message may be accepted while `waiting_bytes` wait. A message that begins below the limit is
    /// taken whole, however long it is.
    pub fn has_room(&self, waiting_bytes: usize) -> bool {
        self.unanswered < self.messages_max && waiting_bytes < self.bytes_max
    }

    /// Counts one more message if there is room for it. Returns whether there was.
    pub fn admit(&mut self, waiting_bytes: usize) -> bool {
        let has_room = self.has_room(waiting_bytes);
        self.unanswered += usize::from(has_room);
        has_room
    }

    /// Notes that `messages` messages were answered.
    pub fn answered(&mut self, messages: usize) {
        self.unanswered = self.unanswered.saturating_sub(messages);
    }

    /// The number of messages that were accepted and are not answered.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_hold() {
        let mut window = Window::new(2, 10);
        assert!(!window.admit(10), "so many bytes wait already");
        assert!(window.admit(9) && window.admit(0) && !window.admit(0));
        assert_eq!(window.unanswered(), 2);
        window.answered(1);
        assert!(window.admit(0) && !window.has_room(0));
    }
}
