//! Whether a call that waits may go on, and what it was if not.

use super::limits::{AllowedFiles, resolved, resolved_entry};
use super::memory::Memory;
use super::violation::{Violation, name, purpose};
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

/// What the keeper's thread asks of `unshare`.
pub(super) const KEEPER: u64 = (libc::CLONE_FILES | libc::CLONE_FS) as u64;

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitingCall {
    pub thread: i32,
    pub number: libc::c_long,
    pub arguments: [u64; 6],
}

/// The answer to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallVerdict {
    /// The kernel does it, and Landlock looks at it once more.
    GoOn,
    /// The process must end.
    Stop(Violation),
}

/// Looks at the calls of one process.
#[derive(Debug)]
pub(super) struct CallJudge {
    process: i32,
    limits: AllowedFiles,
    memory: Memory,
    /// The thread that has made itself a keeper of what the run leaves behind: before any core is loaded, and once. From
    /// then on nobody else may write, move or remove anything. 0 = none.
    keeper: Cell<i32>,
}

/// The purpose of a call that has paths.
enum FileCall {
    Open { path: Option<PathBuf>, writes: bool },
    Move { verb: &'static str, paths: Vec<Option<PathBuf>> },
    Run { path: Option<PathBuf> },
    Change { path: Option<PathBuf> },
    Keep,
    Other,
}

impl CallJudge {
    /// Of the process `process`, which is this one or a child of it.
    ///
    /// # Errors
    /// The system does not let us look into its memory.
    pub fn new(process: i32, limits: AllowedFiles) -> std::io::Result<CallJudge> {
        Ok(CallJudge { process, limits, memory: Memory::of(process)?, keeper: Cell::new(0) })
    }

    /// A library that is looked for where there is none is the loader's search, whatever the folder.
    pub fn judge(&self, call: &WaitingCall) -> CallVerdict {
        let stop = |what: String| {
            CallVerdict::Stop(Violation { call: name(call.number), what, thread: call.thread })
        };
        match self.asked(call) {
            FileCall::Open { path: Some(path), writes } => {
                let real = resolved(&path);
                let may = match writes {
                    true => {
                        self.limits.may_write(&real) && (self.keeps(call) || real == Path::new("/dev/null"))
                    }
                    false => self.limits.may_read(&real) || (is_library(&real) && !real.exists()),
                };
                let verb = if writes { "write to" } else { "open" };
                if may { CallVerdict::GoOn } else { stop(format!("{verb} `{}`", path.display())) }
            }
            FileCall::Move { verb, paths } if paths.iter().all(Option::is_some) => {
                let mut paths = paths.into_iter().flatten();
                match paths.find(|path| !self.keeps(call) || !self.limits.may_move(&resolved_entry(path))) {
                    Some(path) => stop(format!("{verb} `{}`", path.display())),
                    None => CallVerdict::GoOn,
                }
            }
            // A path that cannot be read: the kernel will not find one either.
            FileCall::Open { path: None, .. } | FileCall::Move { .. } => CallVerdict::GoOn,
            FileCall::Keep => {
                self.keeper.set(call.thread);
                CallVerdict::GoOn
            }
            FileCall::Run { path: Some(path) } => stop(format!("run `{}`", path.display())),
            FileCall::Run { path: None } => stop("run a program".to_owned()),
            FileCall::Change { path: Some(path) } => stop(format!("change the file `{}`", path.display())),
            FileCall::Change { path: None } => stop("change a file".to_owned()),
            FileCall::Other => stop(purpose(call.number, &call.arguments, self.process)),
        }
    }

    /// Whether the calling thread may touch what the run leaves behind.
    fn keeps(&self, call: &WaitingCall) -> bool {
        [0, call.thread].contains(&self.keeper.get())
    }

