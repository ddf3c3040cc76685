//! Where cores are looked for, and which file a name means.

use super::error::CoreError;
use super::trust::{Word, admit};
use std::collections::BTreeSet;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The environment variable with more folders, written like `PATH`.
pub const CORE_PATH_VARIABLE: &str = "MQSCRIPT_CORE_PATH";

/// The project's own cores that the default build leaves out, with the packages that build them.
const OPTIONAL: [(&str, &str); 1] = [("nats", "mqscript-nats")];

/// Folders that count as one place: the newest file of a name wins among them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SearchPlace {
    folders: Vec<PathBuf>,
    word: Word,
}

/// Where cores are looked for, in order. Never the current folder by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finder {
    places: Vec<SearchPlace>,
    /// Files that the user named on the command line.
    named: Vec<PathBuf>,
    /// Where files must lie, if the process reads nowhere else.
    within: Option<Vec<PathBuf>>,
}

/// A core's library that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundFile {
    pub name: String,
    pub path: PathBuf,
    /// On whose word it would be loaded.
    pub word: Word,
    /// An earlier file of the same name, which wins.
    pub hidden_by: Option<PathBuf>,
}

impl Finder {
    /// The folders given (as by `--core-path`), then those of `MQSCRIPT_CORE_PATH`, those beside the
    /// executable, `../lib/mqscript/cores`, and the user's and the system's data folders.
    pub fn new(first: &[PathBuf]) -> Finder {
        let mut finder = Finder::with_folders(first);
        if let Some(more) = std::env::var_os(CORE_PATH_VARIABLE) {
            for folder in std::env::split_paths(&more).filter(|folder| !folder.as_os_str().is_empty()) {
                let word = if folder.is_absolute() { Word::Place } else { Word::CurrentFolder };
                finder.places.push(alone(folder, word));
            }
        }
        if let Some(beside) = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)) {
            finder.add_beside(&beside);
        }
        let data = data_folders().into_iter().filter(|folder| folder.is_absolute());
        finder.places.extend(data.map(|folder| alone(folder, Word::Place)));
        finder
    }

    /// These folders and no others.
    pub fn with_folders(folders: &[PathBuf]) -> Finder {
        let places = folders.iter().cloned().map(|folder| alone(folder, Word::Flag)).collect();
        Finder { places, named: Vec::new(), within: None }
    }

    /// The same, told that the user named this core on the command line: if it is a file, it may be loaded whoever can
    /// write to it. `reference` is relative to the current folder, and may have a `#NAME`.
    #[must_use]
    pub fn trusting(mut self, reference: &str) -> Finder {
        let file = reference.contains('/').then(|| {
            reference
                .rsplit_once('#')
                .map_or(reference, |(file, id)| if id.contains('/') { reference } else { file })
        });
        self.named.extend(file.and_then(|file| Path::new(file).canonicalize().ok()));
        self
    }

    /// The files that the user named on the command line.
    pub fn named(&self) -> &[PathBuf] {
        &self.named
    }

    /// The same, told that nothing outside of these files and folders can be read.
    #[must_use]
    pub fn within(mut self, places: Vec<PathBuf>) -> Finder {
        self.within = Some(places);
        self
    }

    /// Whether a file may be loaded on this word, from where it is.
    pub(super) fn admit(&self, path: &Path, word: Word) -> Result<(), CoreError> {
        let outside = |places: &Vec<PathBuf>| {
            path.canonicalize().is_ok_and(|path| !places.iter().any(|place| path.starts_with(place)))
        };
        if self.within.as_ref().is_some_and(outside) {
            let reason = "it lies outside of what a pure run reads".to_owned();
            return Err(CoreError::Untrusted { path: path.to_owned(), reason });
        }
        admit(path, word)
    }

    /// On whose word a file is loaded that is named by its path: the user's, if it is the one of the command line or
    /// lies in a folder of the command line.
    pub(super) fn word_for(&self, path: &Path) -> Word {
        let Ok(path) = path.canonicalize() else { return Word::Place };
        let mut folders =
            self.places.iter().filter(|place| place.word == Word::Flag).flat_map(|p| &p.folders);
        let said = |folder: &PathBuf| folder.canonicalize().is_ok_and(|f| Some(&*f) == path.parent());
        if self.named.contains(&path) || folders.any(said) { Word::Flag } else { Word::Place }
    }

    /// The executable's folder, with what a build leaves around it. *Rationale.* cargo puts a dependency's
    /// library into `deps/` and links it beside the executable only when asked for by name, so that either of
    /// the two may be the stale one; a test's executable lies in `deps/` itself.
    fn add_beside(&mut self, beside: &Path) {
        let base = match beside.file_name() {
            Some(name) if name == "deps" => beside.parent().unwrap_or(beside),
            _ => beside,
        };
        let folders = vec![base.to_owned(), base.join("deps")];
        self.places.push(SearchPlace { folders, word: Word::Place });
        self.places.push(alone(base.join("cores"), Word::Place));
        if let Some(above) = base.parent() {
            self.places.push(alone(above.join("lib/mqscript/cores"), Word::Place));
        }
    }

    /// All folders that are searched, in order.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.places.iter().flat_map(|place| &place.folders).map(PathBuf::as_path)
    }

    /// The file of the core `name`, and on whose word it would be loaded.
    pub(super) fn find(&self, name: &str) -> Result<(PathBuf, Word), CoreError> {
        let file = format!("{DLL_PREFIX}mqscript_core_{name}{DLL_SUFFIX}");
        for place in &self.places {
            let there = place.folders.iter().map(|folder| folder.join(&file)).filter(|path| path.is_file());
            if let Some(path) = there.max_by_key(|path| modified(path)) {
                return Ok((path, place.word));
            }
        }
        let (name, searched) = (name.to_owned(), self.folders().map(Path::to_owned).collect());
        if let Some((_, package)) = OPTIONAL.iter().find(|(core, _)| *core == name) {
            return Err(CoreError::NotBuilt { name, package, searched });
        }
        let names: Vec<String> = self.files().into_iter().map(|found| found.name).collect();
        let known = names.iter().map(String::as_str).chain(OPTIONAL.map(|(core, _)| core));
        let nearest = nearest(&name, known);
        let there: BTreeSet<String> = names.iter().cloned().collect();
        Err(CoreError::NotFound { name, searched, nearest, there: there.into_iter().collect() })
    }

    /// Every core's file, by place and then by name.
    pub(super) fn files(&self) -> Vec<FoundFile> {
        let mut all: Vec<FoundFile> = Vec::new();
        for place in &self.places {
            let mut here: Vec<(String, PathBuf)> =
                place.folders.iter().flat_map(|folder| files_in(folder)).collect();
            here.sort_by_key(|(name, path)| (name.clone(), std::cmp::Reverse(modified(path))));
            for (name, path) in here {
                let winner = all.iter().find(|found| found.name == name && found.hidden_by.is_none());
                let hidden_by = winner.map(|found| found.path.clone());
                if hidden_by.as_ref() != Some(&path) {
                    all.push(FoundFile { name, path, word: place.word, hidden_by });
                }
            }
        }
        all
    }
}

