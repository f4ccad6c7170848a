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
    ("GET", "/api/file/report.pdf", Verdict::Allow),
    ("GET", "/api/v1.2/files/a.tar.gz", Verdict::Allow),
    ("GET", "/api/file/caf%C3%A9.pdf", Verdict::Allow),
    ("DELETE", "/api/v4/projects/group%2Fproject/issues/3", Verdict::Allow),
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
    ("GET", "/api/v1/resource-042/report.pdf", Verdict::Deny),
    ("GET", "/api/v1/resource-042.json", Verdict::Ambiguous),
    ("GET", "/api/v1/r%C3%A9source-042", Verdict::Ambiguous),
    (
        "GET",
        "/api/v1/projects/some-group%2Fsub-group%2Fproject/repository/files/src%2Fmain%2Fjava%2FApp.java/raw-9",
        Verdict::Allow,
    ),
    (
        "GET",
        "/v1/%E5%BC%A0%E4%BC%9F%E5%BC%A0/%E6%96%87%E6%A1%A3%E6%96%87%E6%A1%A3%E6%96%87/r%C3%A9sum%C3%A9.pdf/z",
        Verdict::Allow,
    ),
    (
        "GET",
        "/api/v1/files/Screenshot%202026-11-27%20at%2014.39.31%E2%80%AFPM.png/thumbnails/large/of/the/whole/x",
        Verdict::Allow,
    ),
    (
        "GET",
        "/api/v1/resource-041/some%252Fencoded%252Fname/versions/12/attachments/another%252Fname/preview/ab",
        Verdict::Allow,
    ),
    (
        "GET",
        "/api/v1/re%C3%9Fource-042/%C3%9F%C3%9F/%C3%9F/%C3%9F/re%C3%9F/r%C3%9F/%C3%9F/%C3%9F/%C3%9F/%C3%9F/abcdefghijkl",
        Verdict::Allow,
    ),
    (
        "GET",
        "/api/v1/../v1/x/%2e%2e/res%2575urce-01/;v=1/resource%2D042%2f..%2f.%5cresource-042/%E2%80%8B/%00.json/a/b/c/d/e",
        Verdict::Allow,
    ),
])]
fn rows_500(bencher: Bencher<'_, '_>, case: &(&str, &str, Verdict)) {
    judge(bencher, &resources(100), case);
}

/// What a hostile target can cost: 8,192 bytes or 64 segments against tables of 10,000 rows. Anything near every
/// literal, on branches that part in their first segment; segments that climb, vanish and split against a tree in which
/// each node has a literal and a parameter.
#[divan::bench(args = [
    Worst { name: "long-plain", table: Table::Branches(500, 64), segment: ("a", 127) },
    Worst { name: "long-dotted", table: Table::Branches(500, 64), segment: ("a.", 63) },
    Worst { name: "anything-4-deep", table: Table::Branches(10_000, 4), segment: ("%FF", 42) },
    Worst { name: "anything-24-deep", table: Table::Branches(10_000, 24), segment: ("%FF", 1) },
    Worst { name: "sharp-s-24-deep", table: Table::Branches(10_000, 24), segment: ("%C3%9F", 21) },
    Worst { name: "climbing", table: Table::Forks, segment: ("a/..", 1) },
    Worst { name: "vanishing", table: Table::Forks, segment: ("a//", 1) },
    Worst { name: "splitting", table: Table::Forks, segment: ("a%2f", 1) },
    Worst { name: "anything-forks", table: Table::Forks, segment: ("%FF", 1) },
    Worst { name: "anything-forks-deny", table: Table::ForksThatAllow, segment: ("%FF", 1) },
    Worst { name: "climbing-forks-deny", table: Table::ForksThatAllow, segment: ("a/..", 1) },
    Worst { name: "marks-alike", table: Table::Alike, segment: ("res\u{303}\u{331}", 29) },
])]
fn worst(bencher: Bencher<'_, '_>, worst: &Worst) {
    let table = worst.table.parsed();
    let segment = worst.segment.0.repeat(worst.segment.1);
    let count = (8_187 / (segment.len() + 1)).min(40);
    let target = format!("/{segment}").repeat(count) + "/none";
    bencher.bench(|| table.judge(black_box(b"GET"), black_box(target.as_bytes())));
}

#[derive(Debug, Clone, Copy)]
enum Table {
    Branches(usize, usize),
    Forks,
    /// The same under a default of deny.
    ForksThatAllow,
    Alike,
}

impl Table {
    fn parsed(self) -> PolicyTable {
        match self {
            Self::Branches(rows, depth) => branches(rows, depth),
            Self::Forks => forks("allow", "deny"),
            Self::ForksThatAllow => forks("deny", "allow"),
            Self::Alike => alike(),
        }
    }
}

#[derive(Debug)]
struct Worst {
    name: &'static str,
    table: Table,
    /// A text and how often it is repeated.
    segment: (&'static str, usize),
}

impl std::fmt::Display for Worst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A target that leaves ten thousand branches of 24 segments with its last one, and one whose 64 plain segments do so on
/// most of ten thousand rows of as many segments, a third of them parameters.
#[divan::bench(args = ["branches", "deep"])]
fn left_last(bencher: Bencher<'_, '_>, table: &str) {
    let (table, target) = match table {
        "branches" => (branches(10_000, 24), format!("/%FF{}/zzz", "/x".repeat(22))),
        _ => (deep(), format!("{}{}/zzz", "/a".repeat(13), "/x".repeat(50))),
    };
    assert_eq!(table.judge(b"GET", target.as_bytes()).verdict, Verdict::Allow);
    bencher.bench(|| table.judge(black_box(b"GET"), black_box(target.as_bytes())));
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

/// Ten thousand rows whose every segment is `a` or a parameter, and whose last is a literal that no target has.
fn forks(default: &str, effect: &str) -> PolicyTable {
    let mut text = format!("default = \"{default}\"\n");
    for row in 0..10_000 {
        let path: String = (0..14)
            .map(|bit| if row >> bit & 1 == 1 { "/a".to_owned() } else { format!("/{{p{bit}}}") })
            .collect();
        text += &format!("[[operation]]\nmethod=\"GET\"\npath=\"{path}/last\"\neffect=\"{effect}\"\n");
    }
    PolicyTable::parse(&text).unwrap()
}

/// Ten thousand rows of 64 segments: forks, behind them `x` or a parameter in an order of each row's own.
fn deep() -> PolicyTable {
    let mut word = 5_u64;
    let mut text = "default = \"allow\"\n".to_owned();
    for row in 0..10_000 {
        let mut path = String::new();
        for at in 0..63 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let is_literal = if at < 13 { row >> at & 1 == 1 } else { !(word >> 33).is_multiple_of(3) };
            match (is_literal, at) {
                (true, ..13) => path += "/a",
                (true, _) => path += "/x",
                _ => path += &format!("/{{p{at}}}"),
            }
        }
        text += &format!("[[operation]]\nmethod=\"GET\"\npath=\"{path}/last\"\n");
    }
    PolicyTable::parse(&text).unwrap()
}

/// Ten thousand literals that start alike.
fn alike() -> PolicyTable {
    let rows = (0..10_000).map(|row| format!("[[operation]]\nmethod=\"GET\"\npath=\"/res-{row:04}/x\"\n"));
    PolicyTable::parse(&rows.fold("default = \"allow\"\n".to_owned(), |text, row| text + &row)).unwrap()
}
