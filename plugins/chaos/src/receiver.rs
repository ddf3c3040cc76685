//! Copies from below: late, swallowed, told twice, changed, or kept until a later one has passed.

use crate::answers::within_bounds;
use crate::luck::Lucks;
use crate::notices::{Kind, Notices};
use crate::options::Settings;
use mqscript_plugin::abi::{self, Delivery};
use mqscript_plugin::{Kept, Mark, Out, Passing, Run, Stamp};
use std::collections::{BTreeMap, VecDeque};

/// The receiving faults, in the order of their draws.
const FAULTS: [Kind; 4] = [Kind::Drop, Kind::Duplicate, Kind::Corrupt, Kind::Reorder];
/// Which of the sending faults leaves an attempt's copies alone, so that at most one fault strikes it.
const UNCERTAIN: usize = 2;

/// Within one of these, copies come in order: sender, recipient, priority.
type Pair = (u32, u32, u8);

/// The copies in hand.
#[derive(Debug)]
pub struct Receiver {
    run: u32,
    agents: u32,
    /// Copies that wait until a later one of their pair has passed.
    held: BTreeMap<Pair, Vec<Kept>>,
    /// Nothing is held any more.
    flushed: bool,
    /// Copies that found no room yet, in order.
    backlog: VecDeque<Kept>,
    /// What this call tells out of own memory: it stays until the next.
    told: Vec<Kept>,
    /// Tags of swallowed copies, to be acknowledged below.
    pub swallowed: Vec<u64>,
}

/// What the layer gives in the place of one copy.
enum Piece<'s> {
    /// The copy goes on as it came.
    Passing(Passing<'s>),
    /// The next of `told`.
    Told,
}

/// Everything that a decision about a copy needs.
pub struct View<'a> {
    /// The settings of the layer.
    pub settings: &'a mut Settings,
    /// The luck of copies.
    pub lucks: &'a Lucks,
    /// Reports injected faults to the host.
    pub notices: &'a Notices,
}

fn pair(stamp: &Stamp, recipient: u32) -> Pair {
    (stamp.sender, recipient, stamp.flags & abi::STAMP_PRIORITY)
}

impl Receiver {
    /// Prepares the receiving side of one run.
    pub fn new(run: &Run) -> Receiver {
        Receiver {
            run: run.number(),
            agents: run.agents(),
            held: BTreeMap::new(),
            flushed: false,
            backlog: VecDeque::new(),
            told: Vec::new(),
            swallowed: Vec::new(),
        }
    }

    /// A new call: what the last one told may go.
    pub fn begin(&mut self) {
        self.told.clear();
    }

    /// Whether copies wait for room.
    pub fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Copies are held no longer.
    pub fn flush(&mut self) {
        self.flushed = true;
    }

    /// Whether a copy bears a stamp of this run: others are left alone.
    fn is_ours(&self, stamp: &Stamp) -> bool {
        stamp.sequence > 0 && stamp.run == self.run
    }

    /// Whether copies are held back for a later call: then nobody may say that the medium is empty.
    fn holds(&self) -> bool {
        !self.held.is_empty() || self.is_behind() || !self.swallowed.is_empty()
    }

