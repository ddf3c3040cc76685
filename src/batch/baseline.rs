//! Baselines: what an earlier batch measured, to compare with.
//!
//! Any batch's folder is one. Under a name, `baselines/NAME` below the output folder holds a copy of what a comparison
//! reads, laid out as the batch's folder is: it stays when numbered folders are cleared away, and can be carried
//! elsewhere.

use super::folder::{JOURNAL, LATEST, OUTCOME, RESULTS, cannot, header, named, numbers, outcome, write_line};
use super::outcome::CellOutcome;
use crate::compare::read_results;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, did_you_mean};
use crate::files::in_words;
use crate::files::keep;
use crate::results::Report;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const BASELINES: &str = "baselines";
const NAME_BYTES_MAX: usize = 64;

/// A batch to compare with.
#[derive(Debug)]
pub struct Baseline {
    /// What it is called: its name, or the name of its folder.
    pub name: String,
    /// What means it from now on, even if it was `latest`.
    pub said: String,
    /// The folder that holds the baseline.
    pub path: PathBuf,
    /// Its cells that are over, in the order of its matrix, each with its folder.
    pub cells: Vec<(CellOutcome, PathBuf)>,
}

impl Baseline {
    /// Reads the baseline that is meant by `said`: with a `/` a batch's folder; `latest` or a number that of a batch below
    /// `output`; else a name.
    ///
    /// # Errors
    /// There is none of that name, the folder is no batch's, or none of its cells is over.
    pub fn open(output: &Path, said: &str) -> Result<Baseline, Diagnostics> {
        let path = match said {
            said if said.contains('/') => PathBuf::from(said),
            LATEST => newest(output)?,
            said if is_number(said) => output.join(named(said.parse().unwrap_or(u64::MAX))),
            name => stored(output, name)?,
        };
        // `latest` points elsewhere once a batch has begun.
        let path = path.canonicalize().map_err(|error| unreachable(&path, &error))?;
        header(&path).map_err(|_| no_batch(&path))?;
        let mut cells: Vec<(CellOutcome, PathBuf)> = entries(&path.join("cells"))
            .into_iter()
            .map(|name| path.join("cells").join(name))
            .filter_map(|cell| Some((outcome(&cell)?, cell)))
            .collect();
        cells.sort_by(|a, b| a.1.cmp(&b.1));
        if cells.is_empty() {
            return Err(unusable(&path).found("no cell of it is over").into());
        }
        let of_folder = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if said.contains('/') || said == LATEST { of_folder() } else { said.to_owned() };
        let said = if said == LATEST { path.display().to_string() } else { said.to_owned() };
        Ok(Baseline { name, said, cells, path })
    }

    /// The cell with these labels on these axes, and its folder.
    pub fn counterpart(&self, labels: &[(&str, &str)]) -> Option<&(CellOutcome, PathBuf)> {
        let same = |outcome: &CellOutcome| {
            outcome.labels.len() == labels.len()
                && labels
                    .iter()
                    .all(|(axis, label)| outcome.labels.get(*axis).is_some_and(|own| own == label))
        };
        self.cells.iter().find(|(outcome, _)| same(outcome))
    }
}

/// Checks that a baseline of this name can be saved, before anything is played for it.
///
/// # Errors
/// It is no name; or there is one already, and nobody said that it is to be replaced.
pub fn check_name(output: &Path, name: &str, replaces: bool) -> Result<(), Diagnostics> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = name.len() <= NAME_BYTES_MAX && name.chars().all(plain) && !name.starts_with(['.', '-']);
    if name.is_empty() || !fits || is_number(name) || name == LATEST {
        let fault =
            Diagnostic::new(Exit::Usage, format!("`{}` is no name for a baseline", name.escape_debug()));
        let expected = format!("letters, digits, `.`, `_` and `-`, not digits alone and not `{LATEST}`");
        return Err(fault.expected(expected).note("it comes from `--save-baseline`").into());
    }
    let path = output.join(BASELINES).join(name);
    if path.symlink_metadata().is_ok() && !replaces {
        let fault = Diagnostic::new(Exit::Usage, format!("there is a baseline `{name}` already"));
        let help = format!(
            "choose another name, or say `--force` to replace it; `--baseline {name}` compares with it"
        );
        return Err(fault.found(format!("`{}`", path.display())).help(help).into());
    }
    Ok(())
}

