//! The same core with queues that agents share, leases and settlements: a small broker in memory, but for its fault.

use crate::is;
use crate::life::Core;
use mqscript_plugin::abi::{self, Delivery, ErrorBuffer, Message, Out, Outcome, RawCore, RawSession};
use std::collections::VecDeque;
use std::ops::Range;

/// What it declares.
pub const CAPABILITIES: u64 = abi::SIMULATED
    | abi::RECEIVES
    | abi::CONFIRMS
    | abi::READS_CONTENT
    | abi::SHARES
    | abi::LEASES
    | abi::LIMITS
    | abi::SETTLES
    | abi::EXTENDS
    | abi::DEAD_LETTERS;

/// What holds for the agents of a group; for agents of none, the defaults.
struct Terms {
    agents: Range<u32>,
    queue: u32,
    prefetch: u32,
    lease_ns: u64,
    max_deliveries: u32,
    delay_ns: u64,
}

/// Where a copy is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In its queue, for nobody before then.
    Waiting(u64),
    /// With an agent, until its lease ends.
    Held(u32, u64),
    Gone,
}

/// A copy. Its tag tells its place in the list and its hand-over.
struct Copy {
    stamp: abi::Stamp,
    content: Vec<u8>,
    queue: u32,
    times: u32,
    place: Place,
    /// It was acknowledged, which the core overheard.
    overheard: bool,
}

/// A session with queues.
struct Medium {
    core: *const Core,
    terms: Vec<Terms>,
    copies: Vec<Copy>,
    /// What is to be told: the number of a copy, and the delivery without its content.
    told: VecDeque<(usize, Delivery)>,
    /// Another session came before, and its agents are still served: that is a fault.
    has_ghosts: bool,
}

/// How many bits of a tag tell the hand-over.
const TIMES_BITS: u32 = 16;

impl Medium {
    fn new(core: &Core) -> Medium {
        // SAFETY: the run is "valid, with all it points to, until `destroy` returns", and its host is of this version.
        let rows = unsafe {
            match (*core.run).groups.is_null() {
                true => &[],
                false => std::slice::from_raw_parts((*core.run).groups, (*core.run).groups_len as usize),
            }
        };
        let or = |value: u32| if value == 0 { u32::MAX } else { value };
        let terms = rows.iter().map(|row| Terms {
            agents: row.first_agent..row.first_agent + row.agents,
            queue: row.queue,
            prefetch: or(row.prefetch),
            lease_ns: if row.lease_ns == 0 { abi::NEVER } else { row.lease_ns },
            max_deliveries: or(row.max_deliveries),
            delay_ns: match row.redelivery_ns.is_null() {
                true => 0,
                // SAFETY: as above. One delay is all that the tests ask for.
                false => unsafe { *row.redelivery_ns },
            },
        });
        let has_ghosts = is("unsubscribed") && core.opened > 1;
        Medium { core, terms: terms.collect(), copies: Vec::new(), told: VecDeque::new(), has_ghosts }
    }

    fn terms_of(&self, agent: u32) -> Option<&Terms> {
        self.terms.iter().find(|terms| terms.agents.contains(&agent))
    }

    fn take(&mut self, message: &Message, now_ns: u64, agents: u32) {
        let sender = message.stamp.sender;
        let queues = match message.recipient_id {
            abi::ALL => (0..agents).filter(|agent| *agent != sender).collect(),
            one if one < agents || self.terms.iter().any(|terms| terms.queue == one) => vec![one],
            _ => Vec::new(),
        };
        // SAFETY: "borrowed for the call", which this is.
        let content = unsafe { message.content.as_slice() };
        for queue in queues {
            let content = content.to_vec();
            let place = Place::Waiting(now_ns);
            self.copies.push(Copy {
                stamp: message.stamp,
                content,
                queue,
                times: 0,
                place,
                overheard: false,
            });
        }
    }

    /// The agents that may get what is in a queue.
    fn agents_of(&self, queue: u32) -> Range<u32> {
        let shared = self.terms.iter().find(|terms| terms.queue == queue);
        shared.map_or(queue..queue.saturating_add(1), |terms| terms.agents.clone())
    }

    fn load(&self, agent: u32) -> u32 {
        let has =
            |copy: &&Copy| matches!(copy.place, Place::Held(holder, _) if holder == agent) && !copy.overheard;
        self.copies.iter().filter(has).count() as u32
    }

