//! From the safe traits to the functions of the contract. For [`export_core!`](crate::export_core) alone.

use crate::abi::{self, CoreDescriptor, CoreVtable, ErrorBuffer, PluginDescriptor, RawCore, RawSession, Str};
use crate::buffers::{Out, write_error};
use crate::core::{Capabilities, Core, Error, Open, Session, Settlement};
use crate::host::Host;
use crate::layer::Inner;
use crate::message::Message;
use crate::panic::{guard, install_hook};
use crate::run::Run;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

/// A core behind the border: after a panic it is left as it is, never dropped.
struct CoreSlot<C> {
    core: ManuallyDrop<C>,
    host: Host,
    poisoned: bool,
}

/// A session behind the border: after a panic it is left as it is, never dropped.
struct SessionSlot<S> {
    session: ManuallyDrop<S>,
    host: Host,
    poisoned: bool,
}

/// Turns what a call came to into its status, with the text written into the buffer.
///
/// # Safety
/// `error` is the caller's buffer.
#[inline]
unsafe fn finish(
    result: Result<Result<(), Error>, String>,
    poisoned: &mut bool,
    error: *mut ErrorBuffer,
) -> i32 {
    match result {
        Ok(Ok(())) => abi::OK,
        // SAFETY: the caller's promise.
        Ok(Err(failure)) => unsafe { write_error(error, failure.status.0, &failure.text) },
        Err(text) => {
            *poisoned = true;
            // SAFETY: the caller's promise.
            unsafe { write_error(error, abi::PANIC, &text) }
        }
    }
}

const POISONED: &str = "it panicked earlier and is not called any more";

impl<S: Session> SessionSlot<S> {
    /// Runs one call of the session, unless it is poisoned or one of the core's threads has panicked.
    ///
    /// # Safety
    /// `slot` came from `open` and is not closed; no other call of it is under way; `error` is the caller's.
    #[inline]
    unsafe fn call(
        slot: *mut RawSession,
        error: *mut ErrorBuffer,
        body: impl FnOnce(&'static mut S) -> Result<(), Error>,
    ) -> i32 {
        // SAFETY: the caller's promise: "used by one thread at a time".
        let slot = unsafe { &mut *slot.cast::<SessionSlot<S>>() };
        if slot.poisoned {
            // SAFETY: the caller's buffer.
            return unsafe { write_error(error, abi::POISONED, POISONED) };
        }
        if let Some(text) = slot.host.thread_panic() {
            slot.poisoned = true;
            // SAFETY: the caller's buffer.
            return unsafe { write_error(error, abi::PANIC, &text) };
        }
        // SAFETY: the session lives until `close`; the lifetime given to the body stands for "until the next
        // call on the session", which is when the next such reference is made. Sessions are generic over every
        // lifetime here (`fn publish<'s>`), so none can keep it.
        let session = unsafe { &mut *(&raw mut slot.session).cast::<S>() };
        let result = guard(|| body(session));
        // SAFETY: the caller's buffer.
        unsafe { finish(result, &mut slot.poisoned, error) }
    }
}

/// The contract's functions for the core `C`.
pub struct Exported<C>(PhantomData<C>);

impl<C: Core> Exported<C> {
    const VTABLE: CoreVtable = CoreVtable {
        struct_size: size_of::<CoreVtable>() as u32,
        reserved: 0,
        create: Some(create::<C>),
        destroy: Some(destroy::<C>),
        open: Some(open::<C>),
        close: Some(close::<C>),
        publish: Some(publish::<C>),
        poll: Some(poll::<C>),
        acknowledge: Some(acknowledge::<C>),
        flush: Some(flush::<C>),
        prepare: Some(prepare::<C>),
        clean: Some(clean::<C>),
        stats: Some(stats::<C>),
        get_extension: None,
    };

