//! Holds engines to the limits of scripts, and ends what takes too long or is interrupted.

use super::faults::ScriptStop;
use super::limits::{
    CALL_LEVELS_MAX, CALLBACK_OPERATIONS_MAX, CALLBACK_TIME_MAX, MODULES_MAX, OPERATIONS_MAX,
    SCRIPT_TIME_MAX, TEXT_MAX_BYTES, VALUES_MAX, VARIABLES_MAX,
};
use rhai::{Dynamic, Engine};
use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// How many operations pass between two looks at the flag.
const LOOK_EVERY: u64 = 1_024;
/// How many operations pass between two looks at a clock, which a single one may keep busy for milliseconds.
const CLOCK_EVERY: u64 = 64;
/// How long a clock that costs nothing must have gone on before the one of the processor is asked.
const PATIENCE: Duration = Duration::from_millis(100);

/// The kinds of code that an engine evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limited {
    /// The top level of a script, on a thread of its own.
    Script,
    /// Callbacks, one after the other.
    Callbacks,
}

impl Limited {
    fn operations(self) -> u64 {
        match self {
            Limited::Script => OPERATIONS_MAX,
            Limited::Callbacks => CALLBACK_OPERATIONS_MAX,
        }
    }

    fn time(self) -> Duration {
        match self {
            Limited::Script => SCRIPT_TIME_MAX,
            Limited::Callbacks => CALLBACK_TIME_MAX,
        }
    }
}

/// Sets all limits, and ends evaluation soon after the flag is raised.
pub(super) fn enforce_limits(engine: &mut Engine, limited: Limited, interrupted: &Arc<AtomicBool>) {
    set_within(engine, limited, limited.time(), interrupted);
}

fn set_within(engine: &mut Engine, limited: Limited, limit: Duration, interrupted: &Arc<AtomicBool>) {
    engine.set_max_operations(limited.operations());
    engine.set_max_call_levels(CALL_LEVELS_MAX);
    engine.set_max_expr_depths(128, 64);
    engine.set_max_string_size(TEXT_MAX_BYTES);
    engine.set_max_array_size(VALUES_MAX);
    engine.set_max_map_size(VALUES_MAX);
    engine.set_max_variables(VARIABLES_MAX);
    engine.set_max_functions(1_000);
    engine.set_max_modules(MODULES_MAX);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(false);
    engine.disable_symbol("eval");
    let interrupted = Arc::clone(interrupted);
    let time = Time::new(limited, limit);
    engine.on_progress(move |operations| {
        if !operations.is_multiple_of(CLOCK_EVERY) {
            return None;
        }
        if operations.is_multiple_of(LOOK_EVERY) && interrupted.load(Ordering::Relaxed) {
            return Some(Dynamic::from(ScriptStop::Interrupted));
        }
        time.is_over(operations).then(|| Dynamic::from(ScriptStop::TooLong(limit)))
    });
}

/// How long an evaluation has taken so far, in processor time of its thread.
struct Time {
    limited: Limited,
    limit: Duration,
    /// When the processor's clock was asked last, or a callback began, in nanoseconds of the other clock.
    asked_ns: AtomicU64,
    /// The processor's clock when a callback began.
    began_ns: AtomicU64,
}

impl Time {
    fn new(limited: Limited, limit: Duration) -> Time {
        Time { limited, limit, asked_ns: AtomicU64::new(wall_ns()), began_ns: AtomicU64::new(0) }
    }

    fn is_over(&self, operations: u64) -> bool {
        let now_ns = wall_ns();
        // The first look of a callback begins it; a script begins with its thread.
        if self.limited == Limited::Callbacks && operations == CLOCK_EVERY {
            self.asked_ns.store(now_ns, Ordering::Relaxed);
            self.began_ns.store(processor_ns(), Ordering::Relaxed);
            return false;
        }
        if now_ns - self.asked_ns.load(Ordering::Relaxed).min(now_ns) < PATIENCE.as_nanos() as u64 {
            return false;
        }
        self.asked_ns.store(now_ns, Ordering::Relaxed);
        let spent_ns = processor_ns().saturating_sub(self.began_ns.load(Ordering::Relaxed));
        spent_ns > self.limit.as_nanos() as u64
    }
}

/// Nanoseconds since some moment of this process.
fn wall_ns() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_nanos() as u64
}

/// What this thread has had of the processor so far, in nanoseconds.
fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rhai::EvalAltResult;

    /// Changing a large list takes as long as the list is large: operations alone would not end this for a minute.
    const SLOW: &str =
        "let list = []; for i in 0..40000 { list.push(#{ a: i }); } for i in 0..40000 { list[i].a += 1; }";

    #[test]
    fn a_list_that_is_slow_to_change_ends_in_time() {
        for limited in [Limited::Script, Limited::Callbacks] {
            let mut engine = super::super::host::bare();
            let limit = Duration::from_millis(200);
            set_within(&mut engine, limited, limit, &Arc::default());
            let evaluate = || engine.run(SLOW).unwrap_err();
            let error = std::thread::scope(|scope| scope.spawn(evaluate).join().unwrap());
            let EvalAltResult::ErrorTerminated(token, _) = *error else { panic!("{error}") };
            assert_eq!(token.cast::<ScriptStop>(), ScriptStop::TooLong(limit));
        }
    }
}
