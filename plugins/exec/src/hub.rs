//! Reads the calls of the injected core. One thread serves the connections of all processes that make such calls,
//! whoever started them.

use crate::answer::{self, Join, LINE_BYTES_MAX, Line, shown};
use crate::calls::CallReader;
use crate::calls_read::CallsRead;
use crate::exchange::Exchange;
use crate::lines::Lines;
use crate::process::{Heard, hear};
use crate::state::Feeder;
use crate::wait::{drain, for_reading, wait};
use mqscript_plugin::prelude::*;
use rustix::process::{Resource, getrlimit};
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most connections at once.
const GUESTS_MAX: usize = 1024;
/// The number of file descriptors that are left to the rest of the process.
const DESCRIPTORS_LEFT: u64 = 256;
/// The most bytes of incomplete lines, summed over all connections.
const OPEN_LINES_BYTES_MAX: usize = 256 << 20;
/// The pause after the system refused a new connection.
const RESTS: Duration = Duration::from_millis(20);
/// The size of one read, in bytes.
const READ_BYTES: usize = 64 << 10;
/// The most reads of one connection before the others have their turn.
const READS_MAX: usize = 16;
/// The longest time between two looks at the shared state.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// The most notices that are told of each kind; more are only counted.
const TOLD_MAX: u64 = 20;

/// While calls come faster than one in [`FAST`], the thread sleeps for [`NAP`] between two looks, so that a calling
/// process need not wake it each time.
const FAST: Duration = Duration::from_micros(100);
const NAP: Duration = Duration::from_micros(150);
/// The time over which the rate of lines is measured.
const PACE: Duration = Duration::from_millis(2);

/// The rate at which lines arrive.
#[derive(Debug)]
struct Pace {
    since: Instant,
    lines: u32,
    is_fast: bool,
}

impl Pace {
    /// Counts `lines` further lines.
    fn count(&mut self, lines: u32) {
        self.lines += lines;
        let over = self.since.elapsed();
        if over >= PACE {
            self.is_fast = FAST * self.lines > over;
            (self.since, self.lines) = (Instant::now(), 0);
        }
    }
}

/// One connection of a process.
#[derive(Debug)]
struct Guest {
    stream: UnixStream,
    lines: Lines,
    joined: bool,
}

/// The thread that reads calls.
#[derive(Debug)]
pub struct Hub {
    listener: UnixListener,
    ear: UnixStream,
    exchange: Arc<Exchange>,
    calls: Arc<CallReader>,
    host: Host,
    run: u32,
    guests: Vec<Guest>,
    guests_max: usize,
    pace: Pace,
    lines_read: u32,
    read: CallsRead,
    refused: u32,
    bad_line: u32,
    buffer: Vec<u8>,
}

/// The most connections at once, within the limit of file descriptors of this process.
fn guests_max() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit.saturating_sub(DESCRIPTORS_LEFT)).unwrap_or(GUESTS_MAX).clamp(64, GUESTS_MAX)
}

