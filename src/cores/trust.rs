//! Which files may be loaded: those that nobody but the user, the system and the program's owner can change.

use super::error::CoreError;
use std::path::Path;

/// On whose word a file is to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The user's, on the command line: enough for any file.
    Flag,
    /// A place that is always searched, the environment, or a script: the file must be safe from others.
    Place,
    /// A folder of the environment's that is wherever the user happens to be.
    CurrentFolder,
}

/// Whether `path` may be loaded on this word. Without effect on systems other than Unix.
pub(super) fn admit(path: &Path, word: Word) -> Result<(), CoreError> {
    let reason = match word {
        Word::Flag => None,
        Word::CurrentFolder => {
            Some("it is in the current folder, by a relative path in the environment".into())
        }
        Word::Place => path.canonicalize().ok().and_then(|path| danger(&path)),
    };
    reason.map_or(Ok(()), |reason| Err(CoreError::Untrusted { path: path.to_owned(), reason }))
}

/// Why somebody else might have made this file what it is. `path` has no links in it.
///
/// *Rationale.* Folders that the program lies in itself are not judged: whoever can change them can change the
/// program. Some builders check out below a folder that everybody can write to.
#[cfg(unix)]
fn danger(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let program = std::env::current_exe().ok().and_then(|program| program.canonicalize().ok());
    let owner = |path: &Path| path.metadata().ok().map(|meta| meta.uid());
    let trusted = [Some(0), Some(rustix::process::geteuid().as_raw()), program.as_deref().and_then(owner)];
    let beside = |place: &Path| program.as_deref().is_some_and(|program| program.starts_with(place));
    for place in path.ancestors().take_while(|place| !beside(place)) {
        let Ok(meta) = place.metadata() else {
            return Some(format!("{} cannot be looked at", place.display()));
        };
        let (mode, uid) = (meta.mode(), meta.uid());
        // In a folder with the sticky bit nobody can replace what is not his.
        let sticky = meta.is_dir() && mode & 0o1000 != 0;
        if mode & 0o002 != 0 && !sticky {
            let what =
                if meta.is_dir() { format!("the folder {}", place.display()) } else { "it".to_owned() };
            return Some(format!("everybody can write to {what} (mode {:04o})", mode & 0o7777));
        }
        if !trusted.contains(&Some(uid)) {
            let what =
                if meta.is_dir() { format!("the folder {}", place.display()) } else { "it".to_owned() };
            return Some(format!("{what} belongs to another user (number {uid})"));
        }
    }
    None
}

#[cfg(not(unix))]
fn danger(_path: &Path) -> Option<String> {
    None
}
