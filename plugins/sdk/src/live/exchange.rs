//! What the engine's thread and a core's own threads share, under one lock that is never held for long.

use super::answers::{Answer, Answers};
use super::arrivals::Arrivals;
use super::medium::{Medium, News};
use crate::buffers::Out;
use crate::core::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most copies that may wait for the host; then no more are taken from the medium.
pub const COPIES_MAX: usize = 8192;
/// The most bytes of content that may wait for the host; then no more copies are taken from the medium.
pub const COPY_BYTES_MAX: usize = 64 << 20;

/// A function that waits for the end of something when the session is closed.
type End = Box<dyn FnOnce() + Send>;

/// All that a session and the workers of its medium share.
pub struct Exchange<M> {
    state: Mutex<State<M>>,
    ends: Mutex<Vec<End>>,
}

/// The shared state while it is locked: the medium's own part, and what is on its way to the host.
#[derive(Debug)]
pub struct State<M> {
    /// The medium's own state: what it has to send and to acknowledge.
    pub medium: M,
    /// Copies for the host. Whoever adds some asks [`has_room_for_copies`](State::has_room_for_copies) first.
    pub arrived: Arrivals,
    answers: Answers,
    reading_held: bool,
    working: bool,
    failure: Option<Error>,
    is_closing: bool,
}

impl<M: Medium> Exchange<M> {
    /// Makes an exchange with nothing in it.
    pub fn new(medium: M) -> Arc<Exchange<M>> {
        let state = State {
            medium,
            arrived: Arrivals::default(),
            answers: Answers::default(),
            reading_held: false,
            working: false,
            failure: None,
            is_closing: false,
        };
        Arc::new(Exchange { state: Mutex::new(state), ends: Mutex::default() })
    }

    /// Locks the shared state. A panic in another thread leaves it consistent: nothing that holds the lock can fail
    /// half-way.
    pub fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something that [`close`](Exchange::close) waits for, such as the end of a thread; it must end within
    /// seconds. What was added last is waited for first.
    pub fn at_close(&self, wait: impl FnOnce() + Send + 'static) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(wait));
    }

    /// Closes the exchange and waits until everything has ended. The session calls this when it is dropped. A core
    /// without a session must call it itself; a second call does nothing.
    pub fn close(&self) {
        {
            let mut state = self.lock();
            state.is_closing = true;
            state.medium.wake(News::Closed);
        }
        loop {
            let last = self.ends.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(wait) = last else { return };
            wait();
        }
    }
}

impl<M: Medium> State<M> {
    /// Notes the outcome of messages. The caller must then wake the host. Each accepted message gets one answer.
    pub fn answer(&mut self, answer: Answer) {
        self.answers.push(answer);
    }

    /// Notes several outcomes, as [`answer`](State::answer) does, and empties the collection.
    pub fn answer_all(&mut self, answers: &mut Answers) {
        self.answers.append(answers);
    }

    /// Whether more copies may be taken from the medium. If not, [`News::Room`] tells when.
    pub fn has_room_for_copies(&mut self) -> bool {
        let has_room = self.arrived.len() < COPIES_MAX && self.arrived.bytes() < COPY_BYTES_MAX;
        self.reading_held |= !has_room;
        has_room
    }

    /// Whether nothing is on its way to the host, neither answers nor copies.
    pub fn has_nothing_for_the_host(&self) -> bool {
        self.answers.is_empty() && self.arrived.is_empty()
    }

    /// Notes a sign of work, which the next poll reports.
    pub fn show_work(&mut self) {
        self.working = true;
    }

    /// Notes that the core cannot go on. The caller must then wake the host. The error is told after the last answer;
    /// only the first error is kept.
    pub fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// The error because of which the core cannot go on, if there is one.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether the session is closed.
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Tells the host the outcomes, as far as there is room; then the error, if there is one.
    pub(super) fn tell(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        if std::mem::take(&mut self.working) {
            out.working();
        }
        if !self.answers.tell(out) {
            out.more();
            return Ok(());
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// Lets the medium's readers go on if they were stopped and there is room again.
    pub(super) fn release_reading(&mut self) {
        if std::mem::take(&mut self.reading_held) && self.has_room_for_copies() {
            self.medium.wake(News::Room);
        }
    }
}

impl<M: fmt::Debug> fmt::Debug for Exchange<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("state", &self.state).finish_non_exhaustive()
    }
}