    /// Does to the copies that came since `mark` what befalls them, and says what waited for room before.
    pub fn pass<'s>(&'s mut self, now_ns: u64, mark: Mark, view: View<'_>, out: &mut Out<'s>) {
        let View { settings, lucks, notices } = view;
        let mut struck = self.is_behind() || (self.flushed && !self.held.is_empty());
        for delivery in out.deliveries_since(mark) {
            if delivery.flags & abi::DELIVERY_NO_COPY == 0 && self.is_ours(&delivery.stamp) {
                if settings.shifts() {
                    make_late(delivery, now_ns, settings, lucks);
                }
                struck = struck || self.looks_struck(delivery, settings, lucks);
            }
        }
        if !struck {
            if self.holds() {
                out.not_empty();
            }
            return;
        }
        let mut pieces: Vec<Piece<'s>> = self.backlog.iter().map(|_| Piece::Told).collect();
        self.told.extend(self.backlog.drain(..));
        for copy in out.take(mark) {
            if !copy.is_copy() {
                pieces.push(Piece::Passing(copy));
            } else if copy.recipient_id() == abi::ALL && self.is_ours(copy.stamp()) {
                self.pass_to_all(copy, settings, lucks, notices, &mut pieces);
            } else {
                self.pass_one(copy, settings, lucks, notices, &mut pieces);
            }
        }
        if self.flushed {
            self.release_all(now_ns, &mut pieces);
        }
        self.keep_excess(&mut pieces, out);
        if !self.swallowed.is_empty() {
            // Another call must come, in which they are acknowledged.
            out.more();
        }
        if self.holds() {
            out.not_empty();
        }
        let mut told = self.told.iter();
        for piece in pieces {
            match piece {
                Piece::Passing(copy) => out.put(copy),
                Piece::Told => told.next().is_none_or(|kept| out.put(kept.passing())),
            };
        }
    }

    /// Whether anything but its time may change.
    fn looks_struck(&self, delivery: &Delivery, settings: &Settings, lucks: &Lucks) -> bool {
        if settings.receiving.is_calm() {
            return false;
        }
        let Delivery { stamp, recipient_id, at_ns, .. } = delivery;
        let one = |recipient: u32| {
            (!self.held.is_empty() && self.held.contains_key(&pair(stamp, recipient)))
                || self.fault(stamp, recipient, *at_ns, settings, lucks).is_some()
        };
        match *recipient_id {
            abi::ALL => (0..self.agents).any(|agent| agent != stamp.sender && one(agent)),
            recipient => one(recipient),
        }
    }

    fn fault(
        &self,
        stamp: &Stamp,
        recipient: u32,
        at_ns: u64,
        settings: &Settings,
        lucks: &Lucks,
    ) -> Option<Kind> {
        let drawn = lucks.of_copy(stamp, recipient).fault;
        let fault = FAULTS[settings.receiving.strikes(drawn, stamp.type_id, recipient, at_ns)?];
        // A later attempt is out of order by itself, and after the flush nothing passes any more.
        let in_vain = fault == Kind::Reorder && (stamp.attempt > 1 || self.flushed);
        let spared = settings.sending.has(UNCERTAIN)
            && settings.sending.drawn(lucks.of(stamp).fault) == Some(UNCERTAIN);
        (!in_vain && !spared).then_some(fault)
    }

    /// One copy at each agent but the sender: told as one if nothing befalls any of them.
    fn pass_to_all<'s>(
        &mut self,
        copy: Passing<'s>,
        settings: &Settings,
        lucks: &Lucks,
        notices: &Notices,
        pieces: &mut Vec<Piece<'s>>,
    ) {
        let sender = copy.stamp().sender;
        let mut agents = (0..self.agents).filter(|agent| *agent != sender).peekable();
        while let Some(agent) = agents.next() {
            let one = copy.only_at(agent);
            // The last one bears the tag of them all.
            let one = if agents.peek().is_some() { one.without_tag() } else { one };
            self.pass_one(one, settings, lucks, notices, pieces);
        }
    }

    fn pass_one<'s>(
        &mut self,
        copy: Passing<'s>,
        settings: &Settings,
        lucks: &Lucks,
        notices: &Notices,
        pieces: &mut Vec<Piece<'s>>,
    ) {
        let (stamp, recipient, at_ns) = (*copy.stamp(), copy.recipient_id(), copy.at_ns());
        let ours = self.is_ours(&stamp);
        let fault = if ours { self.fault(&stamp, recipient, at_ns, settings, lucks) } else { None };
        if let Some(kind) = fault.filter(|kind| *kind != Kind::Reorder) {
            notices.tell_of(kind, at_ns, &stamp, recipient);
        }
        match fault {
            Some(Kind::Drop) => {
                self.swallowed.extend(Some(copy.ack_tag()).filter(|tag| *tag != 0));
                return;
            }
            Some(Kind::Reorder) => {
                self.held.entry(pair(&stamp, recipient)).or_default().push(copy.keep());
                return;
            }
            Some(Kind::Corrupt) => {
                let mut kept = copy.keep();
                corrupt(kept.content_mut(), lucks.of_copy(&stamp, recipient).place);
                self.tell(kept, pieces);
            }
            Some(Kind::Duplicate) => {
                pieces.push(Piece::Passing(copy));
                pieces.push(Piece::Passing(copy.without_tag()));
            }
            _ => pieces.push(Piece::Passing(copy)),
        }
        if ours && stamp.attempt <= 1 {
            self.release_passed(&stamp, recipient, at_ns, notices, pieces);
        }
    }

    fn tell(&mut self, kept: Kept, pieces: &mut Vec<Piece<'_>>) {
        self.told.push(kept);
        pieces.push(Piece::Told);
    }

    /// A copy goes its way: those of its pair that are older and were held follow it.
    fn release_passed(
        &mut self,
        by: &Stamp,
        recipient: u32,
        at_ns: u64,
        notices: &Notices,
        pieces: &mut Vec<Piece<'_>>,
    ) {
        let Some(held) = self.held.get_mut(&pair(by, recipient)) else { return };
        let passed: Vec<Kept> = held.extract_if(.., |kept| kept.stamp().sequence < by.sequence).collect();
        if held.is_empty() {
            self.held.remove(&pair(by, recipient));
        }
        for mut kept in passed {
            kept.set_at_ns(kept.at_ns().max(at_ns));
            notices.tell_of(Kind::Reorder, kept.at_ns(), kept.stamp(), recipient);
            self.tell(kept, pieces);
        }
    }

    /// Copies of messages that did not pass this layer go on uncounted.
    fn release_all(&mut self, now_ns: u64, pieces: &mut Vec<Piece<'_>>) {
        for mut kept in std::mem::take(&mut self.held).into_values().flatten() {
            kept.set_at_ns(kept.at_ns().max(now_ns));
            self.tell(kept, pieces);
        }
    }

    /// Keeps for the next call what finds no room in this one.
    fn keep_excess(&mut self, pieces: &mut Vec<Piece<'_>>, out: &mut Out<'_>) {
        let room = (out.delivery_room() as usize).min(pieces.len());
        let excess = pieces.split_off(room);
        if excess.is_empty() {
            return;
        }
        let told_now = pieces.iter().filter(|piece| matches!(piece, Piece::Told)).count();
        let mut later = self.told.split_off(told_now).into_iter();
        self.backlog.extend(excess.into_iter().filter_map(|piece| match piece {
            Piece::Passing(copy) => Some(copy.keep()),
            Piece::Told => later.next(),
        }));
        out.more();
    }
}