    fn asked(&self, call: &WaitingCall) -> FileCall {
        let a = call.arguments;
        let at = |folder: usize, path: usize| self.path(call.thread, a[folder] as i32, a[path]);
        let here = |path: usize| self.path(call.thread, libc::AT_FDCWD, a[path]);
        let open = |path, flags: u64| FileCall::Open { path, writes: writes(flags as i32) };
        match call.number {
            libc::SYS_openat => open(at(0, 1), a[2]),
            libc::SYS_openat2 => open(at(0, 1), self.memory.word(a[2]).unwrap_or(libc::O_RDWR as u64)),
            libc::SYS_renameat | libc::SYS_renameat2 => moves("rename", [at(0, 1), at(2, 3)]),
            libc::SYS_linkat => moves("link", [at(0, 1), at(2, 3)]),
            libc::SYS_unlinkat => moves("remove", [at(0, 1)]),
            libc::SYS_mkdirat => moves("make the folder", [at(0, 1)]),
            libc::SYS_truncate | libc::SYS_setxattr => FileCall::Change { path: here(0) },
            libc::SYS_fchmodat | libc::SYS_fchownat | libc::SYS_utimensat => {
                FileCall::Change { path: at(0, 1) }
            }
            libc::SYS_unshare if a[0] == KEEPER && self.keeper.get() == 0 => FileCall::Keep,
            libc::SYS_execve => FileCall::Run { path: here(0) },
            libc::SYS_execveat => FileCall::Run { path: at(0, 1) },
            #[cfg(target_arch = "x86_64")]
            libc::SYS_chmod | libc::SYS_chown | libc::SYS_lchown | libc::SYS_utime | libc::SYS_utimes => {
                FileCall::Change { path: here(0) }
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_open => open(here(0), a[1]),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_creat => FileCall::Open { path: here(0), writes: true },
            #[cfg(target_arch = "x86_64")]
            libc::SYS_rename => moves("rename", [here(0), here(1)]),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_link => moves("link", [here(0), here(1)]),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_unlink | libc::SYS_rmdir => moves("remove", [here(0)]),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_mkdir => moves("make the folder", [here(0)]),
            _ => FileCall::Other,
        }
    }

    /// The path at an address, made absolute as the process sees it.
    fn path(&self, thread: i32, folder: i32, address: u64) -> Option<PathBuf> {
        let path = self.memory.path(address)?;
        let path = if path.is_absolute() {
            path
        } else {
            let base = match folder {
                libc::AT_FDCWD => format!("/proc/{}/cwd", self.process),
                _ => format!("/proc/{}/fd/{folder}", self.process),
            };
            fs::read_link(base).ok()?.join(path)
        };
        // To the kernel these are links to whoever asks.
        let own = PathBuf::from(format!("/proc/{}", self.process));
        if let Ok(rest) = path.strip_prefix("/proc/self") {
            return Some(own.join(rest));
        }
        match path.strip_prefix("/proc/thread-self") {
            Ok(rest) => Some(own.join("task").join(thread.to_string()).join(rest)),
            Err(_) => Some(path),
        }
    }
}

fn moves<const N: usize>(verb: &'static str, paths: [Option<PathBuf>; N]) -> FileCall {
    FileCall::Move { verb, paths: paths.into() }
}

fn is_library(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().windows(3).any(|part| part == b".so"))
}

fn writes(flags: i32) -> bool {
    flags & libc::O_ACCMODE != libc::O_RDONLY
        || flags & (libc::O_CREAT | libc::O_TRUNC) != 0
        || flags & libc::O_TMPFILE == libc::O_TMPFILE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    /// A judge of this very process, with one folder to read and one to write.
    fn judge(folder: &Path) -> CallJudge {
        for name in ["in", "out", "else"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("file"), "").unwrap();
        }
        let mut limits = AllowedFiles::default();
        limits.read([folder.join("in")]);
        limits.write([folder.join("out")]);
        limits.moved([folder.join("else/result")]);
        CallJudge::new(std::process::id() as i32, limits).unwrap()
    }

    fn text(path: impl AsRef<Path>) -> CString {
        CString::new(path.as_ref().to_str().unwrap()).unwrap()
    }

    fn open(judge: &CallJudge, path: &Path, flags: i32) -> CallVerdict {
        let path = text(path);
        let here = libc::AT_FDCWD as u64;
        let arguments = [here, path.as_ptr() as u64, flags as u64, 0, 0, 0];
        judge.judge(&WaitingCall { thread: 5, number: libc::SYS_openat, arguments })
    }

    fn stopped(verdict: &CallVerdict) -> &str {
        match verdict {
            CallVerdict::Stop(violation) => &violation.what,
            CallVerdict::GoOn => panic!("it went on"),
        }
    }

