//! Receives copies for the agents of groups: each agent pulls for itself, never more than it has places for.

use crate::arrivals::{HandedOver, push_message, stamp_of};
use crate::exchange::{Wire, wait_for_room};
use crate::link::Losses;
use crate::settlement::Word;
use crate::subscribers::{CHUNK, PAUSE, PULL_EXPIRES, Subscribers};
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::BatchConfig;
use async_nats::{Client, Message as Received, StatusCode};
use futures_util::{FutureExt, StreamExt};
use mqscript_plugin::live::{Exchange, Medium, News, State, whole_chain};
use mqscript_plugin::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// An agent asks for more when this part of its places is free: the server keeps a bounded number of requests.
pub const PART: u32 = 8;
/// A request without any answer for this long is lost.
const LOST_AFTER: Duration = PULL_EXPIRES.saturating_add(Duration::from_secs(10));
/// The header that tells how much of a request was not served.
const NOT_SERVED: &str = "Nats-Pending-Messages";

/// An agent that pulls from a consumer.
#[derive(Debug)]
pub struct Member {
    /// What all readers need.
    pub subscribers: Subscribers,
    /// The connection to the server.
    pub client: Client,
    /// The losses of the connection.
    pub losses: Losses,
    /// The number of the agent.
    pub agent: u32,
    /// The number of the consumer.
    pub inlet: u32,
    /// The consumer from which it pulls.
    pub consumer: PullConsumer,
    /// Whether its messages are for all.
    pub is_broadcast: bool,
}

/// A copy that came while the agent had no place for it. *Rationale.* An agent pulls from two consumers, and each may have
/// been asked for the same free place.
#[derive(Debug)]
struct Withheld {
    tag: u64,
    message: Received,
    times: u32,
    has_waited: bool,
}

/// What came to the inbox of a request.
enum Came {
    /// A copy of a message.
    Copy(Received),
    /// A request that ended: so many copies of it will not come.
    Ended(u32),
    /// The server's reason for serving no request.
    Failed(String),
}

