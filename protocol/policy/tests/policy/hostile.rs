//! Targets that are made to be slow, against tables of 10,000 rows.

use apikeyd_policy::{PolicyTable, Verdict};
use std::time::{Duration, Instant};

/// By how much the longer of two targets is longer.
const LONGER: usize = 8;

/// How many times longer it may take: three times what follows from its length, and far less than the square of it.
const MOST: u32 = 24;

/// 10,000 literals of which each starts like all others.
fn alike() -> PolicyTable {
    let rows =
        (0..10_000).map(|row| format!("[[operation]]\nmethod = \"GET\"\npath = \"/res-{row:04}/x\"\n"));
    PolicyTable::parse(&rows.fold("default = \"allow\"\n".to_owned(), |text, row| text + &row)).unwrap()
}

/// Paths of which every part asks to look back, or ahead, over all of it; of 8 KiB where `parts` is [`LONGER`].
fn paths(parts: usize) -> Vec<(&'static str, Vec<u8>)> {
    let times = |bytes: &[u8], most: usize| bytes.repeat(most * parts / LONGER);
    let marks = times(b"\xcc\x83\xcc\xb1", 2_000);
    vec![
        ("marks within a literal", [b"/res", marks.as_slice(), b"\xc2\xad/y"].concat()),
        (
            "marks within a literal, all of which follows",
            [b"/res", marks.as_slice(), b"\xc2\xad0000/y"].concat(),
        ),
        ("soft hyphens behind digits", [b"/%25zz".as_slice(), &times(b"\xc2\xad", 4_000)].concat()),
        ("percent signs", [b"/".as_slice(), &times(b"%25\xc2\xaa", 900)].concat()),
        ("dots before brackets", [b"/".as_slice(), &times(b".", 4_000), &times(b"(a(", 1_350)].concat()),
        (
            "invalid bytes before dots",
            [b"/".as_slice(), &times(&[b"%FF", &b".".repeat(61)[..]].concat(), 120)].concat(),
        ),
        (
            "accents before blanks",
            [b"/".as_slice(), &times(&[b"%C2%B4", &b"%20".repeat(20)[..]].concat(), 120)].concat(),
        ),
    ]
}

#[test]
fn no_target_is_looked_over_again_and_again() {
    let table = alike();
    let once = |path: &[u8]| {
        let start = Instant::now();
        std::hint::black_box(table.judge(b"GET", path));
        start.elapsed()
    };
    for ((name, short), (_, long)) in paths(1).into_iter().zip(paths(LONGER)) {
        // The best of some, in turns: a busy machine interrupts one of them, not all.
        let both = (0..20).map(|_| (once(&short), once(&long)));
        let best =
            both.fold((Duration::MAX, Duration::MAX), |best, both| (best.0.min(both.0), best.1.min(both.1)));
        assert!(best.1 < best.0 * MOST, "{name}: {best:?}");
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

/// Ten thousand branches of as many segments as a template has, which share nothing but the texts of their segments.
fn branches(depth: usize) -> PolicyTable {
    let rows = (0..10_000).map(|row| {
        format!("[[operation]]\nmethod = \"GET\"\npath = \"/r{row}{}\"\n", "/x".repeat(depth - 1))
    });
    PolicyTable::parse(&rows.fold("default = \"allow\"\n".to_owned(), |text, row| text + &row)).unwrap()
}

/// A target that may be on each branch, and leaves all of them with its last segment.
#[test]
fn deep_branches_cost_little_more_than_short_ones() {
    let once = |(table, path): &(PolicyTable, String)| {
        let start = Instant::now();
        assert_eq!(table.judge(b"GET", path.as_bytes()).verdict, Verdict::Allow);
        start.elapsed()
    };
    let of = |depth: usize| (branches(depth), format!("/%FF{}/zzz", "/x".repeat(depth - 2)));
    let (short, long) = (of(3), of(24));
    let both = (0..20).map(|_| (once(&short), once(&long)));
    let best =
        both.fold((Duration::MAX, Duration::MAX), |best, both| (best.0.min(both.0), best.1.min(both.1)));
    assert!(best.1 < best.0 * 4, "{best:?}");
}

/// Steps that no templates part at are compared as one: each of them counts, wherever it stands.
#[test]
fn every_step_of_a_long_template_counts() {
    let text = |case_sensitive: bool| {
        let path = "/A/b/{c}/d/e/f/g/h/i/j/k/{l}/m/n/o/p/q/r/s/t";
        format!(
            "default = \"allow\"\ncase_sensitive = {case_sensitive}\n[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\n"
        )
    };
    let path: Vec<String> = ('a'..='t').map(String::from).collect();
    for case_sensitive in [false, true] {
        let table = PolicyTable::parse(&text(case_sensitive)).unwrap();
        let verdict = |path: &str| table.judge(b"GET", path.as_bytes()).verdict;
        let with = |at: usize, segment: &str| {
            let mut path = path.clone();
            if case_sensitive {
                path[0] = "A".to_owned();
            }
            path[at] = segment.to_owned();
            format!("/{}", path.join("/"))
        };
        for (at, segment) in path.iter().enumerate() {
            let is_parameter = matches!(at, 2 | 11);
            let (denied, other) =
                (verdict(&with(at, if at == 0 { "A" } else { segment })), verdict(&with(at, "z")));
            assert_eq!(denied, Verdict::Deny, "{at}");
            assert_eq!(other, if is_parameter { Verdict::Deny } else { Verdict::Allow }, "{at}");
            // The same for all readings at once. A parameter is what it is in each of them.
            let (dotted, blank) = (with(at, "z%2e"), with(at, &format!("{segment}%20")));
            let (other, near) = if is_parameter {
                (Verdict::Deny, Verdict::Deny)
            } else {
                (Verdict::Allow, Verdict::Ambiguous)
            };
            assert_eq!((verdict(&dotted), verdict(&blank)), (other, near), "{at}");
            let upper = segment.to_uppercase();
            let expected =
                if case_sensitive && at > 0 && !is_parameter { Verdict::Ambiguous } else { Verdict::Deny };
            assert_eq!(verdict(&with(at, &upper)), expected, "{at}");
        }
    }
}

/// Where a literal led is remembered for each literal: `a` and `a.b.c`, whose numbers are 64 apart, share a place.
#[test]
fn a_literal_does_not_lead_where_another_one_did() {
    let row = |path: &str| format!("[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\neffect = \"deny\"\n");
    let between: String = (0..62).map(|number| row(&format!("/a-{number:02}"))).collect();
    let text = format!("default = \"allow\"\n{between}{}{}", row("/a.b.c/{x}/{y}"), row("/a/q/{x}/a.b"));
    let table = PolicyTable::parse(&text).unwrap();
    let target = b"//%FFab/a.json//a.b.json/ab.json/a.b.c.json";
    assert_eq!(table.judge(b"GET", target).verdict, Verdict::Allow);
}
