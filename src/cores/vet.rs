//! Reading a library's descriptor without trusting it: sizes, texts, functions, schema.

use super::border::{Acknowledge, Flush, Poll, Publish, SessionCalls};
use super::error::CoreError;
use mqscript_plugin::abi::{
    self, CoreDescriptor, CoreVtable, ErrorBuffer, PluginDescriptor, RawCore, RawSession,
};
use serde_json::Value;
use std::mem::offset_of;
use std::path::{Path, PathBuf};

// As the contract has them, but that they may unwind: `returning` sees to it.
type Create = unsafe extern "C-unwind" fn(
    *const abi::Host,
    abi::Str,
    *const abi::Run,
    u64,
    *mut *mut RawCore,
    *mut u64,
    *mut ErrorBuffer,
) -> i32;
type Destroy = unsafe extern "C-unwind" fn(*mut RawCore);
type Open = unsafe extern "C-unwind" fn(
    *mut RawCore,
    *const abi::Open,
    *mut *mut RawSession,
    *mut ErrorBuffer,
) -> i32;
type Close = unsafe extern "C-unwind" fn(*mut RawSession);
pub(super) type OnCore = unsafe extern "C-unwind" fn(*mut RawCore, *mut ErrorBuffer) -> i32;
type Stats = unsafe extern "C-unwind" fn(*mut RawCore, *mut u8, u64, *mut u64, *mut ErrorBuffer) -> i32;

/// A core's functions, those that the contract asks for known to be there.
#[derive(Clone, Copy)]
pub(super) struct Calls {
    pub create: Create,
    pub destroy: Destroy,
    pub open: Open,
    pub close: Close,
    pub session: SessionCalls,
    pub prepare: Option<OnCore>,
    pub clean: Option<OnCore>,
    pub stats: Option<Stats>,
}

/// Everything that is known of a core before one is made.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CoreInfo {
    /// The name of the core.
    pub id: String,
    /// A sentence about the core.
    pub summary: String,
    /// The name of the library.
    pub library: String,
    /// The version of the library.
    pub version: String,
    /// The path of the library's file.
    pub path: PathBuf,
    /// Major and minor of the plugin ABI it was built for.
    pub abi: (u32, u32),
    /// What it can do at most: bits of the contract.
    pub capabilities: u64,
    /// The most agents that can receive; `u32::MAX` = no bound.
    pub receivers_max: u32,
    /// A panic in it aborts the process.
    pub panic_aborts: bool,
    /// JSON Schema of its options.
    pub schema: Value,
}

impl CoreInfo {
    /// Whether it is a layer.
    pub fn is_layer(&self) -> bool {
        self.capabilities & abi::LAYER != 0
    }
}

/// A core that can be made.
pub(super) struct Vetted {
    pub info: CoreInfo,
    pub calls: Calls,
}

impl std::fmt::Debug for Vetted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.info.fmt(f)
    }
}

/// Reads a field of a growable struct: "a reader touches a field only if it lies inside".
macro_rules! field {
    ($ptr:expr, $type:ty, $field:ident) => {{
        let ptr: *const $type = $ptr;
        let end = offset_of!($type, $field) + size_of_val(&(*ptr).$field);
        ((*ptr).struct_size as usize >= end).then(|| (*ptr).$field)
    }};
}

/// Reads a descriptor and checks all of it.
///
/// # Safety
/// `descriptor` is what the library's entry returned.
pub(super) unsafe fn vet(
    path: &Path,
    version: (u32, u32),
    descriptor: *const PluginDescriptor,
) -> Result<Vec<Vetted>, CoreError> {
    let reader = DescriptorReader { path };
    // SAFETY: "returns memory that stays valid for ever"; every field is touched only inside `struct_size`.
    unsafe {
        if !descriptor.is_aligned() {
            return Err(reader.malformed("the descriptor", "at an odd address", "aligned"));
        }
        let short = || reader.malformed("the descriptor", "too short", "as long as plugin ABI 1.0 has it");
        let flags = field!(descriptor, PluginDescriptor, flags).ok_or_else(short)?;
        let library = field!(descriptor, PluginDescriptor, name).ok_or_else(short)?;
        let library = reader.text("the library's name", library)?;
        let told = field!(descriptor, PluginDescriptor, version).ok_or_else(short)?;
        let told = reader.text("the library's version", told)?;
        let cores = field!(descriptor, PluginDescriptor, cores).ok_or_else(short)?;
        let count = field!(descriptor, PluginDescriptor, cores_len).ok_or_else(short)?;
        if count == 0 || count > 64 || cores.is_null() {
            let found = if cores.is_null() { "NULL".to_owned() } else { format!("a list of {count}") };
            return Err(reader.malformed("the list of cores", &found, "a list of 1 to 64"));
        }
        let mut vetted: Vec<Vetted> = Vec::with_capacity(count as usize);
        for index in 0..count as usize {
            let one = reader.core(index, *cores.add(index))?;
            let info = CoreInfo {
                library: library.clone(),
                version: told.clone(),
                abi: version,
                panic_aborts: flags & abi::PLUGIN_PANIC_ABORTS != 0,
                ..one.info
            };
            if vetted.iter().any(|other| other.info.id == info.id) {
                let found = format!("there twice (`{}`)", info.id);
                return Err(reader.malformed("a core's name", &found, "there once"));
            }
            vetted.push(Vetted { info, calls: one.calls });
        }
        Ok(vetted)
    }
}