impl Member {
    /// Pulls for ever. After a failure it pauses and tries again.
    pub async fn pull(mut self) {
        let bell = {
            let state = self.subscribers.exchange.lock();
            let Some(holdings) = &state.medium.holdings else { return };
            holdings.bell_of(self.agent, usize::from(self.is_broadcast))
        };
        let (mut told, mut withheld) = (false, VecDeque::new());
        loop {
            if let Err(text) = self.pull_on(&bell, &mut withheld).await {
                self.subscribers.warn(self.agent, &text, &mut told);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Pulls until the requests are lost with the connection, or the server refuses one.
    async fn pull_on(&mut self, bell: &Notify, withheld: &mut VecDeque<Withheld>) -> Result<(), String> {
        self.losses.mark_unchanged();
        let inbox = self.client.new_inbox();
        let subscribed = self.client.subscribe(inbox.clone()).await;
        let mut arriving = subscribed.map_err(|error| whole_chain(&error))?;
        let mut asked_for = 0;
        loop {
            wait_for_room(&self.subscribers.exchange, &self.subscribers.bells).await;
            let (free, prefetch) = self.release(withheld);
            let more = free.saturating_sub(asked_for);
            if more > 0 && more.saturating_mul(PART) >= prefetch {
                let batch = BatchConfig {
                    batch: more as usize,
                    expires: Some(PULL_EXPIRES),
                    ..BatchConfig::default()
                };
                let asked = self.consumer.request_batch(batch, inbox.clone().into()).await;
                asked.map_err(|error| whole_chain(&error))?;
                asked_for += more;
            }
            tokio::select! {
                biased;
                Ok(()) = self.losses.changed() => return Ok(()),
                first = arriving.next() => {
                    let Some(first) = first else { return Ok(()) };
                    let mut copies = Vec::new();
                    let mut next = Some(first);
                    while let Some(message) = next {
                        match came(message) {
                            Came::Copy(message) => {
                                asked_for = asked_for.saturating_sub(1);
                                copies.push(message);
                            }
                            Came::Ended(rest) => asked_for = asked_for.saturating_sub(rest),
                            Came::Failed(text) => {
                                self.pass_on(copies, withheld);
                                return Err(text);
                            }
                        }
                        let full = copies.len() >= CHUNK;
                        next = if full { None } else { arriving.next().now_or_never().flatten() };
                    }
                    self.pass_on(copies, withheld);
                }
                () = bell.notified() => {}
                () = tokio::time::sleep(LOST_AFTER), if asked_for > 0 => return Ok(()),
            }
        }
    }

    /// Passes on copies as far as there are places. An agent's own broadcast is not a copy for it; it is acknowledged here.
    fn pass_on(&self, messages: Vec<Received>, withheld: &mut VecDeque<Withheld>) {
        let mut state = self.subscribers.exchange.lock();
        let mut own = false;
        for message in messages {
            let stamp = stamp_of(&message);
            let Some(reply) = message.reply.clone() else { continue };
            if self.is_broadcast && stamp != Stamp::NONE && stamp.sender == self.agent {
                state.medium.settlements.push((reply, Word::Ack));
                own = true;
                continue;
            }
            let HandedOver { times, sequence } = HandedOver::read(&reply);
            let Some(holdings) = &mut state.medium.holdings else { return };
            let tag = holdings.arrived((self.inlet, sequence), self.agent, stamp, times, reply);
            withheld.push_back(Withheld { tag, message, times, has_waited: false });
        }
        if own {
            state.medium.wake(News::Acknowledged);
        }
        self.release_into(&mut state, withheld);
    }

    /// Passes on copies that wait for a place. Returns the free places that are left, and how many there are at all.
    fn release(&self, withheld: &mut VecDeque<Withheld>) -> (u32, u32) {
        let mut state = self.subscribers.exchange.lock();
        self.release_into(&mut state, withheld);
        let Some(holdings) = &state.medium.holdings else { return (0, 0) };
        (holdings.free_places(self.agent), holdings.terms(self.agent).prefetch)
    }

    fn release_into(&self, state: &mut State<Wire>, withheld: &mut VecDeque<Withheld>) {
        let Subscribers { host, wants_text, .. } = &self.subscribers;
        let at_ns = host.now_ns();
        let mut passed = false;
        while let Some(holdings) = &mut state.medium.holdings
            && holdings.free_places(self.agent) > 0
            && let Some(Withheld { tag, message, times, has_waited }) = withheld.pop_front()
        {
            if !holdings.is_taken(tag, at_ns) {
                continue;
            }
            if let Some(reply) = message.reply.clone().filter(|_| has_waited) {
                // Its lease begins now, for the server, too.
                state.medium.settlements.push((reply, Word::InProgress));
                state.medium.wake(News::Acknowledged);
            }
            push_message(state, &message, *wants_text);
            state.arrived.push_handed_over(tag, self.agent, times, at_ns);
            passed = true;
        }
        withheld.iter_mut().for_each(|copy| copy.has_waited = true);
        if passed {
            host.wake();
        }
    }
}

/// Reads what came to the inbox of a request.
fn came(message: Received) -> Came {
    match message.status {
        None => Came::Copy(message),
        Some(StatusCode::IDLE_HEARTBEAT) => Came::Ended(0),
        Some(status) => {
            let rest = message.headers.as_ref().and_then(|headers| headers.get(NOT_SERVED));
            match rest.and_then(|rest| rest.as_str().parse().ok()) {
                Some(rest) => Came::Ended(rest),
                None if status == StatusCode::NO_RESPONDERS => {
                    Came::Failed("the consumer is gone".to_owned())
                }
                None => Came::Failed(message.description.unwrap_or_else(|| format!("status {status}"))),
            }
        }
    }
}

/// Ends the leases of copies when their time has come, so that the agents' places are free again.
pub async fn end_leases(exchange: Arc<Exchange<Wire>>, host: Host) {
    let Some(bell) = exchange.lock().medium.holdings.as_ref().map(|holdings| holdings.lease_bell()) else {
        return;
    };
    loop {
        let now_ns = host.now_ns();
        let next_ns =
            exchange.lock().medium.holdings.as_mut().and_then(|holdings| holdings.end_leases(now_ns));
        let over = async {
            match next_ns {
                Some(next_ns) => tokio::time::sleep(Duration::from_nanos(next_ns - now_ns)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            () = bell.notified() => {}
        }
    }
}
