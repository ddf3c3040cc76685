//! The bounded queue before the processor: ordered by priority, then first in, first out.

use super::message::{MessageId, Messages};
use crate::plan::Priority;
use std::collections::VecDeque;

const LEVELS: usize = Priority::ALL.len();

/// The numbers of the messages that wait.
#[derive(Debug, Default)]
pub struct Waiting {
    levels: [VecDeque<MessageId>; LEVELS],
    /// The levels that are not empty: bit n stands for level n.
    filled: u8,
    len: usize,
    /// The number of messages that made an attempt before; they do not count against the capacity.
    exempt: usize,
    /// Whether priorities are ignored: first in, first out.
    first_come: bool,
}

impl Waiting {
    /// An empty queue; priorities are ignored if `first_come`.
    pub fn new(first_come: bool) -> Waiting {
        Waiting { first_come, ..Waiting::default() }
    }

    #[inline]
    fn level(&self, priority: Priority) -> usize {
        if self.first_come { 0 } else { priority as usize }
    }

    /// The number of messages that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no message waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of messages that count against the capacity.
    #[inline]
    pub fn counted(&self) -> usize {
        self.len - self.exempt
    }

    /// Adds a message, last of its priority. A message that made an attempt before does not count against the capacity.
    #[inline]
    pub fn push(&mut self, id: MessageId, messages: &Messages) {
        let message = &messages[id];
        self.len += 1;
        self.exempt += usize::from(message.attempts > 0);
        let level = self.level(message.priority);
        self.filled |= 1 << level;
        self.levels[level].push_back(id);
    }

    /// Puts a message back that was taken: it is the next of its priority again.
    pub fn push_front(&mut self, id: MessageId, messages: &Messages) {
        let message = &messages[id];
        self.len += 1;
        self.exempt += usize::from(message.attempts > 0);
        let level = self.level(message.priority);
        self.filled |= 1 << level;
        self.levels[level].push_front(id);
    }

    /// Takes the next message from the queue.
    #[inline]
    pub fn pop(&mut self, messages: &Messages) -> Option<MessageId> {
        let highest = self.filled.checked_ilog2()? as usize;
        let level = &mut self.levels[highest];
        let id = level.pop_front()?;
        if level.is_empty() {
            self.filled &= !(1 << highest);
        }
        self.removed(id, messages);
        Some(id)
    }

    /// Makes room for a message of this priority: removes the oldest message of the lowest priority present, except
    /// those that made an attempt before. `None` if the new message itself has the lowest priority.
    pub fn drop_oldest(&mut self, newcomer: Priority, messages: &Messages) -> Option<MessageId> {
        let highest = self.level(newcomer);
        for (number, level) in self.levels.iter_mut().enumerate().take(highest + 1) {
            if let Some(place) = level.iter().position(|id| messages[*id].attempts == 0) {
                let id = level.remove(place)?;
                if level.is_empty() {
                    self.filled &= !(1 << number);
                }
                self.removed(id, messages);
                return Some(id);
            }
        }
        None
    }

    #[inline]
    fn removed(&mut self, id: MessageId, messages: &Messages) {
        self.len -= 1;
        self.exempt -= usize::from(messages[id].attempts > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    fn store(rows: &[(Priority, u8)]) -> Messages {
        let mut messages = Messages::default();
        for (priority, attempts) in rows {
            messages.add(Message { priority: *priority, attempts: *attempts, ..Message::EMPTY });
        }
        messages
    }

    #[test]
    fn where_priorities_do_not_count_the_first_goes_first() {
        let messages = store(&[(Priority::Low, 0), (Priority::Urgent, 0), (Priority::Regular, 0)]);
        let mut queue = Waiting::new(true);
        (0..3).for_each(|id| queue.push(MessageId(id), &messages));
        assert_eq!(queue.drop_oldest(Priority::Low, &messages), Some(MessageId(0)));
        assert_eq!(order(&mut queue, &messages), [1, 2]);
    }

    fn order(queue: &mut Waiting, messages: &Messages) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(messages)).map(|id| id.0).collect()
    }

    #[test]
    fn urgent_first_then_in_order_of_arrival() {
        use Priority::{High, Low, Regular, Urgent};
        let messages = store(&[(Regular, 0), (Low, 0), (Urgent, 0), (Regular, 0), (High, 0)]);
        let mut queue = Waiting::default();
        (0..5).for_each(|id| queue.push(MessageId(id), &messages));
        let next = queue.pop(&messages).unwrap();
        assert_eq!(next, MessageId(2));
        queue.push_front(next, &messages);
        assert_eq!(order(&mut queue, &messages), [2, 4, 0, 3, 1]);
    }

    #[test]
    fn retries_go_to_the_tail_and_do_not_count() {
        let messages = store(&[(Priority::Regular, 0), (Priority::Regular, 1)]);
        let mut queue = Waiting::default();
        queue.push(MessageId(0), &messages);
        queue.push(MessageId(1), &messages);
        assert_eq!((queue.len(), queue.counted()), (2, 1));
        assert_eq!(order(&mut queue, &messages), [0, 1]);
        assert_eq!((queue.len(), queue.counted()), (0, 0));
    }

    #[test]
    fn the_oldest_of_the_lowest_priority_is_dropped() {
        use Priority::{Regular, Urgent};
        let messages = store(&[(Urgent, 0), (Regular, 1), (Regular, 0), (Regular, 0)]);
        let mut queue = Waiting::default();
        (0..4).for_each(|id| queue.push(MessageId(id), &messages));
        assert_eq!(queue.drop_oldest(Regular, &messages), Some(MessageId(2)));
        assert_eq!(order(&mut queue, &messages), [0, 1, 3]);
        assert_eq!(queue.drop_oldest(Urgent, &messages), None);
    }

    #[test]
    fn a_newcomer_pushes_out_nothing_of_a_higher_priority() {
        use Priority::{High, Low, Regular};
        let messages = store(&[(High, 0), (Regular, 1), (Regular, 0)]);
        let mut queue = Waiting::default();
        (0..3).for_each(|id| queue.push(MessageId(id), &messages));
        assert_eq!(queue.drop_oldest(Low, &messages), None);
        assert_eq!(queue.drop_oldest(Regular, &messages), Some(MessageId(2)));
        assert_eq!(queue.drop_oldest(Regular, &messages), None);
        assert_eq!(queue.drop_oldest(High, &messages), Some(MessageId(0)));
    }
}
