//! Files written whole or not at all: beside their place first, then moved there in one step.

use super::confined::is_confined;
use super::keeper;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Where a file stands until it is whole: in the folder of its place, under a name of this process.
pub fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// Reads a file of at most so many bytes, whatever it says of its size: devices and pipes say nothing.
///
/// # Errors
/// It cannot be read, or is longer ([`io::ErrorKind::FileTooLarge`]).
pub fn read_at_most(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {} bytes", crate::numbers::count(bytes_max)),
        ));
    }
    Ok(bytes)
}

/// Makes the file that stands `beside` a place until it is whole, for nobody else if `mode` says so: the bits of a file
/// that it will replace. What earlier processes have left there that were killed is taken away.
///
/// # Errors
/// The system refuses.
pub fn begin(place: &Path, mode: Option<u32>) -> io::Result<(PathBuf, File)> {
    if !is_confined() {
        sweep(place);
    }
    let temporary = beside(place);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if let Some(mode) = mode {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode & 0o777);
    }
    let file = options.open(&temporary)?;
    #[cfg(unix)]
    let _ = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    Ok((temporary, file))
}

/// The permissions of a file that stands at a place, where it will be replaced.
pub fn mode_of(place: &Path) -> Option<u32> {
    #[cfg(unix)]
    return fs::metadata(place).ok().map(|found| std::os::unix::fs::MetadataExt::mode(&found) & 0o7777);
    #[cfg(not(unix))]
    None
}

/// Gives a file the permissions, and where the system allows it the owner, of the one that it will replace.
pub fn dress_like(file: &File, place: &Path) {
    #[cfg(unix)]
    if let Ok(found) = fs::metadata(place) {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = file.metadata().ok().map(|own| (own.uid(), own.gid()));
        if own != Some((found.uid(), found.gid())) {
            let _ = fchown(file, Some(found.uid()), Some(found.gid()));
        }
        let _ = file.set_permissions(found.permissions());
    }
    #[cfg(not(unix))]
    let _ = (file, place);
}

/// Takes away what processes that were killed have left beside a place: a file of such a name on which nobody is at work.
#[cfg(unix)]
fn sweep(place: &Path) {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let begins = format!(".{name}.");
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let number = found.to_str().and_then(|found| found.strip_prefix(&begins)?.strip_suffix(".tmp"));
        // What worked for a process that was killed dies just after it.
        let is_free = || {
            (0..10).any(|look| {
                std::thread::sleep(std::time::Duration::from_millis(if look == 0 { 0 } else { 20 }));
                is_abandoned(&entry.path())
            })
        };
        if number.is_some_and(is_gone) && is_free() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(not(unix))]
fn sweep(_: &Path) {}

/// Whether no process has this number.
#[cfg(unix)]
fn is_gone(number: &str) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let process = number.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    // One that is dead and that nobody has asked for yet still has its number.
    let is_dead = || {
        let status = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        status.rsplit_once(')').is_some_and(|(_, state)| state.trim_start().starts_with('Z'))
    };
    process.is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH) || is_dead())
}

/// Whether nobody holds the lock on a file: whoever is at work on one does.
#[cfg(unix)]
pub fn is_abandoned(file: &Path) -> bool {
    use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    open(file, flags, Mode::empty())
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// A folder for temporary files, removed when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
    _lock: File,
}

/// The file in such a folder that says, by a lock on it, that somebody is at work there.
const AT_WORK: &str = ".at-work";

