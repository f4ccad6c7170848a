//! Memory for key material: kept out of swap, core dumps and forked children, wiped when dropped.
#![expect(unsafe_code, reason = "locking memory and keeping it out of dumps are system calls on a mapping")]

use core::ffi::c_void;
use core::ptr::NonNull;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous, munmap};
use zeroize::Zeroize;

/// A value in pages of its own. Locking is best effort: a small `RLIMIT_MEMLOCK` or an old kernel must not keep
/// the daemon from starting, and the unit file also sets `LimitCORE=0` and `MemorySwapMax=0`.
pub(crate) struct Locked<T> {
    place: NonNull<T>,
    /// Whether `place` is a mapping of its own; otherwise it is a `Box`.
    mapped: bool,
}

// SAFETY: `Locked` owns its value like a `Box` and lends it only by shared reference.
unsafe impl<T: Send> Send for Locked<T> {}
// SAFETY: as above; there is no way to change the value after `new`.
unsafe impl<T: Sync> Sync for Locked<T> {}

impl<T> Locked<T> {
    /// Bytes of the mapping: the kernel maps and locks whole pages.
    const SIZE: usize = size_of::<T>();

    /// Puts a harmless value in place and lets `fill` write the secret into it, so that the secret never exists
    /// anywhere else.
    pub(crate) fn new(blank: T, fill: impl FnOnce(&mut T)) -> Self {
        let mapping = map(Self::SIZE);
        let (mut place, mapped) = match mapping {
            Some(at) => {
                let place = at.cast::<T>();
                // SAFETY: the mapping is writable, at least `SIZE` bytes long, page-aligned, and not shared.
                unsafe { place.write(blank) };
                (place, true)
            }
            None => (NonNull::from(Box::leak(Box::new(blank))), false),
        };
        // SAFETY: `place` holds an initialised value that only this function knows of.
        fill(unsafe { place.as_mut() });
        Self { place, mapped }
    }

    /// The value.
    pub(crate) const fn get(&self) -> &T {
        // SAFETY: `place` holds an initialised value until `drop`, and is never lent mutably after `new`.
        unsafe { self.place.as_ref() }
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        let place = self.place.as_ptr();
        // SAFETY: the value is owned and dropped here; its bytes are then plain memory of `SIZE` bytes, wiped
        // with volatile writes. It is released in the way in which `new` obtained it.
        unsafe {
            place.drop_in_place();
            core::slice::from_raw_parts_mut(place.cast::<u8>(), Self::SIZE).zeroize();
            if self.mapped {
                // A mapping that cannot be removed remains, wiped.
                let _ = munmap(place.cast(), Self::SIZE);
            } else {
                drop(Box::from_raw(place.cast::<core::mem::MaybeUninit<T>>()));
            }
        }
    }
}

/// A private anonymous mapping, locked and kept out of dumps and children as far as the kernel permits.
fn map(size: usize) -> Option<NonNull<c_void>> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches no other memory; the advice and
    // the lock concern only this mapping.
    unsafe {
        let flags = MapFlags::PRIVATE;
        let at =
            mmap_anonymous(core::ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, flags).ok()?;
        let _ = mlock(at, size);
        let _ = madvise(at, size, Advice::LinuxDontDump);
        let _ = madvise(at, size, Advice::LinuxWipeOnFork);
        NonNull::new(at)
    }
}
