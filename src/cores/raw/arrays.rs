//! The arrays of an `out`, with marks in them that show who wrote where.

use mqscript_plugin::abi;
use mqscript_plugin::units::SIZE_MAX_BYTES;

/// Entries behind the room, which nobody may touch.
const GUARDS: usize = 4;

/// What of "appends within its room" a call broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFault {
    /// A length went back, or beyond the room.
    Length(String),
    /// The core changed what it had appended before.
    Changed(String),
    /// Something was written behind the room.
    Beyond(String),
    /// A delivery's content is at NULL, or longer than anything may be.
    Content(String),
    /// Something that is only lent for reading was written to.
    Touched(&'static str),
    /// Floating-point numbers were rounded in another way afterwards.
    Rounding,
}

/// A delivery, with its content copied.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// The stamp that identifies the message.
    pub stamp: abi::Stamp,
    /// The content of the copy.
    pub content: Vec<u8>,
    /// When the copy arrived, in nanoseconds of the run's clock.
    pub at_ns: u64,
    /// The tag by which the copy is acknowledged.
    pub ack_tag: u64,
    /// The id of the agent that received it.
    pub recipient_id: u32,
    /// The flags of the delivery.
    pub flags: u32,
    /// Whether all reserved fields are zero.
    pub reserved_is_zero: bool,
}

/// What one call left in the arrays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Appended {
    /// The outcomes that the call appended.
    pub outcomes: Vec<abi::Outcome>,
    /// The deliveries that the call appended.
    pub deliveries: Vec<Copied>,
    /// Whether the flag MORE is set.
    pub more: bool,
    /// Whether the flag EMPTY is set.
    pub empty: bool,
    /// Flags that are not known.
    pub unknown_flags: u32,
    /// The wish; NEVER = none.
    pub next_due_ns: u64,
    /// What the call should not have done.
    pub slips: Vec<CallFault>,
}

/// Room for outcomes and deliveries.
#[derive(Debug)]
pub struct Arrays {
    outcomes: Vec<abi::Outcome>,
    deliveries: Vec<abi::Delivery>,
    /// Entries at the beginning that stand there already.
    standing: usize,
}

const OUTCOME_MARK: abi::Outcome = abi::Outcome {
    first: 0xfeed_0000_0000_0001,
    count: 0xfeed,
    result: 0xfeed,
    reason: 0xfeed,
    reserved: 0xfeed,
    at_ns: 0xfeed,
    reserved_tail: 0xfeed,
};

fn delivery_mark() -> abi::Delivery {
    abi::Delivery {
        ack_tag: 0xfeed_0000_0000_0001,
        at_ns: 0xfeed,
        recipient_id: 0xfeed,
        ..abi::Delivery::EMPTY
    }
}

fn delivery_is_mark(delivery: &abi::Delivery) -> bool {
    (delivery.ack_tag, delivery.at_ns, delivery.recipient_id) == (0xfeed_0000_0000_0001, 0xfeed, 0xfeed)
}

impl Arrays {
    /// Room for so many outcomes and deliveries behind `standing` of each that stand there already.
    pub fn new(outcomes: usize, deliveries: usize, standing: usize) -> Arrays {
        Arrays {
            outcomes: vec![OUTCOME_MARK; standing + outcomes + GUARDS],
            deliveries: vec![delivery_mark(); standing + deliveries + GUARDS],
            standing,
        }
    }

    /// The view that crosses the border.
    pub(super) fn raw(&mut self) -> abi::Out {
        abi::Out {
            struct_size: size_of::<abi::Out>() as u32,
            flags: 0,
            outcomes: self.outcomes.as_mut_ptr(),
            outcomes_cap: (self.outcomes.len() - GUARDS) as u32,
            outcomes_len: self.standing as u32,
            deliveries: self.deliveries.as_mut_ptr(),
            deliveries_cap: (self.deliveries.len() - GUARDS) as u32,
            deliveries_len: self.standing as u32,
            next_due_ns: abi::NEVER,
        }
    }

