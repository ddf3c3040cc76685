//! How far a run has come, on stderr.

use crate::cores::abi;
use crate::engine::{Progress, Started};
use crate::plan::ClockKind;
use crate::report::{count, magnitude, printable, rough_rate, shortened, span};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Wall time from one plain line to the next; shorter runs print none.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Redraws of a bar per second.
const REDRAWS_PER_S: u8 = 10;
/// Steps of a bar: fine enough for any terminal.
const BAR_STEPS: u64 = 1_000;
/// Columns for the run's name beside a bar.
const NAME_WIDTH: usize = 20;

/// The way in which progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// A single line that is drawn again and again.
    Bar,
    /// A line every ten seconds.
    Lines,
    /// No progress is shown.
    Silent,
}

impl DisplayMode {
    /// The mode that suits standard error.
    pub fn of_stderr(quiet: bool) -> DisplayMode {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => DisplayMode::Silent,
            (false, true) => DisplayMode::Bar,
            (false, false) => DisplayMode::Lines,
        }
    }
}

/// The display of one run.
#[derive(Debug)]
pub struct Display {
    mode: DisplayMode,
    bar: ProgressBar,
    run: Option<Started>,
    began: Instant,
    last_line: Instant,
}

impl Display {
    /// A display that shows nothing before a run starts.
    pub fn new(mode: DisplayMode) -> Display {
        let now = Instant::now();
        Display { mode, bar: ProgressBar::hidden(), run: None, began: now, last_line: now }
    }

    /// Shows that a run begins.
    pub fn started(&mut self, started: &Started) {
        self.began = Instant::now();
        self.last_line = self.began;
        if self.mode == DisplayMode::Bar {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S);
            let known = started.load_ns.is_some() || started.messages.is_some();
            let template = if known {
                "{prefix:.bold} {bar:12} {wide_msg:.dim}"
            } else {
                "{prefix:.bold} {spinner} {wide_msg:.dim}"
            };
            // The template is a constant; were it wrong, indicatif's own style would do.
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::with_draw_target(Some(BAR_STEPS), target)
                .with_style(style.progress_chars("━╸ "))
                .with_prefix(shortened(&printable(&started.name), NAME_WIDTH));
        }
        self.run = Some(started.clone());
    }

    /// A core has something to say: a line of its own, unless it is for whoever debugs the core.
    pub fn say(&mut self, core: &str, level: u32, text: &str) {
        let word = match level {
            abi::LOG_ERROR => "error",
            abi::LOG_WARN => "warning",
            abi::LOG_INFO if self.mode != DisplayMode::Silent => "note",
            _ => return,
        };
        let line = format!("{word}: core `{core}`: {}", printable(text));
        match self.mode {
            DisplayMode::Bar => self.bar.println(line),
            // A closed stderr must not end the run.
            DisplayMode::Lines | DisplayMode::Silent => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    /// A line before the runs begin, unless nothing is shown.
    pub fn announce(&mut self, text: &str) {
        if self.mode != DisplayMode::Silent {
            // A closed stderr must not keep the runs from being played.
            let _ = writeln!(std::io::stderr(), "{}", printable(text));
        }
    }

    /// The run has come this far.
    pub fn progress(&mut self, progress: &Progress) {
        let Some(run) = &self.run else { return };
        match self.mode {
            DisplayMode::Silent => {}
            DisplayMode::Bar => {
                self.bar.set_message(standing(run, progress, self.began.elapsed(), true));
                self.bar.set_position((share(run, progress) * BAR_STEPS as f64) as u64);
            }
            DisplayMode::Lines if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                let standing = standing(run, progress, self.began.elapsed(), false);
                // Nobody is left to be told that stderr is closed.
                let _ = writeln!(std::io::stderr(), "{}: {standing}", printable(&run.name));
            }
            DisplayMode::Lines => {}
        }
    }

    /// The run is over: the bar goes, what follows is the summary.
    pub fn finished(&mut self) {
        self.bar.finish_and_clear();
        self.run = None;
    }
}

