//! What the system says of this process. On Linux, from /proc; elsewhere most of it is not known.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Signals 32 and 33, which the C library keeps to itself: it uses them when threads come and go.
const C_LIBRARY: u64 = 0b11 << 31;

/// What a core must leave as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The working folder.
    pub folder: Option<PathBuf>,
    /// The environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Signals that are blocked, ignored and caught: the lines of /proc/self/status.
    pub signals: Vec<(String, u64)>,
}

impl Surroundings {
    /// As they are.
    pub fn now() -> Surroundings {
        let status = status();
        let signals = ["SigBlk", "SigIgn", "SigCgt"].into_iter().filter_map(|key| {
            let mask = u64::from_str_radix(field(&status, key)?, 16).ok()?;
            Some((key.to_owned(), mask & !C_LIBRARY))
        });
        Surroundings {
            folder: std::env::current_dir().ok(),
            environment: std::env::vars_os().collect(),
            signals: signals.collect(),
        }
    }
}

fn status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

/// Whether this system tells of threads and descriptors.
pub const KNOWS_RESOURCES: bool = cfg!(target_os = "linux");

/// How many threads this process has.
pub fn threads() -> usize {
    entries("/proc/self/task")
}

/// How many descriptors this process has open.
pub fn descriptors() -> usize {
    entries("/proc/self/fd")
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Memory of this process that is in use, in bytes.
pub fn resident_bytes() -> usize {
    let kib = field(&status(), "VmRSS").and_then(|text| text.split(' ').next()?.parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}

/// How often the calling thread gave up its processor because it had to wait.
pub fn waits() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    field(&status, "voluntary_ctxt_switches").and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_a_descriptor_a_wait_and_memory_are_noticed() {
        let (waits_before, descriptors_before) = (waits(), descriptors());
        let file = std::fs::File::open("/proc/self/status").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(waits() > waits_before);
        assert!(threads() >= 1 && resident_bytes() > 1 << 20);
        // Other tests of this process open files too.
        assert!(descriptors() >= 1 && descriptors_before >= 1);
        drop(file);
        assert_eq!(Surroundings::now().signals.len(), 3);
    }
}
