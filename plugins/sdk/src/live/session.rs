//! The session of a live core: takes messages from the engine, gives back what is known, and never waits.

use super::arrivals::Arrivals;
use super::exchange::{Exchange, State};
use super::medium::{Medium, News, Sending};
use crate::buffers::Out;
use crate::core::{Error, Session, Settlement};
use crate::message::Message;
use std::ops::Range;
use std::sync::Arc;

/// The session of a core whose threads, tasks or processes work at the other end of an [`Exchange`].
#[derive(Debug)]
pub struct LiveSession<M: Medium> {
    exchange: Arc<Exchange<M>>,
    /// The copies that the host is getting; it reads them until its next call.
    holding: Arrivals,
    /// The number of these copies that the host has got.
    given: usize,
}

impl<M: Medium> LiveSession<M> {
    /// Makes the session on this exchange, which must have no other.
    pub fn on(exchange: &Arc<Exchange<M>>) -> LiveSession<M> {
        LiveSession { exchange: Arc::clone(exchange), holding: Arrivals::default(), given: 0 }
    }
}

/// Takes over the next copies if all earlier ones are given, and gives the host as many as there is room for. Returns
/// which these are.
fn hand_out<M: Medium>(
    state: &mut State<M>,
    holding: &mut Arrivals,
    given: &mut usize,
    room: u32,
    now_ns: u64,
) -> Range<usize> {
    if *given == holding.len() && !state.arrived.is_empty() {
        holding.clear();
        *given = 0;
        std::mem::swap(holding, &mut state.arrived);
    }
    let first = *given;
    *given = holding.len().min(first + room as usize);
    if *given > first {
        state.medium.handed_out(&holding.copies()[first..*given], now_ns);
    }
    first..*given
}

impl<M: Medium> Session for LiveSession<M> {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let mut state = self.exchange.lock();
        if state.failure().is_some() {
            return state.tell(out).map(|()| 0);
        }
        let (mut accepted, mut has_news) = (0, false);
        for message in messages {
            match state.medium.send(message) {
                Sending::Accepted => has_news = true,
                Sending::Answered(result, reason) => {
                    out.outcome(message.token(), result, reason, now_ns);
                }
                // An answer or a ready worker will wake the host.
                Sending::Full => break,
            }
            accepted += 1;
        }
        if has_news {
            state.medium.wake(News::Accepted);
        }
        Ok(accepted)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        let LiveSession { exchange, holding, given } = self;
        let mut state = exchange.lock();
        let told = state.tell(out);
        let copies = hand_out(&mut state, holding, given, out.delivery_room(), now_ns);
        let all_given = *given == holding.len();
        if !all_given || !state.arrived.is_empty() {
            out.more();
        }
        if all_given && state.has_nothing_for_the_host() && state.medium.is_empty() {
            out.empty();
        }
        state.release_reading();
        drop(state);
        let holding = &*holding;
        for copy in &holding.copies()[copies] {
            out.deliver(holding.arrived(copy));
        }
        told
    }

    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        let mut state = self.exchange.lock();
        if state.failure().is_some() {
            return state.tell(out);
        }
        state.medium.settle(how, tags, now_ns);
        state.medium.wake(News::Acknowledged);
        Ok(())
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        self.exchange.lock().medium.wake(News::Flushed);
        Ok(())
    }
}

impl<M: Medium> Drop for LiveSession<M> {
    fn drop(&mut self) {
        self.exchange.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, COPIES_MAX};
    use super::*;
    use crate::abi::{self, OutcomeResult, Stamp};
    use crate::core::Status;

    /// Takes two messages, refuses those with an odd token, and notes what it is told.
    #[derive(Debug, Default)]
    struct Noting {
        accepted: usize,
        handed_out: Vec<u64>,
        acknowledged: Vec<u64>,
        news: Vec<News>,
        is_empty: bool,
    }

    impl Medium for Noting {
        fn send(&mut self, message: &Message<'_>) -> Sending {
            match (message.token() % 2, self.accepted) {
                (1, _) => Sending::Answered(OutcomeResult::Refused, 9),
                (_, 2..) => Sending::Full,
                _ => {
                    self.accepted += 1;
                    Sending::Accepted
                }
            }
        }

        fn handed_out(&mut self, copies: &[super::super::Arrival], _now_ns: u64) {
            self.handed_out.extend(copies.iter().map(|copy| copy.tag));
        }

        fn acknowledge(&mut self, tags: &[u64]) {
            self.acknowledged.extend(tags);
        }

        fn wake(&mut self, news: News) {
            self.news.push(news);
        }

        fn is_empty(&self) -> bool {
            self.is_empty
        }
    }

    fn session() -> (Arc<Exchange<Noting>>, LiveSession<Noting>) {
        let exchange = Exchange::new(Noting::default());
        let session = LiveSession::on(&exchange);
        (exchange, session)
    }

    /// What a call left: first token, count and result of each outcome, tags of copies, flags.
    type Left = (Vec<(u64, u32, u32)>, Vec<u64>, u32);

