//! The Python adapter, put where the program's `import` finds it.

use crate::counters;
use mqscript_plugin::prelude::*;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The adapter's files. *Rationale.* They are part of the core, so that program and core always speak the same
/// protocol, and the user need not install or copy anything.
const FILES: [(&str, &str); 9] = [
    ("mqscript_adapter.py", include_str!("../python/mqscript_adapter.py")),
    ("mqscript_processor.py", include_str!("../python/mqscript_processor.py")),
    ("mqscript_parts/__init__.py", include_str!("../python/mqscript_parts/__init__.py")),
    ("mqscript_parts/core.py", include_str!("../python/mqscript_parts/core.py")),
    ("mqscript_parts/feeding.py", include_str!("../python/mqscript_parts/feeding.py")),
    ("mqscript_parts/lines.py", include_str!("../python/mqscript_parts/lines.py")),
    ("mqscript_parts/link.py", include_str!("../python/mqscript_parts/link.py")),
    ("mqscript_parts/styles.py", include_str!("../python/mqscript_parts/styles.py")),
    ("mqscript_parts/watch.py", include_str!("../python/mqscript_parts/watch.py")),
];
/// The name of the package's subfolder.
const PARTS: &str = "mqscript_parts";
/// The file name of the socket, inside the adapter's folder.
const SOCKET: &str = "socket";
const RUN: &str = "run.json";
const COUNTERS: &str = "counters";
const WORK: &str = "work";
/// The system's limit for the path of a socket, without the NUL at its end.
const SOCKET_PATH_MAX: usize = 107;
/// Where the folder is made if the path of a socket in `TMPDIR` would be too long.
const SHORT: &str = "/tmp";

/// A temporary folder with the adapter; dropping it removes it.
#[derive(Debug)]
pub struct Adapter {
    folder: TempDir,
    /// The locked file. While its lock is held, `sweep` of another process leaves the folder alone.
    _at_work: fs::File,
}

const PREFIX: &str = "mqscript-exec-";
const AT_WORK: &str = ".at-work";

/// Removes the folders of processes that were killed: no process has the number in the name, and the lock is free.
fn sweep(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok());
        let gone = number.filter(|number| *number > 0).is_some_and(is_gone);
        let free = |file: fs::File| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if gone && fs::File::open(entry.path().join(AT_WORK)).is_ok_and(free) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether no living process has this number. A dead process that its parent has not asked about still keeps its
/// number.
fn is_gone(number: i32) -> bool {
    let is_dead = || {
        let status = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        status.rsplit_once(')').is_some_and(|(_, state)| state.trim_start().starts_with('Z'))
    };
    Pid::from_raw(number).is_some_and(|process| test_kill_process(process) == Err(Errno::SRCH)) || is_dead()
}

impl Adapter {
    /// Writes the adapter into a new temporary folder. Fails if the folder or a file cannot be made.
    pub fn write() -> Result<Adapter, Error> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        // The name ends with six random characters.
        let longest = Path::new(&prefix).join(SOCKET).as_os_str().len() + 7;
        let mut at = std::env::temp_dir();
        if at.as_os_str().len() + longest > SOCKET_PATH_MAX {
            at = PathBuf::from(SHORT);
        }
        let failed = |error: std::io::Error| {
            Error::new(
                Status::IO,
                format!(
                    "the Python adapter cannot be written in {}: {error}; set TMPDIR to a folder that can \
                         be written to",
                    at.display()
                ),
            )
        };
        sweep(&at);
        // Everything on the socket is trusted, so no other user may open it.
        let private = fs::Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix(&prefix).permissions(private).tempdir_in(&at).map_err(failed)?;
        // The lock is held as long as this process uses the folder; process numbers mean nothing in another container.
        let at_work = fs::File::create(folder.path().join(AT_WORK)).map_err(failed)?;
        let _ = flock(&at_work, FlockOperation::NonBlockingLockExclusive);
        fs::create_dir(folder.path().join(PARTS)).map_err(failed)?;
        for (name, text) in FILES {
            fs::write(folder.path().join(name), text).map_err(failed)?;
        }
        Ok(Adapter { folder, _at_work: at_work })
    }

    /// The path of the temporary folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The socket for calls of the injected core.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// A folder for queues that live in files.
    pub fn work_folder(&self) -> PathBuf {
        self.folder.path().join(WORK)
    }

    /// Makes what processors need: the socket, what the adapter must know of the run, counters, a folder for work.
    pub fn listen(&self, run: &Value) -> Result<UnixListener, Error> {
        let failed = |error: std::io::Error| {
            let at = self.folder.path().display();
            Error::new(Status::IO, format!("the socket for the processor cannot be made in {at}: {error}"))
        };
        fs::create_dir(self.work_folder()).map_err(failed)?;
        counters::make(&self.folder.path().join(COUNTERS)).map_err(failed)?;
        fs::write(self.folder.path().join(RUN), run.to_string()).map_err(failed)?;
        let listener = UnixListener::bind(self.socket()).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(listener)
    }

    /// Removes the folder with everything in it.
    pub fn remove(self) -> Result<(), Error> {
        let at = self.folder.path().display().to_string();
        self.folder
            .close()
            .map_err(|error| Error::new(Status::IO, format!("{at} cannot be removed: {error}")))
    }
}
