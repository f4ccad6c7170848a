//! The index says what asking one row after the other says, however many rows there are. (A router that changed
//! its mind above a hundred entries: CVE-2026-27587.)

use crate::random::Random;
use apikeyd_policy::{Effect, PolicyTable, Row, Verdict};
use proptest::prelude::*;
use std::collections::HashSet;

/// Few words, so that rows overlap: such as are near each other in every way.
const WORDS: [&str; 16] = [
    "api",
    "API",
    "Api",
    "apikey",
    "user",
    "users",
    "a",
    "a.b",
    "a.b.c",
    "b",
    ".well-known",
    "well-known",
    ".a.b",
    "abcdefgh",
    "abcdefgh1",
    "Abcdefgh2",
];
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "DELETE", "PROPFIND", "*"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn one_row(seed: u64) {
        check(seed, 1, 40);
    }

    #[test]
    fn twelve_rows(seed: u64) {
        check(seed, 12, 60);
    }

    #[test]
    fn a_hundred_and_one_rows(seed: u64) {
        check(seed, 101, 30);
    }
}

#[test]
fn ten_thousand_rows() {
    for seed in 0..2 {
        check(seed, 10_000, 100);
    }
}

/// All this would prove nothing if the operations met no rows, or only equal ones.
#[test]
fn operations_meet_rows_in_every_way() {
    let mut met = HashSet::new();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let table = PolicyTable::parse(&text_of_table(&mut random, 30)).unwrap();
        met.extend((0..200).map(|_| {
            let judged = linear(&table, &Operation::random(&mut random, &table));
            (judged.verdict.as_str(), judged.row.is_some())
        }));
    }
    let every = [("allow", true), ("allow", false), ("deny", true), ("deny", false), ("ambiguous", true)];
    assert_eq!(met, HashSet::from(every));
}

fn check(seed: u64, rows: usize, operations: usize) {
    let mut random = Random::new(seed);
    let text = text_of_table(&mut random, rows);
    let table = PolicyTable::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(table.rows().len(), rows);
    for _ in 0..operations {
        let operation = Operation::random(&mut random, &table);
        let target = operation.target(&mut random);
        let judgement = table.judge(operation.methods[0].as_bytes(), target.as_bytes());
        let found = Judged { verdict: judgement.verdict, row: judgement.row.map(Row::line) };
        assert_eq!(found, linear(&table, &operation), "seed {seed}: {operation:?} as {target}");
    }
}

fn text_of_table(random: &mut Random, rows: usize) -> String {
    let case_sensitive = random.one_in(2);
    let default = random.pick(&["allow", "deny"]);
    let mut text = format!("default = \"{default}\"\ncase_sensitive = {case_sensitive}\n");
    let mut seen = HashSet::new();
    while seen.len() < rows {
        let parts: Vec<_> = (0..random.below(6)).map(|_| part(random, rows)).collect();
        let method = random.pick(&METHODS);
        let covered: Vec<_> = parts
            .iter()
            .map(|part| {
                part.as_ref().map(|text| if case_sensitive { text.clone() } else { text.to_lowercase() })
            })
            .collect();
        if seen.insert((method, covered)) {
            let names =
                parts.iter().enumerate().map(|(at, part)| part.clone().unwrap_or(format!("{{p{at}}}")));
            let path = names.collect::<Vec<_>>().join("/");
            let effect = random.pick(&["allow", "deny"]);
            text +=
                &format!("[[operation]]\nmethod = \"{method}\"\npath = \"/{path}\"\neffect = \"{effect}\"\n");
        }
    }
    text
}

/// A part of a template; none for a parameter. In large tables some literals are their own, to make room.
fn part(random: &mut Random, rows: usize) -> Option<String> {
    match random.below(8) {
        0..2 => None,
        2 if rows > 100 => Some(format!("{}-{}", random.pick(&WORDS), random.below(100))),
        _ => Some((*random.pick(&WORDS)).to_owned()),
    }
}

#[derive(Debug)]
struct Operation {
    /// The method as sent, then that of the override.
    methods: Vec<&'static str>,
    segments: Vec<String>,
}

impl Operation {
    /// An operation like one of a row, or one of words alone, each segment changed a little now and then.
    fn random(random: &mut Random, table: &PolicyTable) -> Self {
        let row = random.pick(table.rows()).template();
        let like_row = random.one_in(2);
        let parts = row.split('/').filter(|part| !part.is_empty());
        let mut segments: Vec<_> = parts
            .map(|part| {
                if like_row && !part.starts_with('{') { part } else { *random.pick(&WORDS) }.to_owned()
            })
            .collect();
        for segment in &mut segments {
            change(segment, random);
        }
        let known = METHODS.iter().copied().filter(|&method| is_known(method, table));
        let known: Vec<_> = known.collect();
        let count = if random.one_in(5) { 2 } else { 1 };
        Self { methods: (0..count).map(|_| *random.pick(&known)).collect(), segments }
    }

