//! A validation of a key that the daemon remembers allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![expect(unsafe_code, reason = "counting allocations needs an allocator, whose trait is unsafe")]

use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd_kit_service::Session;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::KeyDigest;
use apikeyd_protocol::message::{Operation, Validate, Verdict};
use apikeyd_protocol::term::SaveMode;
use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

thread_local! {
    /// Allocations of this thread. Constant and without a destructor, so that counting allocates nothing.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passes everything on to the system's allocator and only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_remembered_key_is_validated_without_an_allocation() {
    let dir = tempfile::tempdir().unwrap();
    let service =
        Service::open(Settings::in_dir(dir.path()), PolicyTable::shipped(), Parts::system()).unwrap();
    let session = Session::of(service);
    let key = session.generate("a", None, None);
    session.save(key.id(), SaveMode::Add).unwrap();

    let validate = |digest: [u8; 32], target: &[u8]| {
        let permit = session.permit();
        let operation = Some(Operation::new(b"GET", target));
        let request = Validate::new(key.id(), KeyDigest::from_bytes(digest)).operation(operation);
        session
            .service
            .validate(&permit, &request)
            .map(|judged| matches!(judged.verdict(), Verdict::Valid(_)))
            .unwrap()
    };
    let digest = *key.digest().expose_bytes();
    let before = COUNT.get();
    assert!(validate(digest, b"/first"));
    assert!(COUNT.get() > before, "the first one reads the database; the counter counts");
    let before = COUNT.get();
    for _ in 0..100 {
        assert!(validate(digest, b"/api/file/17?download=1"));
        assert!(!validate(digest, b"/api/apikey"), "denied");
        assert!(!validate(digest, b"/api//apikey"), "ambiguous");
        assert!(!validate([7; 32], b"/"), "wrong secret");
    }
    assert_eq!(COUNT.get(), before);
}
