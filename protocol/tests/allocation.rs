//! What the codec allocates: nothing on the hot path, and little for a hostile body, whatever its lengths
//! claim.
#![expect(unsafe_code, reason = "an allocator that counts")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::frame::{Frame, Status, append_answer, append_request};
use apikeyd_protocol::key::{ApiKey, KeyDigest, KeyId};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{
    AuditPage, DaemonStatus, Failure, FilesInForce, Freshness, Generate, Generated, KeyPage, List, Operation,
    PolicyPage, ReportUses, Save, Statistics, ValidKey, Validate, Verdict,
};
use apikeyd_protocol::operation::Opcode;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { calls: 0, live: 0, peak: 0 }) };
}

/// Of one thread, since the last measurement began.
#[derive(Clone, Copy)]
struct Counts {
    calls: usize,
    live: isize,
    peak: isize,
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(calls: usize, bytes: isize) {
    COUNTS.with(|counts| {
        let Counts { calls: before, live, peak } = counts.get();
        let live = live + bytes;
        counts.set(Counts { calls: before + calls, live, peak: peak.max(live) });
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every call goes to `System` unchanged; counting touches a thread-local without a destructor and
// never allocates. `realloc` is the default one, which allocates, copies and frees, so both are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Calls of the allocator, and the most bytes that were held at once, while `work` ran.
fn measure<T>(work: impl FnOnce() -> T) -> (usize, isize) {
    COUNTS.with(|counts| counts.set(Counts { calls: 0, live: 0, peak: 0 }));
    let result = work();
    let counts = COUNTS.with(Cell::get);
    drop(result);
    (counts.calls, counts.peak)
}

#[test]
fn the_counter_counts() {
    let (calls, peak) = measure(|| (vec![0_u8; 1000], vec![0_u8; 24]));
    assert_eq!((calls, peak), (2, 1024));
}

#[test]
fn a_validation_allocates_nothing() {
    let text = b"akd_1QwErTy0123_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2whDeR";
    let target = [b'x'; 4000];
    let mut request = Vec::with_capacity(8192);
    let mut answer = Vec::with_capacity(8192);
    let (calls, _) = measure(|| {
        let key = ApiKey::parse(text).ok().unwrap();
        let operation = Some(Operation::new(b"GET", &target));
        let question = Validate::new(key.id(), key.digest()).operation(operation);
        append_request(&mut request, Opcode::Validate, 1, &question).unwrap();
        let (frame, _) = Frame::split(&request).unwrap().unwrap();
        let read: Validate<'_> = decode(frame.body).unwrap();
        let verdict = Verdict::Valid(ValidKey {
            user: "alice@example.com",
            key_id: read.key_id,
            label: Some("backup script"),
            expires_at: None,
            freshness: Freshness::default(),
        });
        append_answer(&mut answer, Opcode::Validate.code(), Status::Ok, 1, &verdict).unwrap();
        let (frame, _) = Frame::split(&answer).unwrap().unwrap();
        assert!(decode::<Verdict<'_>>(frame.body).unwrap() == verdict);
    });
    assert_eq!(calls, 0);
}

/// Bytes that reading one body may hold: the bodies of a page are copied once, its items are larger in
/// memory than on the wire, and there are at most 128 items in a page, 1024 uses
/// or 1024 counters.
const BOUND: isize = 2 * 64 * 1024;

/// A body that begins like `start`, then claims a length, then is full of one byte.
fn bombs(start: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let claims: [&[u8]; 8] = [
        &[250],
        &[251, 0xff, 0xff],
        &[252, 0, 0, 1, 0],
        &[252, 0xff, 0xff, 7, 0],
        &[252, 0xff, 0xff, 0xff, 0xff],
        &[253, 0, 0, 0, 0, 0, 1, 0, 0],
        &[253, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[253, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    claims.into_iter().flat_map(move |claim| {
        [0_u8, 1, 2, b'a', 0x7f].into_iter().flat_map(move |filler| {
            [0, 64, 1000, MAX_BODY_BYTES].into_iter().map(move |length| {
                let mut body = [start, claim].concat();
                body.resize(length.max(body.len()), filler);
                body
            })
        })
    })
}

macro_rules! bounded {
    ($($type:ty => $start:expr;)*) => {
        $(for body in bombs($start) {
            let (calls, peak) = measure(|| decode::<$type>(&body).map(drop));
            let claim = &body[..body.len().min(24)];
            assert!(peak <= BOUND, "{}: {peak} bytes held, {calls} calls, {claim:x?}", stringify!($type));
        })*
    };
}

#[test]
fn a_hostile_body_never_makes_the_reader_hold_more_than_twice_its_limit() {
    bounded! {
        KeyPage => &[];
        KeyPage => &[1, 1];
        AuditPage => &[];
        AuditPage => &[1, 1, 1, 0, 1, 1];
        PolicyPage => &[0, 0, 0, 0];
        PolicyPage => &[0, 0, 0, 0, 128];
        Statistics => &[];
        Statistics => &[251, 0, 4];
        DaemonStatus => &[];
        FilesInForce => &[1];
        FilesInForce => &[1, 1, b'/', 1];
        Failure => &[];
        Generate => &[];
        Generate => &[1, b'a', 1];
        Generated => &[1];
        Validate<'_> => &[];
        Verdict<'_> => &[0];
        Save => &[];
        ReportUses => &[];
        ReportUses => &[251, 0, 4];
        List => &[];
    }
}

/// Items that are small on the wire and large in memory: the most that honest lengths can cost.
#[test]
fn a_full_page_of_the_smallest_items_stays_within_the_bound() {
    let record: &[u8] = &[1, 1, b'a', 0, 0, 0, 0, 0, 0];
    let row: &[u8] = &[0, 0, 0, 0];
    for (items, item) in [(128_u8, record), (128, row)] {
        let start: &[u8] = if item == row { &[0, 0, 0, 0] } else { &[] };
        let body = [start, &[items], &item.repeat(items.into()), &[0]].concat();
        let (_, peak) = measure(|| {
            if item == row {
                decode::<PolicyPage>(&body).map(drop)
            } else {
                decode::<KeyPage>(&body).map(drop)
            }
            .unwrap();
        });
        assert!(peak <= BOUND, "{peak}");
    }
    let uses = [&[251, 0, 4], &[1, 0].repeat(1024)[..]].concat();
    let (_, peak) = measure(|| decode::<ReportUses>(&uses).unwrap());
    assert!(peak <= BOUND, "{peak}");
    let counters = [&[251, 0, 4], &[0, 0].repeat(1024)[..]].concat();
    let (_, peak) = measure(|| decode::<Statistics>(&counters).unwrap());
    assert!(peak <= BOUND, "{peak}");
}

#[test]
fn an_answer_that_does_not_fit_leaves_no_large_buffer() {
    let failure = Failure { message: "x".repeat(10 * MAX_BODY_BYTES) };
    let mut out = Vec::new();
    let (_, peak) = measure(|| encode(&failure, &mut out).unwrap_err());
    assert!(peak <= BOUND, "{peak}");
}

#[test]
fn a_refused_key_allocates_nothing() {
    let mut text = *b"akd_1QwErTy0123_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2whDeS";
    let (calls, _) = measure(|| ApiKey::parse(&text).err().unwrap());
    assert_eq!(calls, 0);
    text[0] = b' ';
    let (calls, _) = measure(|| (ApiKey::parse(&text).err(), KeyId::new(0), KeyDigest::from_bytes([0; 32])));
    assert_eq!(calls, 0);
}
