//! What a library exports: its descriptor, its cores, and the functions of each.
//!
//! Two symbols: `uint32_t mqs_plugin_abi(void)`, asked first and frozen for ever, and
//! `const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host)`, which returns memory that stays
//! valid for ever, or NULL after having logged why.

use super::calls::{ErrorBuffer, Host, Open, Out, Run};
use super::values::{Message, Str};
use std::ffi::c_void;

/// A core's own state, opaque to the host.
pub struct RawCore {
    _private: [u8; 0],
}

/// A session's own state, opaque to the host.
pub struct RawSession {
    _private: [u8; 0],
}

/// The functions of a core. Any that follow `poll` may be NULL, or lie beyond `struct_size`: then there is
/// nothing to do. All return OK or a status; none lets a panic or an exception out.
#[repr(C)]
pub struct CoreVtable {
    /// Size of this struct in bytes, as the library knows it.
    pub struct_size: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
    /// `[control]` Makes a core for one run; may connect. `options` is a JSON object that its schema accepts,
    /// with all defaults filled in. `host` and `run` stay valid until `destroy` returns. On OK, `*core` is set
    /// and `*capabilities` holds the *effective* capabilities under these options.
    /// On anything else there is no core: no other function is called, `destroy` neither, so free what was made.
    pub create: Option<
        unsafe extern "C" fn(
            host: *const Host,
            options: Str,
            run: *const Run,
            seed: u64,
            core: *mut *mut RawCore,
            capabilities: *mut u64,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[control]` Frees the core, after having joined its threads. All its sessions are closed. Comes once after every
    /// `create` that returned OK, whatever failed in between.
    pub destroy: Option<unsafe extern "C" fn(core: *mut RawCore)>,
    /// `[control]` Opens the session of an engine loop; returns only when every subscription is in force. On OK,
    /// `*session` is set. On anything else there is no session and `close` is not called: free what was made. `clean`
    /// and `destroy` follow.
    pub open: Option<
        unsafe extern "C" fn(
            core: *mut RawCore,
            open: *const Open,
            session: *mut *mut RawSession,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[control]` Closes the session. Comes once after every `open` that returned OK, also after a failure.
    pub close: Option<unsafe extern "C" fn(session: *mut RawSession)>,
    /// `[session]` Takes the first `*accepted` of `n` messages and appends what is already known. Never blocks.
    /// Fewer than `n` is no error: the rest is offered again after an outcome, a wake or `next_due_ns`. `*accepted` is
    /// 0 on entry, and counts also where the call fails.
    pub publish: Option<
        unsafe extern "C" fn(
            session: *mut RawSession,
            now_ns: u64,
            messages: *const Message,
            n: u32,
            accepted: *mut u32,
            out: *mut Out,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[session]` Appends what has become known. Never blocks. Called after a wake, at `next_due_ns`, after
    /// MORE and after `flush`.
    pub poll: Option<
        unsafe extern "C" fn(
            session: *mut RawSession,
            now_ns: u64,
            out: *mut Out,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[session]` The host settles the copies with these tags, or extends their leases: `kind` is ACK, GIVE_BACK, REJECT or
    /// EXTEND, the latter three only to a core that can do that. A tag that is settled already, or whose lease has gone, is no
    /// error: it has no effect where the copy is with somebody else by then. Never blocks. A layer without this function passes
    /// acknowledgements on to the core below.
    pub acknowledge: Option<
        unsafe extern "C" fn(
            session: *mut RawSession,
            now_ns: u64,
            tags: *const u64,
            n: u32,
            kind: u32,
            out: *mut Out,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[session]` Once, when no more will be generated: send what you hold back. Does not wait; a `poll`
    /// follows.
    pub flush:
        Option<unsafe extern "C" fn(session: *mut RawSession, now_ns: u64, error: *mut ErrorBuffer) -> i32>,
    /// `[control]` Before `open`: make queues, purge. Idempotent.
    pub prepare: Option<unsafe extern "C" fn(core: *mut RawCore, error: *mut ErrorBuffer) -> i32>,
    /// `[control]` After `close`: remove what `prepare` made. Comes also after a session that failed, and where `prepare`
    /// or `open` failed, so that there may be less to remove, or nothing.
    pub clean: Option<unsafe extern "C" fn(core: *mut RawCore, error: *mut ErrorBuffer) -> i32>,
    /// `[control]` After `close`: writes up to `cap` bytes of a JSON object for the report to `buf` and its full
    /// length to `*len`. Asked again with more room if that did not fit.
    pub stats: Option<
        unsafe extern "C" fn(
            core: *mut RawCore,
            buf: *mut u8,
            cap: u64,
            len: *mut u64,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// `[any thread]` A named extension, or NULL.
    pub get_extension: Option<unsafe extern "C" fn(core: *mut RawCore, name: Str) -> *const c_void>,
}

/// One core of a library.
#[repr(C)]
pub struct CoreDescriptor {
    /// Size of this struct in bytes, as the library knows it.
    pub struct_size: u32,
    /// The most agents that can receive; ALL = no bound. Without RECEIVES it has no meaning.
    pub receivers_max: u32,
    /// What it can do at most. What it really does under given options, `create` tells.
    pub capabilities: u64,
    /// Its name: lower case letters, digits, `_`.
    pub id: Str,
    /// A sentence about the core, for people.
    pub summary: Str,
    /// JSON Schema of its options: an object whose properties have descriptions and defaults.
    pub options_schema: Str,
    /// The functions of the core.
    pub vtable: *const CoreVtable,
}

/// What a library contains. Valid for ever.
#[repr(C)]
pub struct PluginDescriptor {
    /// Size of this struct in bytes, as the library knows it.
    pub struct_size: u32,
    /// The ABI that the library was built for.
    pub abi: u32,
    /// The flags of the library: PLUGIN_PANIC_ABORTS, or 0.
    pub flags: u64,
    /// The name of the library.
    pub name: Str,
    /// The version of the library.
    pub version: Str,
    /// First of `cores_len` pointers to cores.
    pub cores: *const *const CoreDescriptor,
    /// The number of cores.
    pub cores_len: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
}

// SAFETY: constant data ("valid for ever"): nothing is written after the library has returned it.
unsafe impl Sync for CoreDescriptor {}
// SAFETY: as above.
unsafe impl Sync for PluginDescriptor {}
