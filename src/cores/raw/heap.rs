//! How much memory the C library has given out.

use std::sync::OnceLock;

/// `struct mallinfo2` of the GNU C library.
#[repr(C)]
#[derive(Clone, Copy)]
struct Mallinfo {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

type Ask = unsafe extern "C" fn() -> Mallinfo;

/// Bytes that this process's main thread has allocated and not freed; `None` where the C library cannot say.
pub fn allocated_bytes() -> Option<usize> {
    static ASK: OnceLock<Option<Ask>> = OnceLock::new();
    let ask = (*ASK.get_or_init(find))?;
    // SAFETY: of this type since glibc 2.33, which is the first to have the name.
    let info = unsafe { ask() };
    Some(info.uordblks + info.hblkhd)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn find() -> Option<Ask> {
    let program = libloading::os::unix::Library::this();
    // SAFETY: as in `allocated_bytes`.
    unsafe { program.get::<Ask>(c"mallinfo2").ok().map(|ask| *ask) }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn find() -> Option<Ask> {
    None
}
