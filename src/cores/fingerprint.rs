//! Which bytes a library was made of when it was loaded.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A library's file, kept open since just before it was loaded.
///
/// *Rationale.* Reading a few megabytes costs milliseconds that most runs need not pay, so the sum is taken when
/// somebody wants to see it. A build puts a new file in the place of the old one; the open file is still the one that
/// was loaded.
#[derive(Debug)]
pub(super) struct Fingerprint {
    file: File,
    sha256: Mutex<Option<String>>,
}

impl Fingerprint {
    pub fn of(path: &Path) -> io::Result<Fingerprint> {
        Ok(Fingerprint { file: File::open(path)?, sha256: Mutex::new(None) })
    }

    /// SHA-256 of the file in hexadecimal, computed once.
    pub fn sha256(&self) -> io::Result<String> {
        let mut known = self.sha256.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(sum) => Ok(sum.clone()),
            None => Ok(known.insert(sum(&self.file)?).clone()),
        }
    }
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