    #[test]
    fn files_are_opened_within_the_limits_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let judge = judge(&folder);
        for (path, flags, may) in [
            ("in/file", libc::O_RDONLY, true),
            ("in/file", libc::O_RDWR, false),
            ("in/new", libc::O_CREAT, false),
            ("in/missing", libc::O_RDONLY, true),
            ("in", libc::O_TMPFILE | libc::O_RDWR, false),
            ("out/file", libc::O_WRONLY | libc::O_TRUNC, true),
            ("out/new", libc::O_WRONLY | libc::O_CREAT, true),
            ("else/file", libc::O_RDONLY, false),
            ("else/missing", libc::O_RDONLY, false),
            ("in/../else/file", libc::O_RDONLY, false),
            ("out/no/../../else/new", libc::O_CREAT | libc::O_WRONLY, false),
        ] {
            let verdict = open(&judge, &folder.join(path), flags);
            assert_eq!(verdict == CallVerdict::GoOn, may, "{path} {flags:o}");
        }
        std::os::unix::fs::symlink(folder.join("else"), folder.join("in/link")).unwrap();
        let through_link = open(&judge, &folder.join("in/link/file"), libc::O_RDONLY);
        let shown = format!("open `{}`", folder.join("in/link/file").display());
        assert_eq!(stopped(&through_link), shown);
        // The loader looks for libraries where there are none.
        assert_eq!(open(&judge, &folder.join("else/libc.so.6"), libc::O_RDONLY), CallVerdict::GoOn);
        fs::write(folder.join("else/libc.so.6"), "").unwrap();
        assert_ne!(open(&judge, &folder.join("else/libc.so.6"), libc::O_RDONLY), CallVerdict::GoOn);
    }

    #[test]
    fn once_there_is_a_keeper_nobody_else_touches_what_the_run_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let judge = judge(&folder);
        let call = |thread, number, arguments| judge.judge(&WaitingCall { thread, number, arguments });
        let (result, new) = (text(folder.join("else/result")), text(folder.join("out/new")));
        let here = libc::AT_FDCWD as u64;
        let remove = |thread| call(thread, libc::SYS_unlinkat, [here, result.as_ptr() as u64, 0, 0, 0, 0]);
        let make = |thread| {
            let flags = (libc::O_WRONLY | libc::O_CREAT) as u64;
            call(thread, libc::SYS_openat, [here, new.as_ptr() as u64, flags, 0, 0, 0])
        };
        let become_keeper = |thread| call(thread, libc::SYS_unshare, [KEEPER, 0, 0, 0, 0, 0]);
        assert_eq!((remove(5), make(5)), (CallVerdict::GoOn, CallVerdict::GoOn));
        assert_ne!(
            call(5, libc::SYS_unshare, [libc::CLONE_NEWUSER as u64, 0, 0, 0, 0, 0]),
            CallVerdict::GoOn
        );
        assert_eq!(become_keeper(9), CallVerdict::GoOn);
        assert_eq!((remove(9), make(9)), (CallVerdict::GoOn, CallVerdict::GoOn));
        assert!(stopped(&remove(5)).starts_with("remove `") && stopped(&make(5)).starts_with("write to `"));
        // There is one, for ever.
        assert_ne!(become_keeper(5), CallVerdict::GoOn);
        assert_eq!(remove(9), CallVerdict::GoOn);
    }

    #[test]
    fn both_ends_of_a_move_must_be_within() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let judge = judge(&folder);
        let here = libc::AT_FDCWD as u64;
        let rename = |from: &str, to: &str| {
            let (from, to) = (text(folder.join(from)), text(folder.join(to)));
            let arguments = [here, from.as_ptr() as u64, here, to.as_ptr() as u64, 0, 0];
            judge.judge(&WaitingCall { thread: 5, number: libc::SYS_renameat2, arguments })
        };
        assert_eq!(rename("out/file", "out/other"), CallVerdict::GoOn);
        assert!(stopped(&rename("out/file", "in/file")).ends_with("in/file`"));
        assert!(stopped(&rename("else/file", "out/file")).ends_with("else/file`"));
        // A result has its own name in a folder that is otherwise closed, and is not opened under it.
        assert_eq!(rename("out/file", "else/result"), CallVerdict::GoOn);
        assert_ne!(
            open(&judge, &folder.join("else/result"), libc::O_WRONLY | libc::O_CREAT),
            CallVerdict::GoOn
        );
    }

    #[test]
    fn paths_are_relative_to_what_the_call_says() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let judge = judge(&folder.path().canonicalize().unwrap());
        let inside = fs::File::open(folder.path().join("in")).unwrap();
        let relative = |path: &str| {
            let path = text(path);
            let arguments = [inside.as_raw_fd() as u64, path.as_ptr() as u64, 0, 0, 0, 0];
            judge.judge(&WaitingCall { thread: 5, number: libc::SYS_openat, arguments })
        };
        assert_eq!(relative("file"), CallVerdict::GoOn);
        assert!(stopped(&relative("../else/file")).ends_with("/in/../else/file`"));
    }

    #[test]
    fn all_else_is_stopped_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let judge = judge(&folder.path().canonicalize().unwrap());
        let path = text("/bin/true");
        let socket = WaitingCall {
            thread: 5,
            number: libc::SYS_socket,
            arguments: [libc::AF_INET as u64, 0, 0, 0, 0, 0],
        };
        let CallVerdict::Stop(violation) = judge.judge(&socket) else { panic!("it went on") };
        assert_eq!(violation.to_string(), "tried to open a socket to the network (`socket`)");
        let run = WaitingCall {
            thread: 5,
            number: libc::SYS_execve,
            arguments: [path.as_ptr() as u64, 0, 0, 0, 0, 0],
        };
        assert_eq!(stopped(&judge.judge(&run)), "run `/bin/true`");
    }
}
