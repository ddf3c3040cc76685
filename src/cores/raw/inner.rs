//! What a layer calls for the core below, with notes taken and, if asked for, meddled with.

use super::super::border::Border;
use super::super::services::HostServices;
use super::session::ProbeSession;
use super::stage::RawHost;
use mqscript_plugin::abi;
use std::ffi::c_void;
use std::ptr;

/// What to do to a layer's calls of the core below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interference {
    /// The layer changed nothing.
    #[default]
    None,
    /// Wish for a poll at this time in every call.
    Due(u64),
    /// Fail with IO instead of calling.
    Fail,
}

/// The session below a layer.
pub struct Below {
    border: Border,
    pub(super) session: ProbeSession,
    /// Tokens that the layer offered below, a list for each call.
    pub offered: Vec<Vec<u64>>,
    /// Calls of any function.
    pub calls: u64,
    /// What is changed in the calls.
    pub interference: Interference,
}

impl Below {
    /// Made by `Box::into_raw`, as the layer holds the pointer; to be [closed](Below::close) once.
    pub(super) fn make(session: ProbeSession, services: &HostServices, stage: &RawHost) -> *mut Below {
        let border = Border {
            session: session.raw,
            calls: session.subject.vetted.calls.session,
            core: session.subject.info().id.as_str().into(),
            depth: 0,
            below: ptr::null_mut(),
            virtual_clock: services.clock.kind() == super::super::run_config::RunClockKind::Virtual,
            agents: stage.run.agents(),
            slot: services.vitals.slot(),
            misuse: services.misuse.clone(),
            reasons: services.interner.clone(),
            log: services.log.clone(),
            rounds: false,
            above: None,
            layer: None,
            failure: None,
        };
        let below =
            Below { border, session, offered: Vec::new(), calls: 0, interference: Interference::None };
        Box::into_raw(Box::new(below))
    }

    /// What `open` tells the layer.
    pub(super) fn raw(below: *mut Below) -> abi::Inner {
        abi::Inner {
            struct_size: size_of::<abi::Inner>() as u32,
            reserved: 0,
            handle: below.cast(),
            publish: Some(publish),
            poll: Some(poll),
            acknowledge: Some(acknowledge),
        }
    }

    /// Closes the session below.
    ///
    /// # Safety
    /// `below` comes from `make`, is closed once, and no layer uses it any more.
    pub(super) unsafe fn close(below: *mut Below) {
        // SAFETY: the caller's promise.
        unsafe { Box::from_raw(below) }.session.close();
    }

    /// Whether the call is to fail; notes it.
    fn enter(&mut self) -> bool {
        self.calls += 1;
        self.interference == Interference::Fail
    }

    fn leave(&self, out: &mut abi::Out) {
        if let Interference::Due(at_ns) = self.interference {
            out.next_due_ns = out.next_due_ns.min(at_ns);
        }
    }
}

unsafe extern "C" fn publish(
    handle: *mut c_void,
    now_ns: u64,
    messages: *const abi::Message,
    n: u32,
    accepted: *mut u32,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: "only from inside the layer's own session calls", with `handle` as given; pointers are looked at for
    // NULL. So below.
    unsafe {
        match (handle.cast::<Below>().as_mut(), accepted.as_mut(), out.as_mut(), error.as_mut()) {
            (Some(below), Some(accepted), Some(out), Some(error)) if !messages.is_null() || n == 0 => {
                let tokens = (0..n as usize).map(|i| (*messages.add(i)).token).collect();
                below.offered.push(tokens);
                if below.enter() {
                    return abi::IO;
                }
                let status = below.border.publish(now_ns, messages, n, accepted, out, error);
                below.leave(out);
                status
            }
            _ => abi::INVALID,
        }
    }
}

unsafe extern "C" fn poll(
    handle: *mut c_void,
    now_ns: u64,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`.
    unsafe {
        match (handle.cast::<Below>().as_mut(), out.as_mut(), error.as_mut()) {
            (Some(below), Some(out), Some(error)) => {
                if below.enter() {
                    return abi::IO;
                }
                let status = below.border.poll(now_ns, out, error);
                below.leave(out);
                status
            }
            _ => abi::INVALID,
        }
    }
}

unsafe extern "C" fn acknowledge(
    handle: *mut c_void,
    now_ns: u64,
    tags: *const u64,
    n: u32,
    kind: u32,
    out: *mut abi::Out,
    error: *mut abi::ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`.
    unsafe {
        match (handle.cast::<Below>().as_mut(), out.as_mut(), error.as_mut()) {
            (Some(below), Some(out), Some(error)) if !tags.is_null() || n == 0 => {
                if below.enter() {
                    return abi::IO;
                }
                below.border.acknowledge(now_ns, tags, n, kind, out, error)
            }
            _ => abi::INVALID,
        }
    }
}