    /// The descriptor of the core.
    pub const DESCRIPTOR: CoreDescriptor = CoreDescriptor {
        struct_size: size_of::<CoreDescriptor>() as u32,
        receivers_max: C::RECEIVERS_MAX,
        capabilities: C::CAPABILITIES.bits(),
        id: Str::new(C::ID),
        summary: Str::new(C::SUMMARY),
        options_schema: Str::new(C::OPTIONS_SCHEMA),
        vtable: &Self::VTABLE,
    };
}

/// Pointers to the descriptors of a library's cores.
pub struct Descriptors<const N: usize>(pub [*const CoreDescriptor; N]);

// SAFETY: pointers to constants ("valid for ever").
unsafe impl<const N: usize> Sync for Descriptors<N> {}

/// Makes the descriptor of the library.
pub const fn plugin(
    name: &'static str,
    version: &'static str,
    cores: &'static [*const CoreDescriptor],
) -> PluginDescriptor {
    PluginDescriptor {
        struct_size: size_of::<PluginDescriptor>() as u32,
        abi: abi::ABI,
        flags: if cfg!(panic = "abort") { abi::PLUGIN_PANIC_ABORTS } else { 0 },
        name: Str::new(name),
        version: Str::new(version),
        cores: cores.as_ptr(),
        cores_len: cores.len() as u32,
        reserved: 0,
    }
}

/// Prepares the process when the library is entered.
pub fn enter() {
    install_hook();
}

unsafe extern "C" fn create<C: Core>(
    host: *const abi::Host,
    options: Str,
    run: *const abi::Run,
    seed: u64,
    core: *mut *mut RawCore,
    capabilities: *mut u64,
    error: *mut ErrorBuffer,
) -> i32 {
    let made = guard(|| {
        // SAFETY: "`host` and `run` stay valid until `destroy` returns"; `options` is borrowed for the call.
        let (host, run, text) =
            unsafe { (Host::from_raw(host), Run::from_raw(run, seed, C::ID), options.as_bytes()) };
        let options = serde_json::from_slice(text).map_err(|e| Error::config(e.to_string()))?;
        let made = C::create(options, run, host.clone());
        if made.is_err() {
            host.retire();
        }
        let made = made?;
        let effective = made.capabilities().bits();
        Ok((CoreSlot { core: ManuallyDrop::new(made), host, poisoned: false }, effective))
    });
    match made {
        Ok(Ok((slot, effective))) => {
            // SAFETY: "On OK, `*core` is set and `*capabilities` holds the effective capabilities".
            unsafe {
                *capabilities = effective;
                *core = Box::into_raw(Box::new(slot)).cast();
            }
            abi::OK
        }
        // SAFETY: the caller's buffer.
        failed => unsafe { finish(failed.map(|made| made.map(|_| ())), &mut false, error) },
    }
}

/// Runs one control call of the core, unless it is poisoned.
///
/// # Safety
/// `core` came from `create` and is not destroyed; no other call of it is under way; `error` is the caller's.
unsafe fn control<C: Core>(
    core: *mut RawCore,
    error: *mut ErrorBuffer,
    body: impl FnOnce(&mut C, &Host) -> Result<(), Error>,
) -> i32 {
    // SAFETY: the caller's promise: control calls "never overlap a session call of the same core".
    let slot = unsafe { &mut *core.cast::<CoreSlot<C>>() };
    if slot.poisoned {
        // SAFETY: the caller's buffer.
        return unsafe { write_error(error, abi::POISONED, POISONED) };
    }
    let result = guard(|| body(&mut slot.core, &slot.host));
    // SAFETY: the caller's buffer.
    unsafe { finish(result, &mut slot.poisoned, error) }
}

unsafe extern "C" fn destroy<C: Core>(core: *mut RawCore) {
    // SAFETY: made by `create`; "Frees the core": nobody uses it afterwards.
    let mut slot = unsafe { Box::from_raw(core.cast::<CoreSlot<C>>()) };
    if !slot.poisoned {
        // SAFETY: dropped once, here. What a panicking drop leaves behind is leaked.
        let _ = guard(|| unsafe { ManuallyDrop::drop(&mut slot.core) });
    }
    slot.host.retire();
}

unsafe extern "C" fn prepare<C: Core>(core: *mut RawCore, error: *mut ErrorBuffer) -> i32 {
    // SAFETY: the host's promise: "[control]".
    unsafe { control::<C>(core, error, |core, _| core.prepare()) }
}

unsafe extern "C" fn clean<C: Core>(core: *mut RawCore, error: *mut ErrorBuffer) -> i32 {
    // SAFETY: the host's promise: "[control]".
    unsafe { control::<C>(core, error, |core, _| core.clean()) }
}

unsafe extern "C" fn open<C: Core>(
    core: *mut RawCore,
    open: *const abi::Open,
    session: *mut *mut RawSession,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the host's promise: "[control]", `open` borrowed for the call, `session` set on OK; the inner
    // core stays valid "until the layer's `close` returns".
    unsafe {
        control::<C>(core, error, |core, host| {
            let told = &*open;
            host.set_waker(told.waker);
            let inner = told.inner.as_ref().and_then(|inner| Inner::from_raw(*inner));
            let opened = core.open(Open { load_start_ns: told.load_start_ns, inner })?;
            let slot =
                SessionSlot { session: ManuallyDrop::new(opened), host: host.clone(), poisoned: false };
            *session = Box::into_raw(Box::new(slot)).cast();
            Ok(())
        })
    }
}

unsafe extern "C" fn close<C: Core>(session: *mut RawSession) {
    // SAFETY: made by `open`; nobody uses it afterwards.
    let mut slot = unsafe { Box::from_raw(session.cast::<SessionSlot<C::Session>>()) };
    if !slot.poisoned {
        // SAFETY: dropped once, here.
        let _ = guard(|| unsafe { ManuallyDrop::drop(&mut slot.session) });
    }
}

unsafe extern "C" fn stats<C: Core>(
    core: *mut RawCore,
    buf: *mut u8,
    cap: u64,
    len: *mut u64,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the host's promise: "[control] writes up to `cap` bytes to `buf` and its full length to `*len`".
    unsafe {
        control::<C>(core, error, |core, _| {
            let text = serde_json::Value::Object(core.stats()?).to_string();
            *len = text.len() as u64;
            let fits = text.len().min(cap as usize);
            if !buf.is_null() {
                std::ptr::copy_nonoverlapping(text.as_ptr(), buf, fits);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn publish<C: Core>(
    session: *mut RawSession,
    now_ns: u64,
    messages: *const abi::Message,
    n: u32,
    accepted: *mut u32,
    out: *mut abi::Out,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: the host's promise: "[session]", everything borrowed for the call, the content of messages until
    // the next one ("in `publish` they may also point into that call's `messages`").
    unsafe {
        SessionSlot::<C::Session>::call(session, error, |session| {
            let (messages, out) = (Message::slice(messages, n), Out::from_raw(out));
            *accepted = session.publish(now_ns, messages, out)?;
            Ok(())
        })
    }
}

unsafe extern "C" fn poll<C: Core>(
    session: *mut RawSession,
    now_ns: u64,
    out: *mut abi::Out,
    error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: as in `publish`.
    unsafe {
        SessionSlot::<C::Session>::call(session, error, |session| session.poll(now_ns, Out::from_raw(out)))
    }
}

unsafe extern "C" fn acknowledge<C: Core>(
    session: *mut RawSession,
    now_ns: u64,
    tags: *const u64,
    n: u32,
    kind: u32,
    out: *mut abi::Out,
    error: *mut ErrorBuffer,
) -> i32 {
    // A layer passes on what the core below can do.
    let can = |how: &Settlement| {
        C::CAPABILITIES.contains(how.needs()) || C::CAPABILITIES.contains(Capabilities::LAYER)
    };
    let Some(how) = Settlement::from_raw(kind).filter(can) else {
        let text = format!("it does not do acknowledgements of kind {kind}");
        // SAFETY: the caller's buffer.
        return unsafe { write_error(error, abi::UNSUPPORTED, &text) };
    };
    // SAFETY: as in `publish`; `tags` points to `n` tags.
    unsafe {
        SessionSlot::<C::Session>::call(session, error, |session| {
            let tags = if tags.is_null() { &[] } else { std::slice::from_raw_parts(tags, n as usize) };
            session.acknowledge(now_ns, how, tags, Out::from_raw(out))
        })
    }
}

unsafe extern "C" fn flush<C: Core>(session: *mut RawSession, now_ns: u64, error: *mut ErrorBuffer) -> i32 {
    // SAFETY: as in `publish`.
    unsafe { SessionSlot::<C::Session>::call(session, error, |session| session.flush(now_ns)) }
}

/// Makes a shared library's two symbols for the cores named: `export_core!(MyCore);` once, in the crate's root.
///
/// The crate is built as `crate-type = ["cdylib", "rlib"]` and named `mqscript_core_NAME`.
#[macro_export]
macro_rules! export_core {
    ($($core:ty),+ $(,)?) => {
        const _: () = {
            static CORES: $crate::export::Descriptors<{ [$(stringify!($core)),+].len() }> =
                $crate::export::Descriptors([
                    $(&$crate::export::Exported::<$core>::DESCRIPTOR),+
                ]);
            static PLUGIN: $crate::abi::PluginDescriptor = $crate::export::plugin(
                env!("CARGO_PKG_NAME"),
                env!("CARGO_PKG_VERSION"),
                &CORES.0,
            );

            #[unsafe(no_mangle)]
            extern "C" fn mqs_plugin_abi() -> u32 {
                $crate::abi::ABI
            }

            #[unsafe(no_mangle)]
            extern "C" fn mqs_plugin_entry_v1(
                _host: *const $crate::abi::Host,
            ) -> *const $crate::abi::PluginDescriptor {
                $crate::export::enter();
                &PLUGIN
            }
        };
    };
}