    /// Takes what a call left, looks for slips, and puts the marks back.
    pub(super) fn take(&mut self, raw: &abi::Out) -> Appended {
        let mut slips = Vec::new();
        let lent = self.raw();
        for (field, changed) in [
            ("out->struct_size", raw.struct_size != lent.struct_size),
            ("out->outcomes", raw.outcomes != lent.outcomes),
            ("out->outcomes_cap", raw.outcomes_cap != lent.outcomes_cap),
            ("out->deliveries", raw.deliveries != lent.deliveries),
            ("out->deliveries_cap", raw.deliveries_cap != lent.deliveries_cap),
        ] {
            if changed {
                slips.push(CallFault::Touched(field));
            }
        }
        let outcomes_end = self.end("outcomes", raw.outcomes_len, lent.outcomes_cap, &mut slips);
        let deliveries_end = self.end("deliveries", raw.deliveries_len, lent.deliveries_cap, &mut slips);
        let standing = self.standing;
        let spare = |kind: &str, slips: &mut Vec<CallFault>, standing_changed: bool, guards_changed: bool| {
            if standing_changed {
                slips.push(CallFault::Changed(format!("it changed {kind} that stood there before")));
            }
            if guards_changed {
                slips.push(CallFault::Beyond(format!("it wrote {kind} behind the room")));
            }
        };
        let guards = self.outcomes.len() - GUARDS;
        spare(
            "outcomes",
            &mut slips,
            self.outcomes[..standing].iter().any(|one| *one != OUTCOME_MARK),
            self.outcomes[guards..].iter().any(|one| *one != OUTCOME_MARK),
        );
        let guards = self.deliveries.len() - GUARDS;
        spare(
            "deliveries",
            &mut slips,
            !self.deliveries[..standing].iter().all(delivery_is_mark),
            !self.deliveries[guards..].iter().all(delivery_is_mark),
        );
        let outcomes = self.outcomes[standing..outcomes_end].to_vec();
        let deliveries =
            self.deliveries[standing..deliveries_end].iter().map(|one| copied(one, &mut slips)).collect();
        self.outcomes.fill(OUTCOME_MARK);
        self.deliveries.fill(delivery_mark());
        Appended {
            outcomes,
            deliveries,
            more: raw.flags & abi::OUT_MORE != 0,
            empty: raw.flags & abi::OUT_EMPTY != 0,
            unknown_flags: raw.flags & !(abi::OUT_MORE | abi::OUT_EMPTY | abi::OUT_WORKING),
            next_due_ns: raw.next_due_ns,
            slips,
        }
    }

    fn end(&self, kind: &str, len: u32, cap: u32, slips: &mut Vec<CallFault>) -> usize {
        if (len as usize) < self.standing || len > cap {
            let standing = self.standing;
            slips.push(CallFault::Length(format!(
                "it left {len} {kind} where {standing} stood and {cap} have room"
            )));
            return self.standing;
        }
        len as usize
    }
}

fn copied(delivery: &abi::Delivery, slips: &mut Vec<CallFault>) -> Copied {
    let len = delivery.content.len;
    let readable = match (len, delivery.content.ptr.is_null()) {
        (0, _) => true,
        (_, true) => {
            slips.push(CallFault::Content(format!("a delivery of {len} bytes at NULL")));
            false
        }
        (len, false) if len > SIZE_MAX_BYTES => {
            slips
                .push(CallFault::Content(format!("a delivery of {len} bytes; {SIZE_MAX_BYTES} are allowed")));
            false
        }
        _ => true,
    };
    let content = match readable {
        // SAFETY: "its content: the core's memory, valid until the next call on the session", which has not come.
        true => unsafe { delivery.content.as_slice() }.to_vec(),
        false => Vec::new(),
    };
    Copied {
        stamp: delivery.stamp,
        content,
        at_ns: delivery.at_ns,
        ack_tag: delivery.ack_tag,
        recipient_id: delivery.recipient_id,
        flags: delivery.flags,
        reserved_is_zero: delivery.reserved == 0,
    }
}