fn alone(folder: PathBuf, word: Word) -> SearchPlace {
    SearchPlace { folders: vec![folder], word }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

fn files_in(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let prefix = format!("{DLL_PREFIX}mqscript_core_");
    let named = |entry: fs::DirEntry| {
        let file = entry.file_name();
        let name = file.to_str()?.strip_prefix(&prefix)?.strip_suffix(DLL_SUFFIX)?.to_owned();
        Some((name, entry.path()))
    };
    entries.flatten().filter_map(named).collect()
}

fn data_folders() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut folders = Vec::new();
    if cfg!(windows) {
        folders.extend(set("APPDATA").map(|data| data.join("mqscript/cores")));
        folders.extend(set("PROGRAMDATA").map(|data| data.join("mqscript/cores")));
        return folders;
    }
    let home = set("HOME");
    if cfg!(target_os = "macos") {
        folders.extend(home.map(|home| home.join("Library/Application Support/mqscript/cores")));
        folders.push("/Library/Application Support/mqscript/cores".into());
    } else {
        let data = set("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share")));
        folders.extend(data.map(|data| data.join("mqscript/cores")));
    }
    folders.push("/usr/local/lib/mqscript/cores".into());
    folders.push("/usr/lib/mqscript/cores".into());
    folders
}

/// The known names that `name` may have been meant as, nearest first.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (name.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = known
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, other)| other.to_owned()).collect()
}
