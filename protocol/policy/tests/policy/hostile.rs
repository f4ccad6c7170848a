//! Targets that are made to be slow, against tables of 10,000 rows.

use apikeyd_policy::{PolicyTable, Verdict};
use std::time::{Duration, Instant};

/// What no target takes: many times what the worst does, and a fraction of what one did that was read again and again.
const TOO_LONG: Duration = Duration::from_millis(25);

/// 10,000 literals of which each starts like all others.
fn alike() -> PolicyTable {
    let rows =
        (0..10_000).map(|row| format!("[[operation]]\nmethod = \"GET\"\npath = \"/res-{row:04}/x\"\n"));
    PolicyTable::parse(&rows.fold("default = \"allow\"\n".to_owned(), |text, row| text + &row)).unwrap()
}

/// Paths of some 8 KiB whose every part asks to look back, or ahead, over all of it.
fn paths() -> Vec<(&'static str, Vec<u8>)> {
    let marks = b"\xcc\x83\xcc\xb1".repeat(2_000);
    vec![
        ("marks within a literal", [b"/res", marks.as_slice(), b"\xc2\xad/y"].concat()),
        (
            "marks within a literal, all of which follows",
            [b"/res", marks.as_slice(), b"\xc2\xad0000/y"].concat(),
        ),
        ("soft hyphens behind digits", [b"/%25zz".as_slice(), &b"\xc2\xad".repeat(4_000)].concat()),
        ("percent signs", [b"/".as_slice(), &b"%25\xc2\xaa".repeat(900)].concat()),
        ("dots before brackets", [b"/".as_slice(), &b".".repeat(4_000), &b"(a(".repeat(1_350)].concat()),
        (
            "invalid bytes before dots",
            [b"/".as_slice(), &[b"%FF", &b".".repeat(61)[..]].concat().repeat(120)].concat(),
        ),
        (
            "accents before blanks",
            [b"/".as_slice(), &[b"%C2%B4", &b"%20".repeat(20)[..]].concat().repeat(120)].concat(),
        ),
    ]
}

#[test]
fn no_target_is_looked_over_again_and_again() {
    let table = alike();
    for (name, path) in paths() {
        let once = || {
            let start = Instant::now();
            std::hint::black_box(table.judge(b"GET", &path));
            start.elapsed()
        };
        // The best of some: a busy machine interrupts one of them, not all.
        let best = (0..10).map(|_| once()).min().unwrap();
        assert!(best < TOO_LONG, "{name}: {best:?}");
    }
}

/// What is passed over, and what literals have in common, may still be a part of one.
#[test]
fn marks_that_may_be_a_part_of_a_literal_are() {
    let table = alike();
    for (path, expected) in [
        ("/res%C2%AD0042/x", Verdict::Ambiguous),
        ("/res%CC%83%CC%B1%C2%AD0042/x", Verdict::Ambiguous),
        ("/r%CC%83es-00%C2%AD42%CC%B1/x", Verdict::Ambiguous),
        ("/res-9999%CC%B1.json/x", Verdict::Ambiguous),
        ("/re%C3%9F-0042/x", Verdict::Ambiguous),
        ("/res%CC%83%CC%B10042/x", Verdict::Allow),
        ("/res%C2%AD00421/x", Verdict::Allow),
        ("/res%C2%AD004/x", Verdict::Allow),
    ] {
        assert_eq!(table.judge(b"GET", path.as_bytes()).verdict, expected, "{path}");
    }
}
