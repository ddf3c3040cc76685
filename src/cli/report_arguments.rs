//! The flags of pages and exports.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Files in the formats of other tools.
#[derive(Debug, Clone, Default, Args)]
pub struct ExportFlags {
    /// Write all distributions as an HdrHistogram interval log.
    #[arg(long, value_name = "FILE.hlog", help_heading = "Results")]
    pub hdr: Option<PathBuf>,
    /// Write the results as OpenMetrics text, for a textfile collector.
    #[arg(long, value_name = "FILE.prom", help_heading = "Results")]
    pub metrics: Option<PathBuf>,
    /// Write tidy tables into this folder: figures, series, agents, checks.
    #[arg(long, value_name = "FOLDER", help_heading = "Results")]
    pub csv: Option<PathBuf>,
}

/// The flags of `mqscript report`.
#[derive(Debug, Clone, Args)]
pub struct ReportFlags {
    /// Files that `run --output` saved.
    #[arg(value_name = "RESULTS.json", required = true)]
    pub files: Vec<PathBuf>,

    /// The page; or a folder, with a `/` at its end, for a page each and an index.
    #[arg(short, long, value_name = "FILE.html|FOLDER/", required_unless_present_any = ["svg", "hdr", "metrics", "csv"])]
    pub output: Option<PathBuf>,
    /// Write one chart alone as an SVG file, for a document of yours.
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// The chart that `--svg` writes, of the first run.
    #[arg(long, value_enum, default_value_t = ChartFlag::Course, value_name = "course|percentiles|ledger", hide_possible_values = true, requires = "svg")]
    pub chart: ChartFlag,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub exports: ExportFlags,

    /// Replace files that exist.
    #[arg(long)]
    pub force: bool,
}

/// A chart of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChartFlag {
    /// Rates, what waits and times, over time.
    Course,
    /// Times by their percentiles.
    Percentiles,
    /// Messages by their end.
    Ledger,
}