impl Hub {
    /// Makes the reader on a socket that does not block.
    pub fn new(
        listener: UnixListener,
        ear: UnixStream,
        exchange: &Arc<Exchange>,
        calls: &Arc<CallReader>,
        host: &Host,
        run: u32,
    ) -> Hub {
        Hub {
            listener,
            ear,
            exchange: Arc::clone(exchange),
            calls: Arc::clone(calls),
            host: host.clone(),
            run,
            guests: Vec::new(),
            guests_max: guests_max(),
            pace: Pace { since: Instant::now(), lines: 0, is_fast: false },
            lines_read: 0,
            read: CallsRead::default(),
            refused: host.intern("exec_connection_refused"),
            bad_line: host.intern("exec_bad_line"),
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Reads until the run ends.
    pub fn work(mut self) {
        loop {
            let order = self.exchange.look_at_calls();
            let ready = self.wait(order.held && !order.closing);
            self.welcome();
            self.listen(&ready);
            self.post();
            if order.closing {
                return;
            }
            let lines = std::mem::take(&mut self.lines_read);
            self.pace.count(lines);
            if lines > 0 && self.pace.is_fast {
                std::thread::sleep(NAP);
            }
        }
    }

    /// Waits for input. Returns which connections have something to read.
    fn wait(&self, held: bool) -> Vec<bool> {
        let mut streams = Vec::with_capacity(2 + self.guests.len());
        streams.push(for_reading(self.ear.as_fd()));
        streams.push(for_reading(self.listener.as_fd()));
        if !held {
            streams.extend(self.guests.iter().map(|guest| for_reading(guest.stream.as_fd())));
        }
        wait(&mut streams, LOOKS_EVERY);
        let ready = streams[2..].iter().map(|stream| !stream.revents().is_empty()).collect();
        drain(&self.ear);
        ready
    }

    /// Accepts new connections.
    fn welcome(&mut self) {
        loop {
            match self.listener.accept() {
                Ok(_) if self.guests.len() >= self.guests_max => {
                    let max = self.guests_max;
                    self.refuse(&format!("{max} processes are connected; one more is not let in"));
                }
                Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => {
                    self.guests.push(Guest { stream, lines: Lines::default(), joined: false });
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.refuse(&format!("the system gives no connection: {error}"));
                    // The connection stays in the queue of the listener, so a pause is harmless.
                    std::thread::sleep(RESTS);
                    return;
                }
            }
        }
    }

    fn refuse(&self, why: &str) {
        let refused = {
            let tally = &mut self.exchange.lock().medium.tally;
            tally.refused_connections += 1;
            tally.refused_connections
        };
        if refused <= TOLD_MAX {
            self.host.event(self.refused, self.host.now_ns(), why);
        }
    }

    /// Reads from the connections that are ready.
    fn listen(&mut self, ready: &[bool]) {
        let mut guests = std::mem::take(&mut self.guests);
        let mut ready = ready.iter().copied();
        // New connections were not part of the last wait.
        guests.retain_mut(|guest| !ready.next().unwrap_or(false) || self.hear_out(guest));
        self.guests = guests;
        self.bound_open_lines();
    }

    /// If there are too many bytes of incomplete lines, closes the connection with the longest one.
    fn bound_open_lines(&mut self) {
        let open = |guest: &Guest| guest.lines.rest().len();
        if self.guests.iter().map(open).sum::<usize>() <= OPEN_LINES_BYTES_MAX {
            return;
        }
        let longest = (0..self.guests.len()).max_by_key(|place| open(&self.guests[*place]));
        if let Some(place) = longest {
            let guest = self.guests.swap_remove(place);
            self.complain(&format!(
                "is too much beside those of other processes: {} bytes, and not complete",
                open(&guest)
            ));
        }
    }

    /// Reads one connection. Returns whether it stays open.
    fn hear_out(&mut self, guest: &mut Guest) -> bool {
        for _ in 0..READS_MAX {
            match hear(&mut guest.stream, &mut self.buffer) {
                Heard::Bytes(count) => {
                    guest.lines.push(&self.buffer[..count]);
                    if !self.take_lines(guest) {
                        return false;
                    }
                }
                Heard::Nothing => return true,
                // An incomplete line is from a process that was killed while it wrote: the call did not return.
                Heard::End => return false,
            }
        }
        true
    }

    fn take_lines(&mut self, guest: &mut Guest) -> bool {
        let at_ns = self.host.now_ns();
        let mut lines = std::mem::take(&mut guest.lines);
        let mut goes_on = true;
        while goes_on && let Some(line) = lines.next_line() {
            self.lines_read += 1;
            goes_on = match guest.joined {
                true => self.take(line, at_ns),
                false => match self.joins(line) {
                    Some(Join { feeder: Some(number), worker, life, .. }) => {
                        let Ok(stream) = guest.stream.try_clone() else { return false };
                        let feeder = Feeder { life, number, stream, lines };
                        if let Err(why) = self.exchange.join(worker, feeder) {
                            self.refuse(&why);
                        }
                        // The worker reads it from now on.
                        return false;
                    }
                    Some(_) => {
                        guest.joined = true;
                        // Tells the process that it may write calls, which it must not do on a refused connection.
                        // There is room for one line.
                        let _ = guest.stream.write_all(b"{\"joined\":true}\n");
                        self.exchange.lock().medium.tally.connections += 1;
                        true
                    }
                    None => false,
                },
            };
        }
        if goes_on && lines.rest().len() > LINE_BYTES_MAX {
            self.complain(&format!("does not end: {}", shown(lines.rest())));
            goes_on = false;
        }
        guest.lines = lines;
        goes_on
    }

    /// Reads the first line of a connection; `None` if it is not of this run.
    fn joins(&self, line: &[u8]) -> Option<Join> {
        match answer::read(line) {
            Ok(Line::Join(join)) if join.run == self.run => return Some(join),
            Ok(Line::Join(join)) => {
                let (process, other, run) = (join.process, join.run, self.run);
                self.refuse(&format!("process {process} is of run {other}, and this is run {run}"));
            }
            _ => self.refuse(&format!("a process did not say of which run it is: {}", shown(line))),
        }
        None
    }

    fn take(&mut self, line: &[u8], at_ns: u64) -> bool {
        let mut repaired = Vec::new();
        let taken = answer::read_or_repair(line, &mut repaired).and_then(|said| match &said {
            Line::Join(_) => Err("joins once more".to_owned()),
            said => match self.calls.take(said, line, at_ns, &mut self.read)? {
                true => Ok(()),
                false => Err(format!("is no call: {}", shown(line))),
            },
        });
        if let Err(why) = &taken {
            self.complain(why);
        }
        taken.is_ok()
    }

    fn complain(&self, why: &str) {
        let bad_lines = {
            let tally = &mut self.exchange.lock().medium.tally;
            tally.bad_lines += 1;
            tally.bad_lines
        };
        if bad_lines <= TOLD_MAX {
            let text = format!("a process wrote a line that {why}; its connection is closed");
            self.host.event(self.bad_line, self.host.now_ns(), &self.calls.clean(&text));
        }
    }

    fn post(&mut self) {
        if self.read.is_empty() {
            return;
        }
        self.exchange.post_calls(&mut self.read);
        self.host.wake();
    }
}
