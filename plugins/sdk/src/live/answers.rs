//! Outcomes of messages, on their way to the host. Equal outcomes of consecutive messages are told as one.

use crate::abi::OutcomeResult;
use crate::buffers::Out;
use std::collections::VecDeque;
use std::ops::Range;

/// The common outcome of consecutive messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The consecutive tokens of these messages.
    pub tokens: Range<u64>,
    /// The outcome, in the contract's terms.
    pub result: OutcomeResult,
    /// The interned reason; 0 = none.
    pub reason: u32,
    /// When the outcome was known, in nanoseconds since the origin.
    pub at_ns: u64,
}

impl Answer {
    /// The outcome of one message.
    pub fn one(token: u64, result: OutcomeResult, reason: u32, at_ns: u64) -> Answer {
        Answer { tokens: token..token + 1, result, reason, at_ns }
    }

    fn is_continued_by(&self, next: &Answer) -> bool {
        let alike = (self.result, self.reason, self.at_ns) == (next.result, next.reason, next.at_ns);
        alike && self.tokens.end == next.tokens.start
    }
}

/// Answers in the order in which they were known. A core's thread collects them, and the session tells them to the
/// host.
#[derive(Debug, Default)]
pub struct Answers(VecDeque<Answer>);

impl Answers {
    /// Adds an answer; one that continues the last becomes part of it.
    pub fn push(&mut self, answer: Answer) {
        match self.0.back_mut() {
            Some(last) if last.is_continued_by(&answer) => last.tokens.end = answer.tokens.end,
            _ => self.0.push_back(answer),
        }
    }

    /// Adds the answers of another collection, and empties that one.
    pub fn append(&mut self, other: &mut Answers) {
        if self.0.is_empty() {
            std::mem::swap(self, other);
        } else {
            other.0.drain(..).for_each(|answer| self.push(answer));
        }
    }

    /// Whether there is no answer.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of messages that are answered.
    pub fn messages(&self) -> usize {
        self.0.iter().map(|answer| (answer.tokens.end - answer.tokens.start) as usize).sum()
    }

    /// Tells the host as many answers as `out` has room for, and removes them. Returns whether all were told.
    pub(super) fn tell(&mut self, out: &mut Out<'_>) -> bool {
        while let Some(Answer { tokens, result, reason, at_ns }) = self.0.front() {
            let count = (tokens.end - tokens.start) as u32;
            if !out.outcomes(tokens.start, count, *result, *reason, *at_ns) {
                return false;
            }
            self.0.pop_front();
        }
        true
    }
}

impl Extend<Answer> for Answers {
    fn extend<T: IntoIterator<Item = Answer>>(&mut self, answers: T) {
        answers.into_iter().for_each(|answer| self.push(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_are_answered_alike_become_one() {
        let (delivered, refused) = (OutcomeResult::Delivered, OutcomeResult::Refused);
        let mut answers = Answers::default();
        answers.extend([
            Answer::one(1, delivered, 0, 5),
            Answer::one(2, delivered, 0, 5),
            Answer::one(4, delivered, 0, 5),
            Answer::one(5, refused, 0, 5),
            Answer::one(6, refused, 0, 6),
            Answer::one(7, refused, 3, 6),
        ]);
        let ranges: Vec<Range<u64>> = answers.0.iter().map(|answer| answer.tokens.clone()).collect();
        assert_eq!(ranges, [1..3, 4..5, 5..6, 6..7, 7..8]);
        assert_eq!(answers.messages(), 6);
    }

    #[test]
    fn collections_put_together_are_one() {
        let one = |token| Answer::one(token, OutcomeResult::Delivered, 0, 5);
        let (mut all, mut more) = (Answers::default(), Answers::default());
        more.push(one(1));
        all.append(&mut more);
        more.push(one(2));
        all.append(&mut more);
        assert_eq!((all.0.len(), all.messages(), more.is_empty()), (1, 2, true));
    }
}