impl Scratch {
    /// A new one, named by `prefix` and this process. Those of processes that were killed are removed.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new(prefix: &str) -> io::Result<Scratch> {
        sweep_scratch(prefix);
        let name = format!("{prefix}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&name).tempdir()?;
        let lock = File::create(folder.path().join(AT_WORK))?;
        #[cfg(unix)]
        let _ = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        Ok(Scratch { folder, _lock: lock })
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

#[cfg(unix)]
fn sweep_scratch(prefix: &str) {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let number = found.to_str().and_then(|found| found.strip_prefix(prefix)?.split('-').next());
        if number.is_some_and(is_gone) && is_abandoned(&entry.path().join(AT_WORK)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(not(unix))]
fn sweep_scratch(_: &str) {}

/// Writes all of it, and waits where the file would not: a descriptor that is O_NONBLOCK is so for everybody who shares
/// it, and nobody asked us.
///
/// # Errors
/// The disk is full, the reader is gone, and the like.
#[cfg(unix)]
pub fn write_whole(file: impl std::os::fd::AsFd, mut bytes: &[u8]) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::{Errno, write};
    while !bytes.is_empty() {
        match write(&file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::new(&file, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
#[allow(missing_docs)]
pub fn write_whole(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

/// Writes a file whole or not at all; one that is there is replaced, and its permissions stay.
///
/// # Errors
/// It cannot be written: what was there stays, and nothing is left beside it.
pub fn keep(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let (place, bytes) = (place.to_owned(), bytes.to_owned());
    keeper::at(move || keep_here(&place, &bytes))
}

fn keep_here(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = begin(place, mode_of(place))?;
    let written = file.write_all(bytes);
    written.and_then(|()| settle(&temporary, place, true)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Moves a whole file to its place; only with `replaces` may there be one already.
///
/// # Errors
/// It cannot be moved, or its place is taken; without `replaces` it is gone then.
pub fn settle(temporary: &Path, place: &Path, replaces: bool) -> io::Result<()> {
    if replaces {
        return fs::rename(temporary, place);
    }
    // Unlike a rename, a link never replaces what has come there in the meantime.
    let moved = fs::hard_link(temporary, place).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems know no hard links.
        _ if !place.exists() => fs::rename(temporary, place),
        _ => Err(error),
    });
    let _ = fs::remove_file(temporary);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("results.json");
        keep(&place, b"old").unwrap();
        keep(&place, b"new").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"new");
        // A folder in its place: nothing is replaced, and nothing is left.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(keep(&taken, b"new").is_err());
        assert!(keep(&folder.path().join("missing/results.json"), b"new").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "12345").unwrap();
        assert_eq!(read_at_most(file.path(), 5).unwrap(), b"12345");
        assert_eq!(read_at_most(file.path(), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        if cfg!(unix) {
            assert!(read_at_most(Path::new("/dev/zero"), 1000).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_killed_processes_have_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("results.json");
        let others = [
            ".results.json.999999999.tmp",
            ".results.json.x.tmp",
            ".other.json.999999999.tmp",
            ".results.json.tmp",
        ];
        others.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());
        let (temporary, file) = begin(&place, None).unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!(others.map(left), [false, true, true, true]);
        assert!(!is_abandoned(&temporary));
        drop(file);
        assert!(is_abandoned(&temporary));
    }

    #[cfg(unix)]
    #[test]
    fn folders_that_killed_processes_have_left_go() {
        let prefix = format!("mqscript-test-scratch-{}-", std::process::id());
        let left = |number: u32, lock: &str| {
            let folder = std::env::temp_dir().join(format!("{prefix}{number}-abc"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(lock), "").unwrap();
            folder
        };
        let (dead, living) = (left(999_999_999, AT_WORK), left(std::process::id(), AT_WORK));
        let foreign = left(999_999_998, "something");
        let scratch = Scratch::new(&prefix).unwrap();
        assert_eq!(
            [dead, living.clone(), foreign.clone()].map(|folder| folder.exists()),
            [false, true, true]
        );
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
        [living, foreign].iter().for_each(|folder| fs::remove_dir_all(folder).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("results.json");
        fs::write(&place, "old").unwrap();
        fs::set_permissions(&place, PermissionsExt::from_mode(0o600)).unwrap();
        keep(&place, b"new").unwrap();
        assert_eq!(mode_of(&place), Some(0o600));
    }

    #[cfg(unix)]
    #[test]
    fn writing_waits_for_a_reader_who_is_slow() {
        use std::io::Read;
        use std::os::unix::net::UnixStream;
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let bytes = vec![7u8; 4 << 20];
        let reader = std::thread::spawn(move || {
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).map(|_| read.len())
        });
        write_whole(&ours, &bytes).unwrap();
        drop(ours);
        assert_eq!(reader.join().unwrap().unwrap(), bytes.len());
    }
}