/// A copy comes as late as its outcome.
fn make_late(delivery: &mut Delivery, now_ns: u64, settings: &mut Settings, lucks: &Lucks) {
    let (type_id, recipient) = (delivery.stamp.type_id, delivery.recipient_id);
    let late = lucks.of(&delivery.stamp).lateness(settings, type_id, recipient, delivery.at_ns);
    let mut at_ns = delivery.at_ns.saturating_add(late.sum_ns());
    for outage in &mut settings.outages {
        at_ns = outage.held_until(type_id, recipient, at_ns);
    }
    delivery.at_ns = within_bounds(at_ns, now_ns);
}

/// Flips the lowest bit of one byte, which every checksum notices; an empty content gets a byte.
fn corrupt(content: &mut Vec<u8>, place: u64) {
    match content.len() as u128 {
        0 => content.push(0),
        len => content[((u128::from(place) * len) >> 64) as usize] ^= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_changes_wherever_it_lies() {
        for place in [0, u64::MAX / 2, u64::MAX] {
            let mut content = b"abcd".to_vec();
            corrupt(&mut content, place);
            let changed: u32 = content.iter().zip(b"abcd").map(|(a, b)| (a ^ b).count_ones()).sum();
            assert_eq!((content.len(), changed), (4, 1));
        }
        let mut empty = Vec::new();
        corrupt(&mut empty, 7);
        assert_eq!(empty, [0]);
    }
}