/// Saves a baseline under a name: of each of these cells, by its folder, the outcome and what is compared of its results.
/// Finds the folder of a saved baseline.
///
/// # Errors
/// A cell has no results, or nothing can be written; what was there under this name stays.
pub fn save_baseline(
    output: &Path,
    name: &str,
    batch: &Path,
    cells: &[(&Path, &CellOutcome)],
) -> Result<PathBuf, Diagnostics> {
    let all = output.join(BASELINES);
    let [draft, old] = ["tmp", "old"].map(|kind| all.join(format!(".{name}.{kind}")));
    let place = all.join(name);
    let kept = copy(&draft, batch, cells).and_then(|()| {
        let move_there = || {
            remove(&old)?;
            if place.symlink_metadata().is_ok() {
                fs::rename(&place, &old)?;
            }
            fs::rename(&draft, &place)?;
            remove(&old)
        };
        move_there().map_err(|error| cannot(&place, &error))
    });
    kept.inspect_err(|_| {
        let _ = remove(&draft);
    })?;
    Ok(place)
}

fn copy(draft: &Path, batch: &Path, cells: &[(&Path, &CellOutcome)]) -> Result<(), Diagnostics> {
    let refused = |error: io::Error| cannot(draft, &error);
    // Left by a process that was killed.
    remove(draft).map_err(refused)?;
    fs::create_dir_all(draft.join("cells")).map_err(refused)?;
    let mut journal = File::create(draft.join(JOURNAL)).map_err(refused)?;
    write_line(&mut journal, &header(batch)?).map_err(refused)?;
    for (folder, outcome) in cells {
        let cell = draft.join("cells").join(folder.file_name().unwrap_or_default());
        fs::create_dir(&cell).map_err(refused)?;
        let report = read_results(&folder.join(RESULTS))?;
        let lean = serde_json::to_vec(&lean(report)).expect("results are plain data");
        keep(&cell.join(RESULTS), &lean).map_err(refused)?;
        keep(&cell.join(OUTCOME), &serde_json::to_vec(outcome).expect("an outcome is plain data"))
            .map_err(refused)?;
    }
    Ok(())
}

/// Without what no comparison reads.
fn lean(mut report: Report) -> Report {
    for run in &mut report.runs {
        run.histograms = Default::default();
    }
    report.comparisons.clear();
    report.aggregates.clear();
    report
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_number(said: &str) -> bool {
    !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit())
}

fn newest(output: &Path) -> Result<PathBuf, Diagnostics> {
    let newest = numbers(output).into_iter().max().map(|number| output.join(named(number)));
    newest.ok_or_else(|| unusable(&output.join(LATEST)).found("there is no batch yet").into())
}

/// The folder of a name.
fn stored(output: &Path, name: &str) -> Result<PathBuf, Diagnostics> {
    let all = output.join(BASELINES);
    let known: Vec<String> = entries(&all).into_iter().filter(|name| !name.starts_with('.')).collect();
    if known.iter().any(|known| known == name) {
        return Ok(all.join(name));
    }
    let fault = Diagnostic::new(Exit::Usage, format!("there is no baseline `{}`", name.escape_debug()));
    let expected = match known.is_empty() {
        true => format!("a name that `--save-baseline` has saved below `{}`: there is none", all.display()),
        false => format!("one of {}", known.join(", ")),
    };
    let folder = Path::new(name).is_dir().then(|| format!("a folder needs a `/`: `--baseline ./{name}`"));
    let help = folder.or_else(|| did_you_mean(name, known.iter().map(String::as_str)));
    Err(fault.expected(expected).help_if(help).note("it comes from `--baseline`").into())
}

/// The names in a folder, sorted; none if it is not there.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn unusable(path: &Path) -> Diagnostic {
    Diagnostic::new(Exit::Usage, format!("`{}` cannot be a baseline", path.display()))
        .note("it comes from `--baseline`")
}

fn unreachable(path: &Path, error: &io::Error) -> Diagnostic {
    let fault = match error.kind() {
        io::ErrorKind::NotFound => unusable(path).found("nothing: there is no such folder"),
        _ => unusable(path).found(in_words(error)),
    };
    fault.help("name a batch's own folder, a saved name, or `latest`, the newest batch on the output folder")
}

fn no_batch(path: &Path) -> Diagnostics {
    let latest = path.join(LATEST);
    let help = latest.join(JOURNAL).exists().then(|| format!("did you mean `{}`?", latest.display()));
    let fault = unusable(path).found("a folder that is no batch's");
    fault.expected(format!("a batch's own folder, with `{JOURNAL}` and `cells`")).help_if(help).into()
}
