//! What a process can do with memory behind a descriptor that it was given.

#![expect(unsafe_code, reason = "mapping memory is a question to the kernel that no safe call asks")]

use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mprotect, munmap};
use std::os::fd::BorrowedFd;
use std::ptr::null_mut;

/// Bytes that are mapped: one page of every machine that Linux runs on, and no more than the smallest file here.
const BYTES: usize = 4096;

/// Maps the start of a file to be read and written, shared with all who have it mapped.
///
/// # Errors
/// What the kernel says.
pub fn map_writable(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the kernel chooses the place, so that no memory of this process is replaced, and nothing is read or
    // written through the mapping.
    let place =
        unsafe { mmap(null_mut(), BYTES, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0) }?;
    // SAFETY: the mapping made just now, which nobody else knows.
    unsafe { munmap(place, BYTES) }
}

/// Maps the start of a file to be read, and then asks to write to the mapping.
///
/// # Errors
/// What the kernel says to the second.
pub fn make_mapping_writable(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: as in `map_writable`.
    let place = unsafe { mmap(null_mut(), BYTES, ProtFlags::READ, MapFlags::SHARED, file, 0) };
    let place = place.expect("a descriptor for reading can be mapped for reading");
    // SAFETY: the mapping made just now, with its own length.
    let granted = unsafe { mprotect(place, BYTES, MprotectFlags::READ | MprotectFlags::WRITE) };
    // SAFETY: the same; nobody else knows it.
    unsafe { munmap(place, BYTES) }.expect("a mapping to give back");
    granted
}
