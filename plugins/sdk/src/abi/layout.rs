//! The layout that every side agrees on, proved when this crate is compiled (on 64-bit targets).

#[cfg(target_pointer_width = "64")]
const _: () = {
    use super::*;
    use std::mem::{offset_of, size_of};

    assert!(size_of::<Str>() == 16 && size_of::<Bytes>() == 16 && size_of::<Pair>() == 32);
    assert!(size_of::<Text>() == 80);
    assert!(size_of::<Stamp>() == 32);
    assert!(offset_of!(Stamp, sequence) == 8 && offset_of!(Stamp, checksum) == 24);
    assert!(offset_of!(Stamp, type_id) == 28 && offset_of!(Stamp, flags) == 31);

    assert!(size_of::<Message>() == 128);
    assert!(offset_of!(Message, stamp) == 8 && offset_of!(Message, sender_id) == 40);
    assert!(offset_of!(Message, type_id) == 48 && offset_of!(Message, priority) == 50);
    assert!(offset_of!(Message, attempt) == 51 && offset_of!(Message, flags) == 52);
    assert!(offset_of!(Message, created_ns) == 56 && offset_of!(Message, content) == 72);
    assert!(offset_of!(Message, text) == 88 && offset_of!(Message, sender_key) == 96);

    assert!(size_of::<Outcome>() == 40);
    assert!(offset_of!(Outcome, count) == 8 && offset_of!(Outcome, result) == 12);
    assert!(offset_of!(Outcome, reason) == 16 && offset_of!(Outcome, at_ns) == 24);

    assert!(size_of::<Delivery>() == 96);
    assert!(offset_of!(Delivery, content) == 32 && offset_of!(Delivery, at_ns) == 48);
    assert!(offset_of!(Delivery, recipient_id) == 64 && offset_of!(Delivery, text) == 72);

    assert!(size_of::<Out>() == 48 && offset_of!(Out, next_due_ns) == 40);
    assert!(size_of::<ErrorBuffer>() == 24);
    assert!(size_of::<TypeRow>() == 64);
    assert!(size_of::<Run>() == 80 && offset_of!(Run, groups) == 64);
    assert!(size_of::<GroupRow>() == 72 && offset_of!(GroupRow, lease_ns) == 32);
    assert!(size_of::<Host>() == 64);
    assert!(size_of::<Inner>() == 40);
    assert!(size_of::<Open>() == 32);
    assert!(size_of::<CoreVtable>() == 104 && offset_of!(CoreVtable, acknowledge) == 56);
    assert!(size_of::<CoreDescriptor>() == 72);
    assert!(size_of::<PluginDescriptor>() == 64);
};
