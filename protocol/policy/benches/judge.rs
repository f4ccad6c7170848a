//! What a judgement costs, beside a floor measured in the same run: one keyed BLAKE3 of 54 bytes, which is what
//! a validation pays for its digest. Run with `cargo bench -p apikeyd-policy`.
//!
//! Allocations are counted; divan prints none because there are none.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use apikeyd_policy::{PolicyTable, Verdict};
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// The floor.
#[divan::bench]
fn blake3_keyed_54_bytes(bencher: Bencher<'_, '_>) {
    let (key, digest) = ([7; 32], [9; 54]);
    bencher.bench(|| blake3::keyed_hash(black_box(&key), black_box(&digest)));
}

/// The twelve rows as shipped.
#[divan::bench(args = [
    ("GET", "/api/file/report", Verdict::Allow),
    ("GET", "/api/apikey/generate", Verdict::Deny),
    ("DELETE", "/api/user/42", Verdict::Deny),
    ("GET", "/api/user/active/0/50?sort=name&page=2", Verdict::Deny),
    ("GET", "/api/ap%69key", Verdict::Deny),
    ("GET", "/api/apikey.json", Verdict::Ambiguous),
    ("GET", "/api/x/../apikey", Verdict::Ambiguous),
])]
fn rows_12(bencher: Bencher<'_, '_>, case: &(&str, &str, Verdict)) {
    judge(bencher, &PolicyTable::shipped(), case);
}

/// 500 rows: 100 resources, each listed, made, shown, changed and deleted.
#[divan::bench(args = [
    ("GET", "/api/v1/resource-042", Verdict::Deny),
    ("PUT", "/api/v1/resource-042/7f3a", Verdict::Deny),
    ("GET", "/api/v1/reports", Verdict::Allow),
    ("GET", "/api/v1/resource-042/7f3a/history", Verdict::Allow),
    ("GET", "/api/v1/resource-042.json", Verdict::Ambiguous),
    ("GET", "/api/v1/resource-042%C3%A9", Verdict::Ambiguous),
])]
fn rows_500(bencher: Bencher<'_, '_>, case: &(&str, &str, Verdict)) {
    judge(bencher, &resources(100), case);
}

/// What a hostile target can cost: 64 segments and 8,192 bytes against a common table, and a target near to every
/// literal against tables of 10,000 rows, each on a branch of its own, where only the last segment fits none.
#[divan::bench(args = [
    Worst { name: "long-plain", rows: 500, depth: 64, segment: ("a", 127) },
    Worst { name: "long-dotted", rows: 500, depth: 64, segment: ("a.", 63) },
    Worst { name: "near-all-4-deep", rows: 10_000, depth: 4, segment: ("%C3%A9", 1) },
    Worst { name: "near-all-64-deep", rows: 10_000, depth: 64, segment: ("%C3%A9", 1) },
])]
fn worst(bencher: Bencher<'_, '_>, worst: &Worst) {
    let table = branches(worst.rows, worst.depth);
    let segment = worst.segment.0.repeat(worst.segment.1);
    let target = format!("/{segment}").repeat(worst.depth - 1) + "/none";
    assert_eq!(table.judge(b"GET", target.as_bytes()).row, None);
    bencher.bench(|| table.judge(black_box(b"GET"), black_box(target.as_bytes())));
}

#[derive(Debug)]
struct Worst {
    name: &'static str,
    rows: usize,
    depth: usize,
    /// A text and how often it is repeated.
    segment: (&'static str, usize),
}

impl std::fmt::Display for Worst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Reading a file, which a reload does. Five rows for each resource.
#[divan::bench(args = [1, 100, 2_000])]
fn parse(bencher: Bencher<'_, '_>, resources: usize) {
    let text = text_of_resources(resources);
    bencher.bench(|| PolicyTable::parse(black_box(&text)).unwrap());
}

fn judge(bencher: Bencher<'_, '_>, table: &PolicyTable, (method, target, expected): &(&str, &str, Verdict)) {
    assert_eq!(table.judge(method.as_bytes(), target.as_bytes()).verdict, *expected, "{target}");
    bencher.bench(|| table.judge(black_box(method.as_bytes()), black_box(target.as_bytes())));
}

fn resources(count: usize) -> PolicyTable {
    PolicyTable::parse(&text_of_resources(count)).unwrap()
}

fn text_of_resources(count: usize) -> String {
    let operations = [("GET", ""), ("POST", ""), ("GET", "/{id}"), ("PUT", "/{id}"), ("DELETE", "/{id}")];
    let mut text = "default = \"allow\"\n".to_owned();
    for resource in 0..count {
        for (method, rest) in operations {
            text += &format!(
                "[[operation]]\nmethod = \"{method}\"\npath = \"/api/v1/resource-{resource:03}{rest}\"\n"
            );
        }
    }
    text
}

/// Rows that part in their first segment.
fn branches(rows: usize, depth: usize) -> PolicyTable {
    let mut text = "default = \"allow\"\n".to_owned();
    for row in 0..rows {
        let path = format!("/r{row}{}", "/x".repeat(depth - 1));
        text += &format!("[[operation]]\nmethod=\"GET\"\npath=\"{path}\"\n");
    }
    PolicyTable::parse(&text).unwrap()
}
