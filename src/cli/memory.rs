//! Out of memory is an error like any other: a message and an exit code, no abort.
#![allow(unsafe_code)] // an allocator can't be without; it hands everything on

use overlap::{ErrorKind, remove_temporaries};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// The system's allocator, which ends the program where it would return nothing: the standard
/// library then aborts, with a core dump and temporary files left behind. While the flag isn't set, the
/// process is another's program, such as Python's, and goes on as it would.
pub struct OrExit(pub AtomicBool);

// SAFETY: every call goes to the system's allocator with the arguments it came with, and what that
// returns is returned, unless it is null: then nothing is returned at all.
unsafe impl GlobalAlloc for OrExit {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system's demands.
        self.or_exit(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.or_exit(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        self.or_exit(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

impl OrExit {
    fn or_exit(&self, block: *mut u8, bytes: usize) -> *mut u8 {
        if block.is_null() && self.0.load(Ordering::Relaxed) {
            out_of_memory(bytes);
        }
        block
    }
}

#[cold]
fn out_of_memory(bytes: usize) -> ! {
    // Formatted piece by piece, unbuffered: there may be no memory even for this.
    let _ = writeln!(
        std::io::stderr(),
        "overlap: out of memory: {bytes} bytes more aren't to be had; take smaller --k, fewer --threads, fewer segments, or --memory for exact"
    );
    remove_temporaries();
    std::process::exit(ErrorKind::Limit.exit_code().into());
}
