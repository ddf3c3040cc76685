//! What the system says of this process. On Linux, from /proc; elsewhere most of it is not known.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Signals 32 and 33, which the C library keeps to itself: it uses them when threads come and go.
const C_LIBRARY: u64 = 0b11 << 31;

/// The state of the process that a core must leave as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemState {
    /// The working folder of the process.
    pub folder: Option<PathBuf>,
    /// The environment variables of the process.
    pub environment: BTreeMap<OsString, OsString>,
    /// Signals that are blocked, ignored and caught: the lines of /proc/self/status.
    pub signals: Vec<(String, u64)>,
    /// The mask of the modes of new files, in octal, where the system tells.
    pub file_mode: Option<String>,
    /// Limits on resources, but for those on memory, which the process of a test sets itself.
    pub limits: Vec<(&'static str, String)>,
    /// The session and the process group, where the system tells; 0 for one outside of the container.
    pub groups: Option<(u32, u32)>,
    /// Flags of the standard streams.
    pub streams: Vec<(&'static str, u32)>,
}

impl SystemState {
    /// Reads the state of the process as it is now.
    pub fn now() -> SystemState {
        let status = status();
        let signals = ["SigBlk", "SigIgn", "SigCgt"].into_iter().filter_map(|key| {
            let mask = u64::from_str_radix(field(&status, key)?, 16).ok()?;
            Some((key.to_owned(), mask & !C_LIBRARY))
        });
        SystemState {
            folder: std::env::current_dir().ok(),
            environment: std::env::vars_os().collect(),
            signals: signals.collect(),
            file_mode: field(&status, "Umask").map(str::to_owned),
            limits: limits(),
            groups: groups(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default()),
            streams: streams(),
        }
    }
}

#[cfg(unix)]
fn limits() -> Vec<(&'static str, String)> {
    use rustix::process::{Resource, getrlimit};
    let all = [
        (Resource::Fsize, "the size of files"),
        (Resource::Nofile, "open descriptors"),
        (Resource::Nproc, "processes"),
        (Resource::Cpu, "processor time"),
        (Resource::Stack, "stacks"),
        (Resource::Data, "data"),
        (Resource::Memlock, "locked memory"),
    ];
    all.map(|(resource, name)| (name, format!("{:?}", getrlimit(resource)))).to_vec()
}

#[cfg(unix)]
fn streams() -> Vec<(&'static str, u32)> {
    use rustix::fs::fcntl_getfl;
    let flags = [
        ("standard input", fcntl_getfl(std::io::stdin())),
        ("standard output", fcntl_getfl(std::io::stdout())),
        ("standard error", fcntl_getfl(std::io::stderr())),
    ];
    flags.into_iter().filter_map(|(name, flags)| Some((name, flags.ok()?.bits()))).collect()
}

#[cfg(not(unix))]
fn limits() -> Vec<(&'static str, String)> {
    Vec::new()
}

#[cfg(not(unix))]
fn streams() -> Vec<(&'static str, u32)> {
    Vec::new()
}

/// Descriptors that were opened here and must stay as they are.
#[derive(Debug)]
pub struct Sentinels(#[cfg(unix)] Vec<(i32, (u64, u64))>);

#[cfg(unix)]
impl Sentinels {
    /// Three new ones, never closed: who finds them gone must not close what came in their place.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new() -> std::io::Result<Sentinels> {
        use std::os::fd::IntoRawFd;
        let open = |_| {
            let file = tempfile::tempfile()?;
            let identity = identity(&file)?;
            Ok((file.into_raw_fd(), identity))
        };
        Ok(Sentinels((0..3).map(open).collect::<std::io::Result<_>>()?))
    }

    /// The number of one that is not what it was.
    pub fn lost(&self) -> Option<i32> {
        let now =
            |number: i32| std::fs::File::open(format!("/dev/fd/{number}")).and_then(|file| identity(&file));
        let lost = |(number, was): &&(i32, (u64, u64))| !now(*number).is_ok_and(|now| now == *was);
        self.0.iter().find(lost).map(|(number, _)| *number)
    }
}

#[cfg(unix)]
fn identity(file: &std::fs::File) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
impl Sentinels {
    #[allow(missing_docs, clippy::missing_errors_doc)]
    pub fn new() -> std::io::Result<Sentinels> {
        Ok(Sentinels())
    }

    #[allow(missing_docs)]
    pub fn lost(&self) -> Option<i32> {
        None
    }
}

fn status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// The session and the process group in the line of `/proc/self/stat`: `PID (NAME) STATE PARENT GROUP SESSION …`.
fn groups(stat: &str) -> Option<(u32, u32)> {
    let mut numbers = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(2).map(str::parse);
    let (group, session) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some((session, group))
}

fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

/// Whether this system tells of threads and descriptors.
pub const KNOWS_RESOURCES: bool = cfg!(target_os = "linux");

/// The number of threads of this process.
pub fn threads() -> usize {
    entries("/proc/self/task")
}

/// The number of descriptors that this process has open.
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
        assert_eq!(SystemState::now().signals.len(), 3);
        assert!(SystemState::now().groups.is_some());
    }

    /// In a container, the session's leader may be a process of the outside.
    #[test]
    fn a_session_of_the_outside_has_the_number_0() {
        assert_eq!(groups("7 (a name) with) S 1 7 0 0 -1 4194304"), Some((0, 7)));
        assert_eq!(groups("7 (cut) S 1"), None);
        assert_eq!(groups(""), None);
    }
}
