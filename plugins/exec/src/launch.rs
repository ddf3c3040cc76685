//! Starts the program: its command, environment and folder, and the error text if the start fails.

use crate::adapter::Adapter;
use crate::options::{Mode, Settings};
use crate::process::Process;
use mqscript_plugin::prelude::*;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable that tells a program that mqscript has started it; its value is the protocol's version.
const VARIABLE: &str = "MQSCRIPT_EXEC";
/// The variable with the path of the socket for calls of the injected core. The facts of the run lie beside the socket.
const SOCKET: &str = "MQSCRIPT_EXEC_SOCKET";
/// The variable with the number of the run.
const RUN: &str = "MQSCRIPT_EXEC_RUN";
/// The variable with a folder that lasts for the whole run, for queues that live in files.
const FOLDER: &str = "MQSCRIPT_EXEC_FOLDER";
/// The operating system's "exec format error".
const ENOEXEC: i32 = 8;

/// Everything that is needed to start the program.
#[derive(Debug)]
pub struct Launch {
    command: Vec<String>,
    folder: Option<PathBuf>,
    env: Vec<(String, String)>,
    python_path: OsString,
    /// Where processors find what they need; none in mode `send`.
    place: Option<Place>,
    run: u32,
}

#[derive(Debug)]
struct Place {
    socket: PathBuf,
    folder: PathBuf,
}

impl Launch {
    /// Makes the command from the options. Python finds the adapter through the environment.
    pub fn new(settings: &Settings, adapter: &Adapter, run: u32) -> Launch {
        let set = |name: &str| settings.env.iter().find(|(known, _)| known == name);
        let known = match set("PYTHONPATH") {
            Some((_, value)) => Some(OsString::from(value)),
            None => std::env::var_os("PYTHONPATH"),
        };
        let mut python_path = adapter.folder().as_os_str().to_owned();
        if let Some(known) = known.filter(|known| !known.is_empty()) {
            python_path.push(":");
            python_path.push(known);
        }
        Launch {
            command: settings.command.clone(),
            folder: settings.folder.clone(),
            env: settings.env.clone(),
            python_path,
            place: (settings.mode == Mode::Processor)
                .then(|| Place { socket: adapter.socket(), folder: adapter.work_folder() }),
            run,
        }
    }

    /// Starts one process in a process group of its own. Fails if the system cannot start it.
    pub fn start(&self) -> Result<Process, Error> {
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("PYTHONPATH", &self.python_path)
            .env(VARIABLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(place) = &self.place {
            command.env(SOCKET, &place.socket).env(FOLDER, &place.folder).env(RUN, self.run.to_string());
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        Process::start(command).map_err(|error| self.refusal(&error))
    }

    fn refusal(&self, error: &std::io::Error) -> Error {
        let program = &self.command[0];
        if let Some(folder) = self.folder.as_deref().filter(|folder| !folder.is_dir()) {
            let at = folder.display();
            return Error::config(format!("`folder`: {at} is not there, or is no folder; make it first"));
        }
        let at = self.folder.as_deref().unwrap_or(Path::new("")).join(program);
        let named_by_path = program.contains('/');
        Error::config(match (error.kind(), error.raw_os_error()) {
            (ErrorKind::NotFound, _) if named_by_path && at.exists() => format!(
                "`command`: {program} cannot be started: its first line (#!) names an interpreter that is not there"
            ),
            (ErrorKind::NotFound, _) if named_by_path => format!(
                "`command`: there is no program {program}; a path counts from the folder in which the program runs"
            ),
            (ErrorKind::NotFound, _) => format!(
                "`command`: there is no program `{program}` in the folders of PATH; install it, or write its path"
            ),
            (ErrorKind::PermissionDenied, _) if at.is_dir() => {
                format!("`command`: {program} is a folder; name a program")
            }
            (ErrorKind::PermissionDenied, _) => format!(
                "`command`: {program} is not executable; `chmod +x` makes it so, or name its interpreter first, \
                 such as [\"python3\", \"my_send.py\"]"
            ),
            (_, Some(ENOEXEC)) => format!(
                "`command`: {program} is executable, but no program: a script begins with a line such as \
                 `#!/usr/bin/env python3`; or name its interpreter first"
            ),
            _ => {
                return Error::new(Status::IO, format!("`command`: {program} cannot be started: {error}"));
            }
        })
    }
}
