//! What a layer calls: the host's functions in front of the core below, so that every border is checked.

use super::border::Border;
use mqscript_plugin::abi;
use std::ffi::c_void;

/// What a layer calls for `publish` of the core below: the same checks as at the top.
///
/// # Safety
/// "Valid until the layer's `close` returns; only from inside the layer's own session calls", with `handle` as
/// given and `out` and `error` as received.
pub(super) unsafe extern "C" fn publish_below(
    handle: *mut c_void,
    now_ns: u64,
    messages: *const abi::Message,
    n: u32,
    accepted: *mut u32,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: the layer's promise above; each pointer is looked at for NULL.
    unsafe {
        match (handle.cast::<Border>().as_mut(), accepted.as_mut(), out.as_mut(), error.as_mut()) {
            (Some(border), ..) if border.is_caught() => abi::POISONED,
            (Some(border), Some(accepted), Some(out), Some(error)) if !messages.is_null() || n == 0 => {
                if !border.admits("publish", out) {
                    return abi::INVALID;
                }
                border.publish(now_ns, messages, n, accepted, out, error)
            }
            _ => abi::INVALID,
        }
    }
}

/// What a layer calls for `poll` of the core below.
///
/// # Safety
/// As for [`publish_below`].
pub(super) unsafe extern "C" fn poll_below(
    handle: *mut c_void,
    now_ns: u64,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: the layer's promise; each pointer is looked at for NULL.
    unsafe {
        match (handle.cast::<Border>().as_mut(), out.as_mut(), error.as_mut()) {
            (Some(border), ..) if border.is_caught() => abi::POISONED,
            (Some(border), Some(out), Some(error)) => {
                if !border.admits("poll", out) {
                    return abi::INVALID;
                }
                border.poll(now_ns, out, error)
            }
            _ => abi::INVALID,
        }
    }
}

/// What a layer calls for `acknowledge` of the core below.
///
/// # Safety
/// As for [`publish_below`].
pub(super) unsafe extern "C" fn acknowledge_below(
    handle: *mut c_void,
    now_ns: u64,
    tags: *const u64,
    n: u32,
    kind: u32,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: the layer's promise; each pointer is looked at for NULL.
    unsafe {
        match (handle.cast::<Border>().as_mut(), out.as_mut(), error.as_mut()) {
            (Some(border), ..) if border.is_caught() => abi::POISONED,
            (Some(border), Some(out), Some(error)) if !tags.is_null() || n == 0 => {
                if !border.admits("acknowledge", out) {
                    return abi::INVALID;
                }
                border.acknowledge(now_ns, tags, n, kind, out, error)
            }
            _ => abi::INVALID,
        }
    }
}
