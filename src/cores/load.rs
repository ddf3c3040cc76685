//! Opening a shared library and agreeing on a version. Libraries are never unloaded.

use super::entry_host::{entry_host, said_at_entry};
use super::error::CoreError;
use super::fingerprint::Fingerprint;
use super::own::is_foreign;
use super::returning::returning;
use super::services::{HostServices, LogLine};
use super::surroundings;
use super::vet::{Vetted, vet};
use super::violations::take_violation;
use super::vitals::shown;
use super::whole::unfit;
use mqscript_plugin::abi;
use mqscript_plugin::live::whole_chain;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

type AskAbi = unsafe extern "C-unwind" fn() -> u32;
type Entry = unsafe extern "C-unwind" fn(*const abi::Host) -> *const abi::PluginDescriptor;

/// A library that is loaded for the rest of the process's life.
#[derive(Debug)]
pub(super) struct Loaded {
    pub cores: Vec<Arc<Vetted>>,
    fingerprint: Fingerprint,
}

/// All libraries loaded so far, by canonical path.
static LOADED: Mutex<Option<HashMap<PathBuf, Arc<Loaded>>>> = Mutex::new(None);

/// What libraries have changed that is not their own, until somebody can be told.
static UNTOLD: Mutex<Vec<(PathBuf, String)>> = Mutex::new(Vec::new());

/// The same for as long as the process lives.
static CHANGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// All that libraries have changed while they were loaded that is not their own.
pub fn changed_while_loading() -> Vec<String> {
    CHANGED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Tells what libraries did while they were loaded, once.
pub(super) fn tell_of_loading(services: &HostServices) {
    for (path, text) in UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = text.len();
        services.log.push(LogLine { core: name.into(), level: abi::LOG_WARN, text }, bytes);
    }
}

/// The libraries in this process that are none of this project's, as far as it can be told at any time.
pub fn foreign_libraries() -> Vec<PathBuf> {
    let loaded = match LOADED.try_lock() {
        Ok(loaded) => loaded,
        Err(TryLockError::Poisoned(loaded)) => loaded.into_inner(),
        Err(TryLockError::WouldBlock) => return Vec::new(),
    };
    let mut found: Vec<PathBuf> =
        loaded.iter().flat_map(HashMap::keys).filter(|path| is_foreign(path)).cloned().collect();
    found.sort();
    found
}

/// Loads a library, or gives the one that is loaded already.
pub(super) fn load(path: &Path) -> Result<Arc<Loaded>, CoreError> {
    let path = path
        .canonicalize()
        .map_err(|e| CoreError::NotLoadable { path: path.to_owned(), reason: e.to_string() })?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let loaded = loaded.get_or_insert_with(HashMap::new);
    if let Some(known) = loaded.get(&path) {
        return Ok(Arc::clone(known));
    }
    surroundings::remember();
    let opened = open(&path);
    for what in surroundings::put_back() {
        let text = format!("it changed {what} while it was loaded; that was put back");
        CHANGED.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
        UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), text));
    }
    if let Some(violation) = take_violation() {
        return Err(CoreError::Forbidden { path, violation });
    }
    let new = Arc::new(opened?);
    loaded.insert(path, Arc::clone(&new));
    Ok(new)
}

/// SHA-256, in hexadecimal, of a library that is loaded; of any other file, as it is now. None if it cannot be read.
pub fn library_sha256(path: &Path) -> Option<String> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    match loaded.as_ref().and_then(|loaded| loaded.get(path)) {
        Some(known) => known.fingerprint.sha256().ok(),
        None => Fingerprint::of(path).and_then(|file| file.sha256()).ok(),
    }
}

fn open(path: &Path) -> Result<Loaded, CoreError> {
    let not_loadable = |reason| CoreError::NotLoadable { path: path.to_owned(), reason };
    if let Some(reason) = unfit(path).map_err(|error| not_loadable(error.to_string()))? {
        return Err(not_loadable(reason));
    }
    let _noted = Noted::loading(path);
    let fingerprint = Fingerprint::of(path).map_err(|error| not_loadable(error.to_string()))?;
    let library = returning(|| open_library(path)).map_err(|error| not_loadable(whole_chain(&error)))?;
    // "Libraries are never unloaded": threads and destructors of a core may outlive every session.
    let library = std::mem::ManuallyDrop::new(library);
    note_place(path);
    let missing = |symbol| CoreError::NotAPlugin { path: path.to_owned(), symbol };

    // SAFETY: "`mqs_plugin_abi()` … asked first, frozen for ever": a symbol of this name has this type.
    let version = unsafe {
        let ask = library.get::<AskAbi>(c"mqs_plugin_abi").map_err(|_| missing("mqs_plugin_abi"))?;
        returning(|| ask())
    };
    let found = (version >> 16, version & 0xffff);
    if found.0 != abi::ABI_MAJOR {
        let expected = (abi::ABI_MAJOR, abi::ABI_MINOR);
        return Err(CoreError::OtherMajor { path: path.to_owned(), found, expected });
    }
    // SAFETY: "a library of a newer minor loads if it exports `entry_v1`": within major 1 a symbol of this name
    // has this type; the host struct given is valid for ever.
    let descriptor = unsafe {
        let entry =
            library.get::<Entry>(c"mqs_plugin_entry_v1").map_err(|_| missing("mqs_plugin_entry_v1"))?;
        returning(|| entry(entry_host()))
    };
    if descriptor.is_null() {
        let said = said_at_entry();
        let said = if said.is_empty() { "it did not say why".to_owned() } else { said };
        let reason = format!("its entry gave no descriptor: {said}");
        return Err(not_loadable(reason));
    }
    // SAFETY: the entry "returns memory that stays valid for ever", which begins with its `struct_size`.
    let cores = unsafe { vet(path, found, descriptor)? };
    Ok(Loaded { cores: cores.into_iter().map(Arc::new).collect(), fingerprint })
}

/// Shows which library's own code runs while it is loaded and entered.
struct Noted;

impl Noted {
    fn loading(path: &Path) -> Noted {
        if let Some(shared) = shown() {
            shared.loading.set(path.as_os_str().as_encoded_bytes());
        }
        Noted
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(shared) = shown() {
            shared.loading.set(b"");
        }
    }
}

/// Shows where a library lies in memory, so that whoever died in it can be named. Linux says so in `/proc/self/maps`.
fn note_place(path: &Path) {
    let (Some(shared), Some(path)) = (shown(), path.to_str()) else { return };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let ranges = maps.lines().filter(|line| line.ends_with(path)).filter_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    });
    if let Some((start, end)) = ranges.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1))) {
        shared.add_library(start, end, path);
    }
}

#[cfg(unix)]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: running a library's initialisers is what loading a core means: the user named it, or put it into
    // a folder for cores. "Opened with RTLD_NOW|RTLD_LOCAL by absolute path".
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: as on Unix.
    unsafe { libloading::Library::new(path) }
}