struct DescriptorReader<'a> {
    path: &'a Path,
}

impl DescriptorReader<'_> {
    fn malformed(&self, part: &str, found: &str, expected: &str) -> CoreError {
        CoreError::Malformed {
            path: self.path.to_owned(),
            part: part.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// # Safety
    /// `text` belongs to a descriptor.
    unsafe fn text(&self, part: &str, text: abi::Str) -> Result<String, CoreError> {
        if text.ptr.is_null() && text.len > 0 {
            return Err(self.malformed(part, "NULL", "a text"));
        }
        if text.len > 1 << 20 {
            return Err(self.malformed(part, &format!("{} bytes long", text.len), "at most 1 MiB"));
        }
        // SAFETY: part of the descriptor, "valid for ever".
        let bytes = unsafe { text.as_bytes() };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => {
                let found = format!("`{}`", String::from_utf8_lossy(bytes));
                Err(self.malformed(part, &found, "UTF-8"))
            }
        }
    }

    /// # Safety
    /// `core` is an entry of a descriptor's list.
    unsafe fn core(&self, index: usize, core: *const CoreDescriptor) -> Result<Vetted, CoreError> {
        if core.is_null() || !core.is_aligned() {
            return Err(self.malformed(&format!("core {index}"), "NULL", "a descriptor"));
        }
        let part = |what: &str| format!("core {index}: {what}");
        let short = || self.malformed(&part("descriptor"), "too short", "as long as plugin ABI 1.0 has it");
        // SAFETY: part of the descriptor; every field is touched only inside `struct_size`.
        unsafe {
            let id = field!(core, CoreDescriptor, id).ok_or_else(short)?;
            let id = self.text(&part("name"), id)?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
                let expected = "1 to 64 lower case letters, digits or `_`";
                return Err(self.malformed(&part("name"), &format!("`{id}`"), expected));
            }
            let named = |what: &str| format!("core `{id}`: {what}");
            let summary = field!(core, CoreDescriptor, summary).ok_or_else(short)?;
            let schema = field!(core, CoreDescriptor, options_schema).ok_or_else(short)?;
            let schema =
                self.schema(&named("options schema"), &self.text(&named("options schema"), schema)?)?;
            let vtable = field!(core, CoreDescriptor, vtable).ok_or_else(short)?;
            let calls = self.calls(&id, vtable)?;
            let info = CoreInfo {
                summary: self.text(&named("summary"), summary)?,
                library: String::new(),
                version: String::new(),
                path: self.path.to_owned(),
                abi: (0, 0),
                capabilities: (*core).capabilities,
                receivers_max: (*core).receivers_max,
                panic_aborts: false,
                schema,
                id,
            };
            Ok(Vetted { info, calls })
        }
    }

    fn schema(&self, part: &str, text: &str) -> Result<Value, CoreError> {
        let schema: Value = serde_json::from_str(text)
            .map_err(|e| self.malformed(part, &format!("no JSON ({e})"), "a JSON Schema"))?;
        if !schema.is_object() || schema.get("properties").is_some_and(|p| !p.is_object()) {
            return Err(self.malformed(part, "no schema of an object", "one with `properties`"));
        }
        Ok(schema)
    }

    /// # Safety
    /// `vtable` belongs to a descriptor.
    #[expect(
        clippy::missing_transmute_annotations,
        reason = "what is read is of the field's type, whichever it is"
    )]
    unsafe fn calls(&self, id: &str, vtable: *const CoreVtable) -> Result<Calls, CoreError> {
        if vtable.is_null() || !vtable.is_aligned() {
            return Err(self.malformed(&format!("core `{id}`: table of functions"), "NULL", "a table"));
        }
        let missing = |name: &str| {
            self.malformed(&format!("core `{id}`: function `{name}`"), "NULL or missing", "a function")
        };
        // SAFETY: part of the descriptor, "valid for ever"; fields are touched only inside `struct_size`, which
        // is how an older library with a shorter table loads. A function that is not NULL has the type that the
        // contract gives it, and may be called as one that unwinds, whether it does or not.
        unsafe {
            macro_rules! function {
                ($name:ident as $kind:ty) => {
                    std::mem::transmute::<_, Option<$kind>>(field!(vtable, CoreVtable, $name).flatten())
                };
            }
            Ok(Calls {
                create: function!(create as Create).ok_or_else(|| missing("create"))?,
                destroy: function!(destroy as Destroy).ok_or_else(|| missing("destroy"))?,
                open: function!(open as Open).ok_or_else(|| missing("open"))?,
                close: function!(close as Close).ok_or_else(|| missing("close"))?,
                session: SessionCalls {
                    publish: function!(publish as Publish).ok_or_else(|| missing("publish"))?,
                    poll: function!(poll as Poll).ok_or_else(|| missing("poll"))?,
                    acknowledge: function!(acknowledge as Acknowledge),
                    flush: function!(flush as Flush),
                },
                prepare: function!(prepare as OnCore),
                clean: function!(clean as OnCore),
                stats: function!(stats as Stats),
            })
        }
    }
}
