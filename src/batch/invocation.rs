//! What `batch` is asked for.

use std::path::PathBuf;
use std::time::Duration;

/// A batch to be played, and what becomes of it.
#[derive(Debug, Clone)]
pub struct BatchInvocation {
    /// The path of the batch file.
    pub file: PathBuf,
    /// Whether it goes on with the newest batch on the output folder.
    pub resume: bool,
    /// The same, though scripts, cores or the file have changed.
    pub changed: bool,
    /// The only cell that is played.
    pub only: Option<String>,
    /// The output folder, in place of the file's.
    pub output: Option<PathBuf>,
    /// Replications of every cell, in place of the file's.
    pub repeats: Option<u64>,
    /// The earlier batch that every cell is compared with.
    pub baseline: Option<String>,
    /// The name under which what is measured is kept.
    pub save_baseline: Option<String>,
    /// Whether a baseline of that name is replaced.
    pub force: bool,
    /// Whether a figure that is worse fails the batch.
    pub fail_on_regression: bool,
    /// Folders in which cores are looked for first.
    pub core_path: Vec<PathBuf>,
    /// A core whose call has not returned for so long is given up.
    pub hang_timeout: Duration,
    /// Whether no progress is shown.
    pub quiet: bool,
    /// The flags that `run` has, for suggestions.
    pub known_flags: Vec<String>,
}
