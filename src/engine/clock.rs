//! The two clocks of the loop. Times are nanoseconds since the load began.

use super::oversleep::Oversleep;
use crate::cores::{HostServices, RunClock, WakeFlag};
use std::sync::Arc;
use std::time::Duration;

/// A clock that the loop can wait on.
pub trait Clock {
    /// Whether time passes only when the loop says so.
    const VIRTUAL: bool;

    /// The present time, in nanoseconds since the load began.
    fn now(&mut self) -> u64;

    /// Waits until `until_ns`, which must not be past on a virtual clock, or until a core wakes the loop. Returns the
    /// present time.
    fn wait(&mut self, until_ns: u64) -> u64;

    /// Whether a core asked for a poll since the last call of this.
    fn take_wake(&mut self) -> bool;

    /// Whether a core asked for a poll, without forgetting it.
    fn is_woken(&self) -> bool;
}

/// A clock that jumps from event to event.
#[derive(Debug)]
pub struct VirtualClock {
    clock: Arc<RunClock>,
    wake: Arc<WakeFlag>,
}

impl VirtualClock {
    /// The virtual clock of a run with these services, at 0.
    pub fn new(services: &HostServices) -> VirtualClock {
        VirtualClock { clock: Arc::clone(&services.clock), wake: Arc::clone(&services.wake) }
    }
}

impl Clock for VirtualClock {
    const VIRTUAL: bool = true;

    #[inline]
    fn now(&mut self) -> u64 {
        self.clock.now_ns()
    }

    #[inline]
    fn wait(&mut self, until_ns: u64) -> u64 {
        self.clock.set_ns(until_ns);
        until_ns
    }

    /// "A simulated core never wakes"; one that does all the same is polled.
    #[inline]
    fn take_wake(&mut self) -> bool {
        self.wake.is_set() && self.wake.take()
    }

    #[inline]
    fn is_woken(&self) -> bool {
        self.wake.is_set()
    }
}

/// Below this mean gap between events, in nanoseconds, the loop never sleeps.
pub const ALWAYS_SPIN_GAP_NS: f64 = 50_000.0;
/// A sleep shorter than this, in nanoseconds, is not worth its call.
const SLEEP_MIN_NS: u64 = 10_000;

/// What the loop does until the next event.
#[derive(Debug)]
enum Waiting {
    /// It looks at the clock again and again.
    Spins,
    /// It sleeps: there is one processor, which others need, too.
    Sleeps,
    /// It sleeps until shortly before the event, then spins.
    Both(Oversleep),
}

/// The machine's monotonic clock.
///
/// Sleeps until shortly before the next event, then spins on clock and wake flag. How shortly depends on how late the
/// system wakes it: see [`Oversleep`]. With `always_spin` it never sleeps, and on a machine with one processor it never
/// spins.
#[derive(Debug)]
pub struct WallClock {
    clock: Arc<RunClock>,
    wake: Arc<WakeFlag>,
    /// The start of the load on the run's clock, in nanoseconds.
    start_ns: u64,
    waiting: Waiting,
}

impl WallClock {
    /// The clock of a run whose load starts at `start_ns` on its services' clock. Must be made on the loop's
    /// thread.
    pub fn new(services: &HostServices, start_ns: u64, always_spin: bool) -> WallClock {
        services.wake.register_current_thread();
        // Turns off the 50 µs by which Linux may prolong every sleep; other systems have no such call.
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let waiting = match (processors, always_spin) {
            (1, _) => Waiting::Sleeps,
            (_, true) => Waiting::Spins,
            (_, false) => Waiting::Both(Oversleep::new()),
        };
        WallClock { clock: Arc::clone(&services.clock), wake: Arc::clone(&services.wake), start_ns, waiting }
    }

    /// Sleeps or spins once; `left_ns` are left until the event.
    fn pass_time(&mut self, now_ns: u64, left_ns: u64) {
        let (margin_ns, shortest_ns) = match &self.waiting {
            Waiting::Spins => (left_ns, 0),
            Waiting::Sleeps => (0, 0),
            Waiting::Both(oversleep) => (oversleep.margin_ns(), SLEEP_MIN_NS),
        };
        if left_ns <= margin_ns + shortest_ns {
            std::hint::spin_loop();
            return;
        }
        let asked_ns = left_ns - margin_ns;
        std::thread::park_timeout(Duration::from_nanos(asked_ns));
        let woke_ns = self.now();
        if let Waiting::Both(oversleep) = &mut self.waiting
            && !self.wake.is_set()
        {
            oversleep.woke(woke_ns.saturating_sub(now_ns + asked_ns));
        }
    }
}

impl Clock for WallClock {
    const VIRTUAL: bool = false;

    #[inline]
    fn now(&mut self) -> u64 {
        self.clock.now_ns().saturating_sub(self.start_ns)
    }

    fn wait(&mut self, until_ns: u64) -> u64 {
        loop {
            let now = self.now();
            if now >= until_ns || self.wake.is_set() {
                return now;
            }
            self.pass_time(now, until_ns - now);
        }
    }

    #[inline]
    fn take_wake(&mut self) -> bool {
        self.wake.take()
    }

    #[inline]
    fn is_woken(&self) -> bool {
        self.wake.is_set()
    }
}
