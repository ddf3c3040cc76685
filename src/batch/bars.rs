//! How far a batch is: bars on a terminal, elsewhere one plain line for each thing that happens.

use super::CellOutcome;
use super::prepared::PreparedBatch;
use crate::cores::vitals::Shared;
use crate::diagnostics::Exit;
use crate::progress::DisplayMode;
use crate::report::{count, percent, printable, rough_rate, shortened, span};
use crate::session::terminal;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::time::Instant;

const REDRAWS_PER_S: u8 = 10;
/// Columns for a cell's name.
const NAME_WIDTH: usize = 48;

/// The display of a batch.
pub(super) struct Bars {
    mode: DisplayMode,
    began: Instant,
    all: MultiProgress,
    whole: ProgressBar,
    cells: Vec<(usize, ProgressBar, Instant)>,
    name_width: usize,
}

impl Bars {
    pub fn new(prepared: &PreparedBatch, cells: usize, quiet: bool) -> Bars {
        let mode = DisplayMode::of_stderr(quiet);
        let target = match mode {
            DisplayMode::Bar => ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S),
            DisplayMode::Lines | DisplayMode::Silent => ProgressDrawTarget::hidden(),
        };
        let all = MultiProgress::with_draw_target(target);
        let whole =
            all.add(ProgressBar::new(cells as u64).with_style(style(
                "{prefix:.bold} {bar:24} {pos} of {len} cells, {elapsed} gone, {eta} left",
            )));
        whole.set_prefix(shortened(&printable(&prepared.file.name), 20));
        let width = |job: &super::jobs::CellJob| job.cell.name.chars().count();
        // A finished cell's figures take some fifty columns beside its name.
        let room = match (mode, terminal::stderr_width()) {
            (DisplayMode::Bar, Some(width)) => width.saturating_sub(52).max(16),
            _ => NAME_WIDTH,
        };
        let widest = prepared.jobs.iter().map(width).max().unwrap_or(0);
        Bars {
            mode,
            began: Instant::now(),
            all,
            whole,
            cells: Vec::new(),
            name_width: widest.min(NAME_WIDTH.min(room)),
        }
    }

    /// Shows that a cell begins.
    pub fn began(&mut self, index: usize, prepared: &PreparedBatch) {
        let name = &prepared.jobs[index].cell.name;
        match self.mode {
            DisplayMode::Bar => {
                let bar =
                    self.all.add(ProgressBar::new_spinner().with_style(style("  {prefix} {wide_msg:.dim}")));
                bar.set_prefix(padded(name, self.name_width));
                self.cells.push((index, bar, Instant::now()));
            }
            DisplayMode::Lines => self.line(&format!("began  {}", printable(name))),
            DisplayMode::Silent => {}
        }
    }

    /// Shows the progress of the cells that play now.
    pub fn draw<'s>(&mut self, flights: impl Iterator<Item = (usize, &'s Shared)>) {
        if self.mode != DisplayMode::Bar {
            return;
        }
        for (index, shared) in flights {
            let Some((_, bar, began)) = self.cells.iter().find(|(of, ..)| *of == index) else { continue };
            let (mut generated, mut failed, mut now_ns) = (0u64, 0u64, 0);
            for (_, slot) in shared.busy() {
                let signs = slot.signs();
                // What a core has written over adds up to anything.
                generated = signs.generated.saturating_add(generated);
                failed = signs.ended[1..].iter().fold(failed, |sum: u64, count| sum.saturating_add(*count));
                now_ns = now_ns.max(signs.now_ns);
            }
            let rate = generated as f64 / began.elapsed().as_secs_f64().max(1e-3);
            bar.set_message(format!(
                "{}, {} messages, {}, {} failed",
                span(now_ns),
                count(generated),
                rough_rate(rate),
                count(failed)
            ));
        }
        self.whole.tick();
    }

    /// A cell is over: its line scrolls by.
    pub fn ended(&mut self, index: usize, outcome: &CellOutcome) {
        if let Some(place) = self.cells.iter().position(|(of, ..)| *of == index) {
            let (_, bar, _) = self.cells.swap_remove(place);
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
        self.whole.inc(1);
        let line = line(outcome, self.name_width);
        match self.mode {
            DisplayMode::Bar => drop(self.all.println(line)),
            DisplayMode::Lines => self.line(&line),
            DisplayMode::Silent => {}
        }
    }

    /// Something to say about a cell.
    pub fn say(&mut self, text: &str) {
        match self.mode {
            DisplayMode::Bar => drop(self.all.println(printable(text))),
            DisplayMode::Lines | DisplayMode::Silent => self.line(&printable(text)),
        }
    }

    pub fn finish(&mut self) {
        self.whole.finish_and_clear();
    }

    /// A plain line, with the time since the batch began.
    fn line(&self, text: &str) {
        // Nobody is left to be told that stderr is closed.
        let _ = writeln!(std::io::stderr(), "[{:9.3} s] {text}", self.began.elapsed().as_secs_f64());
    }
}

fn style(template: &str) -> ProgressStyle {
    // Templates are constants; were one wrong, indicatif's own style would do.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸ ")
}

/// A sign for an exit code: ✓ all is well, ⚠ undecided, ✗ anything else.
pub(super) fn mark(exit: Exit) -> &'static str {
    match exit {
        Exit::Success => "✓",
        Exit::Undecided => "⚠",
        _ => "✗",
    }
}

fn padded(name: &str, width: usize) -> String {
    let name = shortened(&printable(name), width);
    let missing = width.saturating_sub(unicode_width::UnicodeWidthStr::width(&*name));
    format!("{name}{}", " ".repeat(missing))
}

/// A cell that is over in one line.
fn line(outcome: &CellOutcome, name_width: usize) -> String {
    let summary = &outcome.summary;
    let mut text = format!("{} {}", mark(outcome.exit()), padded(&outcome.cell, name_width));
    if let Some(rate) = summary.success_rate {
        text.push_str(&format!("  {} delivered", percent(rate)));
    }
    if let Some(rate) = summary.throughput_per_s {
        text.push_str(&format!(", {}", rough_rate(rate)));
    }
    if let Some(p99) = summary.total_p99_ns {
        text.push_str(&format!(", p99 {}", span(p99 as u64)));
    }
    text.push_str(&format!("  in {}", span((outcome.wall_s * 1e9) as u64)));
    if outcome.exit != 0 {
        let why = summary.problems.first().or(summary.failed.first());
        text.push_str(&format!("  exit {}", outcome.exit));
        if let Some(why) = why {
            text.push_str(&format!(": {}", printable(why)));
        }
    }
    text
}
