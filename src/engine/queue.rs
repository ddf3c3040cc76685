//! The bounded queue before the processor: by priority, then first in, first out.

use super::message::Message;
use crate::plan::Priority;
use std::collections::VecDeque;

const LEVELS: usize = Priority::ALL.len();

/// The messages that wait.
#[derive(Debug, Default)]
pub struct Waiting {
    levels: [VecDeque<Message>; LEVELS],
    len: usize,
    /// Those that came by [`Waiting::push_retry`]; they do not count against the capacity.
    exempt: usize,
}

impl Waiting {
    /// How many wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many count against the capacity.
    #[inline]
    pub fn counted(&self) -> usize {
        self.len - self.exempt
    }

    /// Puts an arrival last of its priority.
    #[inline]
    pub fn push(&mut self, message: Message) {
        self.len += 1;
        self.levels[message.priority as usize].push_back(message);
    }

    /// Puts a message that returns for another attempt last of its priority, exempt from the capacity.
    #[inline]
    pub fn push_retry(&mut self, message: Message) {
        debug_assert!(message.attempts > 0);
        self.exempt += 1;
        self.push(message);
    }

    /// Gives back a message that was taken: it is the next of its priority again.
    #[inline]
    pub fn push_front(&mut self, message: Message) {
        self.len += 1;
        self.exempt += usize::from(message.attempts > 0);
        self.levels[message.priority as usize].push_front(message);
    }

    /// Takes the next.
    #[inline]
    pub fn pop(&mut self) -> Option<Message> {
        if self.len == 0 {
            return None;
        }
        let message = self.levels.iter_mut().rev().find_map(VecDeque::pop_front)?;
        self.removed(&message);
        Some(message)
    }

    /// Takes the oldest of the lowest priority present, leaving those that made an attempt alone.
    pub fn drop_oldest(&mut self) -> Option<Message> {
        for level in &mut self.levels {
            if let Some(place) = level.iter().position(|message| message.attempts == 0) {
                let message = level.remove(place)?;
                self.removed(&message);
                return Some(message);
            }
        }
        None
    }

    #[inline]
    fn removed(&mut self, message: &Message) {
        self.len -= 1;
        self.exempt -= usize::from(message.attempts > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64, priority: Priority, attempts: u8) -> Message {
        Message { number, priority, attempts, ..Message::EMPTY }
    }

    fn order(queue: &mut Waiting) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).map(|m| m.number).collect()
    }

    #[test]
    fn urgent_first_then_in_order_of_arrival() {
        let mut queue = Waiting::default();
        let arrivals =
            [Priority::Regular, Priority::Low, Priority::Urgent, Priority::Regular, Priority::High];
        for (number, priority) in arrivals.into_iter().enumerate() {
            queue.push(message(number as u64, priority, 0));
        }
        let next = queue.pop().unwrap();
        assert_eq!(next.number, 2);
        queue.push_front(next);
        assert_eq!(order(&mut queue), [2, 4, 0, 3, 1]);
    }

    #[test]
    fn retries_go_to_the_tail_and_do_not_count() {
        let mut queue = Waiting::default();
        queue.push(message(1, Priority::Regular, 0));
        queue.push_retry(message(2, Priority::Regular, 1));
        assert_eq!((queue.len(), queue.counted()), (2, 1));
        assert_eq!(order(&mut queue), [1, 2]);
        assert_eq!((queue.len(), queue.counted()), (0, 0));
    }

    #[test]
    fn the_oldest_of_the_lowest_priority_is_dropped() {
        let mut queue = Waiting::default();
        queue.push(message(1, Priority::Urgent, 0));
        queue.push_retry(message(2, Priority::Regular, 1));
        queue.push(message(3, Priority::Regular, 0));
        queue.push(message(4, Priority::Regular, 0));
        assert_eq!(queue.drop_oldest().unwrap().number, 3);
        assert_eq!(order(&mut queue), [1, 2, 4]);
        assert!(queue.drop_oldest().is_none());
    }
}