    /// The agent of a queue that has fewest copies, if it may have another.
    fn free_agent(&self, queue: u32) -> Option<u32> {
        let agent = self.agents_of(queue).min_by_key(|agent| self.load(*agent))?;
        let prefetch = self.terms_of(agent).map_or(u32::MAX, |terms| terms.prefetch);
        (self.load(agent) < prefetch || is("limits")).then_some(agent)
    }

    /// Ends leases and hands over what may be.
    fn advance(&mut self, now_ns: u64) {
        for i in 0..self.copies.len() {
            if matches!(self.copies[i].place, Place::Held(_, ends_ns) if ends_ns <= now_ns) {
                self.comes_back(i, now_ns);
            }
            if matches!(self.copies[i].place, Place::Waiting(from_ns) if from_ns <= now_ns)
                && let Some(agent) = self.free_agent(self.copies[i].queue)
            {
                self.hand_over(i, agent, now_ns);
            }
        }
    }

    fn hand_over(&mut self, i: usize, agent: u32, now_ns: u64) {
        let mut lease_ns = self.terms_of(agent).map_or(abi::NEVER, |terms| terms.lease_ns);
        if is("leases") {
            lease_ns = abi::NEVER;
        } else if is("leases_otherwise") {
            lease_ns -= lease_ns / 4;
        }
        let copy = &mut self.copies[i];
        copy.times += 1;
        copy.place = Place::Held(agent, now_ns.saturating_add(lease_ns));
        if self.has_ghosts && i.is_multiple_of(3) && copy.times == 1 {
            return;
        }
        let shared = copy.queue != agent;
        let to = if is("shares_otherwise") && shared { 0 } else { agent };
        self.tell(i, to, now_ns);
        // To two at once, but not so early that other tests would see it.
        let sequence = self.copies[i].stamp.sequence;
        if is("shares") && shared && sequence.is_multiple_of(25) {
            let other = self.agents_of(self.copies[i].queue).find(|other| *other != agent);
            self.tell(i, other.unwrap_or(agent), now_ns);
        }
    }

    fn tell(&mut self, i: usize, recipient_id: u32, at_ns: u64) {
        let copy = &self.copies[i];
        let number = if is("handovers") { 1 } else { copy.times.min(255) };
        let again = if copy.times > 1 && !is("handovers_otherwise") { abi::DELIVERY_REDELIVERED } else { 0 };
        let delivery = Delivery {
            stamp: copy.stamp,
            at_ns,
            ack_tag: (i as u64 + 1) << TIMES_BITS | u64::from(copy.times),
            recipient_id,
            flags: number << abi::DELIVERY_HANDOVERS_SHIFT | again,
            ..Delivery::EMPTY
        };
        self.told.push_back((i, delivery));
    }

    /// An agent has a copy no longer and did not take it.
    fn comes_back(&mut self, i: usize, now_ns: u64) {
        let Place::Held(agent, _) = self.copies[i].place else { return };
        let (most, delay_ns) =
            self.terms_of(agent).map_or((u32::MAX, 0), |terms| (terms.max_deliveries, terms.delay_ns));
        if self.copies[i].times >= most && !is("dead_letters") {
            self.copies[i].place = Place::Gone;
            if !is("dead_letters_otherwise") {
                let stamp = self.copies[i].stamp;
                let flags = abi::DELIVERY_GIVEN_UP;
                let gone = Delivery { stamp, at_ns: now_ns, recipient_id: agent, flags, ..Delivery::EMPTY };
                self.told.push_back((i, gone));
            }
            return;
        }
        self.copies[i].place = Place::Waiting(now_ns + delay_ns);
    }

