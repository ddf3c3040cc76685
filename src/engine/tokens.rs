//! Tokens: the host's numbers for attempts, and which of them have no answer yet.

use super::message::MessageId;
use std::collections::{BTreeSet, HashMap};

/// The most given-up tokens that are remembered; older ones are taken as given up without proof.
const OWED_MAX: usize = 1_000_000;

/// The reasons why a token cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadToken {
    /// The token was given up after a time-out: the answer is late.
    Owed,
    /// The token was answered before.
    Repeated,
    /// The token was never handed out, or its message was not accepted.
    Unknown,
}

/// The tokens of one session.
#[derive(Debug, Default)]
pub struct Tokens {
    last: u64,
    /// The tokens without an answer, and their messages. A token that is answered within its own `publish` is never
    /// stored here.
    unanswered: HashMap<u64, MessageId>,
    owed: BTreeSet<u64>,
    /// All given-up tokens below this were forgotten.
    owed_floor: u64,
}

impl Tokens {
    /// The token of the next message handed over; tokens are consecutive from 1.
    #[inline]
    pub fn next(&self) -> u64 {
        self.last + 1
    }

    /// Notes that `count` more messages were accepted.
    #[inline]
    pub fn accepted(&mut self, count: u64) {
        self.last += count;
    }

    /// Remembers that a token has no answer yet.
    pub fn await_answer(&mut self, token: u64, message: MessageId) {
        self.unanswered.insert(token, message);
    }

    /// Removes a token without an answer. Returns its message.
    ///
    /// # Errors
    /// The token needs no answer, for the given reason.
    pub fn take(&mut self, token: u64) -> Result<MessageId, BadToken> {
        if let Some(message) = self.unanswered.remove(&token) {
            return Ok(message);
        }
        if self.owed.remove(&token) || token < self.owed_floor {
            return Err(BadToken::Owed);
        }
        Err(if token == 0 || token > self.last { BadToken::Unknown } else { BadToken::Repeated })
    }

    /// Stops waiting for the answer to a token.
    pub fn give_up(&mut self, token: u64) {
        if self.unanswered.remove(&token).is_none() {
            return;
        }
        self.owed.insert(token);
        if self.owed.len() > OWED_MAX {
            self.owed_floor = self.owed.pop_first().map_or(0, |oldest| oldest + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_answered_once() {
        let mut tokens = Tokens::default();
        let token = tokens.next();
        tokens.accepted(1);
        tokens.await_answer(token, MessageId(7));
        assert_eq!(tokens.take(token), Ok(MessageId(7)));
        assert_eq!(tokens.take(token), Err(BadToken::Repeated));
        assert_eq!(tokens.take(token + 1), Err(BadToken::Unknown));
        assert_eq!(tokens.take(0), Err(BadToken::Unknown));
    }

    #[test]
    fn what_was_given_up_is_owed_once() {
        let mut tokens = Tokens::default();
        tokens.accepted(1);
        tokens.await_answer(1, MessageId(7));
        tokens.give_up(1);
        assert_eq!(tokens.take(1), Err(BadToken::Owed));
        assert_eq!(tokens.take(1), Err(BadToken::Repeated));
    }
}
