//! One process of the program: its streams, which never block, and its end, which includes its children.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};

/// A process that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: Pid,
    ended: Option<ExitStatus>,
    /// Its standard input. Dropping it tells the process that the input has ended.
    pub input: Option<ChildStdin>,
    /// The standard output of the process.
    pub output: ChildStdout,
    /// The standard error of the process.
    pub errors: ChildStderr,
}

/// The result of a read that does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// This number of bytes was read.
    Bytes(usize),
    /// Nothing is there at present.
    Nothing,
    /// The stream has ended.
    End,
}

impl Process {
    /// Starts a command whose three streams are pipes.
    pub fn start(mut command: Command) -> io::Result<Process> {
        let mut child = command.process_group(0).spawn()?;
        let missing = || io::Error::other("a stream of the process is no pipe");
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Process {
            pid: Pid::from_child(&child),
            child,
            ended: None,
            input,
            output: output.ok_or_else(missing)?,
            errors: errors.ok_or_else(missing)?,
        };
        let input = process.input.as_ref().ok_or_else(missing)?;
        for stream in [input.as_fd(), process.output.as_fd(), process.errors.as_fd()] {
            rustix::io::ioctl_fionbio(stream, true)?;
        }
        Ok(process)
    }

    /// The process's number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The number of processes in its group.
    pub fn group_size(&self) -> usize {
        let group = self.id().to_string();
        let of_group = |entry: &fs::DirEntry| {
            let is_process =
                entry.file_name().to_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()));
            let stat = if is_process { fs::read_to_string(entry.path().join("stat")) } else { return false };
            // The fields after the name, which may contain anything: state, parent, group.
            let stat = stat.unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.split_whitespace().nth(2) == Some(&group))
        };
        fs::read_dir("/proc").into_iter().flatten().flatten().filter(of_group).count()
    }

    /// Whether it has ended by itself. It stays in the system's table of processes, so that no other process can get
    /// its number or the number of its group.
    pub fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.ended.is_some() || matches!(waitid(WaitId::Pid(self.pid), look), Ok(Some(_)) | Err(_))
    }

    /// Sends a signal to the process and to all processes of its group.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            // An error is ignored: the process may have ended by itself.
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Kills the process and all processes of its group. Returns how it ended.
    pub fn end(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            // The group is killed before its leader is reaped: until then, no other group can have its number. It may
            // already be empty.
            let _ = kill_process_group(self.pid, Signal::KILL);
            self.ended = self.child.wait().ok();
        }
        self.ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads what is there, without waiting.
pub fn hear(stream: &mut impl Read, into: &mut [u8]) -> Heard {
    loop {
        match stream.read(into) {
            Ok(0) => return Heard::End,
            Ok(count) => return Heard::Bytes(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
            Err(_) => return Heard::End,
        }
    }
}

/// The number of tasks in the system; 0 if the system does not say.
pub fn tasks_of_the_system() -> usize {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let tasks = load.split_whitespace().nth(3).and_then(|tasks| tasks.split_once('/')?.1.parse().ok());
    tasks.unwrap_or(0)
}

/// How a process ended, in words.
pub fn in_words(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("exited with code {code}"),
        Some((None, Some(signal))) => format!("was killed by signal {signal}"),
        _ => "ended".to_owned(),
    }
}
