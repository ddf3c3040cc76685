//! Which bytes a library was made of when it was loaded.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A library's file, kept open since just before it was loaded.
///
/// *Rationale.* Reading a few megabytes costs milliseconds that most runs need not pay, so the sum is taken when
/// somebody wants to see it. A build puts a new file in the place of the old one; the open file is still the one that
/// was loaded.
#[derive(Debug)]
pub(super) struct Fingerprint {
    /// Dropped never: a core may have closed the descriptor, and something else may stand under its number.
    file: ManuallyDrop<File>,
    path: PathBuf,
    identity: Identity,
    sha256: Mutex<Option<String>>,
}

impl Fingerprint {
    pub fn of(path: &Path) -> io::Result<Fingerprint> {
        let file = File::open(path)?;
        let identity = identity(&file)?;
        Ok(Fingerprint {
            file: ManuallyDrop::new(file),
            path: path.to_owned(),
            identity,
            sha256: Mutex::new(None),
        })
    }

    /// SHA-256 of the file in hexadecimal, computed once.
    pub fn sha256(&self) -> io::Result<String> {
        let mut known = self.sha256.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(sum) => Ok(sum.clone()),
            None => Ok(known.insert(self.take()?).clone()),
        }
    }

    fn take(&self) -> io::Result<String> {
        if identity(&self.file).is_ok_and(|now| now == self.identity) {
            return sum(&self.file);
        }
        let again = File::open(&self.path)?;
        match identity(&again)? == self.identity {
            true => sum(&again),
            false => Err(io::Error::other("another file stands in its place")),
        }
    }
}

/// What tells one file from another: device and number.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(_: &File) -> io::Result<Identity> {
    Ok((0, 0))
}

fn sum(mut file: &File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            length => hash.update(&piece[..length]),
        }
    }
    Ok(format!("{:x}", hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_file_that_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let fingerprint = Fingerprint::of(&path).unwrap();
        std::fs::write(folder.path().join("b"), "another build").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        // FIPS 180-4, the example for one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprint.sha256().unwrap(), abc);
        assert_eq!(fingerprint.sha256().unwrap(), abc);
        assert_ne!(Fingerprint::of(&path).unwrap().sha256().unwrap(), abc);
    }
}
