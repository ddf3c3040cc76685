//! Messages in flight: a slab of at most `workers` slots, and the tokens still unanswered.

use super::message::Message;
use std::collections::{BTreeSet, HashMap};

/// Tokens given up that are remembered one by one; older ones count as owed without proof.
const OWED_MAX: usize = 1_000_000;

/// One message in flight.
#[derive(Debug, Clone, Copy)]
pub struct Flight {
    /// The message, its attempt counted.
    pub message: Message,
    /// When the core accepted it.
    pub accepted_ns: u64,
    /// Its token.
    pub token: u64,
    /// When its outcome is or was due, once known.
    pub at_ns: u64,
    /// The outcome's result, once known; 0 before.
    pub result: u32,
    /// Its interned reason.
    pub reason: u32,
    /// Whether the slot is taken.
    pub taken: bool,
}

/// Why a token cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadToken {
    /// Given up after a timeout: the answer comes late.
    Owed,
    /// Answered before.
    Repeated,
    /// Never handed out, or not accepted.
    Unknown,
}

/// All messages in flight.
#[derive(Debug, Default)]
pub struct Flights {
    slots: Vec<Flight>,
    free: Vec<u32>,
    /// Tokens without an answer, and their slots. Those answered within their own `publish` never come here.
    unanswered: HashMap<u64, u32>,
    owed: BTreeSet<u64>,
    /// Tokens below this were forgotten by `owed`.
    owed_floor: u64,
    next_token: u64,
}

impl Flights {
    /// The token of the next message handed over.
    #[inline]
    pub fn next_token(&self) -> u64 {
        self.next_token + 1
    }

    /// How many are in flight.
    #[inline]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes a slot for a message that the core accepted.
    #[inline]
    pub fn start(&mut self, message: Message, accepted_ns: u64) -> u32 {
        self.next_token += 1;
        let flight = Flight {
            message,
            accepted_ns,
            token: self.next_token,
            at_ns: 0,
            result: 0,
            reason: 0,
            taken: true,
        };
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = flight;
            return slot;
        }
        self.slots.push(flight);
        (self.slots.len() - 1) as u32
    }

    /// The slot's flight.
    #[inline]
    pub fn get(&self, slot: u32) -> &Flight {
        &self.slots[slot as usize]
    }

    /// Notes a slot's outcome. Returns false if it had one.
    #[inline]
    pub fn answer(&mut self, slot: u32, result: u32, reason: u32, at_ns: u64) -> bool {
        let flight = &mut self.slots[slot as usize];
        if flight.result != 0 {
            return false;
        }
        (flight.result, flight.reason, flight.at_ns) = (result, reason, at_ns);
        true
    }

    /// Frees a slot.
    #[inline]
    pub fn finish(&mut self, slot: u32) -> Flight {
        let flight = &mut self.slots[slot as usize];
        flight.taken = false;
        self.free.push(slot);
        *flight
    }

    /// Remembers that a slot's token has no answer yet.
    pub fn await_answer(&mut self, slot: u32) {
        self.unanswered.insert(self.slots[slot as usize].token, slot);
    }

    /// The slot of a token that had no answer yet.
    ///
    /// # Errors
    /// The token needs no answer, for the reason given.
    pub fn take_unanswered(&mut self, token: u64) -> Result<u32, BadToken> {
        if let Some(slot) = self.unanswered.remove(&token) {
            return Ok(slot);
        }
        if self.owed.remove(&token) || token < self.owed_floor {
            return Err(BadToken::Owed);
        }
        Err(if token == 0 || token > self.next_token { BadToken::Unknown } else { BadToken::Repeated })
    }

    /// Gives up waiting for a slot's token.
    pub fn give_up(&mut self, slot: u32) {
        let token = self.slots[slot as usize].token;
        if self.unanswered.remove(&token).is_none() {
            return;
        }
        self.owed.insert(token);
        if self.owed.len() > OWED_MAX {
            self.owed_floor = self.owed.pop_first().map_or(0, |oldest| oldest + 1);
        }
    }

    /// Frees every slot, in order of tokens.
    pub fn drain(&mut self) -> Vec<Flight> {
        let mut flights: Vec<Flight> = self.slots.drain(..).filter(|flight| flight.taken).collect();
        flights.sort_unstable_by_key(|flight| flight.token);
        self.free.clear();
        self.unanswered.clear();
        flights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_answered_once() {
        let mut flights = Flights::default();
        let slot = flights.start(Message::EMPTY, 5);
        flights.await_answer(slot);
        assert_eq!(flights.take_unanswered(1), Ok(slot));
        assert_eq!(flights.take_unanswered(1), Err(BadToken::Repeated));
        assert_eq!(flights.take_unanswered(2), Err(BadToken::Unknown));
        assert!(flights.answer(slot, 1, 0, 9));
        assert!(!flights.answer(slot, 1, 0, 9));
        assert_eq!(flights.finish(slot).at_ns, 9);
        assert_eq!(flights.len(), 0);
    }

    #[test]
    fn what_was_given_up_is_owed_once() {
        let mut flights = Flights::default();
        let slot = flights.start(Message::EMPTY, 5);
        flights.await_answer(slot);
        flights.give_up(slot);
        flights.finish(slot);
        assert_eq!(flights.take_unanswered(1), Err(BadToken::Owed));
        assert_eq!(flights.take_unanswered(1), Err(BadToken::Repeated));
    }

    #[test]
    fn draining_gives_what_is_left_in_order() {
        let mut flights = Flights::default();
        let slots: Vec<u32> = (0..3).map(|_| flights.start(Message::EMPTY, 0)).collect();
        flights.finish(slots[0]);
        flights.start(Message::EMPTY, 1);
        let tokens: Vec<u64> = flights.drain().iter().map(|flight| flight.token).collect();
        assert_eq!((tokens, flights.len()), (vec![2, 3, 4], 0));
    }
}