    /// Makes a call with room for so many outcomes and copies.
    fn call<'s, T>(room: (usize, usize), make: impl FnOnce(&mut Out<'s>) -> T) -> (T, Left) {
        let (mut outcomes, mut copies) =
            (vec![abi::Outcome::EMPTY; room.0], vec![abi::Delivery::EMPTY; room.1]);
        let mut raw = abi::Out {
            struct_size: size_of::<abi::Out>() as u32,
            flags: 0,
            outcomes: outcomes.as_mut_ptr(),
            outcomes_cap: room.0 as u32,
            outcomes_len: 0,
            deliveries: copies.as_mut_ptr(),
            deliveries_cap: room.1 as u32,
            deliveries_len: 0,
            next_due_ns: abi::NEVER,
        };
        // SAFETY: the test's own arrays, with room for as many as they say.
        let made = make(unsafe { Out::from_raw(&mut raw) });
        let told = outcomes[..raw.outcomes_len as usize].iter();
        let told = told.map(|outcome| (outcome.first, outcome.count, outcome.result)).collect();
        let tags = copies[..raw.deliveries_len as usize].iter().map(|copy| copy.ack_tag).collect();
        (made, (told, tags, raw.flags))
    }

    fn poll(session: &mut LiveSession<Noting>, room: (usize, usize)) -> (Result<(), Error>, Left) {
        call(room, move |out| session.poll(5, out))
    }

    fn push_copies(exchange: &Exchange<Noting>, tags: Range<u64>) {
        let mut state = exchange.lock();
        state.arrived.push_message(Stamp::NONE, b"", None);
        tags.for_each(|tag| state.arrived.push_copy(tag, 0, false, 1));
    }

    const DELIVERED: u32 = OutcomeResult::Delivered as u32;
    const REFUSED: u32 = OutcomeResult::Refused as u32;

    #[test]
    fn messages_are_accepted_until_there_is_no_room() {
        let (exchange, mut session) = session();
        let raw: Vec<abi::Message> =
            [2, 3, 4, 6, 7].map(|token| abi::Message { token, ..abi::Message::EMPTY }).into();
        // SAFETY: the test's own messages, which outlive the call.
        let messages = unsafe { Message::slice(raw.as_ptr(), 5) };
        let (accepted, (told, ..)) = call((5, 0), |out| session.publish(5, messages, out));
        assert_eq!((accepted, told), (Ok(3), vec![(3, 1, REFUSED)]));
        assert_eq!(exchange.lock().medium.news, [News::Accepted]);
    }

    #[test]
    fn answers_and_copies_are_told_as_far_as_there_is_room() {
        let (exchange, mut session) = session();
        push_copies(&exchange, 1..8);
        exchange.lock().medium.is_empty = true;
        for token in [1, 2, 5] {
            exchange.lock().answer(Answer::one(token, OutcomeResult::Delivered, 0, 3));
        }
        let more = abi::OUT_MORE;
        assert_eq!(poll(&mut session, (1, 3)), (Ok(()), (vec![(1, 2, DELIVERED)], vec![1, 2, 3], more)));
        push_copies(&exchange, 8..10);
        assert_eq!(poll(&mut session, (1, 0)), (Ok(()), (vec![(5, 1, DELIVERED)], vec![], more)));
        assert_eq!(poll(&mut session, (1, 9)), (Ok(()), (vec![], vec![4, 5, 6, 7], more)));
        assert_eq!(poll(&mut session, (1, 9)), (Ok(()), (vec![], vec![8, 9], abi::OUT_EMPTY)));
        assert_eq!(exchange.lock().medium.handed_out, (1..10).collect::<Vec<u64>>());
        let (told, _) = call((0, 0), |out| session.acknowledge(5, Settlement::Acknowledge, &[2, 1], out));
        assert_eq!((told, exchange.lock().medium.acknowledged.clone()), (Ok(()), vec![2, 1]));
    }

    #[test]
    fn who_found_no_room_for_copies_is_told_when_there_is() {
        let (exchange, mut session) = session();
        push_copies(&exchange, 1..COPIES_MAX as u64);
        assert!(exchange.lock().has_room_for_copies());
        push_copies(&exchange, 0..1);
        assert!(!exchange.lock().has_room_for_copies());
        for _ in 0..2 {
            poll(&mut session, (1, 1)).0.unwrap();
        }
        assert_eq!(exchange.lock().medium.news, [News::Room], "once");
    }

    #[test]
    fn a_failure_is_told_after_the_last_answer_and_the_first_counts() {
        let (exchange, mut session) = session();
        let error = Error::new(Status::IO, "the disk is gone");
        for token in [1, 3] {
            exchange.lock().answer(Answer::one(token, OutcomeResult::Delivered, 0, 3));
        }
        exchange.lock().fail(error.clone());
        exchange.lock().fail(Error::new(Status::INTERNAL, "it came to this"));
        let (told, left) = poll(&mut session, (1, 0));
        assert_eq!((told, left), (Ok(()), (vec![(1, 1, DELIVERED)], vec![], abi::OUT_MORE)));
        let (told, left) = call((1, 0), |out| session.publish(5, &[], out));
        assert_eq!((told, left.0), (Err(error.clone()), vec![(3, 1, DELIVERED)]));
        assert_eq!(
            call((0, 0), |out| session.acknowledge(5, Settlement::Acknowledge, &[1], out)).0,
            Err(error)
        );
        assert_eq!(exchange.lock().medium.acknowledged, [0u64; 0]);
    }

    #[test]
    fn closing_waits_for_what_was_added_last_first_and_once() {
        let (exchange, session) = session();
        let (sender, ends) = std::sync::mpsc::channel();
        for number in [1, 2] {
            let sender = sender.clone();
            exchange.at_close(move || sender.send(number).unwrap());
        }
        drop((session, sender));
        exchange.close();
        assert_eq!(ends.iter().collect::<Vec<i32>>(), [2, 1]);
        assert!(exchange.lock().is_closing());
    }
}
