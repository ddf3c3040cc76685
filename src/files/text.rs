//! Texts that a user wrote, read from a file: UTF-8, with or without a byte order mark, and never without end.

use super::whole::read_at_most;
use crate::numbers::count;
use std::io;
use std::path::Path;

/// The byte order mark, which editors put before the text and which is no part of it.
const MARK: char = '\u{feff}';

/// Why a file gives no text.
#[derive(Debug)]
pub enum Unreadable {
    /// The system refuses it.
    Refused(io::Error),
    /// The path is a folder.
    Folder,
    /// The file has more bytes than this.
    TooLarge(u64),
    /// It is no UTF-8; what it is instead, and what to do.
    NoText(String, &'static str),
}

impl Unreadable {
    /// What was found instead of a text.
    pub fn found(&self) -> String {
        match self {
            Unreadable::Refused(error) => in_words(error),
            Unreadable::Folder => "a folder".to_owned(),
            Unreadable::TooLarge(limit) => format!("it has more than {} bytes", count(*limit)),
            Unreadable::NoText(found, _) => found.clone(),
        }
    }

    /// A suggestion for the user, where there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            Unreadable::NoText(_, help) => Some((*help).to_owned()),
            _ => None,
        }
    }
}

/// What the system says, without the number that it gives to it.
pub fn in_words(error: &io::Error) -> String {
    let said = error.to_string();
    said.split(" (os error ").next().unwrap_or(&said).to_owned()
}

/// Reads a text of at most `limit` bytes, without its byte order mark.
///
/// # Errors
/// It cannot be read, is too large, or is no UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Unreadable> {
    if path.is_dir() {
        return Err(Unreadable::Folder);
    }
    let bytes = read_at_most(path, limit).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => Unreadable::TooLarge(limit),
        _ => Unreadable::Refused(error),
    })?;
    text_of(bytes)
}

/// The text of these bytes, without its byte order mark.
///
/// # Errors
/// They are no UTF-8.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Unreadable> {
    const SAVE: &str = "save it as UTF-8";
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let zero = bytes.iter().position(|byte| *byte == 0);
    if wide || zero.is_some_and(|at| at < 4) {
        return Err(Unreadable::NoText("text in UTF-16".to_owned(), SAVE));
    }
    if let Some(at) = zero {
        return Err(Unreadable::NoText(format!("a zero byte at offset {at}"), "name a text file"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Unreadable::NoText(format!("a byte that is no text at offset {at}"), SAVE)
    })?;
    Ok(match text.strip_prefix(MARK) {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        assert_eq!(text_of("\u{feff}a\r\nb".into()).unwrap(), "a\r\nb");
        assert_eq!(text_of("a\u{feff}".into()).unwrap(), "a\u{feff}");
        assert_eq!(text_of(Vec::new()).unwrap(), "");
    }

    #[test]
    fn what_is_no_utf_8_says_what_it_is() {
        let found = |bytes: &[u8]| text_of(bytes.to_vec()).unwrap_err().found();
        assert_eq!(found(b"\xff\xfea\0"), "text in UTF-16");
        assert_eq!(found(b"\xfe\xff\0a"), "text in UTF-16");
        assert_eq!(found(b"a\0b\0"), "text in UTF-16");
        assert_eq!(found(b"abc\xff"), "a byte that is no text at offset 3");
        assert_eq!(found(b"abcdef\0"), "a zero byte at offset 6");
    }

    #[test]
    fn a_file_is_not_read_beyond_its_limit() {
        assert!(matches!(read_text(Path::new("/dev/zero"), 1000), Err(Unreadable::TooLarge(1000))));
        assert!(matches!(read_text(Path::new("/"), 1000), Err(Unreadable::Folder)));
        assert_eq!(
            read_text(Path::new("/nothing/there"), 1000).unwrap_err().found(),
            "No such file or directory"
        );
    }
}