/// The share of the load that is done, from 0 to 1.
fn share(run: &Started, progress: &Progress) -> f64 {
    let of = |done: u64, all: u64| if all == 0 { 1.0 } else { (done as f64 / all as f64).min(1.0) };
    let counted = run.messages.map_or(0.0, |all| of(progress.ended, all));
    let timed = run.load_ns.map_or(0.0, |all| of(progress.now_ns, all));
    counted.max(timed)
}

/// "34 s of 65 s simulated, 9,123 messages, 1.2 million/s", "3 s of 65 s (warm-up until 5 s), …"; in short so that it fits beside a bar.
fn standing(run: &Started, progress: &Progress, wall: Duration, short: bool) -> String {
    let now = span(progress.now_ns);
    let of = run.load_ns.filter(|&all| all >= progress.now_ns).map(|all| format!(" of {}", span(all)));
    let simulated = if run.clock == ClockKind::Virtual { " simulated" } else { "" };
    let simulated = if short { "" } else { simulated };
    let rate = progress.generated as f64 / wall.as_secs_f64().max(1e-3);
    let under_way = progress.generated - progress.ended;
    let rest = match (progress.draining, run.messages) {
        (true, _) if under_way == 0 && progress.awaited > 0 => {
            format!(", {} copies still to come", count(progress.awaited))
        }
        (true, _) => format!(", {} still under way", count(under_way)),
        (false, Some(all)) => format!(" of {}", count(all)),
        (false, None) => String::new(),
    };
    let warming_up = progress.now_ns < run.warm_up_ns && !short;
    let until = if warming_up { format!(" (warm-up until {})", span(run.warm_up_ns)) } else { String::new() };
    let messages = if short { magnitude(progress.generated as f64) } else { count(progress.generated) };
    format!(
        "{now}{}{simulated}{until}, {messages} messages{rest}, {}",
        of.unwrap_or_default(),
        rough_rate(rate)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(load_s: Option<u64>, messages: Option<u64>, clock: ClockKind) -> Started {
        Started {
            name: "nine agents".into(),
            core: "mock".into(),
            clock,
            seed: 1,
            agents: 9,
            load_ns: load_s.map(|seconds| seconds * 1_000_000_000),
            warm_up_ns: 0,
            messages,
        }
    }

    #[test]
    fn a_line_says_time_messages_and_rate() {
        let progress = Progress {
            now_ns: 34_000_000_000,
            generated: 9_123,
            ended: 9_120,
            delivered: 9_119,
            draining: false,
            awaited: 0,
        };
        let wall = Duration::from_secs(10);
        let timed = run(Some(65), None, ClockKind::Virtual);
        assert_eq!(standing(&timed, &progress, wall, false), "34 s of 65 s simulated, 9,123 messages, 912/s");
        let early = Started { warm_up_ns: 40_000_000_000, ..timed.clone() };
        assert_eq!(
            standing(&early, &progress, wall, false),
            "34 s of 65 s simulated (warm-up until 40 s), 9,123 messages, 912/s"
        );
        assert!(!standing(&early, &progress, wall, true).contains("warm-up"));
        let counted = run(None, Some(20_000), ClockKind::Wall);
        assert_eq!(standing(&counted, &progress, wall, false), "34 s, 9,123 messages of 20,000, 912/s");
        let draining = Progress { now_ns: 66_000_000_000, draining: true, ..progress };
        assert_eq!(
            standing(&timed, &draining, wall, false),
            "66 s simulated, 9,123 messages, 3 still under way, 912/s"
        );
        let listening = Progress { ended: 9_123, awaited: 12, ..draining };
        assert_eq!(
            standing(&timed, &listening, wall, false),
            "66 s simulated, 9,123 messages, 12 copies still to come, 912/s"
        );
        assert_eq!((share(&timed, &progress) * 100.0) as u64, 52);
        assert_eq!((share(&counted, &progress) * 100.0) as u64, 45);
    }
}
