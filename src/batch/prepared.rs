//! A batch file, looked at: its cells, what they take, and whether they are what they were.

use super::jobs::CellJob;
use super::scout::{Scouted, scout};
use super::{BatchFile, Cells, Header, cells};
use crate::diagnostics::Diagnostics;
use crate::report::{counted, printable, span};
use std::path::PathBuf;

/// A batch whose every cell has been looked at.
pub(super) struct PreparedBatch {
    pub file: BatchFile,
    pub excluded: Vec<String>,
    pub jobs: Vec<CellJob>,
    pub scouted: Vec<Scouted>,
}

impl PreparedBatch {
    pub fn from(
        file: BatchFile,
        core_path: &[PathBuf],
        known_flags: &[String],
    ) -> Result<PreparedBatch, Diagnostics> {
        let Cells { cells, excluded } = cells(&file)?;
        let jobs: Vec<CellJob> =
            cells.into_iter().map(|cell| CellJob::of(&file, cell, core_path, known_flags)).collect();
        let scouted = scout(&jobs, &file)?;
        Ok(PreparedBatch { file, excluded, jobs, scouted })
    }

    pub fn parallel(&self) -> usize {
        self.file.parallel.map_or_else(crate::session::side_by_side::processors, |n| n as usize)
    }

    /// How long it will take about, in nanoseconds.
    fn estimate_ns(&self) -> u64 {
        let all = |live: bool| self.scouted.iter().filter(move |cell| cell.live == live);
        let live: u64 = all(true).map(|cell| cell.estimate_ns).sum();
        let simulated: u64 = all(false).map(|cell| cell.estimate_ns).sum();
        live + simulated / self.parallel() as u64
    }

    /// The first line: how many cells there are, and how long they will take.
    pub fn announced(&self) -> String {
        let live = self.scouted.iter().filter(|cell| cell.live).count();
        let live = if live > 0 { format!(", {live} of them live, one at a time") } else { String::new() };
        let (cells, runs) = (self.jobs.len(), self.scouted.iter().map(|cell| cell.runs).sum::<u64>());
        format!(
            "{}: {}, {}{live}; about {}",
            printable(&self.file.name),
            counted(cells as u64, "cell"),
            counted(runs, "run"),
            span(roughly(self.estimate_ns()))
        )
    }

    /// The expanded matrix, as text.
    pub fn described(&self) -> String {
        let mut text = String::new();
        for (job, scouted) in self.jobs.iter().zip(&self.scouted) {
            let clock = if scouted.live { "live" } else { "simulated" };
            let about = span(roughly(scouted.estimate_ns));
            text.push_str(&format!("  {}  ({clock}, about {about})\n", printable(&job.cell.name)));
        }
        for name in &self.excluded {
            text.push_str(&format!("  excluded: {}\n", printable(name)));
        }
        format!("{}\n{text}", self.announced())
    }

    pub fn header(&self) -> Header {
        let cell =
            |(job, scouted): (&CellJob, &Scouted)| (job.cell.name.clone(), scouted.fingerprint.clone());
        Header {
            batch: self.file.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cells: self.jobs.iter().zip(&self.scouted).map(cell).collect(),
        }
    }
}

/// An estimate with one digit: more it does not know.
fn roughly(ns: u64) -> u64 {
    let unit = 10_u64.pow(ns.max(1).ilog10());
    ns.div_ceil(unit).max(1) * unit
}
