//! Texts that cores hand over, made safe to keep.

use mqscript_plugin::abi;

/// The longest text of an event or a log line, in bytes.
const TEXT_MAX: u64 = 16 * 1024;

/// A core's text, made UTF-8 and cut: no more than that is looked at, however long it is said to be.
///
/// # Safety
/// As [`beginning`].
pub(super) unsafe fn text_of(text: abi::Str) -> String {
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { beginning(text) }).into_owned()
}

/// The first bytes of a text, no more than are ever kept.
///
/// # Safety
/// Unless `text` is empty or NULL, its bytes can be read for as long as `'a`.
pub(super) unsafe fn beginning<'a>(text: abi::Str) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { abi::Str { len: text.len.min(TEXT_MAX), ..text }.as_bytes() }
}
