//! leases: a complete core in Rust for agents that take their time. Its queues are in memory: an inbox for each agent,
//! and one queue for a group that shares it. A copy is handed over with a lease and comes again unless it is settled in
//! time. No clock, no files, no threads: it runs on the virtual clock. It carries stamps and no contents.
#![forbid(unsafe_code)]

mod queues;

use mqscript_plugin::prelude::*;
use mqscript_plugin::units::parse_duration;
use queues::{Queues, Terms, Told};

struct ThisCore {
    run: Run,
    lease_ns: u64,
    /// The interned names of the reasons for which a copy is given up.
    reasons: Reasons,
}

#[derive(Clone, Copy)]
struct Reasons {
    max_deliveries: u32,
    rejected: u32,
}

struct ThisSession {
    queues: Queues,
    receive: bool,
    /// Nothing more will be published.
    flushed: bool,
    reasons: Reasons,
}

impl Core for ThisCore {
    const ID: &'static str = "leases";
    const SUMMARY: &'static str = "Queues in memory that hand copies over with a lease";
    const OPTIONS_SCHEMA: &'static str = include_str!("options.json");
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED
        .and(Capabilities::RECEIVES)
        // A message that was taken is sure to arrive, but later: what is `Delivered` is stored.
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::STORES)
        // What it keeps of each group's wishes.
        .and(Capabilities::SHARES)
        .and(Capabilities::LEASES)
        .and(Capabilities::LIMITS)
        .and(Capabilities::SETTLES)
        .and(Capabilities::EXTENDS)
        .and(Capabilities::DEAD_LETTERS);
    type Session = ThisSession;

    // The host has checked the options against the schema and filled in the defaults: every key is there.
    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let lease = parse_duration(options["lease"].as_str().unwrap_or_default());
        let lease_ns = lease.map_err(|wrong| Error::config(format!("lease: {wrong}")))?;
        if lease_ns == 0 {
            return Err(Error::config("lease: it must be longer than 0, or nobody can settle in time"));
        }
        Ok(ThisCore {
            run,
            lease_ns,
            reasons: Reasons {
                max_deliveries: host.intern("max_deliveries"),
                rejected: host.intern("rejected"),
            },
        })
    }

    // The subscriptions of all agents are in force when this returns, and end with the session.
    fn open(&mut self, _open: Open) -> Result<ThisSession, Error> {
        let mut queues = Queues::new(self.run.agents(), Terms::plain(self.lease_ns));
        for group in self.run.groups() {
            queues.join(group.agents.clone(), group.queue, Terms::of(group, self.lease_ns));
        }
        Ok(ThisSession { queues, receive: self.run.receive(), flushed: false, reasons: self.reasons })
    }
}

impl Session for ThisSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        for message in messages {
            if self.receive {
                self.queues.put(&message.stamp(), message.recipient_id());
            }
            out.outcome(message.token(), OutcomeResult::Delivered, 0, now_ns);
        }
        self.tell(now_ns, out);
        Ok(messages.len() as u32)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        self.tell(now_ns, out);
        if self.flushed && self.queues.is_empty() {
            out.empty();
        }
        Ok(())
    }

    // A tag that is not known any more is late, and has no effect: the copy is settled, or with somebody else.
    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        // Leases that have ended by now have ended, whatever the order of the calls.
        self.queues.advance(now_ns);
        for tag in tags {
            match how {
                Settlement::Acknowledge => self.queues.acknowledge(*tag),
                Settlement::GiveBack => self.queues.give_back(*tag, now_ns),
                Settlement::Reject => self.queues.reject(*tag),
                Settlement::Extend => self.queues.extend(*tag, now_ns),
            }
        }
        self.tell(now_ns, out);
        Ok(())
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        self.flushed = true;
        Ok(())
    }
}

impl ThisSession {
    /// Does what is due, and tells of it as far as there is room.
    fn tell(&mut self, now_ns: u64, out: &mut Out<'_>) {
        self.queues.advance(now_ns);
        while out.delivery_room() > 0
            && let Some(told) = self.queues.next_told()
        {
            out.deliver(match told {
                Told::HandOver { stamp, agent, tag, number } => Arrived {
                    stamp,
                    at_ns: now_ns,
                    recipient_id: agent,
                    ack_tag: tag,
                    handed_over: number,
                    ..Arrived::default()
                },
                Told::GivenUp { stamp, agent, rejected } => {
                    let reason = if rejected { self.reasons.rejected } else { self.reasons.max_deliveries };
                    let report = Report::GivenUp(reason);
                    Arrived { stamp, at_ns: now_ns, recipient_id: agent, report, ..Arrived::default() }
                }
            });
        }
        if self.queues.has_news() {
            out.more();
        }
        out.poll_by(self.queues.next_due_ns());
    }
}

mqscript_plugin::export_core!(ThisCore);
