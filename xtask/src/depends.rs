//! What a Debian package depends on: read off the versions of the symbols that its programs and libraries ask for.

use crate::contents::Item;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// Prefixes of symbol versions, each with the package whose version they are.
const PACKAGES: [(&str, &str); 2] = [("GLIBC_", "libc6"), ("GCC_", "libgcc-s1")];

/// A version's numbers, most significant first.
type Version = Vec<u32>;

/// `libc6 (>= 2.34)`: for each package, the newest symbol version that any of the items asks for.
///
/// *Rationale.* `dpkg-shlibdeps` reads the same from the libraries of the machine that it runs on, where it is installed;
/// this gives one result everywhere.
///
/// # Errors
/// No item asks for the C library, so that these are no programs for Debian.
pub fn depends(items: &[Item]) -> Result<Vec<String>> {
    let mut newest: BTreeMap<&str, Version> = BTreeMap::new();
    for item in items.iter().filter(|item| item.bytes.starts_with(b"\x7fELF")) {
        for (prefix, package) in PACKAGES {
            let versions = versions(&item.bytes, prefix);
            if let Some(version) = versions.into_iter().max() {
                let known = newest.entry(package).or_default();
                *known = version.max(known.clone());
            }
        }
    }
    ensure!(newest.contains_key("libc6"), "nothing in the package is linked with the C library of Debian");
    let written = |version: &Version| version.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    Ok(newest.iter().map(|(package, version)| format!("{package} (>= {})", written(version))).collect())
}

/// Every version with this prefix that stands as a whole string in a file, as symbol versions do.
fn versions(bytes: &[u8], prefix: &str) -> Vec<Version> {
    let whole = bytes.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
    let numbers = whole.filter_map(|text| text.strip_prefix(prefix));
    numbers.filter_map(version).collect()
}

/// `4.2.0` is 4.2, as Debian writes it.
fn version(text: &str) -> Option<Version> {
    let mut numbers: Version = text.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    while numbers.len() > 2 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(strings: &[&str]) -> Item {
        let bytes = [b"\x7fELF\0".to_vec(), strings.join("\0").into_bytes(), vec![0]].concat();
        Item { path: "lib/x.so".into(), executable: false, bytes }
    }

    #[test]
    fn the_newest_version_of_all_counts() {
        let items = [
            library(&["GLIBC_2.2.5", "GLIBC_2.9", "GCC_3.0"]),
            library(&["GLIBC_2.34", "GLIBC_2.4", "GCC_4.2.0", "GLIBC_PRIVATE", "no GLIBC_9.9"]),
            Item { path: "doc".into(), executable: false, bytes: b"\0GLIBC_9.9\0".to_vec() },
        ];
        assert_eq!(depends(&items).unwrap(), ["libc6 (>= 2.34)", "libgcc-s1 (>= 4.2)"]);
    }

    #[test]
    fn without_a_c_library_there_is_no_package() {
        assert!(depends(&[library(&["GCC_3.0"])]).is_err());
    }
}
