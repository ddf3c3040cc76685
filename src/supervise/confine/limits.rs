//! Which files a confined process may touch.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What the system's loader and C library read in any process.
const OF_SYSTEM: [&str; 23] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/ld-musl-x86_64.path",
    "/etc/ld-musl-aarch64.path",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
];

/// Files, and folders with all that is in them, without links in their paths. What does not exist yet may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedFiles {
    pub(super) read: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) moved: Vec<PathBuf>,
}

impl AllowedFiles {
    /// What this process reads by itself, whatever it runs: its program, the libraries mapped so far, `/proc/self`, and
    /// what the system's loader looks into.
    pub fn of_this_process() -> AllowedFiles {
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let mapped = maps.lines().filter_map(|line| Some(Path::new(&line[line.find('/')?..])));
        // Memory that has a file's name (`/memfd:…`, `/dev/zero`, `/SYSV…`) is no file that anybody opens.
        let folders = mapped.filter_map(Path::parent).filter(|folder| folder.components().count() > 1);
        let searched = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let mut limits = AllowedFiles::default();
        limits.read([PathBuf::from("/proc/self")]);
        limits.read(OF_SYSTEM);
        limits.read(std::env::split_paths(&searched).filter(|folder| folder.is_absolute()));
        limits.read(folders.filter(|folder| *folder != Path::new("/dev")));
        limits.write(["/dev/null"]);
        limits
    }

    /// Allows these paths to be read, too.
    pub fn read(&mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) {
        add(&mut self.read, paths);
    }

    /// Also makes, changes and removes these.
    pub fn write(&mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) {
        add(&mut self.write, paths);
    }

    /// Also moves these files, or removes them, but opens none of them. Their folders exist.
    pub fn moved(&mut self, files: impl IntoIterator<Item = impl AsRef<Path>>) {
        self.moved.extend(files.into_iter().map(|file| resolved_entry(file.as_ref())));
    }

    /// Files, and folders with all that is in them, that may be read.
    pub fn readable(&self) -> Vec<PathBuf> {
        self.read.iter().chain(&self.write).cloned().collect()
    }

    /// Whether a path without links may be read.
    pub fn may_read(&self, path: &Path) -> bool {
        self.read.iter().any(|allowed| path.starts_with(allowed)) || self.may_write(path)
    }

    /// Whether a path without links may be moved or removed.
    pub fn may_move(&self, path: &Path) -> bool {
        self.moved.iter().any(|file| file == path) || self.may_write(path)
    }

    /// Whether a path without links may be made, changed or removed.
    pub fn may_write(&self, path: &Path) -> bool {
        self.write.iter().any(|allowed| path.starts_with(allowed))
    }
}

/// The folders in which files are moved.
pub(super) fn folders_of(files: &[PathBuf]) -> impl Iterator<Item = &Path> {
    files.iter().filter_map(|file| file.parent())
}

/// The file that a path leads to. Of what does not exist, the folders that do are resolved, and the rest is taken as
/// written, but without `..`.
pub(super) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| resolved_entry(path))
}

/// The entry that a path names, its folder resolved; if it is a link, the link itself.
pub(super) fn resolved_entry(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<Component<'_>> = path.components().collect();
    for length in (1..parts.len()).rev() {
        let folder: PathBuf = parts[..length].iter().collect();
        if let Ok(mut real) = folder.canonicalize() {
            for part in &parts[length..] {
                match part {
                    Component::ParentDir => drop(real.pop()),
                    other => real.push(other),
                }
            }
            return real;
        }
    }
    path
}

fn add(to: &mut Vec<PathBuf>, paths: impl IntoIterator<Item = impl AsRef<Path>>) {
    for path in paths {
        let path = resolved(path.as_ref());
        if path.is_absolute() && !to.contains(&path) {
            to.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_but_not_the_other_way_round() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["in", "out"] {
            fs::create_dir(path(name)).unwrap();
        }
        let mut limits = AllowedFiles::default();
        limits.read([path("in"), path("missing")]);
        limits.write([path("out")]);
        assert!(limits.may_read(&path("missing/file")));
        assert!(limits.may_read(&path("in/deep/file")) && !limits.may_write(&path("in/file")));
        assert!(limits.may_read(&path("out/file")) && limits.may_write(&path("out/file")));
        assert!(!limits.may_read(&path("inside")) && !limits.may_read(folder.path()));
    }

    #[test]
    fn a_process_reads_its_own_program_and_libraries() {
        let limits = AllowedFiles::of_this_process();
        let program = std::env::current_exe().unwrap().canonicalize().unwrap();
        assert!(limits.may_read(&program) && limits.may_write(Path::new("/dev/null")));
        assert!(limits.may_read(&PathBuf::from(format!("/proc/{}/status", std::process::id()))));
        // Shared memory is mapped under a name in `/`.
        let memory = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        rustix::fs::ftruncate(&memory, 4096).unwrap();
        let (read, shared) = (rustix::mm::ProtFlags::READ, rustix::mm::MapFlags::SHARED);
        // SAFETY: a new mapping of a file that is as long.
        unsafe { rustix::mm::mmap(std::ptr::null_mut(), 4096, read, shared, &memory, 0).unwrap() };
        let limits =
            AllowedFiles { read: [limits.read, AllowedFiles::of_this_process().read].concat(), ..limits };
        assert!(!limits.may_read(Path::new("/etc/passwd")) && !limits.may_read(Path::new("/proc/1/environ")));
    }
}
