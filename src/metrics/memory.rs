//! Memory for very many records: large pages, and cache lines that are asked for before they are needed.

/// Asks for the cache line in which `value` begins. It changes nothing but the time the next access takes; on
/// processors without such an instruction known here it does nothing.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads nothing and never faults; it is part of every x86-64 processor.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// An empty vector with room for so many values. Where that is a lot, the system is asked for large pages, so that fewer
/// addresses must be looked up; it need not have any.
pub fn roomy<T>(capacity: usize) -> Vec<T> {
    let room = Vec::with_capacity(capacity);
    #[cfg(target_os = "linux")]
    ask_for_large_pages(&room);
    room
}

/// So many times this value, in memory as for [`roomy`].
pub fn roomy_of<T: Clone>(value: T, count: usize) -> Vec<T> {
    let mut values = roomy(count);
    values.resize(count, value);
    values
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<T>(room: &Vec<T>) {
    const PAGE: usize = 2 << 20;
    let place = room.as_ptr() as usize;
    let (start, end) =
        (place.next_multiple_of(PAGE), (place + room.capacity() * size_of::<T>()) / PAGE * PAGE);
    if end > start {
        let advice = rustix::mm::Advice::LinuxHugepage;
        // SAFETY: these pages lie within the vector's own memory, and the advice changes nothing that stands there.
        let _ = unsafe { rustix::mm::madvise(start as *mut std::ffi::c_void, end - start, advice) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_all() {
        for count in [0, 3, 3_000_000] {
            let values = roomy_of(7u64, count);
            assert!(values.len() == count && values.iter().all(|value| *value == 7));
            assert!(roomy::<u64>(count).capacity() >= count);
        }
    }
}
