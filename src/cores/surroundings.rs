//! What belongs to all of the process and not to a core: working folder, limits on resources, how floating-point numbers
//! are rounded. Looked at after what a library or a core did, and put back where it was changed.
//!
//! *Rationale.* None of it is needed to name a fault: it is put back so that what comes later, another core by a relative
//! path or a sum that rounds, is the same as ever. Who did it is told.

use super::services::{HostServices, LogLine};
use mqscript_plugin::abi::LOG_WARN;
use std::path::PathBuf;
use std::sync::OnceLock;

/// As they were before the first library was loaded.
struct Surroundings {
    folder: Option<PathBuf>,
    #[cfg(unix)]
    limits: [(rustix::process::Resource, &'static str, rustix::process::Rlimit); 4],
}

static BEFORE: OnceLock<Surroundings> = OnceLock::new();

/// Remembers them; the first call counts.
pub(super) fn remember() {
    BEFORE.get_or_init(|| Surroundings {
        folder: std::env::current_dir().ok(),
        #[cfg(unix)]
        limits: {
            use rustix::process::{Resource, getrlimit};
            [
                (Resource::Fsize, "the limit on the size of files"),
                (Resource::Nofile, "the limit on open descriptors"),
                (Resource::As, "the limit on memory"),
                (Resource::Stack, "the limit on stacks"),
            ]
            .map(|(resource, name)| (resource, name, getrlimit(resource)))
        },
    });
}

/// Puts back what was changed since; names it: "the working folder".
pub(super) fn put_back() -> Vec<&'static str> {
    let mut changed = Vec::new();
    let Some(before) = BEFORE.get() else { return changed };
    if let Some(folder) = &before.folder
        && !std::env::current_dir().is_ok_and(|now| now == *folder)
        && std::env::set_current_dir(folder).is_ok()
    {
        changed.push("the working folder");
    }
    #[cfg(unix)]
    for (resource, name, was) in &before.limits {
        use rustix::process::{Rlimit, getrlimit, setrlimit};
        let now = getrlimit(*resource);
        if now == *was {
            continue;
        }
        // A hard limit that was lowered stays low for whoever is not root.
        let lower = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let nearest = Rlimit { current: lower(was.current, now.maximum), maximum: now.maximum };
        let put_back = setrlimit(*resource, *was).is_ok();
        if put_back || nearest != now && setrlimit(*resource, nearest).is_ok() {
            changed.push(name);
        }
    }
    if !float::is_as_before() {
        float::put_back();
        changed.push("how floating-point numbers are rounded");
    }
    changed
}

/// The same after a call of a core, which is told of it.
pub(super) fn put_back_after(core: &str, services: &HostServices) {
    for what in put_back() {
        let text = format!("it changed {what}, which is not its own; that was put back");
        let bytes = text.len();
        services.log.push(LogLine { core: core.into(), level: LOG_WARN, text }, bytes);
    }
}

/// The control word of the calling thread's floating-point unit: rounding, and what becomes of the smallest numbers.
pub(super) mod float {
    /// As the language asks for it: to the nearest, nothing trapped, small numbers kept.
    #[cfg(target_arch = "x86_64")]
    const OURS: u32 = 0x1f80;
    #[cfg(not(target_arch = "x86_64"))]
    const OURS: u32 = 0;

    /// Whether the calling thread's is as it should be. A few instructions.
    #[inline(always)]
    pub fn is_as_before() -> bool {
        control() == OURS
    }

    /// Puts it back on the calling thread.
    #[cold]
    pub fn put_back() {
        set_control(OURS);
    }

    /// The bits of MXCSR that are not mere notes of what has happened.
    #[cfg(target_arch = "x86_64")]
    const CONTROL: u32 = 0xffc0;

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn control() -> u32 {
        let mut word = 0u32;
        // SAFETY: stores four bytes to `word`.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags));
        }
        word & CONTROL
    }

    #[cfg(target_arch = "x86_64")]
    fn set_control(word: u32) {
        // SAFETY: reads four bytes of a word that was stored by `control`: no reserved bit is set.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags, readonly));
        }
    }

    #[cfg(target_arch = "aarch64")]
    #[inline(always)]
    fn control() -> u32 {
        let word: u64;
        // SAFETY: reads a register.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word as u32
    }

    #[cfg(target_arch = "aarch64")]
    fn set_control(word: u32) {
        // SAFETY: writes back what `control` has read.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) u64::from(word), options(nomem, nostack)) };
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    #[inline(always)]
    fn control() -> u32 {
        0
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn set_control(_: u32) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn another_rounding_is_noticed_and_put_back() {
        remember();
        let third = |one: f64| std::hint::black_box(one) / std::hint::black_box(3.0);
        let before = third(1.0);
        assert!(float::is_as_before());
        let upwards = 0x1f80u32 | 0x4000;
        // SAFETY: the default word, with rounding towards plus infinity.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const upwards) };
        let (noticed, after) = (!float::is_as_before(), third(1.0));
        float::put_back();
        assert!(noticed && after > before);
        assert!(float::is_as_before());
        assert_eq!(third(1.0).to_bits(), before.to_bits());
    }
}
