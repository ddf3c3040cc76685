//! The same core as a layer: it passes everything on, but for its fault.

use crate::is;
use mqscript_plugin::abi::{self, ErrorBuffer, Inner, Message, Out, RawCore, RawSession};

struct Layer {
    inner: Option<Inner>,
    receive: bool,
}

pub unsafe extern "C" fn open(
    core: *mut RawCore,
    open: *const abi::Open,
    session: *mut *mut RawSession,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the pointers are as the contract says; "the struct itself is only borrowed for the call: copy it".
    unsafe {
        let inner = (*open).inner;
        if inner.is_null() && !is("layer_alone") {
            return abi::CONFIG;
        }
        let inner = (!inner.is_null()).then(|| std::ptr::read(inner));
        let receive = (*core.cast::<crate::life::Core>()).receive;
        *session = Box::into_raw(Box::new(Layer { inner, receive })).cast();
    }
    abi::OK
}

pub unsafe extern "C" fn close(session: *mut RawSession) {
    // SAFETY: made by `open`, closed once.
    drop(unsafe { Box::from_raw(session.cast::<Layer>()) });
}

fn end(status: i32, wish_ns: u64, out: &mut Out) -> i32 {
    if is("layer_due") {
        out.next_due_ns = wish_ns;
    }
    if is("layer_failure") { abi::OK } else { status }
}

pub unsafe extern "C" fn publish(
    session: *mut RawSession,
    now_ns: u64,
    messages: *const Message,
    n: u32,
    accepted: *mut u32,
    out: *mut Out,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the pointers are as the contract says.
    unsafe {
        let layer = &*session.cast::<Layer>();
        let Some((inner, publish)) = layer.inner.as_ref().and_then(|inner| Some((inner, inner.publish?)))
        else {
            return abi::INVALID;
        };
        let mut batch = std::slice::from_raw_parts(messages, n as usize).to_vec();
        if is("layer_passes_on") && !layer.receive {
            batch.reverse();
        }
        let wish_ns = (*out).next_due_ns;
        let status = publish(inner.handle, now_ns, batch.as_ptr(), n, accepted, out, error);
        end(status, wish_ns, &mut *out)
    }
}

pub unsafe extern "C" fn poll(
    session: *mut RawSession,
    now_ns: u64,
    out: *mut Out,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`.
    unsafe {
        let layer = &*session.cast::<Layer>();
        let Some((inner, poll)) = layer.inner.as_ref().and_then(|inner| Some((inner, inner.poll?))) else {
            return abi::INVALID;
        };
        let wish_ns = (*out).next_due_ns;
        let status = poll(inner.handle, now_ns, out, error);
        end(status, wish_ns, &mut *out)
    }
}
