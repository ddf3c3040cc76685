//! What a core answers to a call, in memory of the host.

use mqscript_plugin::abi;

/// Where calls leave outcomes and deliveries. The engine drains it and calls [`Out::clear`].
#[derive(Debug)]
pub struct Out {
    /// The outcomes of messages, in the order of the core's answers.
    pub outcomes: Vec<abi::Outcome>,
    /// Copies that arrived, in the order told.
    pub deliveries: Vec<abi::Delivery>,
    /// Poll no later than this; [`abi::NEVER`] = no wish.
    pub next_due_ns: u64,
    /// Poll again before sleeping.
    pub more: bool,
    /// The medium holds nothing more of this run, as the last poll said.
    pub empty: bool,
    /// A sign of work since this was last set to false.
    pub working: bool,
    /// The session's call that filled it last: contents are good only until the next.
    pub(super) filled_by: u64,
}

impl Out {
    /// Room for so many outcomes and deliveries.
    pub fn with_capacity(outcomes: usize, deliveries: usize) -> Out {
        let mut out = Out {
            outcomes: Vec::new(),
            deliveries: Vec::new(),
            next_due_ns: abi::NEVER,
            more: false,
            empty: false,
            working: false,
            filled_by: 0,
        };
        reserve_initialised(&mut out.outcomes, outcomes.max(1), abi::Outcome::EMPTY);
        reserve_initialised(&mut out.deliveries, deliveries, abi::Delivery::EMPTY);
        out
    }

    /// Forgets outcomes and deliveries; wishes stay.
    #[inline]
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.deliveries.clear();
    }

    /// Makes room for `n` more outcomes.
    #[inline]
    pub(super) fn make_room(&mut self, n: usize) {
        if self.outcomes.capacity() - self.outcomes.len() < n {
            reserve_initialised(&mut self.outcomes, n, abi::Outcome::EMPTY);
        }
    }

    #[inline]
    pub(super) fn make_room_for_deliveries(&mut self, n: usize) {
        if self.deliveries.capacity() - self.deliveries.len() < n {
            reserve_initialised(&mut self.deliveries, n, abi::Delivery::EMPTY);
        }
    }

    /// The view of this buffer that crosses the border.
    #[inline]
    pub(super) fn raw(&mut self) -> abi::Out {
        let cap = |capacity: usize| capacity.min(u32::MAX as usize) as u32;
        abi::Out {
            struct_size: size_of::<abi::Out>() as u32,
            flags: 0,
            outcomes: self.outcomes.as_mut_ptr(),
            outcomes_cap: cap(self.outcomes.capacity()),
            outcomes_len: self.outcomes.len() as u32,
            deliveries: self.deliveries.as_mut_ptr(),
            deliveries_cap: cap(self.deliveries.capacity()),
            deliveries_len: self.deliveries.len() as u32,
            next_due_ns: abi::NEVER,
        }
    }

    /// Takes over what the border says was appended.
    #[inline]
    pub(super) fn take_back(&mut self, raw: &abi::Out) {
        // SAFETY: the border checked the lengths against the capacities; all of the capacity is initialised
        // (`reserve_initialised`), so an element counted but not written is an old one, not garbage.
        unsafe {
            self.outcomes.set_len(raw.outcomes_len as usize);
            self.deliveries.set_len(raw.deliveries_len as usize);
        }
    }
}

/// Makes room for `n` more, and writes the whole spare room once: a core that counts what it did not write
/// must not make the host read memory that was never set.
#[cold]
fn reserve_initialised<T: Copy>(items: &mut Vec<T>, n: usize, zero: T) {
    items.reserve(n);
    for slot in items.spare_capacity_mut() {
        slot.write(zero);
    }
}