    /// Settles the copy of a tag; `false` where the core takes that for an error.
    fn settle(&mut self, tag: u64, kind: u32, now_ns: u64) -> bool {
        let i = (tag >> TIMES_BITS) as usize - 1;
        let is_late = self.copies[i].times != (tag & ((1 << TIMES_BITS) - 1)) as u32;
        let Place::Held(agent, _) = self.copies[i].place else { return !is("late_settlements_otherwise") };
        if is_late {
            return !is("late_settlements");
        }
        let copy = &mut self.copies[i];
        match kind {
            abi::ACK if is("settled") => copy.overheard = true,
            abi::REJECT if is("rejects") => {}
            abi::ACK | abi::REJECT => copy.place = Place::Gone,
            abi::EXTEND if is("extends") => {}
            abi::EXTEND => {
                let lease_ns = self.terms_of(agent).map_or(abi::NEVER, |terms| terms.lease_ns);
                self.copies[i].place = Place::Held(agent, now_ns.saturating_add(lease_ns));
            }
            _ if is("gives_back") => copy.place = Place::Gone,
            _ if is("gives_back_otherwise") => copy.place = Place::Waiting(now_ns),
            _ => self.comes_back(i, now_ns),
        }
        true
    }

    /// Appends what there is room for.
    fn append(&mut self, now_ns: u64, out: &mut Out) {
        self.advance(now_ns);
        while out.deliveries_len < out.deliveries_cap
            && let Some((i, mut delivery)) = self.told.pop_front()
        {
            if delivery.flags & abi::DELIVERY_GIVEN_UP == 0 {
                delivery.content = abi::Bytes::new(&self.copies[i].content);
            }
            delivery.at_ns = delivery.at_ns.max(now_ns);
            // SAFETY: "the core appends" within its room.
            unsafe { out.deliveries.add(out.deliveries_len as usize).write(delivery) };
            out.deliveries_len += 1;
        }
        if !self.told.is_empty() {
            out.flags |= abi::OUT_MORE;
        }
        let due_ns = self.copies.iter().filter_map(|copy| match copy.place {
            Place::Waiting(from_ns) => (from_ns > now_ns).then_some(from_ns),
            Place::Held(_, ends_ns) => Some(ends_ns),
            Place::Gone => None,
        });
        out.next_due_ns = due_ns.fold(out.next_due_ns, u64::min);
    }
}

pub unsafe extern "C" fn open(
    core: *mut RawCore,
    _open: *const abi::Open,
    session: *mut *mut RawSession,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: made by `create`, and "[control]"; `session` is the caller's.
    unsafe {
        let core = &mut *core.cast::<Core>();
        core.opened += 1;
        *session = Box::into_raw(Box::new(Medium::new(core))).cast();
    }
    abi::OK
}

pub unsafe extern "C" fn close(session: *mut RawSession) {
    // SAFETY: made by `open`, closed once.
    drop(unsafe { Box::from_raw(session.cast::<Medium>()) });
}

pub unsafe extern "C" fn publish(
    session: *mut RawSession,
    now_ns: u64,
    messages: *const Message,
    n: u32,
    accepted: *mut u32,
    out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the pointers are as the contract says; sessions are closed before their core is destroyed.
    let (medium, out, core) = unsafe {
        let medium = &mut *session.cast::<Medium>();
        (medium, &mut *out, &*(*session.cast::<Medium>()).core)
    };
    for i in 0..n {
        // SAFETY: "`n` messages", and room for as many outcomes.
        unsafe {
            let message = &*messages.add(i as usize);
            if core.receive {
                medium.take(message, now_ns, core.agents);
            }
            let outcome = Outcome::one(message.token, abi::DELIVERED, 0, now_ns);
            out.outcomes.add(out.outcomes_len as usize).write(outcome);
        }
        out.outcomes_len += 1;
    }
    // SAFETY: the caller's.
    unsafe { *accepted = n };
    medium.append(now_ns, out);
    abi::OK
}

pub unsafe extern "C" fn poll(
    session: *mut RawSession,
    now_ns: u64,
    out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`.
    let (medium, out) = unsafe { (&mut *session.cast::<Medium>(), &mut *out) };
    medium.append(now_ns, out);
    abi::OK
}

pub unsafe extern "C" fn acknowledge(
    session: *mut RawSession,
    now_ns: u64,
    tags: *const u64,
    n: u32,
    kind: u32,
    out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`; `n` tags.
    let (medium, out, tags) =
        unsafe { (&mut *session.cast::<Medium>(), &mut *out, std::slice::from_raw_parts(tags, n as usize)) };
    medium.advance(now_ns);
    let settled: Vec<bool> = tags.iter().map(|tag| medium.settle(*tag, kind, now_ns)).collect();
    let all_well = settled.iter().all(|well| *well);
    medium.append(now_ns, out);
    if all_well { abi::OK } else { abi::INVALID }
}
