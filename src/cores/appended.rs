//! What a call of a core has appended: whether it could be true, and what is wrong with it if not.

use super::lent::Lent;
use mqscript_plugin::abi;
use mqscript_plugin::units::SIZE_MAX_BYTES;

#[inline]
pub(super) fn outcome_is_sound(outcome: &abi::Outcome, floor_ns: u64, ceiling_ns: u64, reasons: u32) -> bool {
    (outcome.result.wrapping_sub(abi::DELIVERED) <= abi::UNCERTAIN - abi::DELIVERED)
        & (outcome.count >= 1)
        & (outcome.at_ns >= floor_ns)
        & (outcome.at_ns <= ceiling_ns)
        & (outcome.reason <= reasons)
}

#[cold]
pub(super) fn outcome_breach(outcome: &abi::Outcome, floor_ns: u64, ceiling_ns: u64, reasons: u32) -> String {
    let what = format!("the outcome of token {}", outcome.first);
    if abi::OutcomeResult::from_raw(outcome.result).is_none() {
        return format!("{what} has the unknown result {}", outcome.result);
    }
    if outcome.count == 0 {
        return format!("{what} counts no token");
    }
    if outcome.reason > reasons {
        return format!("{what} has the reason {}, which was never interned", outcome.reason);
    }
    time_breach(&what, outcome.at_ns, floor_ns, ceiling_ns)
}

pub(super) fn time_breach(what: &str, at_ns: u64, floor_ns: u64, ceiling_ns: u64) -> String {
    if at_ns < floor_ns {
        return format!("{what} lies in the past: at_ns {at_ns}, now {floor_ns}");
    }
    let now_ns = ceiling_ns - abi::AHEAD_MAX_NS;
    format!("{what} lies more than 366 days ahead: at_ns {at_ns}, now {now_ns}")
}

/// Looks at both ends of what a delivery points to; whoever gets this far is told that they can be read. Where they cannot,
/// the process dies here, where it is known of what.
///
/// # Safety
/// The content is that of a delivery of the call that has just returned, is not empty and not at NULL.
pub(super) unsafe fn can_be_read(content: abi::Bytes) -> bool {
    // SAFETY: "the bytes that a delivery points to are the core's, valid until the next call on the session".
    unsafe {
        std::hint::black_box(content.ptr.read_volatile());
        std::hint::black_box(content.ptr.add(content.len as usize - 1).read_volatile());
    }
    true
}

/// What is wrong with the texts of a delivery, if anything: their numbers and places, not what stands there.
///
/// # Safety
/// It is NULL, or the text of a delivery of the call that has just returned.
#[cold]
pub(super) unsafe fn text_breach(text: *const abi::Text) -> Option<String> {
    // SAFETY: "valid as long as `content`", that is, until the next call on the session; NULL where there is none.
    let text = unsafe { text.as_ref() }?;
    for (what, first, len) in [
        ("tags", text.tags.cast::<u8>(), text.tags_len),
        ("pairs of metadata", text.metadata.cast::<u8>(), text.metadata_len),
    ] {
        if len > ENTRIES_MAX {
            return Some(format!("a delivery with {len} {what}; {ENTRIES_MAX} are allowed"));
        }
        if len > 0 && first.is_null() {
            return Some(format!("a delivery with {len} {what} at NULL"));
        }
    }
    for (what, part) in
        [("sender", text.sender), ("recipient", text.recipient), ("message type", text.message_type)]
    {
        if let Some(wrong) = wrong_text(part) {
            return Some(format!("the {what} of a delivery is {wrong}"));
        }
    }
    None
}

/// The most tags, or pairs of metadata, of one delivery.
pub(super) const ENTRIES_MAX: u32 = 65_536;

/// Why no text can be read where a core says one is: "a text of 5 bytes at NULL".
pub(super) fn wrong_text(text: abi::Str) -> Option<String> {
    match text.len {
        0 => None,
        len if text.ptr.is_null() => Some(format!("a text of {len} bytes at NULL")),
        len if len > SIZE_MAX_BYTES => Some(format!("a text of {len} bytes; {SIZE_MAX_BYTES} are allowed")),
        _ => None,
    }
}

/// The outcomes that a call has appended.
///
/// # Safety
/// `out` is what was lent, its lengths lie between those lent and the capacities lent, and the slice is dropped before `out`
/// changes hands.
#[inline]
pub(super) unsafe fn appended_outcomes<'a>(out: &abi::Out, lent: &Lent) -> &'a [abi::Outcome] {
    let before = lent.outcomes_len;
    let len = (out.outcomes_len - before) as usize;
    // SAFETY: the array is the host's ("host-owned; the core appends") and holds `outcomes_cap` initialised outcomes as it
    // was lent; the rest is the caller's promise.
    unsafe { std::slice::from_raw_parts(lent.outcomes.add(before as usize), len) }
}

/// The deliveries that a call has appended.
///
/// # Safety
/// As for [`appended_outcomes`].
#[inline]
pub(super) unsafe fn appended_deliveries<'a>(out: &abi::Out, lent: &Lent) -> &'a [abi::Delivery] {
    let before = lent.deliveries_len;
    let len = (out.deliveries_len - before) as usize;
    // SAFETY: as for the outcomes.
    unsafe { std::slice::from_raw_parts(lent.deliveries.add(before as usize), len) }
}
