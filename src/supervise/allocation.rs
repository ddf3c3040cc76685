//! Memory for the host, and a note where the system gives none: the process gives itself up then, and whoever looks after
//! it shall not take that for a core's fault.

use crate::cores::vitals::shown;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering;

/// The system's allocator. Cores have their own.
struct NotingAllocator;

#[global_allocator]
static MEMORY: NotingAllocator = NotingAllocator;

#[inline]
fn noted(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        note(bytes);
    }
    memory
}

#[cold]
fn note(bytes: usize) {
    if let Some(shared) = shown() {
        shared.fatal.bytes_refused.store(bytes as u64, Ordering::Release);
    }
}

// SAFETY: every call is the system's allocator's; what is noted takes no memory.
unsafe impl GlobalAlloc for NotingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        noted(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        noted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as above.
        noted(unsafe { System.realloc(memory, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}
