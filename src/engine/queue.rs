//! The bounded queue before the processor: ordered by priority, then first in, first out.

use super::message::{MessageId, Messages};
use crate::plan::Priority;

const LEVELS: usize = Priority::ALL.len();

/// The messages of one priority: a chain through the store of messages, each with the number of the next.
#[derive(Debug, Clone, Copy)]
struct Level {
    first: MessageId,
    last: MessageId,
}

impl Level {
    const EMPTY: Level = Level { first: MessageId::NONE, last: MessageId::NONE };
}

/// The numbers of the messages that wait.
#[derive(Debug)]
pub struct Waiting {
    levels: [Level; LEVELS],
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
        Waiting { levels: [Level::EMPTY; LEVELS], filled: 0, len: 0, exempt: 0, first_come }
    }

    #[inline(always)]
    fn level(&self, priority: Priority) -> usize {
        if self.first_come { 0 } else { priority as usize }
    }

    /// The number of messages that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no message waits.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The number of messages that count against the capacity.
    #[inline]
    pub fn counted(&self) -> usize {
        self.len - self.exempt
    }

    /// Adds a message, last of its priority. A message that made an attempt before does not count against the capacity.
    #[inline(always)]
    pub fn push(&mut self, id: MessageId, messages: &mut Messages) {
        let number = self.added(id, messages);
        messages[id].next = MessageId::NONE;
        let level = &mut self.levels[number];
        match std::mem::replace(&mut level.last, id) {
            MessageId::NONE => level.first = id,
            last => messages[last].next = id,
        }
    }

    /// Puts a message back that was taken: it is the next of its priority again.
    pub fn push_front(&mut self, id: MessageId, messages: &mut Messages) {
        let number = self.added(id, messages);
        let level = &mut self.levels[number];
        let second = std::mem::replace(&mut level.first, id);
        if second == MessageId::NONE {
            level.last = id;
        }
        messages[id].next = second;
    }

    /// Counts a message more. Returns the number of its level.
    #[inline(always)]
    fn added(&mut self, id: MessageId, messages: &Messages) -> usize {
        let message = &messages[id];
        let number = self.level(message.priority);
        self.len += 1;
        self.exempt += usize::from(message.attempts > 0);
        self.filled |= 1 << number;
        number
    }

    /// Takes the next message from the queue.
    #[inline(always)]
    pub fn pop(&mut self, messages: &Messages) -> Option<MessageId> {
        let number = self.filled.checked_ilog2()? as usize;
        let id = self.levels[number].first;
        self.unlink(number, id, messages[id].next);
        self.removed(id, messages);
        Some(id)
    }

    /// Takes the first message of a level, whose second is `second`.
    #[inline(always)]
    fn unlink(&mut self, number: usize, first: MessageId, second: MessageId) {
        debug_assert_eq!(self.levels[number].first, first);
        self.levels[number].first = second;
        if second == MessageId::NONE {
            self.levels[number].last = MessageId::NONE;
            self.filled &= !(1 << number);
        }
    }

    /// Makes room for a message of this priority: removes the oldest message of the lowest priority present, except
    /// those that made an attempt before. `None` if the new message itself has the lowest priority.
    pub fn drop_oldest(&mut self, newcomer: Priority, messages: &mut Messages) -> Option<MessageId> {
        let highest = self.level(newcomer);
        (0..=highest).find_map(|number| self.drop_oldest_of(number, messages))
    }

    fn drop_oldest_of(&mut self, number: usize, messages: &mut Messages) -> Option<MessageId> {
        let (mut before, mut id) = (MessageId::NONE, self.levels[number].first);
        while id != MessageId::NONE && messages[id].attempts > 0 {
            (before, id) = (id, messages[id].next);
        }
        if id == MessageId::NONE {
            return None;
        }
        let after = messages[id].next;
        if before == MessageId::NONE {
            self.unlink(number, id, after);
        } else {
            messages[before].next = after;
            if after == MessageId::NONE {
                self.levels[number].last = before;
            }
        }
        self.removed(id, messages);
        Some(id)
    }

    #[inline(always)]
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
        let mut messages = store(&[(Priority::Low, 0), (Priority::Urgent, 0), (Priority::Regular, 0)]);
        let mut queue = Waiting::new(true);
        (0..3).for_each(|id| queue.push(MessageId(id), &mut messages));
        assert_eq!(queue.drop_oldest(Priority::Low, &mut messages), Some(MessageId(0)));
        assert_eq!(order(&mut queue, &messages), [1, 2]);
    }

    fn order(queue: &mut Waiting, messages: &Messages) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(messages)).map(|id| id.0).collect()
    }

    #[test]
    fn urgent_first_then_in_order_of_arrival() {
        use Priority::{High, Low, Regular, Urgent};
        let mut messages = store(&[(Regular, 0), (Low, 0), (Urgent, 0), (Regular, 0), (High, 0)]);
        let mut queue = Waiting::new(false);
        (0..5).for_each(|id| queue.push(MessageId(id), &mut messages));
        let next = queue.pop(&messages).unwrap();
        assert_eq!(next, MessageId(2));
        queue.push_front(next, &mut messages);
        assert_eq!(order(&mut queue, &messages), [2, 4, 0, 3, 1]);
    }

    #[test]
    fn retries_go_to_the_tail_and_do_not_count() {
        let mut messages = store(&[(Priority::Regular, 0), (Priority::Regular, 1)]);
        let mut queue = Waiting::new(false);
        queue.push(MessageId(0), &mut messages);
        queue.push(MessageId(1), &mut messages);
        assert_eq!((queue.len(), queue.counted()), (2, 1));
        assert_eq!(order(&mut queue, &messages), [0, 1]);
        assert_eq!((queue.len(), queue.counted()), (0, 0));
    }

    #[test]
    fn the_oldest_of_the_lowest_priority_is_dropped() {
        use Priority::{Regular, Urgent};
        let mut messages = store(&[(Urgent, 0), (Regular, 1), (Regular, 0), (Regular, 0)]);
        let mut queue = Waiting::new(false);
        (0..4).for_each(|id| queue.push(MessageId(id), &mut messages));
        assert_eq!(queue.drop_oldest(Regular, &mut messages), Some(MessageId(2)));
        assert_eq!(order(&mut queue, &messages), [0, 1, 3]);
        assert_eq!(queue.drop_oldest(Urgent, &mut messages), None);
    }

    #[test]
    fn a_newcomer_pushes_out_nothing_of_a_higher_priority() {
        use Priority::{High, Low, Regular};
        let mut messages = store(&[(High, 0), (Regular, 1), (Regular, 0)]);
        let mut queue = Waiting::new(false);
        (0..3).for_each(|id| queue.push(MessageId(id), &mut messages));
        assert_eq!(queue.drop_oldest(Low, &mut messages), None);
        assert_eq!(queue.drop_oldest(Regular, &mut messages), Some(MessageId(2)));
        assert_eq!(queue.drop_oldest(Regular, &mut messages), None);
        assert_eq!(queue.drop_oldest(High, &mut messages), Some(MessageId(0)));
    }
}