    fn target(&self, random: &mut Random) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for byte in segment.bytes() {
                if byte.is_ascii_graphic() && !random.one_in(8) {
                    path.push(char::from(byte));
                } else {
                    path += &format!("%{byte:02x}");
                }
            }
        }
        if path.is_empty() || random.one_in(8) {
            path.push('/');
        }
        match self.methods.get(1) {
            Some(method) => format!("{path}?x=1&_method={}", method.to_lowercase()),
            None => path,
        }
    }

    fn judged_as(&self) -> Vec<&'static str> {
        let get = self.methods.contains(&"HEAD").then_some("GET");
        self.methods.iter().copied().chain(get).collect()
    }
}

fn change(segment: &mut String, random: &mut Random) {
    match random.below(24) {
        0 => *segment = segment.to_uppercase(),
        1 => segment.push_str(".json"),
        2 => segment.push_str(". ."),
        3 => segment.insert(0, ' '),
        4 => segment.insert_str(0, " ."),
        5 => segment.push('é'),
        6 => segment.push_str(" .b.c.d"),
        7 => segment.push('1'),
        8 => segment.push_str("..b.c"),
        9 => segment.insert(0, '.'),
        _ => {}
    }
}

fn is_known(method: &str, table: &PolicyTable) -> bool {
    match method {
        "*" => false,
        "PROPFIND" => table.rows().iter().any(|row| row.method() == Some("PROPFIND")),
        _ => true,
    }
}

/// A verdict and the line of the row that gave it.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    verdict: Verdict,
    row: Option<usize>,
}

/// Step 6 of the algorithm as it is written down, row by row.
fn linear(table: &PolicyTable, operation: &Operation) -> Judged {
    let mut matches = Vec::new();
    let mut has_default = false;
    for method in operation.judged_as() {
        let before = matches.len();
        for row in table.rows().iter().filter(|row| row.method().is_none_or(|of_row| of_row == method)) {
            let verdict = match (matching(row, &operation.segments, table.case_sensitive()), row.effect()) {
                (Relation::None, _) => continue,
                (Relation::Near, _) => Verdict::Ambiguous,
                (Relation::Equal, Effect::Deny) => Verdict::Deny,
                (Relation::Equal, Effect::Allow) => Verdict::Allow,
            };
            matches.push(Judged { verdict, row: Some(row.line()) });
        }
        has_default |= matches.len() == before;
    }
    if has_default {
        let verdict = if table.default_effect() == Effect::Deny { Verdict::Deny } else { Verdict::Allow };
        matches.push(Judged { verdict, row: None });
    }
    let strictness =
        |verdict| [Verdict::Allow, Verdict::Ambiguous, Verdict::Deny].iter().position(|&v| v == verdict);
    // A row before the default, and the first row.
    matches
        .into_iter()
        .rev()
        .max_by_key(|judged| (strictness(judged.verdict), judged.row.map(|line| usize::MAX - line)))
        .unwrap()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    None,
    Near,
    Equal,
}

fn matching(row: &Row, segments: &[String], case_sensitive: bool) -> Relation {
    let parts: Vec<_> = row.template().split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() != segments.len() {
        return Relation::None;
    }
    let each = parts.iter().zip(segments).map(|(part, segment)| relation(part, segment, case_sensitive));
    each.min().unwrap_or(Relation::Equal)
}

fn relation(part: &str, segment: &str, case_sensitive: bool) -> Relation {
    if part.starts_with('{') || part == segment || !case_sensitive && part.eq_ignore_ascii_case(segment) {
        Relation::Equal
    } else if !segment.is_ascii() || part.eq_ignore_ascii_case(segment) || is_near(part, segment) {
        Relation::Near
    } else {
        Relation::None
    }
}

/// Whether the literal is left when blanks and dots are trimmed, or all from some dot on.
fn is_near(literal: &str, segment: &str) -> bool {
    let starts = [segment.trim_start_matches([' ', '.']), segment.trim_start_matches(' ')];
    starts.iter().any(|start| {
        let ends = start.match_indices('.').map(|(at, _)| at).chain([start.len()]);
        ends.map(|end| start[..end].trim_end_matches([' ', '.']))
            .any(|text| text.eq_ignore_ascii_case(literal))
    })
}
