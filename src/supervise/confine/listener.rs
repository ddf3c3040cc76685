//! The kernel's side of it: installing the filter, taking calls that wait, answering them.

use super::judge::WaitingCall;
use seccompiler::BpfProgram;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Where the calls arrive that a filter holds up. It ends when the last thread under the filter has ended.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl From<OwnedFd> for Listener {
    fn from(descriptor: OwnedFd) -> Listener {
        Listener(descriptor)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Puts a filter over this thread and all that come from it, for ever. `no_new_privs` is set already.
///
/// # Errors
/// The kernel knows no listeners, or another filter has one.
pub(super) fn install(program: &BpfProgram) -> io::Result<Listener> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        filter: program.as_ptr().cast_mut().cast(),
    };
    // SAFETY: the kernel copies the program and leaves it as it is. seccompiler's instructions are `repr(C)` with the
    // fields of the kernel's `struct sock_filter`.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call gave a new descriptor, which nobody else has.
    Ok(Listener(unsafe { OwnedFd::from_raw_fd(descriptor as i32) }))
}

impl Listener {
    /// Waits for a call: what to answer to, and the call itself. None when no thread is left that could make one.
    ///
    /// # Errors
    /// The kernel says so.
    pub(super) fn next(&self) -> io::Result<Option<(u64, WaitingCall)>> {
        loop {
            if !self.wait()? {
                return Ok(None);
            }
            // SAFETY: a structure of plain numbers, for which zero is a value; the kernel wants it zeroed.
            let mut told: libc::seccomp_notif = unsafe { std::mem::zeroed() };
            // SAFETY: the request fills in one structure of this type.
            let status =
                unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut told) };
            if status == 0 {
                let call = WaitingCall {
                    thread: told.pid as i32,
                    number: libc::c_long::from(told.data.nr),
                    arguments: told.data.args,
                };
                return Ok(Some((told.id, call)));
            }
            let error = io::Error::last_os_error();
            // The thread was interrupted or has ended before its call was taken.
            if !matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) {
                return Err(error);
            }
        }
    }

    /// Whether a call waits; false when no thread is left.
    fn wait(&self) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        loop {
            // SAFETY: one structure, as said.
            match unsafe { libc::poll(&raw mut poll, 1, -1) } {
                1 => return Ok(poll.revents & libc::POLLIN != 0),
                _ => match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::Interrupted => {}
                    error => return Err(error),
                },
            }
        }
    }

    /// Lets the kernel do the call. Without effect if the thread has given it up.
    pub(super) fn go_on(&self, id: u64) {
        let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        self.answer(libc::seccomp_notif_resp { id, val: 0, error: 0, flags });
    }

    /// Ends the call with "not permitted". Without effect if the thread has given it up.
    pub(super) fn refuse(&self, id: u64) {
        self.answer(libc::seccomp_notif_resp { id, val: 0, error: -libc::EPERM, flags: 0 });
    }

    fn answer(&self, mut answer: libc::seccomp_notif_resp) {
        // SAFETY: the request reads one structure of this type.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) };
    }

    /// Whether the thread still waits for this answer: what was read of it until now is then of this very call.
    pub(super) fn still_waits(&self, id: u64) -> bool {
        // SAFETY: the request reads one number.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
    }
}
