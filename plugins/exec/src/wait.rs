//! Waiting for streams.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Waits at most `limit` until a stream is ready. Returns whether one is.
pub fn wait(streams: &mut [PollFd<'_>], limit: Duration) -> bool {
    let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
    // An interruption by a signal counts as "nothing is ready".
    poll(streams, Some(&limit)).is_ok_and(|ready| ready > 0)
}

/// A stream to wait for until it can be read.
pub fn for_reading(stream: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(stream, PollFlags::IN)
}

/// Reads away all wake-ups from a socket.
pub fn drain(mut ear: &UnixStream) {
    let mut bytes = [0; 64];
    while matches!(ear.read(&mut bytes), Ok(64)) {}
}
