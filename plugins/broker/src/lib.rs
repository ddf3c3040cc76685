//! The broker core: a simulated message broker. Messages stand in queues, go to the agents that have room, and come
//! again if they are not settled in time.
//!
//! Luck is keyed by the message, as in every simulated core; waiting and leases follow from it and from what the
//! agents do.

#![forbid(unsafe_code)]

mod copies;
mod leases;
mod medium;
mod options;
mod partitions;
mod queue;
mod tally;

use medium::{Groups, Medium, Reasons, Told};
use mqscript_plugin::prelude::*;
use options::Settings;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};
use tally::Tally;

/// The broker core with its options.
struct Broker {
    settings: Settings,
    reasons: Reasons,
    purpose: Purpose,
    agents: u32,
    groups: Groups,
    receive: bool,
    keeps: bool,
    /// What the session has counted when it is closed.
    tally: Arc<Mutex<Tally>>,
}

/// A session of the broker core.
struct BrokerSession {
    medium: Medium,
    purpose: Purpose,
    receive: bool,
    /// Whether contents and texts are kept with the copies.
    keeps: bool,
    /// Whether nothing more will be published.
    flushed: bool,
    /// What is told in this call; kept so that its memory is.
    telling: Vec<Told>,
    tally: Arc<Mutex<Tally>>,
}

impl Core for Broker {
    const ID: &'static str = "broker";
    const SUMMARY: &'static str =
        "Simulates a message broker: queues, leases, redelivery, dead letters; touches nothing real";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED
        .and(Capabilities::RECEIVES)
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::STORES)
        .and(Capabilities::READS_CONTENT)
        .and(Capabilities::SHARES)
        .and(Capabilities::LEASES)
        .and(Capabilities::LIMITS)
        .and(Capabilities::SETTLES)
        .and(Capabilities::EXTENDS)
        .and(Capabilities::DEAD_LETTERS);
    type Session = BrokerSession;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options, &run)?;
        let groups = run.groups().iter();
        let groups =
            groups.map(|group| (group.agents.clone(), group.queue, settings.defaults.of_group(group)));
        Ok(Broker {
            groups: groups.collect(),
            settings,
            reasons: Reasons {
                refused: host.intern("connection_reset"),
                queue_full: host.intern("queue_full"),
                max_deliveries: host.intern("max_deliveries"),
                rejected: host.intern("rejected"),
            },
            purpose: run.purpose("fate"),
            agents: run.agents(),
            receive: run.receive(),
            keeps: run.receive() && run.wants_content(),
            tally: Arc::default(),
        })
    }

    fn capabilities(&self) -> Capabilities {
        match self.keeps {
            true => Self::CAPABILITIES,
            false => Self::CAPABILITIES.without(Capabilities::READS_CONTENT),
        }
    }

    fn open(&mut self, _open: Open) -> Result<BrokerSession, Error> {
        Ok(BrokerSession {
            medium: Medium::new(self.settings.clone(), self.reasons, self.agents, self.groups.clone()),
            purpose: self.purpose.clone(),
            receive: self.receive,
            keeps: self.keeps,
            flushed: false,
            telling: Vec::new(),
            tally: Arc::clone(&self.tally),
        })
    }

    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        Ok(self.tally.lock().unwrap_or_else(PoisonError::into_inner).figures())
    }
}

impl Session for BrokerSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        self.medium.advance(now_ns);
        for message in messages {
            let luck = message.random(&self.purpose);
            self.medium.publish(message, luck, now_ns, self.keeps, self.receive);
        }
        // Without latency a message stands in its queue at once.
        self.medium.advance(now_ns);
        self.tell(now_ns, out);
        Ok(messages.len() as u32)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        self.medium.advance(now_ns);
        if self.flushed && self.medium.is_empty() {
            out.empty();
        }
        self.tell(now_ns, out);
        Ok(())
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        self.flushed = true;
        Ok(())
    }

    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        self.medium.advance(now_ns);
        tags.iter().for_each(|tag| self.medium.settle(*tag, how, now_ns));
        self.tell(now_ns, out);
        Ok(())
    }
}

impl BrokerSession {
    /// Tells what has become known, as far as there is room, and when there is more.
    fn tell<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) {
        while out.outcome_room() > 0
            && let Some((token, result, reason, at_ns)) = self.medium.answers.pop_front()
        {
            out.outcome(token, result, reason, at_ns.max(now_ns));
        }
        self.telling.clear();
        let fits = out.delivery_room() as usize;
        if self.medium.told.len() <= fits {
            std::mem::swap(&mut self.telling, &mut self.medium.told);
        } else {
            self.telling.extend(self.medium.told.drain(..fits));
        }
        if !self.medium.told.is_empty() || !self.medium.answers.is_empty() {
            out.more();
        }
        out.poll_by(self.medium.next_due_ns());
        let medium = &self.medium;
        self.telling.iter().for_each(|told| tell_one(medium, told, now_ns, out));
    }
}

impl Drop for BrokerSession {
    fn drop(&mut self) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = self.medium.tally;
    }
}

fn tell_one<'s>(medium: &'s Medium, told: &Told, now_ns: u64, out: &mut Out<'s>) {
    match *told {
        Told::Copy { tag, agent, at_ns, times } => {
            // One whose lease has gone before there was room to tell it is told when it is handed over again.
            let Some(copy) = medium.held(tag) else { return };
            match &copy.kept {
                Some(kept) => {
                    let copy =
                        kept.passing().at(at_ns.max(now_ns)).only_at(agent).with_tag(tag).handed_over(times);
                    let _ = out.put(copy);
                }
                None => {
                    out.deliver(Arrived {
                        stamp: copy.stamp,
                        at_ns: at_ns.max(now_ns),
                        recipient_id: agent,
                        ack_tag: tag,
                        handed_over: times,
                        ..Arrived::default()
                    });
                }
            }
        }
        Told::GivenUp { stamp, agent, at_ns, reason } => {
            let report = Report::GivenUp(reason);
            let at_ns = at_ns.max(now_ns);
            out.deliver(Arrived { stamp, at_ns, recipient_id: agent, report, ..Arrived::default() });
        }
    }
}

mqscript_plugin::export_core!(Broker);
