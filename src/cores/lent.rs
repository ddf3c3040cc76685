//! What the host lends to a core for one call, as it was: what comes back is held against that.

use mqscript_plugin::abi;

/// What was lent for a call, as it was before: the core may append, and tell its wishes and flags, and no more. What the
/// host reads afterwards it reads by this copy, whatever the core has made of the lengths and places.
#[derive(Clone, Copy)]
pub(super) struct Lent {
    pub(super) struct_size: u32,
    pub(super) outcomes: *mut abi::Outcome,
    pub(super) outcomes_cap: u32,
    pub(super) outcomes_len: u32,
    pub(super) deliveries: *mut abi::Delivery,
    pub(super) deliveries_cap: u32,
    pub(super) deliveries_len: u32,
    pub(super) error: LentError,
}

impl Lent {
    #[inline(always)]
    pub(super) fn of(out: &abi::Out, error: &abi::ErrorBuffer) -> Lent {
        Lent {
            struct_size: out.struct_size,
            outcomes: out.outcomes,
            outcomes_cap: out.outcomes_cap,
            outcomes_len: out.outcomes_len,
            deliveries: out.deliveries,
            deliveries_cap: out.deliveries_cap,
            deliveries_len: out.deliveries_len,
            error: LentError::of(error),
        }
    }

    /// Whether all that is the host's own still stands there. One branch.
    #[inline(always)]
    pub(super) fn is_untouched(&self, out: &abi::Out, error: &abi::ErrorBuffer) -> bool {
        (out.struct_size == self.struct_size)
            & (out.outcomes == self.outcomes)
            & (out.outcomes_cap == self.outcomes_cap)
            & (out.deliveries == self.deliveries)
            & (out.deliveries_cap == self.deliveries_cap)
            & self.error.is_untouched(error)
    }

    /// What was changed; puts it back. Of arrays that were elsewhere for a while nothing new counts.
    pub(super) fn put_back(&self, out: &mut abi::Out, error: &mut abi::ErrorBuffer) -> Option<String> {
        let changed = [
            ("out->struct_size", out.struct_size != self.struct_size),
            ("out->outcomes", out.outcomes != self.outcomes),
            ("out->outcomes_cap", out.outcomes_cap != self.outcomes_cap),
            ("out->deliveries", out.deliveries != self.deliveries),
            ("out->deliveries_cap", out.deliveries_cap != self.deliveries_cap),
        ];
        let changed = changed.into_iter().find(|(_, changed)| *changed).map(|(field, _)| field);
        if changed.is_some() {
            self.restore(out);
        }
        let changed_too = self.error.put_back(error);
        changed.or(changed_too).map(not_its_own)
    }

    /// Takes back all that was appended.
    pub(super) fn restore(&self, out: &mut abi::Out) {
        out.struct_size = self.struct_size;
        (out.outcomes, out.outcomes_cap, out.outcomes_len) =
            (self.outcomes, self.outcomes_cap, self.outcomes_len);
        (out.deliveries, out.deliveries_cap, out.deliveries_len) =
            (self.deliveries, self.deliveries_cap, self.deliveries_len);
    }
}

/// An error buffer, as it was lent.
#[derive(Clone, Copy)]
pub(super) struct LentError {
    struct_size: u32,
    cap: u32,
    buf: *mut u8,
}

impl LentError {
    #[inline(always)]
    pub(super) fn of(error: &abi::ErrorBuffer) -> LentError {
        LentError { struct_size: error.struct_size, cap: error.cap, buf: error.buf }
    }

    #[inline(always)]
    pub(super) fn is_untouched(&self, error: &abi::ErrorBuffer) -> bool {
        (error.struct_size == self.struct_size) & (error.cap == self.cap) & (error.buf == self.buf)
    }

    /// The first field that was changed; puts all back.
    pub(super) fn put_back(&self, error: &mut abi::ErrorBuffer) -> Option<&'static str> {
        let changed = [
            ("error->struct_size", error.struct_size != self.struct_size),
            ("error->cap", error.cap != self.cap),
            ("error->buf", error.buf != self.buf),
        ];
        (error.struct_size, error.cap, error.buf) = (self.struct_size, self.cap, self.buf);
        changed.into_iter().find(|(_, changed)| *changed).map(|(field, _)| field)
    }

    /// What of the host's own was changed, if anything was; puts it back.
    #[inline]
    pub(super) fn breach(&self, error: &mut abi::ErrorBuffer) -> Option<String> {
        if self.is_untouched(error) { None } else { self.put_back(error).map(not_its_own) }
    }

    /// What a core wrote into the buffer; cut where it is longer than any reason need be.
    pub(super) fn told(&self, error: &abi::ErrorBuffer) -> String {
        /// A layer calls with a buffer of its own, and may say of it what it likes.
        const TOLD_MAX_BYTES: u32 = 4096;
        if self.buf.is_null() {
            return String::new();
        }
        let len = error.len.min(self.cap).min(TOLD_MAX_BYTES) as usize;
        // SAFETY: "Errors are written into a caller-owned buffer": `buf` had room for `cap` bytes when it was lent.
        String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(self.buf, len) }).into_owned()
    }
}

/// A breach: this field was written to.
pub(super) fn not_its_own(field: &str) -> String {
    format!("it changed `{field}`, which is the host's")
}
